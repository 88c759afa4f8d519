"""Training batches for ``train_positions: all``: each user's events once an epoch, a target at every position."""

from collections.abc import Iterator

import numpy as np
import torch
from recbole.config import Config
from recbole.data.interaction import Interaction

from recbole_lsrec.data.batch import Batch
from recbole_lsrec.data.counter_random import key_from, uniform
from recbole_lsrec.data.dataloader import TrainLoader
from recbole_lsrec.data.dataset import SessionDataset
from recbole_lsrec.data.sampler import TimeThresholdSampler
from recbole_lsrec.data.window import Window

NEXT_PREFIX = "next_"  # before the name of the list of items: the target of each position


class PositionLoader(TrainLoader):
    """Cuts each user's training events into chunks of ``MAX_ITEM_LIST_LENGTH`` and asks for the next item everywhere.

    The targets of an epoch are the training split's instances, each once, and nothing after a user's last one is read.

    What a position sees: the events of its chunk up to itself. A user with more events than a chunk holds is cut at
    places that are drawn anew for each epoch, so a target has a history of every length from 1 up to a chunk's in turn,
    where ``train_positions: last`` always gives it the most recent events, a chunk's number of them. A shorter history
    is in one chunk, and then both see the same.

    ``train_batch_size`` counts targets, as ever: a batch has that many within the length of a chunk, and at least one
    chunk. Lists are padded on the right to the longest of the batch.

    Args:
        config: the run's settings.
        dataset: the training view.
        sampler: draws nothing; negatives are drawn by the model.
    """

    def __init__(self, config: Config, dataset: SessionDataset, sampler: TimeThresholdSampler) -> None:
        super().__init__(config, dataset, sampler, candidate_batch=False)
        self.length = config["MAX_ITEM_LIST_LENGTH"]
        targets = np.zeros(len(dataset.user), dtype=bool)
        targets[dataset.rows] = True
        self._next = torch.from_numpy(np.where(targets, dataset.item, 0))  # [n] target to predict at the row before
        self._targets_before = np.concatenate([[0], np.cumsum(targets)])  # [n + 1]
        self._users = np.unique(dataset.user[dataset.rows])
        last = np.zeros(dataset.user_num, dtype=np.int64)
        np.maximum.at(last, dataset.user[dataset.rows], dataset.rows)
        self._first = dataset.start[self._users]
        self._positions = last[self._users] - self._first  # the last target itself is nobody's history

    def __len__(self) -> int:
        n_targets = len(self.dataset.rows)
        # Not more than one chunk each: every interval of the targets' order that is as long as a chunk has one's middle.
        return max(1, min(-(-n_targets // self.batch_size), n_targets // self.length))

    def __iter__(self) -> Iterator[Interaction]:
        chunks = self.chunks(self.epoch)
        if self.shuffle:
            chunks = np.random.default_rng([self.config["seed"], self.epoch]).permutation(chunks)
        size = self._targets_in(chunks)
        middle = np.cumsum(size) - (size + 1) // 2
        batch = middle * len(self) // size.sum()
        return self._given(np.split(chunks, np.searchsorted(batch, np.arange(1, len(self)))))

    def chunks(self, epoch: int) -> np.ndarray:
        """First row and number of positions ``[C, 2]`` of the chunks of an epoch, those with a target only."""
        n, length = self._positions, self.length
        u = uniform(key_from("chunks", self.config["seed"], epoch), self._users)
        head = np.where(n > length, (u * length).astype(np.int64), 0)  # positions before the first whole chunk
        pieces = (head > 0) + -(-(n - head) // length)
        owner = np.repeat(np.arange(len(n)), pieces)
        place = np.arange(len(owner)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
        begin = np.where(head[owner] > 0, head[owner] + (place - 1) * length, place * length)
        end = np.minimum(begin + length, n[owner])
        begin = np.maximum(begin, 0)
        chunks = np.stack([self._first[owner] + begin, end - begin], axis=1)
        return chunks[self._targets_in(chunks) > 0]

    def make(self, chunks: np.ndarray, batch_rows: np.ndarray | None = None) -> Interaction:
        """One batch from its chunks ``[B, 2]``: ``item_id_list``, ``item_length`` and ``next_item_id_list``."""
        first, length = torch.from_numpy(chunks).unbind(1)
        seen, asked = (Window.before(begin + length, begin, int(length.max())) for begin in (first, first + 1))
        items = self.dataset.item_id_list_field
        return Batch(
            {
                items: seen.of(torch.from_numpy(self.dataset.item)),
                self.dataset.item_list_length_field: length,
                NEXT_PREFIX + items: asked.of(self._next),
            },
            len(chunks),
        )

    def widened(self) -> int:
        """None: see the base."""
        return 0

    def _targets_in(self, chunks: np.ndarray) -> np.ndarray:
        """How many targets ``[C]`` the chunks have."""
        first, length = chunks.T
        return self._targets_before[first + length + 1] - self._targets_before[first + 1]
