"""Putting a log in order, stably and in linear time."""

import numpy as np


def order_by_user_and_time(user: np.ndarray, time: np.ndarray) -> np.ndarray:
    """Order of the rows by (user, time), rows that are equal in both staying as they are.

    Whole numbers are sorted digit by digit (numpy sorts 16-bit integers by radix), several times faster than
    ``np.lexsort``, which serves the rest.

    Args:
        user: int64 ``[n]``, not negative.
        time: ``[n]`` finite numbers.

    Returns:
        int64 ``[n]``: the row that comes first, second, ...
    """
    whole = time.astype(np.int64)
    if not np.array_equal(whole, time):
        return np.lexsort((time, user))
    order = np.arange(len(user))
    if len(user) == 0:
        return order
    for key in (whole - whole.min(), user):  # the least significant key first
        for shift in range(0, int(key.max()).bit_length(), 16):
            digit = ((key >> shift) & 0xFFFF).astype(np.uint16)
            order = order[np.argsort(digit[order], kind="stable")]
    return order
