"""Whether what a run saved agrees with itself: the metrics of ``result.json`` with the ranks, the ranks with the scores."""

from pathlib import Path

import numpy as np
import pandas as pd

from recbole_lsrec.errors import DataError
from recbole_lsrec.evaluation.metrics import RANK_METRICS, summarise
from recbole_lsrec.evaluation.ties import rank_of_positive
from recbole_lsrec.protocol import TIES
from recbole_lsrec.run_files import INSTANCES, RESULT, RunResult

_DECIMALS = 4  # of a run that does not say


def check_metrics(folder: Path, result: RunResult, instances: pd.DataFrame) -> None:
    """Computes the test's metrics from the ranks and compares them.

    Metrics of scores and of lists, and those of one's own, are not in the ranks.

    Raises:
        DataError: one differs by more than its rounding.
    """
    told, config = result.get("test_result") or {}, result["config"]
    decimals = config.get("metric_decimal_place", _DECIMALS)
    test = instances[instances["phase"] == "test"]
    for number, (protocol, lines) in enumerate(test.groupby("protocol", sort=False)):
        prefix = "" if number == 0 else f"{protocol}/"
        own = {key.removeprefix(prefix): value for key, value in told.items() if key.startswith(prefix)}
        names = {key.partition("@")[0] for key in own} & {*RANK_METRICS}
        names |= {"gauc"} if config.get("gauc_by", "instance") == "instance" else set()
        cuts = sorted({int(cut) for key in own if (cut := key.partition("@")[2]).isdecimal()})
        rank, rivals = lines["rank"].to_numpy(dtype=np.float64), lines["n_candidates"].to_numpy() - 1
        for key, value in summarise(rank, rivals, sorted(names), cuts).items():
            if key in own and not _same(own[key], value, 0.51 * 10.0**-decimals):
                raise DataError(
                    f"{folder}: {RESULT} says {prefix + key} {own[key]}, the ranks in {INSTANCES} give {value:.{decimals}f}; one "
                    "of the files was changed after the run. Take both from one copy, or run again."
                )


def check_scores(folder: Path, result: RunResult, lines: pd.DataFrame, scores: np.ndarray, protocol: str) -> None:
    """Computes the ranks of a sampled protocol from its scores and compares them.

    Args:
        folder: of the run, for the message.
        result: of the run; its ``ties`` say how equals rank.
        lines: ``[N]`` instances.
        scores: ``[N, 1 + C]`` of the same lines, the target's first; NaN is no competitor.
        protocol: for the message.

    Raises:
        DataError: a target has no score, or another rank.
    """
    ties = result["config"].get("ties", "average")
    target, rivals = scores[:, :1], scores[:, 1:]
    if ties not in TIES or np.isnan(target).any():
        raise DataError(
            f"{folder}: scores-{protocol}.npy has targets without a score; the file was changed or damaged."
        )
    rank = rank_of_positive((rivals > target).sum(axis=1), (rivals == target).sum(axis=1), ties)
    differing = np.flatnonzero(rank != lines["rank"].to_numpy(dtype=np.float64))
    if len(differing):
        at = int(differing[0])
        raise DataError(
            f"{folder}: by scores-{protocol}.npy {len(differing)} of {len(rank)} targets have another rank than in {INSTANCES}, "
            f"the first {rank[at]:g} and {lines['rank'].iloc[at]:g}; one of the files was changed after the run."
        )


def _same(told: object, found: float, within: float) -> bool:
    if not isinstance(told, int | float):
        return False
    return abs(told - found) <= within or (np.isnan(told) and np.isnan(found))
