"""Which events and ids the filters keep: pure functions on codes."""

import numpy as np

from recbole_lsrec.config.intervals import Interval, within


def repeated(*columns: np.ndarray) -> np.ndarray:
    """Whether an earlier row has the same values in all columns, each ``[n]``."""
    order = np.lexsort(columns)  # stable: of equal rows the first comes first
    same = np.ones(max(0, len(order) - 1), dtype=bool)
    for column in columns:
        ordered = column[order]
        same &= ordered[1:] == ordered[:-1]
    result = np.zeros(len(order), dtype=bool)
    result[order[1:][same]] = True
    return result


def k_core(
    user: np.ndarray,
    item: np.ndarray,
    n_users: int,
    n_items: int,
    user_events: list[Interval] | None,
    item_events: list[Interval] | None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Removes users and items with too few or too many events until none is left, users and items of a round together.

    Args:
        user, item: ``[n]`` codes of the events, from 0 on.
        n_users, n_items: how many codes there are.
        user_events, item_events: how many events a user or item must have; None: any number.

    Returns:
        boolean ``[n]`` events that stay, ``[n_users]`` users and ``[n_items]`` items that were removed.
    """
    kept = np.ones(len(user), dtype=bool)
    without = (np.zeros(n_users, dtype=bool), np.zeros(n_items, dtype=bool))
    while True:
        events = kept.sum()
        for removed, code, wanted in ((without[0], user, user_events), (without[1], item, item_events)):
            if wanted is not None:
                count = np.bincount(code[kept], minlength=len(removed))
                removed |= (count > 0) & ~within(count, wanted)
        kept &= ~(without[0][user] | without[1][item])
        if kept.sum() == events:
            return kept, *without
