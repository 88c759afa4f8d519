"""Metrics as functions of the target's rank; one relevant item per instance.

At a fractional rank (tied scores) a metric is evaluated at that rank.
"""

from collections.abc import Callable

import numpy as np
from scipy.stats import rankdata

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


def instance_auc(rank: np.ndarray, n_negatives: np.ndarray) -> np.ndarray:
    """Share of the competitors ranked below the target, ties counting half (with the ``average`` rank)."""
    return 1.0 - (rank - 1.0) / n_negatives


def pooled_auc(scores: np.ndarray) -> float:
    """Area under the ROC curve over all rows of all instances together, ties counting half.

    Args:
        scores: ``[N, 1 + C]``, the target's first; NaN is no row.
    """
    negative = scores[:, 1:][~np.isnan(scores[:, 1:])]
    n_positive, n_negative = len(scores), len(negative)
    ranks = rankdata(np.concatenate([scores[:, 0], negative]))[:n_positive]
    return float((ranks.sum() - n_positive * (n_positive + 1) / 2) / (n_positive * n_negative))


def summarise(
    rank: np.ndarray, n_negatives: np.ndarray, metrics: list[str], topk: list[int], scores: np.ndarray | None = None
) -> dict[str, float]:
    """The metrics of one protocol, means over instances, with RecBole's lower-case keys.

    Args:
        rank: ``[N]`` rank of each target.
        n_negatives: ``[N]`` competitors of each target.
        metrics: names as in the setting ``metrics``, any case; untruncated ``mrr`` and ``meanrank`` are always given.
        topk: cut-offs.
        scores: ``[N, 1 + C]`` for a sampled protocol; ``auc`` needs them and is left out without.
    """
    names = [name.lower() for name in metrics]
    result = {
        f"{name}@{k}": float(RANK_METRICS[name](rank, k).mean()) for name in names if name in RANK_METRICS for k in topk
    }
    result["mrr"] = float((1.0 / rank).mean())
    result["meanrank"] = float(rank.mean())
    if "gauc" in names:
        rivalled = n_negatives > 0
        result["gauc"] = float(instance_auc(rank[rivalled], n_negatives[rivalled]).mean())
    if "auc" in names and scores is not None:
        result["auc"] = pooled_auc(scores)
    return result
