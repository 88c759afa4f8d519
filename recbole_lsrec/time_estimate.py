"""How long a run will take, from a few batches of it: said before the hours have passed."""

from collections.abc import Mapping
from math import inf
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

from recbole.config import Config
from recbole.model.abstract_recommender import GeneralRecommender
from recbole.utils import ModelType

from recbole_lsrec.config.changed import changed
from recbole_lsrec.data.candidates.short import as_option
from recbole_lsrec.data.dataloader import EvalLoader
from recbole_lsrec.evaluation.evaluator import evaluate
from recbole_lsrec.evaluation.retriever import share_scored, they_help
from recbole_lsrec.page.numbers import seconds
from recbole_lsrec.run_data import Data
from recbole_lsrec.trainer import Trainer
from recbole_lsrec.training import generators
from recbole_lsrec.training.budget import BudgetSpent

SHORT = 10.0
"""Seconds below which a time is not worth a closer look, or a line."""
_ENOUGH = 0.5  # seconds of scoring from which the rest is extrapolated


def evaluation_seconds(model: Any, loader: EvalLoader, config: Config) -> float:
    """Estimates the wall time of one pass over a phase, from evenly spaced instances.

    Four times as many are scored until they take half a second, or it is clear that all of them take less than ten. The
    model's weights and the global generators are as before. What is cheap or not yet ready is not measured and counts
    as 0: models that only count, and those that know users alone.

    Args:
        model: any recommender, trained or not; left in ``eval()`` mode.
        loader: the phase.
        config: as for :func:`~recbole_lsrec.evaluation.evaluator.evaluate`.
    """
    total = len(loader.dataset)
    if not total or model.type == ModelType.TRADITIONAL or isinstance(model, GeneralRecommender):
        return 0.0
    drawn = generators.state(config["device"])
    ranks = changed(config, metrics=["MRR"])  # whatever is made of them
    share = share_scored(model, loader, config)  # of all items; of the few instances here all are
    work = _work(model, loader) * share
    n, expected, spent = 0, inf, 0.0
    while n < total and expected > SHORT and spent < _ENOUGH:
        n = min(max(4 * n, 4), total)
        started = perf_counter()
        some = loader.some(n)
        evaluate(model, some, ranks)
        spent = perf_counter() - started
        expected = spent * work / _work(model, some)
    generators.put_back(drawn, config["device"])
    return expected


def _work(model: Any, loader: EvalLoader) -> int:
    """What a pass takes, in units of its own: one for each instance.

    Where histories share work and all items are ranked, each meets every distinct item of a batch's histories once, which
    takes about as long as what is left for an instance. Of sampled candidates fewer are shared; they count as if none was.
    """
    instances = len(loader.dataset)
    full = any(protocol.name == "full" for protocol in loader.protocols)
    if not (full and getattr(model, "histories_share", False)):
        return instances
    return instances + sum(len(batch[model.ITEM_SEQ].unique()) for _, batch in loader)


def epoch_seconds(model: Any, data: Data, config: Config) -> float:
    """Estimates the wall time of an epoch by training for about two seconds: for a model that is thrown away."""
    found = []

    def leave(seconds: float) -> None:
        found.append(seconds)
        raise BudgetSpent

    untold = changed(config, log_wandb=False, log_mlflow=False)
    with TemporaryDirectory() as folder:
        Trainer(untold, model, folder, on_pace=leave).fit(data.train, saved=False, verbose=False)
    return found[0]


def least_training(config: Config, epoch: float, validation: float, batches: int) -> float:
    """Estimates what the training takes at least, with its validations: its budget, or the epochs up to an early stop.

    Args:
        config: ``train_seconds``, ``train_steps``, ``epochs``, ``stopping_step``, ``eval_step``.
        epoch: seconds of training in an epoch.
        validation: seconds of one validation.
        batches: of an epoch.
    """
    every = config["eval_step"]
    epochs: float = min(config["epochs"], every * (config["stopping_step"] + 2)) if every else config["epochs"]
    if config["train_steps"]:
        epochs = config["train_steps"] / batches
    if config["train_seconds"]:
        epochs = config["train_seconds"] / epoch
    return epochs * epoch + (validation * max(epochs, 1) / every if every else 0.0)


def long_test(config: Config, data: Data, model: Any, epoch: float, phases: Mapping[str, float]) -> str | None:
    """What to say where the test takes longer than the training; None where it does not, or is short.

    Args:
        config: the run's settings.
        data: what it reads.
        model: what it trains.
        epoch: seconds of an epoch of training.
        phases: seconds of a pass over each evaluated phase.
    """
    test = phases.get("test", 0.0)
    training = least_training(config, epoch, phases["valid"], len(data.train))
    if data.test is None or test < max(training, SHORT):
        return None
    protocols = config["eval_protocols"]["test"]
    text = f"the test ({', '.join(protocols)}) takes about {seconds(test)}, the training {seconds(training)}"
    if "full" not in protocols:
        return text
    mode = {**config["eval_args"]["mode"], "test": [name for name in protocols if name != "full"] or ["pop99"]}
    if config["full_stage"] == "exact" and config["popularity_correction"] is None and they_help(model, data.test):
        text += "; full_stage: two_stage may take less"
    return f"{text}. Without ranking all items: {as_option(config['eval_args'], mode=mode)}"
