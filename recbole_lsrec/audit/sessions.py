"""Sessions over a range of thresholds."""

from dataclasses import dataclass

import numpy as np

from recbole_lsrec.audit.log import Log

THRESHOLDS = (300, 600, 1200, 1800, 3600, 5400, 10_800, 21_600, 43_200, 86_399, 604_800)


@dataclass(frozen=True)
class Cut:
    """The sessions that a threshold makes.

    Attributes:
        threshold: seconds; None for the sessions as the settings make them.
        sessions: in all.
        per_user: mean.
        one_session_users: share of users.
        events: mean of a session.
        single: share of sessions with one event.
        with_both: share of test targets (the last events of users with three or more) whose history has an earlier
            session beside its current one: those for which long- and short-term interests differ at all.
    """

    threshold: int | None
    sessions: int
    per_user: float
    one_session_users: float
    events: float
    single: float
    with_both: float


def cut_at(log: Log, threshold: int | None) -> Cut:
    """Cuts where a pause is longer than the threshold (seconds); None takes the log's sessions as they are."""
    if threshold is None:
        starts = np.diff(log.session, prepend=-1) != 0
    else:
        starts = log.first | (np.diff(log.time, prepend=0) > threshold)
    number = np.cumsum(starts) - 1  # [n]
    of_user = np.add.reduceat(starts.astype(np.int64), np.flatnonzero(log.first))
    lengths = np.bincount(number)
    _, targets = log.held_out()
    at = np.flatnonzero(targets)
    # A history ends just before its target; it has several sessions if the last of them is not the user's first.
    begin = np.maximum.accumulate(np.where(log.first, np.arange(len(log.user)), 0))
    several = number[at - 1] > number[begin[at]]
    return Cut(
        threshold,
        len(lengths),
        float(of_user.mean()),
        float((of_user == 1).mean()),
        float(lengths.mean()),
        float((lengths == 1).mean()),
        float(several.mean()) if len(at) else 0.0,
    )
