"""A session threshold from the gaps of a log, with its reason, and an evaluation that the log can bear."""

from dataclasses import dataclass

import numpy as np

# Edges of the gap histogram in seconds, two bins an octave: enough to show a valley, not so many that small logs are noise.
EDGES = np.unique(np.round(np.geomspace(1, 2**25, 51)).astype(np.int64))
USUAL = 1800
_LOW, _HIGH = 300, 6 * 3600  # a session's end is looked for between five minutes and six hours
DAY = 86_400
RESOLUTIONS = (DAY, 3600, 60, 1)  # of times, in seconds, that are told apart
_FEW = 100
_CLEAR = 1.5  # the valley must be this much emptier than half an hour to be preferred
_MOST_SHORT = 0.05  # of the targets may have fewer negatives


@dataclass(frozen=True)
class Threshold:
    """A session threshold in seconds, and why."""

    seconds: int
    reason: str


def suggest_threshold(histogram: np.ndarray, resolution: int) -> Threshold:
    """Where gaps inside sessions end and breaks between sessions begin.

    Args:
        histogram: number of gaps in each bin of :data:`EDGES`; gaps of 0 are left out.
        resolution: seconds of which all distances of times are multiples.

    Returns:
        Half an hour, unless the log has whole days only or its gaps have a clearly emptier valley elsewhere.
    """
    if histogram.sum() < _FEW:
        return Threshold(USUAL, "half an hour, the usual; the log has too few gaps to tell")
    if resolution >= DAY:
        return Threshold(
            DAY // 2,
            "times are whole days, so events of one day are one session; a threshold of one day would join days that follow "
            "each other",
        )
    if resolution > USUAL:
        return Threshold(resolution, f"times are multiples of {resolution} s, so no shorter threshold means anything")
    smooth = np.convolve(histogram, [0.25, 0.5, 0.25], mode="same")
    inside = np.flatnonzero((EDGES[:-1] >= _LOW) & (EDGES[1:] <= _HIGH))
    rarest = inside[smooth[inside] == smooth[inside].min()]
    lowest = int(rarest[len(rarest) // 2])
    higher = _CLEAR * smooth[lowest]
    at_edge = lowest in (inside[0], inside[-1])  # the gaps grow rarer into or out of the range
    if at_edge or smooth[:lowest].max() <= higher or smooth[lowest + 1 :].max() <= higher:
        return Threshold(USUAL, "half an hour, the usual; the gaps have no valley between five minutes and six hours")
    if smooth[int(np.searchsorted(EDGES, USUAL, side="right")) - 1] <= higher:
        return Threshold(USUAL, "half an hour, the usual; the gaps have their valley near it")
    seconds = round(float(np.sqrt(EDGES[lowest] * EDGES[lowest + 1])) / 600) * 600
    return Threshold(seconds, f"of the gaps between five minutes and six hours those around {seconds} s are rarest")


def gap_histogram(gaps: np.ndarray) -> np.ndarray:
    """Counts gaps (seconds) in the bins of :data:`EDGES`; those of 0 are left out, longer ones are in the last bin."""
    inside = np.clip(gaps[gaps > 0], EDGES[0], EDGES[-1] - 1)
    return np.histogram(inside, EDGES)[0]


def sampled_negatives(first_seen: np.ndarray, targets: np.ndarray) -> int:
    """How many negatives nearly every target has.

    Args:
        first_seen: time at which each item is first seen, sorted.
        targets: time of each target.

    Returns:
        99, or a smaller number, at least 1.
    """
    if not len(targets):
        return 99
    possible = np.sort(np.searchsorted(first_seen, targets, side="left") - 1)  # but the target itself
    bearable = int(possible[int(_MOST_SHORT * len(possible))])
    return next((number for number in (99, 49, 19, 9, 4) if number <= bearable), max(1, bearable))
