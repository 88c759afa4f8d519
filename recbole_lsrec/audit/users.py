"""How the events spread over users: robots, and accounts that many people share, hold more than a person can make."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from recbole_lsrec.audit.log import Log

FAR = 100  # times the median


@dataclass(frozen=True)
class Activity:
    """Events of users.

    Attributes:
        busiest: the user with most events, as the log names it; the first of several.
        most: how many it has.
        bound: a hundred times the median number of events of a user.
        beyond: users with more than that.
        beyond_events: share of all events that these have.
        top_1: share of all events that the busiest hundredth of the users has, at least one user.
    """

    busiest: str
    most: int
    bound: int
    beyond: int
    beyond_events: float
    top_1: float


def activity(log: Log, names: Sequence[str]) -> Activity:
    """Measures how events spread over users.

    Args:
        log: to look at.
        names: of each user number, as the log has them.
    """
    lengths, users = log.lengths, log.user[log.first]
    bound = int(FAR * np.median(lengths))
    far = lengths > bound
    busiest, n = int(lengths.argmax()), len(log.user)
    return Activity(
        busiest=str(names[int(users[busiest])]),
        most=int(lengths[busiest]),
        bound=bound,
        beyond=int(far.sum()),
        beyond_events=float(lengths[far].sum() / n),
        top_1=float(np.sort(lengths)[::-1][: max(1, round(len(lengths) / 100))].sum() / n),
    )
