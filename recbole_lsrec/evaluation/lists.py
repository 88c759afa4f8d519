"""RecBole's metrics of the recommended lists (coverage, popularity, inequality), by RecBole's own classes.

RecBole 1.2.1 itself stops with an error on all of them but ShannonEntropy: its collector calls ``.cpu()`` on counts.
"""

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import torch
from recbole.evaluator.collector import DataStruct
from recbole.evaluator.metrics import AveragePopularity, GiniIndex, ItemCoverage, ShannonEntropy, TailPercentage


class _AveragePopularity(AveragePopularity):
    """RecBole's, with the popularity looked up once per item and not once per place in a list."""

    def get_pop(self, item_matrix: np.ndarray, item_count: dict[int, int]) -> np.ndarray:
        return super().get_pop(_each_item(item_matrix), item_count)[0][item_matrix]


class _TailPercentage(TailPercentage):
    """RecBole's, with the tail looked up once per item and not once per place in a list."""

    def get_tail(self, item_matrix: np.ndarray, count_items: dict[int, int]) -> np.ndarray:
        return super().get_tail(_each_item(item_matrix), count_items)[0][item_matrix]


LIST_METRICS = {
    "itemcoverage": ItemCoverage,
    "giniindex": GiniIndex,
    "averagepopularity": _AveragePopularity,
    "tailpercentage": _TailPercentage,
    "shannonentropy": ShannonEntropy,
}


def asks_for_lists(metrics: Collection[str]) -> bool:
    """Whether any of the metrics needs the recommended items themselves."""
    return any(name.lower() in LIST_METRICS for name in metrics)


def list_metrics(settings: Mapping[str, Any], items: np.ndarray, popularity: np.ndarray) -> dict[str, float]:
    """The metrics of lists among ``settings["metrics"]``, with RecBole's lower-case keys.

    Args:
        settings: ``metrics``, ``topk``, ``tail_ratio``, ``metric_decimal_place``.
        items: ``[N, max(topk)]`` recommended items of each instance, best first.
        popularity: ``[n_items]`` training events of each item; the length is the number of items, with padding, which
            RecBole divides by.
    """
    known = DataStruct()
    known.set("rec.items", torch.from_numpy(items))
    known.set("data.num_items", len(popularity))
    known.set("data.count_items", {int(item): int(popularity[item]) for item in np.flatnonzero(popularity)})
    result: dict[str, float] = {}
    for name in settings["metrics"]:
        if name.lower() in LIST_METRICS:
            values = LIST_METRICS[name.lower()](settings).calculate_metric(known)
            result |= {key: float(value) for key, value in values.items()}
    return result


def _each_item(item_matrix: np.ndarray) -> np.ndarray:
    return np.arange(item_matrix.max(initial=0) + 1)[None]
