"""Time since the event before and frequency of the item, both scaled to [0, 1] by what training holds.

Shape letters: ``B`` histories, ``L`` history length, ``n`` rows of a log.
"""

import numpy as np
import torch
from torch import Tensor

FREQUENCY_BUCKETS = 16


def interval_range(user: np.ndarray, time: np.ndarray, training: np.ndarray) -> tuple[float, float]:
    """Shortest and longest time between two neighbouring training events of one user.

    Args:
        user: ``[n]`` user of each row of the log, sorted by (user, time).
        time: ``[n]`` int64 seconds.
        training: ``[n]`` bool, the rows that training sees; others count for nothing.

    Returns:
        Seconds; ``(0, 0)`` if no user has two training events.
    """
    both = (user[1:] == user[:-1]) & training[1:] & training[:-1]
    gaps = np.diff(time)[both]
    return (float(gaps.min()), float(gaps.max())) if len(gaps) else (0.0, 0.0)


def intervals(times: Tensor, lengths: Tensor) -> Tensor:
    """Seconds from the event before, ``[B, L]`` float64; 0 for the first event of a window and on padding.

    Args:
        times: ``[B, L]`` int64 seconds, oldest first, right-padded.
        lengths: ``[B]`` real events.
    """
    gaps = (times - torch.cat([times[:, :1], times[:, :-1]], dim=1)).abs()
    real = torch.arange(times.shape[1], device=times.device) < lengths.unsqueeze(1)
    return (gaps * real).double()


def min_max(values: Tensor, low: float, high: float) -> Tensor:
    """Scales ``low .. high`` to [0, 1] and cuts off what lies outside, float32; 0 everywhere if the two are equal.

    Args:
        values: Any shape, at least 0.
        low: What becomes 0.
        high: What becomes 1.
    """
    if not high > low:
        return torch.zeros_like(values, dtype=torch.float32)
    return ((values - low) / (high - low)).clamp(0, 1).float()


def frequencies(item: np.ndarray, training: np.ndarray, n_items: int) -> np.ndarray:
    """Training events of each item over those of the most frequent one, float64 ``[n_items]`` in [0, 1].

    Args:
        item: ``[n]`` item of each row of the log.
        training: ``[n]`` bool, the rows that training sees.
        n_items: Number of items, padding (always 0) included.
    """
    counts = np.bincount(item[training], minlength=n_items)
    return counts / max(counts.max(), 1)


def frequency_buckets(frequency: np.ndarray, n_buckets: int = FREQUENCY_BUCKETS) -> np.ndarray:
    """Sorts frequencies into buckets of equal width in the logarithm, int64.

    Bucket 0 is for items without a training event. From the rarest item that has one (bucket 1) to the most frequent
    one (bucket ``n_buckets - 1``) the widths are equal; if all are equally frequent they share the last bucket.
    """
    bucket = np.zeros(len(frequency), dtype=np.int64)
    seen = frequency > 0
    if seen.any():
        rarest = np.log(frequency[seen].min())
        place = 1 - np.log(frequency[seen]) / rarest if rarest < 0 else np.ones(seen.sum())
        # A hair of tolerance, so that an edge is not missed by rounding.
        bucket[seen] = 1 + np.minimum(np.floor(place * (n_buckets - 1) + 1e-9), n_buckets - 2).astype(np.int64)
    return bucket
