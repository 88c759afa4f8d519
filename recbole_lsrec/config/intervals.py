"""RecBole's text for ranges of numbers, such as ``[5,inf)`` or ``(0,1];[3,4)``, read strictly."""

import re
from typing import NamedTuple

import numpy as np

from recbole_lsrec.config.numbers import number_in

ACCEPTED = "text such as '[5,inf)' (from 5 on), '(0,1]' (above 0, up to 1), or several such as '[1,5];[10,inf)'"


class Interval(NamedTuple):
    """The numbers between two ends, each of which is inside or not."""

    low: float
    high: float
    low_inside: bool
    high_inside: bool

    def holds(self, values: np.ndarray) -> np.ndarray:
        """Whether each value ``[n]`` lies inside; NaN never does."""
        above = values >= self.low if self.low_inside else values > self.low
        below = values <= self.high if self.high_inside else values < self.high
        return above & below


def parse_intervals(text: object) -> list[Interval]:
    """Reads one or several intervals separated by ``;``.

    Raises:
        ValueError: the text is no interval, or one that no number is in; says what is accepted.
    """
    intervals = []
    for part in text.split(";") if isinstance(text, str) else [""]:
        form = re.fullmatch(r"\s*([\[(])([^,\[\]()]+),([^,\[\]()]+)([\])])\s*", part)
        try:
            low, high = (number_in(form[2]), number_in(form[3])) if form else (np.nan, np.nan)
        except ValueError:
            low = high = np.nan
        if form is None or not (low < high or (low == high and form[1] + form[4] == "[]")):
            raise ValueError(f"accepted: {ACCEPTED}")
        intervals.append(Interval(low, high, form[1] == "[", form[4] == "]"))
    return intervals


def within(values: np.ndarray, intervals: list[Interval]) -> np.ndarray:
    """Whether each value ``[n]`` lies in any of the intervals."""
    return np.logical_or.reduce([interval.holds(values) for interval in intervals])
