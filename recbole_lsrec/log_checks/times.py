"""Whether times are read in the right unit: dates that a log can have, and pauses that people make."""

from datetime import datetime, timezone
from typing import NamedTuple

import numpy as np

TICKS_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
EARLIEST, LATEST = 631_152_000, 4_102_444_800  # 1990-01-01 and 2100-01-01, in unix seconds
_EARLIEST_NS = 662_688_000  # 1991-01-01: .NET ticks of today (tenths of us since the year 1) would be ns of 1990
SHORTEST_PAUSE, LONGEST_PAUSE = 1e-3, 1e8  # seconds; the median pause of people is no millisecond, and not three years
ORDER = "order"  # beside the units: times that are places in an order, not moments

_ORDER_ADVICE = (
    f"If they are no moments but places in an order, timestamp_unit: {ORDER} says so (sessions are then off)"
)


class UnitProblem(NamedTuple):
    """What speaks against a unit.

    Attributes:
        text: names ``timestamp_unit`` and lists what every unit would make of the times; without a period at its end.
        certain: whether another unit explains the times, so that no log can be meant as it is told.
    """

    text: str
    certain: bool


def plausible(time: np.ndarray, unit: str) -> np.ndarray:
    """Whether each time is a date from 1990 (in nanoseconds 1991) up to 2100.

    Args:
        time: ``[n]`` as the file holds them.
        unit: ``s``, ``ms``, ``us`` or ``ns`` since 1970, in UTC.

    Returns:
        boolean ``[n]``; False for what is not a number.
    """
    ticks = TICKS_PER_SECOND[unit]
    return (time >= (_EARLIEST_NS if unit == "ns" else EARLIEST) * ticks) & (time < LATEST * ticks)


def implausible_pause(user: np.ndarray, time: np.ndarray, unit: str) -> float | None:
    """Median pause between two events of a user, in seconds, if no log of people has such; events at one time make none.

    Args:
        user: ``[n]``, events of one user adjacent.
        time: ``[n]``, non-decreasing within a user.
        unit: of the times.

    Returns:
        None where no user has events at two times, or the median is from a millisecond to three years.
    """
    pause = np.diff(time)[user[1:] == user[:-1]]
    pause = pause[pause > 0]
    ticks = TICKS_PER_SECOND[unit]
    half = len(pause) / 2
    if (
        np.count_nonzero(pause < SHORTEST_PAUSE * ticks) < half
        and np.count_nonzero(pause > LONGEST_PAUSE * ticks) < half
    ):
        return None  # without sorting anything
    median = float(np.median(pause)) / ticks if len(pause) else None
    return None if median is None or SHORTEST_PAUSE <= median <= LONGEST_PAUSE else median


def unit_problem(user: np.ndarray, time: np.ndarray, unit: str) -> UnitProblem | None:
    """Says what speaks against the unit of the times of a log; None where dates and pauses are plausible.

    Args:
        user: ``[n]``, events of one user adjacent.
        time: ``[n]`` finite, non-decreasing within a user.
        unit: a key of :data:`TICKS_PER_SECOND`.
    """
    if len(time) == 0:
        return None
    fitting = plausible(time, unit)
    if not fitting.all():
        found = f"{np.count_nonzero(~fitting)} of {len(time)} times are no dates from 1990 to 2100 in timestamp_unit: {unit}"
        advice, certain = _advice(time, fitting)
        return UnitProblem(f"{found}. {_readings(time)}. {advice}", certain)
    pause = implausible_pause(user, time, unit)
    if pause is not None:
        found = f"the median pause between a user's events is {pause:.3g} s in timestamp_unit: {unit}"
        return UnitProblem(f"{found}, which no log of people has. {_readings(time)}. {_ORDER_ADVICE}", False)
    return None


def of_the_future(time: np.ndarray, unit: str) -> str:
    """Says how many times lie on a day that has not begun in any zone, or nothing where none does."""
    today = datetime.now(timezone.utc)
    late = time >= (today.timestamp() + 86_400) * TICKS_PER_SECOND[unit]
    if not late.any():
        return ""
    return (
        f"{int(late.sum())} of {len(time)} times lie after today ({today.date()}), the last on "
        f"{date(time.max() / TICKS_PER_SECOND[unit])}; they are kept. Is a clock wrong, or the unit?"
    )


def date(seconds: float) -> str:
    """A day in ISO form, or the year in words where the calendar has no such day."""
    try:
        return datetime.fromtimestamp(float(seconds), timezone.utc).date().isoformat()
    except (ValueError, OverflowError, OSError):
        return f"the year {1970 + seconds / 31_556_952:,.0f}"


def _readings(time: np.ndarray) -> str:
    """What each unit makes of the times."""
    first, last = float(time.min()), float(time.max())
    readings = []
    for unit, ticks in TICKS_PER_SECOND.items():
        share = np.mean(plausible(time, unit))
        fit = "" if share in (0, 1) else f" ({share:.1%} of them from 1990 to 2100)"
        readings.append(f"{unit}: {date(first / ticks)} to {date(last / ticks)}{fit}")
    return f"Read as {'; '.join(readings)}"


def _advice(time: np.ndarray, fitting: np.ndarray) -> tuple[str, bool]:
    whole = [unit for unit in TICKS_PER_SECOND if plausible(time, unit).all()]
    if whole:
        return f"Set timestamp_unit: {whole[0]}", True
    others = [unit for unit in TICKS_PER_SECOND if plausible(time[~fitting], unit).any()]
    if fitting.any():
        first = time[int(np.argmin(fitting))]
        rest = f"units are mixed ({', '.join(others)} among the rest)" if others else "the rest fit no unit"
        advice = f"The first such time is {first:.15g}; {rest}: mend these lines, or leave them out with val_interval"
        return advice, bool(others)
    if others:
        return f"Units are mixed ({', '.join(others)} among them): give all times one unit", True
    advice = "No unit gives such dates: they may be days, years, .NET ticks or written dates, to be made seconds first"
    return f"{advice}. {_ORDER_ADVICE}", False
