"""What a run finds at its end: each phase with the best weights, and by how much popularity is to be corrected."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from logging import getLogger
from typing import Any

from recbole_lsrec.config import Config
from recbole_lsrec.data.dataloader import EvalLoader
from recbole_lsrec.evaluation.evaluator import Evaluation
from recbole_lsrec.evaluation.inference_noise import inference_noise
from recbole_lsrec.evaluation.popularity import LAMBDAS, Correction, best_lambda
from recbole_lsrec.run_data import Data
from recbole_lsrec.run_files import PopularityCorrection
from recbole_lsrec.trainer import Trainer


@dataclass(frozen=True)
class FinalEvaluation:
    """What a run found.

    Attributes:
        phases: by name, those that have instances.
        noise: by phase, of a model that draws at inference.
        correction: for ``result.json``; None where none was asked for.
        curves: for ``popularity.json``; None where none was asked for.
    """

    phases: dict[str, Evaluation]
    noise: dict[str, Any]
    correction: PopularityCorrection | None
    curves: dict[str, Any] | None


def final_evaluation(trainer: Trainer, data: Data, saved: bool) -> FinalEvaluation:
    """Evaluates each phase that has instances.

    Args:
        trainer: after training.
        data: of the run. A lambda is fitted on its validation data alone, before anything of the test is scored.
        saved: whether to take the best epoch's weights.
    """
    config, shown = trainer.config, trainer.config["show_progress"]

    def found(loader: EvalLoader, correction: Correction | None) -> Evaluation:
        trainer.evaluate(loader, load_best_model=False, show_progress=shown, correction=correction)
        assert trainer.evaluation is not None  # the loader is not empty
        return trainer.evaluation

    correction = _correction(config)
    if data.fitting is not None and not data.fitting:
        getLogger().warning(
            "popularity_correction: valid: there is no validation target to fit it on; nothing is corrected"
        )
    loaders = [loader for loader in data.evaluated() if loader]
    if saved and (loaders or data.fitting):
        trainer.restore_best()
    fitting = found(data.fitting, correction) if data.fitting else None
    if correction is not None and fitting is not None:
        correction = replace(correction, chosen=_fitted(fitting, correction.lambdas, config))
    phases = {loader.phase: found(loader, correction) for loader in loaders}
    noise = {loader.phase: inference_noise(trainer.model, loader, config, correction) for loader in loaders}
    told, curves = None, None
    if correction is not None and phases:
        told = _told(correction, phases, config)
        by_phase = {phase: evaluation.curves for phase, evaluation in phases.items()}
        by_phase |= {} if fitting is None else {"valid": fitting.curves}
        curves = {"lambdas": list(correction.lambdas), **by_phase}
    return FinalEvaluation(phases, {phase: spread for phase, spread in noise.items() if spread}, told, curves)


def _correction(config: Config) -> Correction | None:
    """What the settings ask for; with ``valid`` the lambdas are still to be chosen."""
    asked = config["popularity_correction"]
    if asked is None:
        return None
    if asked == "valid":
        return Correction(LAMBDAS, in_results=config["corrected_results"])
    names = [name for phase in config["eval_protocols"].values() for name in phase]
    given = float(asked)
    return Correction(tuple(sorted({0.0, given})), dict.fromkeys(names, given), config["corrected_results"])


def _fitted(found: Evaluation, lambdas: tuple[float, ...], config: Config) -> dict[str, float]:
    """The best lambda of each protocol on validation, by ``valid_metric``."""
    metric, bigger = _metric(config), config["valid_metric_bigger"]
    best = {name: best_lambda(lambdas, curve[metric], bigger) for name, curve in found.curves.items()}
    for name, value in best.items():
        if value in (lambdas[0], lambdas[-1]):
            getLogger().warning(
                f"popularity_correction: {name}: the best lambda on validation, {value:g}, is the last one tried; one "
                "beyond it may be better still (popularity_correction: NUMBER)"
            )
    return best


def _told(correction: Correction, phases: Mapping[str, Evaluation], config: Config) -> PopularityCorrection:
    """The test's metrics with and without, or those of validation in a run without a test."""
    found = phases.get("test") or phases["valid"]
    first = found.loader.protocols[0].name

    def metrics(lambdas: Mapping[str, float]) -> dict[str, float]:
        return {
            key if name == first else f"{name}/{key}": round(
                values[correction.lambdas.index(lambdas.get(name, 0.0))], config["metric_decimal_place"]
            )
            for name, curve in found.curves.items()
            for key, values in curve.items()
        }

    wanted = _metric(config)
    return {
        "metric": wanted if all(wanted in curve for curve in found.curves.values()) else "mrr",
        "in_results": config["corrected_results"],
        "phase": found.loader.phase,
        "lambda": dict(correction.chosen),
        "with": metrics(correction.chosen),
        "without": metrics({}),
    }


def _metric(config: Config) -> str:
    """``valid_metric`` without its protocol."""
    return str(config["valid_metric"]).rpartition("/")[2].lower()
