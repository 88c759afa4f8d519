"""What a run says: settings and data at its beginning, results and what to be careful about at its end."""

from collections.abc import Callable, Mapping
from logging import getLogger
from pathlib import Path
from typing import Any

from recbole.model.abstract_recommender import AbstractRecommender
from recbole.utils import set_color
from tabulate import tabulate

from recbole_lsrec.config import Config
from recbole_lsrec.console import DETAIL, NOW, RESULT
from recbole_lsrec.data.candidates.unseen import GIVES_AWAY
from recbole_lsrec.data.dataloader import EvalLoader
from recbole_lsrec.data.split_report import summary_lines
from recbole_lsrec.evaluation.protocol_table import by_protocol
from recbole_lsrec.evaluation.ties import MANY_TIES
from recbole_lsrec.model.batch_split import batch_split
from recbole_lsrec.page.numbers import seconds, spread
from recbole_lsrec.processes import group
from recbole_lsrec.run_data import Data
from recbole_lsrec.run_files import CHECKPOINT, LOG, PopularityCorrection, RunResult
from recbole_lsrec.simulated.generate import SIMULATED_NOTICE
from recbole_lsrec.time_estimate import SHORT, evaluation_seconds, long_test

_DIVERGED, _NO_LOSS = 3.0, 1e8  # times the first epoch's loss; a sum over batches that no training has


def say_settings(config: Config) -> None:
    """The settings that differ from the defaults, in the log all of them, and which do nothing."""
    logger = getLogger()
    logger.info(config, extra=DETAIL)
    differing = ", ".join(f"{key}={value}" for key, value in config.differing().items())
    logger.info(f"Settings that differ from the defaults: {differing or 'none'}")
    for key, reason in config.no_effect().items():
        logger.warning(f"{key} has no effect here: {reason}")


def say_data(data: Data, split: Mapping[str, Any]) -> None:
    """The log, how it was split, what is wrong with the split, and whether new items give targets away."""
    logger = getLogger()
    logger.info(data.dataset, extra=DETAIL)
    for line in summary_lines(split):
        logger.info(line)
    for warning in split["warnings"]:
        logger.warning(warning)
    for loader in data.evaluated():
        drawn = {protocol.name for protocol in loader.protocols if protocol.n}
        for name, found in loader.unseen.items():
            text = (
                f"{loader.phase}, {name}: {found['targets']:.1%} of the targets and {found['negatives']:.1%} of the negatives "
                "have no training event"
            )
            if found["auc"] > GIVES_AWAY:
                logger.warning(
                    f"{text}, so that preferring items never seen in training, and nothing else, has an AUC of "
                    f"{found['auc']:.2f}."
                    + (" eval_args: {popularity: all, pool: all} draws from all events." if name in drawn else "")
                )
            else:
                logger.info(f"{text}.", extra=DETAIL)


def say_model(config: Config, model: AbstractRecommender) -> None:
    """The model in one line, in the log all its layers; and where several processes do not train it together."""
    logger = getLogger()
    logger.info(model, extra=DETAIL)
    count = sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)
    shared = f", in {group.world()} processes" if group.world() > 1 else ""
    logger.info(f"{config['model']}: {count} trainable parameters, on {config['device']}{shared}")
    if shared and batch_split(type(model)) is None:
        logger.warning(
            f"{config['model']} is trained by one of the {group.world()} processes, as its loss cannot be divided among them, "
            "or is not known to be (docs/processes.md); all of them evaluate."
        )


def say_times(config: Config, data: Data, model: AbstractRecommender) -> Callable[[float], None]:
    """Estimates how long each evaluation takes; what is returned says it, given the seconds of an epoch of training.

    What takes less than ten seconds throughout gets no line.
    """
    with group.alone():  # each process by its own clock
        phases = {loader.phase: evaluation_seconds(model, loader, config) for loader in data.evaluated()}
    phases = {phase: spent / group.world() for phase, spent in phases.items()}

    def say(epoch: float) -> None:
        times = {"an epoch of training": epoch, **phases}
        if max(times.values()) >= SHORT:
            shown = ", ".join(f"{name} {seconds(spent)}" for name, spent in times.items())
            getLogger().info(f"Estimated from a few batches: {shown}")
        if warning := long_test(config, data, model, epoch, phases):
            getLogger().warning(warning, extra=NOW)

    return say


