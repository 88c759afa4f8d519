"""Metrics as functions of the target's rank; one relevant item per instance.

At a fractional rank (tied scores) a metric is evaluated at that rank. :func:`register` adds one of a user's own.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from recbole_lsrec.config.metric_names import accept_metric
from recbole_lsrec.errors import ConfigError, failure_in_words

AtK = Callable[[np.ndarray, int], np.ndarray]


def hit(rank: np.ndarray, k: int) -> np.ndarray:
    """1 where the target is among the first ``k``."""
    return (rank <= k).astype(np.float64)


def ndcg(rank: np.ndarray, k: int) -> np.ndarray:
    """1 / log2(rank + 1) where the target is among the first ``k``; the ideal ranking has 1."""
    return np.where(rank <= k, 1.0 / np.log2(rank + 1.0), 0.0)


def mrr(rank: np.ndarray, k: int) -> np.ndarray:
    """1 / rank where the target is among the first ``k``."""
    return np.where(rank <= k, 1.0 / rank, 0.0)


def precision(rank: np.ndarray, k: int) -> np.ndarray:
    """Share of the first ``k`` that is relevant."""
    return hit(rank, k) / k


# With one relevant item recall is hit, and average precision is the reciprocal rank.
RANK_METRICS: dict[str, AtK] = {
    "hit": hit,
    "ndcg": ndcg,
    "mrr": mrr,
    "precision": precision,
    "recall": hit,
    "map": mrr,
}

OfRank = Callable[[np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True)
class OwnMetric:
    """A user's metric; see :func:`register`."""

    name: str
    function: OfRank
    higher_is_better: bool

    def of_instances(self, rank: np.ndarray, n_candidates: np.ndarray) -> np.ndarray:
        """Value of each instance, ``[N]``.

        Raises:
            ConfigError: the function raised, or gave something that is no number for each rank.
        """
        try:  # copies, as the function may write to them
            values = np.asarray(self.function(rank.copy(), n_candidates.copy()), dtype=np.float64)
        except Exception as error:
            raise ConfigError(
                f"metric: {self.name!r} failed on {len(rank)} ranks ({failure_in_words(error)}); mend its function."
            ) from error
        if values.shape != rank.shape:
            raise ConfigError(
                f"metric: {self.name!r} gave values of shape {values.shape} for {len(rank)} ranks; accepted: one a rank."
            )
        return values


OWN_METRICS: dict[str, OwnMetric] = {}


def register(name: str, higher_is_better: bool = True) -> Callable[[OfRank], OfRank]:
    """Adds a metric of one's own, to be asked for by ``metrics`` and ``valid_metric``, in comparisons and strata.

    The function gets ``rank`` ``[N]``, 1 being best (fractional where scores tie), and ``n_candidates`` ``[N]``, the target
    included, and returns one value a target, NaN where there is none. The metric is the mean of these::

        @register("top_share", higher_is_better=False)
        def top_share(rank, n_candidates):
            return rank / n_candidates

    It is known in the process that runs this: workers of a search or leaderboard have to import the same lines, as they
    do where these stand in the file of a model of one's own.

    Args:
        name: lower case; the key in results.
        higher_is_better: False turns early stopping and comparisons round.

    Raises:
        ConfigError: the name is none, or is taken by another metric.
    """
    accept_metric(name, higher_is_better)

    def keep(function: OfRank) -> OfRank:
        if not callable(function):
            raise ConfigError(
                f"metric: {name!r} has no function (found {function!r}); accepted: one of rank and n_candidates."
            )
        OWN_METRICS[name] = OwnMetric(name, function, higher_is_better)
        return function

    return keep


def instance_auc(rank: np.ndarray, n_negatives: np.ndarray) -> np.ndarray:
    """Share of the competitors ranked below the target, ties counting half (with the ``average`` rank)."""
    return 1.0 - (rank - 1.0) / n_negatives


def pooled_auc(scores: np.ndarray) -> float:
    """Area under the ROC curve over all rows of all instances together, ties counting half.

    Args:
        scores: ``[N, 1 + C]``, the target's first; NaN is no row.
    """
    return roc_area(scores[:, 0], scores[:, 1:][~np.isnan(scores[:, 1:])])


def roc_area(positive: np.ndarray, negative: np.ndarray) -> float:
    """How often one of ``positive`` ``[N]`` is above one of ``negative`` ``[M]``, ties counting half."""
    return float(twice_below(positive, np.sort(negative)).sum() / (2.0 * len(positive) * len(negative)))


def twice_below(values: np.ndarray, ordered: np.ndarray) -> np.ndarray:
    """Of each value ``[N]`` how many of ``ordered`` ``[M]``, increasing, are below it: two for each, one for an equal."""
    return np.searchsorted(ordered, values, "left") + np.searchsorted(ordered, values, "right")


