"""A point in time that splits a log: a date, unix seconds, or a quantile of the event times."""

import re
from dataclasses import dataclass
from datetime import datetime, timezone
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np

from recbole_lsrec.errors import DataError

ACCEPTED = (
    "a date such as '2020-02-01' or '2020-02-01 12:00' (with tz), whole unix seconds greater than 1, "
    "or a quantile of the event times, greater than 0 and less than 1"
)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}(:\d{2})?)?")


@dataclass(frozen=True)
class Boundary:
    """Events at or after it lie behind it.

    Attributes:
        written: as given.
        seconds: unix seconds; None for a quantile.
        quantile: in (0, 1); None for a date or unix seconds.
    """

    written: str | int | float
    seconds: int | None = None
    quantile: float | None = None

    @staticmethod
    def parse(given: object, tz: str | None) -> "Boundary":
        """Reads one boundary.

        Args:
            given: a date as text, whole unix seconds, or a number in (0, 1).
            tz: name of the time zone of dates, such as ``UTC`` or ``Europe/Berlin``.

        Raises:
            ValueError: another form; a date without ``tz``, or one that a change of the clocks repeats or skips.
        """
        if isinstance(given, str) and _DATE.fullmatch(given):
            return Boundary(given, seconds=_seconds_of_date(given, tz))
        if isinstance(given, (int, float)) and not isinstance(given, bool):
            if 0 < given < 1:
                return Boundary(given, quantile=float(given))
            if given > 1 and float(given).is_integer():
                return Boundary(given, seconds=int(given))
        raise ValueError(f"found {given!r}; accepted: {ACCEPTED}")

    def at(self, time: np.ndarray, name: str) -> int:
        """The boundary in unix seconds for a log; a quantile becomes the time of an event.

        Args:
            time: ``[n]`` times of the events, in seconds.
            name: of the boundary, for messages.

        Raises:
            DataError: no event lies before it, or none at or after it.
        """
        if self.quantile is not None:
            # A time that occurs, so that the boundary is a whole second; of two neighbours the later.
            seconds = int(np.quantile(time, self.quantile, method="higher"))
        else:
            assert self.seconds is not None  # one of the two is set
            seconds = self.seconds
        first, last = int(time.min()), int(time.max())
        if not first < seconds <= last:
            raise DataError(
                f"GTS: {name}: {self.written!r} is {utc(seconds)}, but the log runs from {utc(first)} to {utc(last)} "
                f"(unix seconds {first} to {last}); give a boundary after its first event and not after its last."
            )
        return seconds


def utc(seconds: int) -> str:
    """The time in ISO form; seconds beyond the calendar (milliseconds, perhaps) as they are."""
    try:
        return datetime.fromtimestamp(int(seconds), timezone.utc).isoformat()
    except (ValueError, OverflowError, OSError):
        return f"{seconds} s"


def check_time_zone(tz: object) -> None:
    """Whether a time zone of this name is known.

    Raises:
        ValueError: it is not.
    """
    try:
        ZoneInfo(tz)  # type: ignore[arg-type]
    except (ZoneInfoNotFoundError, ValueError, TypeError, OSError) as error:
        raise ValueError(f"found {tz!r}; accepted: a time zone such as UTC or Europe/Berlin") from error


def _seconds_of_date(written: str, tz: str | None) -> int:
    if tz is None:
        raise ValueError(f"found the date {written!r} without a time zone; add tz, such as tz: UTC")
    try:
        local = datetime.fromisoformat(written).replace(tzinfo=ZoneInfo(tz))
    except ValueError as error:
        raise ValueError(f"found {written!r}, which is no date ({error}); accepted: {ACCEPTED}") from error
    if local.utcoffset() != local.replace(fold=1).utcoffset():
        raise ValueError(
            f"found {written!r}, which {tz} has twice or not at all (change of the clocks); accepted: unix seconds, or "
            "tz: UTC"
        )
    return int(local.timestamp())
