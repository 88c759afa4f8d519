"""The dataset of LSIDN: in training, views of the current session mixed with what came after the target.

An event after the target is the future: it enters training batches alone, and only where it is itself a training event.
"""

import numpy as np
import torch
from recbole.data.interaction import Interaction
from torch import Tensor

from recbole_lsrec.data.counter_random import key_from, uniform
from recbole_lsrec.data.dataset import SessionDataset

SHARE = 0.2
"""Share of each side that a view exchanges."""


class SessionViewDataset(SessionDataset):
    """Adds to windows a fixed random number per event, ``draw_list``, and to training batches two views.

    ``draw_list`` decides which events a long session keeps; it is a function of (seed, target's row, event's row).
    """

    adds_to_batches = ("draw_list", "view_1_list", "view_1_length", "view_2_list", "view_2_length")

    def windows(self, rows: np.ndarray) -> Interaction:
        """Gathers instances; see the base. ``draw_list`` ``[B, L]`` float32 lies in [0, 1)."""
        batch = super().windows(rows)
        first = self.history_end(rows)[:, None] - batch[self.item_list_length_field].numpy()[:, None]
        at = first + np.arange(self.max_item_list_len)  # rows of the events; on padding any
        key = key_from("session sample", self.config["seed"])
        batch.update(Interaction({"draw_list": torch.from_numpy(uniform(key, rows[:, None], at)).float()}))
        return batch

    def training_fields(self, rows: np.ndarray, epoch: int) -> dict[str, Tensor]:
        """Returns the two views of each instance, ``view_<1|2>_list [B, W]`` and ``view_<1|2>_length [B]``.

        Args:
            rows: ``[B]`` rows of the targets.
            epoch: views are drawn anew in each.
        """
        width = self.config["max_session_len"]
        current, n = self.current_session(rows, width)
        later, m = self.successors(rows, width)
        key = key_from("views", self.config["seed"], epoch)
        first, second = exchange((current, n), (later, m), uniform(key, rows[:, None], np.arange(2 * width)), SHARE)
        fields = {}
        for name, (items, length) in (("view_1", first), ("view_2", second)):
            fields[f"{name}_list"], fields[f"{name}_length"] = torch.from_numpy(items), torch.from_numpy(length)
        return fields

    def current_session(self, rows: np.ndarray, width: int) -> tuple[np.ndarray, np.ndarray]:
        """The last events before each target in the session of the event before it: items ``[B, W]``, numbers ``[B]``."""
        end = self.history_end(rows)
        n = np.minimum(end - np.searchsorted(self.session, self.session[end - 1]), width)
        return self._items(end - n, n, width), n

    def successors(self, rows: np.ndarray, width: int) -> tuple[np.ndarray, np.ndarray]:
        """The first training events after each target, latest first: items ``[B, W]``, numbers ``[B]``, at least 1.

        They are of the target's session, or of the user's next session where nothing follows in that one; where nothing
        follows at all they are the padding item, once.
        """
        start = rows + 1
        known = start < len(self.user)
        known[known] &= self.user[start[known]] == self.user[rows[known]]
        end = np.searchsorted(self.session, self.session[np.minimum(start, len(self.user) - 1)], side="right")
        training = self.training_events()
        m = np.where(known, np.minimum(end - start, width), 0)
        at = start[:, None] + np.arange(width)
        inside = (np.arange(width) < m[:, None]) & training[np.minimum(at, len(training) - 1)]
        m = np.cumprod(inside, axis=1).sum(axis=1)  # up to the first event held out
        items = self._items(start, m, width)
        latest_first = np.take_along_axis(items, np.maximum(m[:, None] - 1 - np.arange(width), 0), axis=1)
        latest_first[np.arange(width) >= m[:, None]] = 0
        return latest_first, np.maximum(m, 1)

    def _items(self, start: np.ndarray, n: np.ndarray, width: int) -> np.ndarray:
        """Items of ``n`` rows from ``start`` on, ``[B, W]``, right-padded with 0."""
        inside = np.arange(width) < n[:, None]
        return np.where(inside, self.item[np.where(inside, start[:, None] + np.arange(width), 0)], 0)


Side = tuple[np.ndarray, np.ndarray]  # items [B, W], right-padded, and how many [B]


def exchange(left: Side, right: Side, draws: np.ndarray, share: float) -> tuple[Side, Side]:
    """Exchanges events of two sides: of each, ``ceil(share n)`` chosen ones are appended to what the other keeps.

    Args:
        left: items and numbers; so is ``right``.
        right: see ``left``.
        draws: ``[B, 2 W]`` random numbers; the events with the smallest of their side's half are chosen.
        share: of each side that is chosen, rounded up.

    Returns:
        Left without its chosen events, then right's chosen; and the other way round. Events keep their order.
    """
    width = left[0].shape[1]
    chosen = []
    for (_, n), numbers in ((left, draws[:, :width]), (right, draws[:, width:])):
        numbers = np.where(np.arange(width) < n[:, None], numbers, np.inf)
        rank = numbers.argsort(axis=1, kind="stable").argsort(axis=1, kind="stable")
        chosen.append(rank < np.ceil(share * n - 1e-9)[:, None])
    return _joined(left, right, chosen[0], chosen[1]), _joined(right, left, chosen[1], chosen[0])


def _joined(keeps: Side, gives: Side, without: np.ndarray, given: np.ndarray) -> Side:
    (items, n), (others, _) = keeps, gives
    width = items.shape[1]
    taken = np.concatenate([(np.arange(width) < n[:, None]) & ~without, given], axis=1)  # [B, 2W]
    order = (~taken).argsort(axis=1, kind="stable")
    length = taken.sum(axis=1)
    both = np.take_along_axis(np.concatenate([items, others], axis=1), order, axis=1)
    both[np.arange(2 * width) >= length[:, None]] = 0
    return both[:, :width], length