def say_interrupted(folder: Path) -> None:
    """Where an interrupted run lies, and what goes on with it."""
    if (folder / CHECKPOINT).is_file():
        getLogger().warning(f"Interrupted. To go on: recbole-lsrec run --resume {folder}")
    else:
        getLogger().warning(f"Interrupted before the training; nothing is lost. The run's log: {folder / LOG}")


def say_result(result: RunResult, data: Data, folder: Path) -> None:
    """Best validation and test result, as a table by protocol, with what it rests on."""
    logger = getLogger()
    if widened := result["negatives"]["widened"]:
        logger.info(
            f"Negatives: at the time of {widened} training targets too few items had been seen; "
            "they got the next ones to appear"
        )
    logger.info(set_color("best valid ", "yellow") + f": {result['best_valid_result']}", extra=DETAIL)
    logger.info(set_color("test result", "yellow") + f": {result['test_result']}", extra=DETAIL)
    _warn_of_divergence(result)
    if result["best_valid_result"]:
        logger.info(f"best valid : {result['config']['valid_metric'].lower()} {result['best_valid_score']:.6f}")
    if data.test is not None and result["test_result"] is not None:
        _say_test(result, result["test_result"], data.test)
    if found := result["popularity_correction"]:
        _say_correction(found, (data.test or data.valid).protocols[0].name)
    _warn_of_unseen_users(result)
    if noise := result["inference_noise"].get("test"):
        logger.info(
            f"Test result over {noise['samples']} samples of inference: "
            + ", ".join(f"{name} {spread(found['mean'], found['std'])}" for name, found in noise["metrics"].items())
        )
    if data.dataset.simulated:
        logger.warning(SIMULATED_NOTICE)
    logger.info(set_color("run folder", "yellow") + f": {folder}")


def _warn_of_divergence(result: RunResult) -> None:
    losses = [sum(of) if isinstance(of := epoch["train_loss"], list) else of for epoch in result["history"]]
    if losses and losses[-1] > min(_DIVERGED * max(losses[0], 1e-3), _NO_LOSS):
        getLogger().warning(
            f"The training diverged: its loss went from {losses[0]:.4g} to {losses[-1]:.4g}. Lower learning_rate (now "
            f"{result['config']['learning_rate']}), or set clip_grad_norm: {{max_norm: 5}}."
        )


def _say_test(result: RunResult, metrics: Mapping[str, float], loader: EvalLoader) -> None:
    """The table of the test result, and what a reader has to know to trust it."""
    logger = getLogger()
    (header, *rows), note = by_protocol(metrics, loader.protocols[0].name)
    sides = ["left", *["right"] * (len(header) - 1)]
    table = tabulate(rows, header, disable_numparse=True, colalign=sides)
    logger.info("\n".join(["test result by protocol", table, *([note] if note else [])]), extra=RESULT)
    if (recall := result["full_recall"].get("test")) is not None:
        k = max(result["config"]["topk"])
        logger.info(f"full was ranked in two stages, which found {recall:.2%} of the {k} best items by exact ranking")
    for name, tied in result["tied_instances"]["test"].items():
        share = tied / len(loader.dataset)
        if share > MANY_TIES:
            logger.warning(
                f"{name}: {share:.0%} of the test targets score the same as some competitor, so the metrics rest "
                f"on `ties: {result['config']['ties']}`; a model whose output saturates cannot order its best items."
            )


def _warn_of_unseen_users(result: RunResult) -> None:
    for phase, unseen in result["unseen_users"].items():
        if unseen:
            averaged = ", ".join(result["averaged_tables"])
            scored = (
                f"they have the mean of the other users' rows in {averaged}"
                if averaged
                else f"{result['model']} scores them as they are: it has no table of users (an nn.Embedding with a row for each "
                "and 'user' in its name) of whose rows they could have the mean"
            )
            getLogger().warning(f"{phase}: {unseen} instances are of users without a training event; {scored}.")


def _say_correction(found: PopularityCorrection, first: str) -> None:
    """What popularity_correction does to the main metric of each protocol."""
    metric, parts = found["metric"], []
    for key in (key for key in found["with"] if key.rpartition("/")[2] == metric):
        name = key.rpartition("/")[0] or first
        value = found["lambda"].get(name, 0.0)
        parts.append(f"{name} {found['without'][key]:g} -> {found['with'][key]:g} (lambda {value:g})")
    whose = "the results above have it" if found["in_results"] else "the results above are without"
    getLogger().info(f"Popularity corrected, {found['phase']} {metric}: {', '.join(parts)}; {whose}.", extra=RESULT)
