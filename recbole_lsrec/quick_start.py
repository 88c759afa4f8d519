"""The run: configuration, data, model, training, evaluation, result folder."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from logging import getLogger
from pathlib import Path
from typing import Any, NamedTuple

from recbole.utils import init_seed, set_color
from tabulate import tabulate

from recbole_lsrec import checkpoint, run_folder
from recbole_lsrec.config import Config
from recbole_lsrec.data.dataloader import EvalLoader, TrainLoader
from recbole_lsrec.data.dataset import SessionDataset
from recbole_lsrec.data.sampler import TimeThresholdSampler
from recbole_lsrec.data.simulate import SIMULATED_NOTICE
from recbole_lsrec.data.split_report import split_report, summary_lines
from recbole_lsrec.dry_run import describe
from recbole_lsrec.evaluation.evaluator import Evaluation
from recbole_lsrec.registry import dataset_class
from recbole_lsrec.trainer import Trainer

# Share of tied test targets above which a run says so.
MANY_TIES = 0.05


class Data(NamedTuple):
    """The loaded log and its loaders."""

    dataset: SessionDataset
    train: TrainLoader
    valid: EvalLoader
    test: EvalLoader

    def fingerprints(self) -> dict[str, Any]:
        """What identifies data, split and candidates; equal in every run that may be compared."""
        candidates = {
            f"{loader.phase}/{name}": hash_
            for loader in (self.valid, self.test)
            for name, hash_ in loader.hashes.items()
        }
        return {
            "data": self.dataset.fingerprint(),
            "split": self.dataset.split_fingerprint(),
            "candidates": candidates,
        }


def run_recbole_lsrec(
    model: str | type | None = None,
    dataset: str | None = None,
    config_file_list: Sequence[str] | None = None,
    config_dict: dict[str, Any] | None = None,
    saved: bool = True,
    *,
    command_line: Sequence[str] = (),
) -> dict[str, Any]:
    """Trains and tests a model, as RecBole's ``run_recbole`` does, and keeps the run in a folder.

    Args:
        model: name (the plugin's models first, then RecBole's sequential ones) or class.
        dataset: name of the data set.
        config_file_list: yaml files, later ones win.
        config_dict: settings that win over the files.
        saved: whether to keep a checkpoint and test with the best epoch's weights.
        command_line: arguments such as ``["--epochs=3"]``; win over everything. ``sys.argv`` is never read.

    Returns:
        RecBole's ``best_valid_score``, ``valid_score_bigger``, ``best_valid_result`` and ``test_result``, and
        ``run_folder``, where ``result.json`` holds the rest. With ``dry_run`` only ``dry_run``, the description printed.

    Raises:
        LSRecError: something given is wrong; the message says what to do.
    """
    config = Config(model, dataset, list(config_file_list or []), config_dict, command_line=command_line)
    if config["dry_run"]:
        with run_folder.logging_to(None, "warning"):
            text = describe(config, load_data(config), build_model)
        print(text)
        return {"dry_run": text}
    folder = Path(config["resume"]).resolve().parent if config["resume"] else run_folder.create(config)
    with run_folder.logging_to(folder, config["state"]):
        return _run(config, folder, saved, ["run", *command_line] if command_line else [])


def load_data(config: Config) -> Data:
    """Loads and splits the data set and makes its loaders; the same data for every model with the same settings."""
    log = dataset_class(config)(config)
    train, valid, test = log.build()
    sampler = TimeThresholdSampler(log.user, log.item, log.time, log.session, log.training_events(), log.item_num)
    candidate_batch = getattr(config.model_class, "candidate_batch", False)
    return Data(
        log,
        TrainLoader(config, train, sampler, candidate_batch),
        EvalLoader(config, valid, "valid", sampler),
        EvalLoader(config, test, "test", sampler),
    )


def build_model(config: Config, data: Data) -> Any:
    """Initialises the model from the seed, whatever was drawn while the data were loaded."""
    init_seed(config["seed"], config["reproducibility"])
    return config.model_class(config, data.train.dataset).to(config["device"])


def load_run(folder: str | Path) -> tuple[Config, Data, Any]:
    """Config, data and model with the best weights of a finished run."""
    folder = Path(folder)
    stored = checkpoint.load(folder / run_folder.CHECKPOINT)
    config = Config(stored.model, stored.dataset, config_dict=stored.config)
    data = load_data(config)
    model = build_model(config, data)
    checkpoint.restore_best(stored, model)
    return config, data, model


def _run(config: Config, folder: Path, saved: bool, command: list[str]) -> dict[str, Any]:
    logger = getLogger()
    started = datetime.now(timezone.utc)
    logger.info(config)
    for key, reason in config.no_effect().items():
        logger.warning(f"{key} has no effect here: {reason}")
    init_seed(config["seed"], config["reproducibility"])
    data = load_data(config)
    logger.info(data.dataset)
    report = split_report(data.dataset)
    for line in summary_lines(report):
        logger.info(line)
    for warning in report["warnings"]:
        logger.warning(warning)
    run_folder.write_json(folder / run_folder.SPLIT, report)
    model = build_model(config, data)
    logger.info(model)
    fingerprints = data.fingerprints()
    trainer = Trainer(config, model, folder, {name: fingerprints[name] for name in ("data", "split")})
    if config["resume"]:
        trainer.resume_checkpoint(config["resume"])
    progress = config["show_progress"]
    best_valid_score, best_valid_result = trainer.fit(data.train, data.valid, saved=saved, show_progress=progress)
    evaluations: dict[str, Evaluation] = {}
    for loader in (data.valid, data.test):
        test_result = trainer.evaluate(loader, load_best_model=saved, show_progress=progress)
        if test_result is not None and trainer.evaluation is not None:
            evaluations[loader.phase] = trainer.evaluation
    result = {
        "best_valid_score": best_valid_score,
        "valid_score_bigger": config["valid_metric_bigger"],
        "best_valid_result": best_valid_result,
        "test_result": test_result,
    }
    if evaluations:
        run_folder.write_evaluations(folder, evaluations)
    run_folder.write_json(
        folder / run_folder.RESULT,
        {
            "model": config["model"],
            "dataset": config["dataset"],
            "seed": config["seed"],
            "simulated": SIMULATED_NOTICE if data.dataset.simulated else False,
            **result,
            "tied_instances": {phase: evaluation.tied for phase, evaluation in evaluations.items()},
            "fingerprints": {**fingerprints, "code": run_folder.code_fingerprint()},
            "config": config.plain(),
            "no_effect": config.no_effect(),
            "history": trainer.history,
            "seconds_per_epoch": _mean([epoch["train_seconds"] for epoch in trainer.history]),
            "parameters": sum(p.numel() for p in model.parameters() if p.requires_grad),
            "peak_memory_mb": run_folder.peak_memory_mb(),
            "negatives": vars(data.train.sampler.counts),
            "filters": data.dataset.filter_report,
            "versions": run_folder.versions(),
            "command": command,
            "started": started.isoformat(timespec="seconds"),
            "finished": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        },
    )
    if data.train.sampler.counts.widened:
        logger.info(
            f"Negatives: the pool of {data.train.sampler.counts.widened} draws was widened (too few items seen yet)"
        )
    logger.info(set_color("best valid ", "yellow") + f": {best_valid_result}")
    logger.info(set_color("test result", "yellow") + f": {result['test_result']}")
    if test_result is not None:
        first, *others = (protocol.name for protocol in data.test.protocols)
        logger.info("Test result by protocol\n" + _by_protocol(test_result, first, others))
    for name, tied in evaluations["test"].tied.items() if "test" in evaluations else ():
        share = tied / len(data.test.dataset)
        if share > MANY_TIES:
            logger.warning(
                f"{name}: {share:.0%} of the test targets score the same as some competitor, so the metrics rest on "
                f"`ties: {config['ties']}`; a model whose output saturates cannot order its best items."
            )
    if data.dataset.simulated:
        logger.warning(set_color(SIMULATED_NOTICE, "red"))
    logger.info(set_color("run folder", "yellow") + f": {folder}")
    return {**result, "run_folder": str(folder)}


def _by_protocol(result: Mapping[str, float], first: str, others: Sequence[str]) -> str:
    """The result as a table: metrics down, protocols across."""
    names = [key for key in result if "/" not in key]
    rows = [[name, result[name], *(result.get(f"{other}/{name}") for other in others)] for name in names]
    return tabulate(rows, headers=["metric", first, *others], floatfmt=".4f", missingval="-")


def _mean(values: list[float]) -> float | None:
    return sum(values) / len(values) if values else None
