"""What an audit looks at: the columns of a built log, sorted by user and time."""

from typing import NamedTuple

import numpy as np

from recbole_lsrec.data.dataset import SessionDataset


class Log(NamedTuple):
    """Columns ``[n]`` of a log sorted by (user, time, order in the file).

    Attributes:
        user, item: whole numbers from 1 on.
        time: int64 seconds.
        session: numbers, growing through the log.
        category: of the item of each event, 0 for unknown; None without categories.
        tied, copied: whether the event shares its time with another of its user; repeats an earlier event whole.
    """

    user: np.ndarray
    item: np.ndarray
    time: np.ndarray
    session: np.ndarray
    category: np.ndarray | None
    tied: np.ndarray
    copied: np.ndarray

    @property
    def first(self) -> np.ndarray:
        """Boolean ``[n]``: the first event of each user."""
        return np.diff(self.user, prepend=-1) != 0

    @property
    def last(self) -> np.ndarray:
        """Boolean ``[n]``: the last event of each user."""
        return np.diff(self.user, append=-1) != 0

    @property
    def lengths(self) -> np.ndarray:
        """Events of each user."""
        return np.diff(np.append(np.flatnonzero(self.first), len(self.user)))

    def gaps(self) -> np.ndarray:
        """Seconds between each event and the one before it of the same user, ``[n - users]``."""
        return np.diff(self.time, prepend=0)[~self.first]

    def held_out(self) -> tuple[np.ndarray, np.ndarray]:
        """Boolean ``[n]``: the events that leave-one-out trains on, and the last ones, which are the test targets.

        Of each user with three events or more the last is held out, with four or more the one before it too: the first
        target is always trained on.
        """
        length = np.repeat(self.lengths, self.lengths)
        last = self.last & (length >= 3)
        before = np.append(last[1:], False) & (length >= 4)
        return ~(last | before), last


def columns(dataset: SessionDataset) -> Log:
    """The columns of a built dataset."""
    of_item = dataset.item_category
    category = None if of_item is None else of_item.numpy()[dataset.item]
    return Log(dataset.user, dataset.item, dataset.time, dataset.session, category, dataset.tied, dataset.copied)
