"""Splits as pure functions: from the instances of a sorted log to three arrays of row numbers.

An *instance* is the row of its target; a row is an instance when the user has an earlier row.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from recbole_lsrec.data.split.phases import PHASES, Split, instance_rows, stretches


def leave_one_out(user: np.ndarray, rows: np.ndarray, mode: str) -> Split:
    """RecBole's ``LS``: each user's last instances are held out.

    The first instance of a user always trains, so a user with one instance is in no held-out part and one with two
    is in the last part only.

    Args:
        user: ``[n]`` user of each row of the log.
        rows: instances to split, increasing.
        mode: ``valid_and_test``, ``valid_only`` or ``test_only``.

    Raises:
        ValueError: another mode.
    """
    group = user[rows]
    same = group[1:] == group[:-1]
    del group  # as long as the log, and not needed while the parts are made
    before, after = np.append(False, same)[: len(rows)], np.append(same, False)[: len(rows)]  # of the user's instances
    last = before & ~after
    second = before & np.append(last[1:], False)[: len(rows)]
    if mode == "valid_and_test":
        return Split(rows[~last & ~second], rows[second], rows[last])
    nothing = rows[:0]
    if mode == "valid_only":
        return Split(rows[~last], rows[last], nothing)
    if mode == "test_only":
        return Split(rows[~last], nothing, rows[last])
    raise ValueError(f"LS: found {mode!r}; accepted: 'valid_and_test', 'valid_only', 'test_only'")


def ratio_split(group: np.ndarray, rows: np.ndarray, ratios: Sequence[float]) -> Split:
    """RecBole's ``RS`` with time order: in each group the first share trains, the last share tests.

    Counts are rounded as RecBole rounds them: every part but the first is rounded down, and a part that would be
    empty though its share is positive takes one from the first while that keeps more than one.

    Args:
        group: ``[len(rows)]`` group of each instance (the user, or zeros for one global group); equal values adjacent.
        rows: instances in time order within each group.
        ratios: three non-negative shares, need not add up to 1.

    Raises:
        ValueError: not three shares, or a negative or zero sum.
    """
    if len(ratios) != 3 or min(ratios) < 0 or sum(ratios) <= 0:
        raise ValueError(f"RS: found {list(ratios)}; accepted: three shares such as [0.8, 0.1, 0.1]")
    share = np.asarray(ratios, dtype=float) / sum(ratios)
    from_end, count = _position_from_end(group)
    part = (count[:, None] * share).astype(np.int64)  # [n, 3]
    train = count - part[:, 1] - part[:, 2]
    n_test, n_valid = part[:, 2].copy(), part[:, 1].copy()
    for taken, ratio in ((n_test, share[2]), (n_valid, share[1])):
        # RecBole stops at the first part that finds the training part down to one.
        lift = (train > 1) & (ratio * count > 0) & (ratio * count < 1)
        taken += lift
        train = train - lift
    test = from_end < n_test
    valid = ~test & (from_end < n_test + n_valid)
    return Split(np.sort(rows[~test & ~valid]), np.sort(rows[valid]), np.sort(rows[test]))


def time_based_split(user: np.ndarray, time: np.ndarray, rows: np.ndarray, ratios: Sequence[float]) -> Split:
    """RecBole's ``TS``: test after one point in time, validation the last share of each user's earlier instances.

    The boundary is the percentile of the instances' times that leaves the last share after it; an instance at the
    boundary is before it. Validation and training overlap in time across users, so validation leaks.

    Args:
        user: ``[n]`` user of each row of the log.
        time: ``[n]`` time of each row.
        rows: instances to split, increasing.
        ratios: three shares: positive, non-negative, non-negative; need not add up to 1.

    Raises:
        ValueError: other shares.
    """
    if len(ratios) != 3 or min(ratios) < 0 or ratios[0] <= 0:
        raise ValueError(f"TS: found {list(ratios)}; accepted: three shares such as [0.8, 0.1, 0.1]")
    share = [ratio / sum(ratios) for ratio in ratios]
    if len(rows) == 0:
        return Split(rows, rows, rows)
    early = time[rows] <= np.percentile(time[rows], 100 * (1 - share[2]))
    kept = rows[early]
    from_end, count = _position_from_end(user[kept])
    trains = count - 1 - from_end < (count * (share[0] / (1 - share[2]))).astype(np.int64)
    return Split(kept[trains], kept[~trains], rows[~early])


def split_by_origin(user: np.ndarray, origin: np.ndarray) -> Split:
    """Pre-split files: each instance is in the phase of the file its target came from.

    Args:
        user: ``[n]`` user of each row of the log.
        origin: ``[n]`` 0, 1 or 2 for the training, validation and test file.
    """
    rows = instance_rows(user)
    return Split(*(rows[origin[rows] == phase] for phase in range(len(PHASES))))


def split_log(user: np.ndarray, time: np.ndarray, split: Mapping[str, object], group_by: str | None) -> Split:
    """Applies RecBole's ``eval_args.split`` (``LS``, ``RS`` or ``TS``) to a log sorted by user and time.

    Args:
        user: ``[n]`` user of each row.
        time: ``[n]`` time of each row.
        split: one entry, such as ``{"LS": "valid_and_test"}`` or ``{"RS": [0.8, 0.1, 0.1]}``.
        group_by: ``user``, or ``none`` for one ratio over the whole log in global time order (``RS`` only).

    Raises:
        ValueError: a form that is not accepted.
    """
    rows = instance_rows(user)
    ((kind, value),) = split.items()
    if kind == "LS":
        return leave_one_out(user, rows, str(value))
    if kind == "TS" and isinstance(value, Sequence):
        return time_based_split(user, time, rows, value)
    if kind == "RS" and isinstance(value, Sequence):
        if group_by == "user":
            return ratio_split(user[rows], rows, value)
        in_time = rows[np.argsort(time[rows], kind="stable")]
        return ratio_split(np.zeros(len(rows), dtype=np.int64), in_time, value)
    raise ValueError(
        f"split: found {dict(split)}; accepted: {{'LS': mode}}, {{'RS': [train, valid, test]}}, "
        "{'TS': [train, valid, test]} or {'GTS': {'test': boundary, ...}}"
    )


def _position_from_end(group: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distance of each element to the last of its stretch of equal values, and the length of the stretch."""
    starts, length = stretches(group)
    count = np.repeat(length, length)
    end = np.repeat(starts + length, length)
    return end - 1 - np.arange(len(group)), count
