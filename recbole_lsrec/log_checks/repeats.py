"""Events that are there twice, and events of a user at one time, whose order is only that of the file."""

import numpy as np


def at_one_time(user: np.ndarray, time: np.ndarray) -> np.ndarray:
    """Whether the user has another event at the very same time.

    Args:
        user: ``[n]`` of a log sorted by (user, time).
        time: ``[n]`` exact times.

    Returns:
        boolean ``[n]``.
    """
    same = (user[1:] == user[:-1]) & (time[1:] == time[:-1])  # [n - 1] an event and the one before it
    tied = np.zeros(len(user), dtype=bool)
    tied[1:] |= same
    tied[:-1] |= same
    return tied


def copies(user: np.ndarray, item: np.ndarray, time: np.ndarray) -> np.ndarray:
    """Whether an earlier line has the same user, item and time: all lines of such an event but its first.

    Args:
        user: ``[n]`` of a log sorted by (user, time), equal times in the order of the file.
        item: ``[n]`` whole numbers, not negative.
        time: ``[n]`` exact times.

    Returns:
        boolean ``[n]``.
    """
    copy = np.zeros(len(user), dtype=bool)
    rows = np.flatnonzero(at_one_time(user, time))
    if len(rows):
        moment = _moments(user[rows], time[rows])
        _, first = np.unique(moment * (int(item.max()) + 1) + item[rows], return_index=True)
        copy[np.delete(rows, first)] = True
    return copy


def in_both(user: np.ndarray, item: np.ndarray, time: np.ndarray, held_out: np.ndarray) -> int:
    """How many held-out events are there a second time, with the same user, item and time, among the others.

    Args:
        user, item, time: as for :func:`copies`.
        held_out: boolean ``[n]``.
    """
    rows = np.flatnonzero(at_one_time(user, time))
    if not len(rows):
        return 0
    event = _moments(user[rows], time[rows]) * (int(item.max()) + 1) + item[rows]
    held = held_out[rows]
    return int(np.isin(event[held], event[~held]).sum())


def _moments(user: np.ndarray, time: np.ndarray) -> np.ndarray:
    """Numbers the pairs of user and time of sorted rows."""
    new = (user[1:] != user[:-1]) | (time[1:] != time[:-1])
    return np.concatenate([[0], np.cumsum(new)])
