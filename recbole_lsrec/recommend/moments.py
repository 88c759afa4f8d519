"""Times, in the unit of the run's log: of the events, and when each user is asked about, on which intervals depend."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from recbole_lsrec.errors import DataError
from recbole_lsrec.log_checks.times import ORDER, TICKS_PER_SECOND, plausible


def check_unit(time: np.ndarray, unit: str, where: str) -> None:
    """Refuses times that are dates in another unit than the run's.

    Args:
        time: ``[n]``.
        unit: ``timestamp_unit`` of the run.
        where: they were given, for the message.

    Raises:
        DataError: some are no dates in it, but are in another.
    """
    wrong = time[~plausible(time, unit)] if unit != ORDER else time[:0]
    others = [other for other in TICKS_PER_SECOND if plausible(wrong, other).any()]
    if others:
        one = wrong[plausible(wrong, others[0])][0]
        raise DataError(
            f"{where}: {len(wrong)} of {len(time)} times are no dates from 1990 to 2100 in {unit}, the unit of the run's log "
            f"(timestamp_unit), but some are in {', '.join(others)}, such as {_shown(one)}; give all in {unit}."
        )


def asked_at(
    users: np.ndarray,
    last: np.ndarray,
    usual: np.ndarray,
    now: float | Mapping[str, float | None] | None,
    unit: str,
) -> np.ndarray:
    """The time that each user is asked about, ``[U]``.

    Args:
        users: ``[U]``.
        last: ``[U]`` time of each user's last event.
        usual: ``[U]`` the time where ``now`` says none.
        now: a time for all, or one for each user, either of which may be None.
        unit: ``timestamp_unit`` of the run.

    Returns:
        int64 where all are whole, else float64, as of events.

    Raises:
        DataError: a user is not among those of ``now``, or has an event after it, or it is a date in another unit.
    """
    if now is None:
        return usual
    if isinstance(now, Mapping):
        absent = [user for user in users if user not in now]
        if absent:
            raise DataError(f"now: it has no time for user {str(absent[0])!r}; give one for each user, or one for all.")
        told = [now[user] for user in users]
        asked = _exact([of if at is None else at for at, of in zip(told, usual, strict=True)])
        late = np.array([at is not None for at in told], dtype=bool) & ~(last <= asked)
    else:
        asked = _exact([now] * len(users))
        late = ~(last <= asked)
    if late.any():
        first = int(late.argmax())
        others = f"; so have {late.sum() - 1} more users" if late.sum() > 1 else ""
        raise DataError(
            f"now: user {str(users[first])!r} has an event at {_shown(last[first])}, after now ({_shown(asked[first])}){others}. "
            "Leave later events out, or give a later time."
        )
    check_unit(asked, unit, "now")
    return asked


def _exact(times: Sequence[Any]) -> np.ndarray:
    """Whole times without rounding."""
    whole = all(time % 1 == 0 for time in times)
    return np.array([int(time) for time in times] if whole else times, dtype=np.int64 if whole else np.float64)


def _shown(time: Any) -> str:
    return str(time) if isinstance(time, np.integer) else f"{time:.15g}"
