"""The run: configuration, data, model, training, evaluation, result folder."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timezone
from logging import getLogger
from pathlib import Path
from typing import Any

from recbole.utils import init_seed, set_color
from tabulate import tabulate

from recbole_lsrec import checkpoint, run_folder
from recbole_lsrec.config import Config
from recbole_lsrec.data.dataset import SessionDataset
from recbole_lsrec.data.split.report import split_report, summary_lines
from recbole_lsrec.dry_run import describe
from recbole_lsrec.evaluation.evaluator import Evaluation
from recbole_lsrec.evaluation.inference_noise import inference_noise
from recbole_lsrec.evaluation.protocol_table import by_protocol
from recbole_lsrec.run_data import Data, load_data
from recbole_lsrec.simulated.generate import SIMULATED_NOTICE
from recbole_lsrec.trainer import Trainer

# Share of tied test targets above which a run says so.
MANY_TIES = 0.05


def run_recbole_lsrec(
    model: str | type | None = None,
    dataset: str | None = None,
    config_file_list: Sequence[str] | None = None,
    config_dict: dict[str, Any] | None = None,
    saved: bool = True,
    *,
    command_line: Sequence[str] = (),
    phases: Sequence[str] = ("valid", "test"),
    log: SessionDataset | None = None,
    on_epoch: Callable[[dict[str, Any]], None] | None = None,
) -> dict[str, Any]:
    """Trains and tests a model, as RecBole's ``run_recbole`` does, and keeps the run in a folder.

    Args:
        model: name (the plugin's models first, then RecBole's sequential ones) or class.
        dataset: name of the data set.
        config_file_list: yaml files, later ones win.
        config_dict: settings that win over the files.
        saved: whether to keep a checkpoint and test with the best epoch's weights.
        command_line: arguments such as ``["--epochs=3"]``; win over everything. ``sys.argv`` is never read.
        phases: what is evaluated; a search takes ``("valid",)``, and then nothing of the test set is made or read.
        log: what :func:`load_log` gave for equal :func:`log_settings`, wherever its files lie; read from the files if None.
        on_epoch: called with each finished epoch's entry of :attr:`recbole_lsrec.trainer.Trainer.history`, once the
            checkpoint is written.

    Returns:
        RecBole's ``best_valid_score``, ``valid_score_bigger``, ``best_valid_result`` and ``test_result``, and
        ``run_folder``, where ``result.json`` holds the rest. With ``dry_run`` only ``dry_run``, the description printed.

    Raises:
        LSRecError: something given is wrong; the message says what to do.
    """
    files, folder = list(config_file_list or []), None if log is None else log.config["data_path"]
    config = Config(model, dataset, files, config_dict, command_line=command_line, data_folder=folder)
    if config["dry_run"]:
        with run_folder.logging_to(None, "warning"):
            text = describe(config, load_data(config, log, phases), build_model)
        print(text)
        return {"dry_run": text}
    folder = Path(config["resume"]).resolve().parent if config["resume"] else run_folder.create(config)
    with run_folder.logging_to(folder, config["state"]):
        command = ["run", *command_line] if command_line else []
        return _run(config, log, folder, saved, phases, on_epoch, command)


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


def _run(
    config: Config,
    log: SessionDataset | None,
    folder: Path,
    saved: bool,
    phases: Sequence[str],
    on_epoch: Callable[[dict[str, Any]], None] | None,
    command: list[str],
) -> dict[str, Any]:
    logger = getLogger()
    started = datetime.now(timezone.utc)
    logger.info(config)
    for key, reason in config.no_effect().items():
        logger.warning(f"{key} has no effect here: {reason}")
    init_seed(config["seed"], config["reproducibility"])
    data = load_data(config, log, phases)
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
    trainer = Trainer(
        config, model, folder, {name: fingerprints[name] for name in ("data", "features", "split")}, on_epoch
    )
    if config["resume"]:
        trainer.resume_checkpoint(config["resume"])
    progress = config["show_progress"]
    best_valid_score, best_valid_result = trainer.fit(data.train, data.valid, saved=saved, show_progress=progress)
    evaluations: dict[str, Evaluation] = {}
    for loader in data.evaluated():
        trainer.evaluate(loader, load_best_model=saved, show_progress=progress)
        if loader and trainer.evaluation is not None:
            evaluations[loader.phase] = trainer.evaluation
    noise = {loader.phase: inference_noise(model, loader, config) for loader in data.evaluated() if loader}
    test_result = evaluations["test"].metrics if "test" in evaluations else None
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
            "inference_noise": {phase: spread for phase, spread in noise.items() if spread},
            "fingerprints": {**fingerprints, "code": run_folder.code_fingerprint()},
            "config": config.plain(),
            "no_effect": config.no_effect(),
            "history": trainer.history,
            "seconds_per_epoch": _seconds_per_epoch(trainer.history),
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
    if data.test is not None and test_result is not None:
        header, *rows = by_protocol(test_result, data.test.protocols[0].name)
        sides = ["left", *["right"] * (len(header) - 1)]
        logger.info("Test result by protocol\n" + tabulate(rows, header, disable_numparse=True, colalign=sides))
        for name, tied in evaluations["test"].tied.items():
            share = tied / len(data.test.dataset)
            if share > MANY_TIES:
                logger.warning(
                    f"{name}: {share:.0%} of the test targets score the same as some competitor, so the metrics rest "
                    f"on `ties: {config['ties']}`; a model whose output saturates cannot order its best items."
                )
    if spread := noise.get("test"):
        logger.info(
            f"Test result over {spread['samples']} samples of inference: "
            + ", ".join(f"{name} {v['mean']:.4f} ± {v['std']:.4f}" for name, v in spread["metrics"].items())
        )
    if data.dataset.simulated:
        logger.warning(set_color(SIMULATED_NOTICE, "red"))
    logger.info(set_color("run folder", "yellow") + f": {folder}")
    return {**result, "run_folder": str(folder)}


def _seconds_per_epoch(history: Sequence[Mapping[str, Any]]) -> float | None:
    """Of a whole epoch: a budget may have cut the last one short."""
    whole = sum(epoch.get("share", 1.0) for epoch in history)  # a resumed checkpoint may be from before share was kept
    return sum(epoch["train_seconds"] for epoch in history) / whole if whole else None
