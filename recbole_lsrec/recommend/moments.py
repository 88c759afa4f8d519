"""When each user is asked about, which intervals and the state of a session depend on."""

from collections.abc import Mapping

import numpy as np

from recbole_lsrec.errors import DataError


def asked_at(users: np.ndarray, last: np.ndarray, now: float | Mapping[str, float] | None) -> np.ndarray:
    """The time that each user is asked about, ``[U]``.

    Args:
        users: ``[U]``.
        last: ``[U]`` time of each user's last event.
        now: a time for all, or one for each user; None: the last event.

    Raises:
        DataError: a user has no time, or an event after it.
    """
    if now is None:
        return last
    if isinstance(now, Mapping):
        missing = [user for user in users if user not in now]
        if missing:
            raise DataError(
                f"now: it has no time for user {str(missing[0])!r}; give one for each user, or one for all."
            )
        asked = np.array([now[user] for user in users], dtype=np.float64)
    else:
        asked = np.full(len(users), now, dtype=np.float64)
    late = np.flatnonzero(~(last <= asked))
    if len(late):
        others = f"; so have {len(late) - 1} more users" if len(late) > 1 else ""
        raise DataError(
            f"now: user {str(users[late[0]])!r} has an event at {last[late[0]]:.15g}, after now ({asked[late[0]]:.15g}){others}. "
            "Leave later events out, or give a later time."
        )
    return asked
