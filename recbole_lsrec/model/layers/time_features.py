"""Times of events as the two logarithms that Time4LSTM reads.

Shape letters: ``B`` histories, ``L`` history length.
"""

from typing import NamedTuple

import torch
from torch import Tensor

FLOOR = 0.5
"""Intervals count as at least half a unit, so that their logarithm is finite."""


class TimeFeatures(NamedTuple):
    """Logarithms of intervals in units, float32, 0 on padding."""

    from_first: Tensor  # [B, L] from the first action to the event after this one; for the last, to now
    to_now: Tensor  # [B, L] from this event to now


def time_features(times: Tensor, lengths: Tensor, first: Tensor, now: Tensor, unit: float) -> TimeFeatures:
    """Computes ``ln max(0.5, interval / unit)``, in float64 from whole seconds.

    Args:
        times: ``[B, L]`` int64 seconds of the events in the window, oldest first, right-padded.
        lengths: ``[B]`` int64 number of real events.
        first: ``[B]`` int64 seconds of the first event of the *full* history, even if the window has lost it.
        now: ``[B]`` int64 seconds of the target.
        unit: Seconds in a unit; 86.4 in the authors' runs on Taobao, a day in those on Kuaishou.

    Returns:
        Both features.
    """
    steps = torch.arange(times.shape[1], device=times.device)
    real = steps < lengths.unsqueeze(1)
    following = torch.cat([times[:, 1:], times[:, -1:]], dim=1)
    following = torch.where(steps == lengths.unsqueeze(1) - 1, now.unsqueeze(1), following)

    seconds = torch.stack([following - first.unsqueeze(1), now.unsqueeze(1) - times])
    units = (seconds.double() / unit).clamp_min(FLOOR)
    return TimeFeatures(*(units.log() * real).float())
