"""Global-time splits (``GTS``): training before a point in time, evaluation after it, the same point for every user.

The choices of targets and validation are those compared in Gusak et al., "Time to Split: Exploring Data Splitting
Strategies for Offline Evaluation of Sequential Recommenders", RecSys 2025.
"""

import numpy as np

from recbole_lsrec.config.global_time_settings import GlobalTime
from recbole_lsrec.data.counter_random import key_from, uniform
from recbole_lsrec.data.split.phases import Split, instance_rows, stretches
from recbole_lsrec.errors import DataError


def global_time_split(
    user: np.ndarray,
    time: np.ndarray,
    settings: GlobalTime,
    *,
    may_train: np.ndarray | None = None,
    may_target: np.ndarray | None = None,
    user_key: np.ndarray | None = None,
    seed: int = 0,
) -> Split:
    """Splits a log sorted by user and time at one or two points in time.

    No training target lies at or after the first boundary. Events of a period that are not chosen as targets are in no
    part; they are history of later targets (except with ``targets: all``, see :func:`frozen_history`).

    Args:
        user: ``[n]`` user of each row.
        time: ``[n]`` seconds of each row.
        settings: the parts of ``GTS``.
        may_train: boolean ``[n]``: rows that may be training targets; None allows all.
        may_target: boolean ``[n]``: rows that may be validation or test targets; None allows all.
        user_key: ``[n]`` number that stands for the row's user in random draws; None takes ``user``.
        seed: of ``targets: random`` and ``validation: by_user``, which are functions of (seed, user).

    Raises:
        DataError: a boundary outside the log, more validation users than there are, or no target for a phase.
    """
    valid_at, test_at = settings.boundaries(time)
    has_history = np.zeros(len(user), dtype=bool)
    has_history[instance_rows(user)] = True
    trains = has_history if may_train is None else has_history & may_train
    target = has_history if may_target is None else has_history & may_target
    keys = user if user_key is None else user_key

    def chosen(start: int, stop: int | None, phase: str) -> np.ndarray:
        inside = target & (time >= start) & (True if stop is None else time < stop)
        if settings.targets == "all":
            inside &= frozen_history(user, time, start) > _first_row(user)
        rows = np.flatnonzero(inside)
        if settings.targets in ("all", "successive"):
            return rows
        draw = uniform(key_from("targets", phase, seed), keys[rows])
        return rows[_one_of_each(user[rows], settings.targets, draw)]

    test = chosen(test_at, None, "test")
    before = time < test_at
    if valid_at is not None:
        split = Split(np.flatnonzero(trains & (time < valid_at)), chosen(valid_at, test_at, "valid"), test)
    else:
        candidates = np.flatnonzero(target & before)
        valid = candidates[_one_of_each(user[candidates], "last")]
        if settings.validation == "by_user":
            valid = _some(valid, settings.valid_users, uniform(key_from("validation users", seed), keys[valid]))
            held = np.isin(user, user[valid])
        else:
            # What follows a validation target (it may not be the user's last event, see target_events) has it in its
            # history, so it must not train.
            held = np.arange(len(user)) >= _per_user(user, valid)
        split = Split(np.flatnonzero(trains & before & ~held), valid, test)
    for phase, rows in split._asdict().items():
        if len(rows) == 0:
            raise DataError(
                f"GTS: no event is left as a target of phase {phase!r} (boundaries, in unix seconds: valid {valid_at}, "
                f"test {test_at}); a target needs an earlier event of its user"
                + (" before the boundary (targets: all)" if settings.targets == "all" else "")
                + ", and the right event type where train_events or target_events are set. Move the boundaries."
            )
    return split


def frozen_history(user: np.ndarray, time: np.ndarray, boundary: int) -> np.ndarray:
    """Where the history of each row ends if it stops at the boundary: the user's first row at or after it, ``[n]``."""
    early = np.bincount(user, weights=time < boundary).astype(np.int64)
    return _first_row(user) + early[user]


def _first_row(user: np.ndarray) -> np.ndarray:
    return np.searchsorted(user, user, side="left")


def _one_of_each(group: np.ndarray, which: str, draw: np.ndarray | None = None) -> np.ndarray:
    """Positions, one for each stretch of equal values: the first, the last, or by the stretch's draw in [0, 1)."""
    starts, length = stretches(group)
    if which == "first":
        return starts
    if which == "last":
        return starts + length - 1
    assert draw is not None  # which is random
    return starts + (draw[starts] * length).astype(np.int64)


def _some(rows: np.ndarray, how_many: int | float, draw: np.ndarray) -> np.ndarray:
    """The rows with the smallest draws: a share of them, rounded up, or a number."""
    count = how_many if isinstance(how_many, int) else int(np.ceil(how_many * len(rows) - 1e-9))
    if count > len(rows):
        raise DataError(
            f"GTS: valid_users: {how_many} users are to validate, but {len(rows)} have a target before the test boundary."
        )
    return np.sort(rows[np.argsort(draw, kind="stable")[:count]])


def _per_user(user: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """For each row of the log the one of ``rows`` that is its user's; the log's length for users without."""
    at = np.full(int(user.max()) + 1, len(user), dtype=np.int64)
    at[user[rows]] = rows
    return at[user]