def group_auc(scores: np.ndarray, group: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Area under the ROC curve of each group, over the rows of all its instances together, ties counting half.

    Args:
        scores: ``[N, 1 + C]``, the target's first; NaN is no row.
        group: ``[N]`` group of each instance.

    Returns:
        ``[G]`` area (NaN for a group without negatives) and number of rows of each group, by increasing group.
    """
    _, group = np.unique(group, return_inverse=True)
    real = ~np.isnan(scores)
    owner = np.broadcast_to(group[:, None], scores.shape)[real]
    score = scores[real]
    is_negative = np.broadcast_to(np.arange(scores.shape[1]) > 0, scores.shape)[real]
    order = np.lexsort((score, owner))
    owner, score, is_negative = owner[order], score[order], is_negative[order]
    new_group = np.diff(owner, prepend=-1) > 0
    new_block = new_group.copy()  # a block: rows of a group with the same score
    new_block[1:] |= score[1:] != score[:-1]
    before = np.cumsum(is_negative) - is_negative
    block = np.cumsum(new_block) - 1
    in_block = np.add.reduceat(is_negative.astype(np.float64), np.flatnonzero(new_block))
    below = (before[new_block] - before[new_group][owner[new_block]] + 0.5 * in_block)[block]
    n_rows = np.bincount(owner)
    n_negative = np.bincount(owner, weights=is_negative)
    with np.errstate(invalid="ignore"):
        area = np.bincount(owner, weights=below * ~is_negative) / (n_negative * (n_rows - n_negative))
    return area, n_rows


def gauc(
    by: str, rank: np.ndarray, n_negatives: np.ndarray, scores: np.ndarray | None, user: np.ndarray | None
) -> float | None:
    """AUC inside groups, averaged.

    Args:
        by: ``instance``: each instance is a group and counts once (RecBole's GAUC, CLSR's ``group_auc``); ``user``: all
            rows of a user are a group, and each user counts once; ``rows``: the same groups, weighted by their rows
            (CLSR's ``wauc``, the GAUC of the papers' tables).
        rank: ``[N]``; used by ``instance``.
        n_negatives: ``[N]`` competitors of each target; an instance or user without any is left out.
        scores: ``[N, 1 + C]``, the target's first; needed by ``user`` and ``rows``.
        user: ``[N]``; needed by ``user`` and ``rows``.

    Returns:
        None where the scores are not known; NaN where no group has a competitor.
    """
    if by == "instance":
        rivalled = n_negatives > 0
        return float(instance_auc(rank[rivalled], n_negatives[rivalled]).mean()) if rivalled.any() else float("nan")
    if scores is None or user is None:
        return None
    area, n_rows = group_auc(scores, user)
    rivalled = ~np.isnan(area)
    weight = (n_rows if by == "rows" else np.ones(len(area)))[rivalled]
    return float(np.average(area[rivalled], weights=weight)) if rivalled.any() else float("nan")


def summarise(
    rank: np.ndarray,
    n_negatives: np.ndarray,
    metrics: list[str],
    topk: list[int],
    scores: np.ndarray | None = None,
    user: np.ndarray | None = None,
    gauc_by: str = "instance",
) -> dict[str, float]:
    """The metrics of one protocol, means over instances, with RecBole's lower-case keys.

    Args:
        rank: ``[N]`` rank of each target.
        n_negatives: ``[N]`` competitors of each target.
        metrics: names as in the setting ``metrics``, any case; untruncated ``mrr`` and ``meanrank`` are always given,
            metrics of the recommended lists are not (see ``lists.py``).
        topk: cut-offs.
        scores: ``[N, 1 + C]`` of a sampled protocol, the target's first; ``auc``, and ``gauc`` by user or rows, need
            them and are left out without.
        user: ``[N]``, for ``gauc`` by user or rows.
        gauc_by: see :func:`gauc`.
    """
    names = [name.lower() for name in metrics]
    result = {
        f"{name}@{k}": float(RANK_METRICS[name](rank, k).mean()) for name in names if name in RANK_METRICS for k in topk
    }
    result["mrr"] = float((1.0 / rank).mean())
    result["meanrank"] = float(rank.mean())
    if "gauc" in names:
        value = gauc(gauc_by, rank, n_negatives, scores, user)
        result |= {} if value is None else {"gauc": value}
    if "auc" in names and scores is not None:
        result["auc"] = pooled_auc(scores)
    for name in (name for name in names if name in OWN_METRICS):
        values = OWN_METRICS[name].of_instances(rank, n_negatives + 1)
        result[name] = float(np.nanmean(values)) if not np.isnan(values).all() else float("nan")
    return result
