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
    once: bool = False,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Removes users and items with too few or too many events.

    Until none is left, users and items of a round together; or ``once``: items, then users by the events that are left.
    After that items may have too few again, as in the code of CLSR and LSIDN.

    Args:
        user, item: ``[n]`` codes of the events, from 0 on.
        n_users, n_items: how many codes there are.
        user_events, item_events: how many events a user or item must have; None: any number.
        once: whether there is one pass.

    Returns:
        boolean ``[n]`` events that stay, ``[n_users]`` users and ``[n_items]`` items that were removed.
    """
    kept = np.ones(len(user), dtype=bool)
    without = (np.zeros(n_users, dtype=bool), np.zeros(n_items, dtype=bool))
    while True:
        events = kept.sum()
        for removed, code, wanted in ((without[1], item, item_events), (without[0], user, user_events)):
            if wanted is not None:
                count = np.bincount(code[kept], minlength=len(removed))
                removed |= (count > 0) & ~within(count, wanted)
            if once:
                kept &= ~removed[code]
        kept &= ~(without[0][user] | without[1][item])
        if once or kept.sum() == events:
            return kept, *without


def of_several(item: np.ndarray, category: np.ndarray) -> np.ndarray:
    """Whether the item of an event occurs with more than one category; both ``[n]`` codes, -1 is a missing category."""
    known = category >= 0
    pairs = np.unique(np.stack([item[known], category[known]]), axis=1)  # [2, distinct]
    return np.bincount(pairs[0], minlength=int(item.max(initial=-1)) + 1)[item] > 1
