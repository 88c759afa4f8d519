"""Whether what a run saved agrees with itself: the metrics of ``result.json`` with the ranks, the ranks with the scores.

The hashes in ``result.json`` leave this out: a metric edited in that file, which has no hash of its own, and a file changed
together with its hash are noticed here alone.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

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

    Metrics of lists, and those of one's own, are not in the ranks; those of scores are left to :func:`check_scores`.

    Raises:
        DataError: one differs by more than its rounding.
    """
    test = instances[instances["phase"] == "test"]
    corrected: Mapping[str, Any] = result.get("popularity_correction") or {}
    with_it = corrected.get("with") if corrected.get("phase") == "test" else None
    if not isinstance(with_it, dict | None):
        raise DataError(
            f"{folder / RESULT}: popularity_correction: with: found {with_it!r}; accepted: an object. The file was changed or "
            "damaged."
        )
    for protocol, lines in test.groupby("protocol", sort=False):
        _check_ranks(folder, result, str(protocol), lines, "rank", result.get("test_result"))
        if with_it is not None and lines["corrected_rank"].notna().any():
            _check_ranks(folder, result, str(protocol), lines, "corrected_rank", with_it)


def _check_ranks(
    folder: Path,
    result: RunResult,
    protocol: str,
    lines: pd.DataFrame,
    column: str,
    metrics: Mapping[str, object] | None,
) -> None:
    told = _told(metrics, protocol)
    names = {key.partition("@")[0] for key in told} & {*RANK_METRICS}
    names |= {"gauc"} if result["config"].get("gauc_by", "instance") == "instance" else set()
    cuts = sorted({int(cut) for key in told if (cut := key.partition("@")[2]).isdecimal()})
    rank, rivals = lines[column].to_numpy(dtype=np.float64), lines["n_candidates"].to_numpy() - 1
    found = summarise(rank, rivals, sorted(names), cuts)
    kind = "ranks" if column == "rank" else "corrected ranks"
    _agree(folder, result, protocol, told, found, f"{kind} in {INSTANCES}")


def check_scores(folder: Path, result: RunResult, lines: pd.DataFrame, scores: np.ndarray, protocol: str) -> None:
    """Computes the ranks of a sampled protocol from its scores, and of a test the areas under curves, and compares them.

    Args:
        folder: of the run, for the message.
        result: of the run; its ``ties`` say how equals rank.
        lines: ``[N]`` instances.
        scores: ``[N, 1 + C]`` of the same lines, the target's first; NaN is no competitor.
        protocol: for the message.

    Raises:
        DataError: a target has no score, or another rank; or a metric of scores differs by more than its rounding.
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

    if len(lines) and lines["phase"].iloc[0] == "test":
        told = _told(result.get("test_result"), protocol)
        rivals_of = lines["n_candidates"].to_numpy() - 1
        user = np.unique(lines["user_id"].to_numpy(dtype=str), return_inverse=True)[1]
        by = result["config"].get("gauc_by", "instance")
        found = summarise(rank, rivals_of, sorted({"auc", "gauc"} & {*told}), [], scores, user, by)
        _agree(folder, result, protocol, told, found, f"scores in scores-{protocol}.npy")


def _told(metrics: Mapping[str, object] | None, protocol: str) -> Mapping[str, object]:
    """The metrics of one protocol, without its prefix, which the first has not."""
    told = metrics or {}
    prefix = f"{protocol}/"
    with_it = {key.removeprefix(prefix): value for key, value in told.items() if key.startswith(prefix)}
    return with_it or {key: value for key, value in told.items() if "/" not in key}


def _agree(
    folder: Path, result: RunResult, protocol: str, told: Mapping[str, object], found: Mapping[str, float], source: str
) -> None:
    decimals = result["config"].get("metric_decimal_place", _DECIMALS)
    for key, value in found.items():
        if key in told and not _same(told[key], value, 0.51 * 10.0**-decimals):
            raise DataError(
                f"{folder}: {RESULT} says {key} {told[key]!r} under {protocol}, the {source} give {value:.{decimals}f}; one of "
                "the files was changed after the run. Take both from one copy, or run again."
            )


def _same(told: object, found: float, within: float) -> bool:
    if not isinstance(told, int | float):
        return False
    return found - within <= told <= found + within or (told != told and np.isnan(found))  # whole numbers of any size
