"""Every system with popularity put in or taken out: its metric under each lambda, and at the one chosen or given."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from recbole_lsrec.analysis.compare import Comparison, compare_models
from recbole_lsrec.analysis.saved_runs import SavedRun
from recbole_lsrec.analysis.user_metrics import Metric
from recbole_lsrec.errors import ConfigError, DataError
from recbole_lsrec.leaderboard.board import Cell, runs_by_system
from recbole_lsrec.leaderboard.page.results import ALPHA, PHASE, RESAMPLES, grouped, standing_of
from recbole_lsrec.leaderboard.page.rising import is_rising
from recbole_lsrec.leaderboard.page.standing import Standing
from recbole_lsrec.run_files import PopularityCorrection, RunResult, read_curves


@dataclass(frozen=True)
class Corrected:
    """One system under one protocol; values are of the test, means over seeds.

    Attributes:
        metric: by which lambda was chosen; beside a given lambda ``mrr`` where ranks do not give ``valid_metric``.
        bigger: whether more of it is better.
        lambdas: tried.
        values: of the metric, under each of them.
        fitted: whether validation chose the lambda; else the settings give it.
        in_results: whether the system's results, and so the tables, are with it.
        chosen: of each seed, its lambda.
        without: the metric of the plain scores.
        at_chosen: the metric with each seed's own lambda.
        rising: whether the system is outside the order.
    """

    system: str
    protocol: str
    metric: str
    bigger: bool
    fitted: bool
    in_results: bool
    lambdas: list[float]
    values: list[float]
    chosen: list[float]
    without: float
    at_chosen: float
    rising: bool


@dataclass(frozen=True)
class CorrectedTest:
    """What the tests say of the ranked systems of one protocol, each at its own lambda.

    Attributes:
        systems: all that have a lambda there, also those outside the order.
        standing: None where nothing was tested, as ``comparison``.
        untested: why nothing was tested.
    """

    protocol: str
    metric: str
    systems: int
    standing: Standing | None
    comparison: Comparison | None
    untested: str | None

    def mark(self, system: str) -> str | None:
        """``best``, ``second`` or None."""
        place = self.standing
        return None if place is None else {place.best: "best", place.second: "second"}.get(system)


def corrected(cells: Sequence[Cell]) -> tuple[list[Corrected], list[str]]:
    """One entry for each protocol and system whose runs all have a lambda, in the order of the cells.

    Returns:
        The entries of one metric, the first system's, and the systems that have another.
    """
    found = [one for system, own in runs_by_system(cells).items() for one in _of_system(system, own)]
    protocols = list(dict.fromkeys(one.protocol for one in found))
    found = sorted(found, key=lambda one: protocols.index(one.protocol))
    kept = [one for one in found if one.metric == found[0].metric]
    return kept, list(dict.fromkeys(one.system for one in found if one.metric != found[0].metric))


def corrected_tests(cells: Sequence[Cell], found: Sequence[Corrected]) -> list[CorrectedTest]:
    """Tests of the main metric, one entry for each protocol.

    Args:
        cells: of one data set.
        found: what :func:`corrected` made of them.
    """
    return [
        _test(cells, name, [one for one in found if one.protocol == name])
        for name in dict.fromkeys(one.protocol for one in found)
    ]


def _test(cells: Sequence[Cell], protocol: str, found: Sequence[Corrected]) -> CorrectedTest:
    ranked, metric = in_order(found, at_chosen=True), found[0].metric
    if len(ranked) < 2:
        return CorrectedTest(protocol, metric, len(found), None, None, "fewer than two systems are ranked")
    own = [cell for cell in cells if cell.system in ranked]
    try:
        asked = Metric.parse(metric)
    except ConfigError:
        why = f"{metric} is a metric of your own, which the process that wrote this page had not registered"
        return CorrectedTest(protocol, metric, len(found), None, None, why)
    try:
        models = grouped(own, protocol, corrected=True)
        comparison = compare_models(models, asked, PHASE, protocol, alpha=ALPHA, resamples=RESAMPLES)
    except DataError as error:
        return CorrectedTest(protocol, metric, len(found), None, None, str(error))
    return CorrectedTest(protocol, metric, len(found), standing_of(comparison), comparison, None)


def in_order(found: Sequence[Corrected], *, at_chosen: bool) -> list[str]:
    """The ranked systems of one protocol, best first, plain or each at its own lambda."""
    better = -1 if found and found[0].bigger else 1
    ranked = [one for one in found if not one.rising]
    return [
        one.system for one in sorted(ranked, key=lambda one: better * (one.at_chosen if at_chosen else one.without))
    ]


def _of_system(system: str, runs: Sequence[SavedRun]) -> list[Corrected]:
    told: list[PopularityCorrection] = []
    curves: list[dict[str, Any]] = []
    for run in runs:
        correction, own = run.result.get("popularity_correction"), read_curves(run.folder, run.result["files"])
        if correction is None or own is None or correction["phase"] != PHASE:
            return []
        told.append(correction)
        curves.append(own)
    metric, lambdas = told[0]["metric"], curves[0]["lambdas"]
    if any(one["metric"] != metric for one in told) or any(own["lambdas"] != lambdas for own in curves):
        return []
    found = []
    for protocol in curves[0][PHASE]:
        if any(protocol not in one["lambda"] for one in told):
            continue  # validation chose none: it has no targets, or these lists were given for the test alone
        chosen = [one["lambda"][protocol] for one in told]
        values = np.array([own[PHASE][protocol][metric] for own in curves])  # [seeds, lambdas]
        at_chosen = [own[lambdas.index(value)] for own, value in zip(values, chosen, strict=True)]
        without = values[:, lambdas.index(0.0)]
        found.append(
            Corrected(
                system,
                protocol,
                metric,
                _bigger(metric, runs[0].result),
                runs[0].result["config"].get("popularity_correction") == "valid",
                told[0]["in_results"],
                lambdas,
                values.mean(axis=0).tolist(),
                chosen,
                float(without.mean()),
                float(np.mean(at_chosen)),
                is_rising(runs),
            )
        )
    return found


def _bigger(metric: str, result: RunResult) -> bool:
    """Of the validation metric the run knows it, though a metric of the user's own may not be registered here."""
    validated_by = str(result["config"].get("valid_metric", "")).rpartition("/")[2].lower()
    return result["valid_score_bigger"] if metric == validated_by else Metric.parse(metric).higher_is_better
