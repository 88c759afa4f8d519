"""Training batches for BERT4Rec with ``train_positions: all``: each user's events once an epoch, some of them masked."""

import numpy as np
import torch
from recbole.config import Config
from recbole.data.interaction import Interaction

from recbole_lsrec.data.batch import Batch
from recbole_lsrec.data.counter_random import key_from, uniform
from recbole_lsrec.data.dataset import SessionDataset
from recbole_lsrec.data.position_loader import NEXT_PREFIX, PositionLoader
from recbole_lsrec.data.sampler import TimeThresholdSampler
from recbole_lsrec.data.window import Window
from recbole_lsrec.errors import ConfigError


class MaskLoader(PositionLoader):
    """Cuts each user's training events into sequences of ``MAX_ITEM_LIST_LENGTH`` and masks some of their targets.

    The sequences are the chunks of :class:`PositionLoader`, one event shorter, with their last target behind them: as
    many events as evaluation shows, where a mask comes behind the history. The first event of each is context alone; if
    it is a target, it may be masked in the sequence before. So every training instance is once an epoch in a place where
    it may be masked, and nothing else ever is; ``train_batch_size`` counts these places.

    A masked event is seen from both sides, from what is before it and after it in its sequence. These are training
    events: nothing after the user's last training target is read, and what pre-split files hold out in between is hidden.

    * ``mask_ratio``: the chance of each target to be masked. Of a sequence in which none is, one target is drawn.
    * ``ft_ratio``: the share of sequences that end at a drawn target, which alone is masked: what evaluation asks.

    Both are drawn anew in each epoch, as functions of the seed, the epoch and the row of the log.

    Args:
        config: the run's settings.
        dataset: the training view.
        sampler: draws nothing.

    Raises:
        ConfigError: a sequence has no room for an event beside the mask.
    """

    def __init__(self, config: Config, dataset: SessionDataset, sampler: TimeThresholdSampler) -> None:
        super().__init__(config, dataset, sampler)
        self.length -= 1
        if self.length == 0:
            raise ConfigError(
                "MAX_ITEM_LIST_LENGTH: found 1 with train_positions 'all'; accepted: 2 or more, a mask and what is beside it."
            )
        self._shown = torch.from_numpy(np.where(dataset.training_events(), dataset.item, 0))  # [n]
        self._mask = dataset.item_num
        self._mask_ratio, self._ft_ratio = config["mask_ratio"], config["ft_ratio"] or 0.0

    def make(self, chunks: np.ndarray, batch_rows: np.ndarray | None = None) -> Interaction:
        """One batch from its chunks ``[B, 2]``: ``item_id_list`` with masks, and ``next_item_id_list``, what they hide."""
        first, length = torch.from_numpy(chunks).unbind(1)
        window = Window.before(first + length + 1, first, int(length.max()) + 1)
        items, target = window.of(self._shown), window.of(self._next)  # [B, L]
        target[:, 0] = 0
        draw = self._drawn("masks", window.at).masked_fill(target == 0, 1.0)  # [B, L]
        steps, chosen = torch.arange(items.shape[1]), draw.argmin(1, keepdim=True)  # [L], [B, 1]
        ends = self._drawn("ends", first[:, None]) < self._ft_ratio  # [B, 1]
        masked = (steps == chosen) | ~ends & (draw < self._mask_ratio)
        items = items.masked_fill(masked, self._mask) * ~(ends & (steps > chosen))
        name = self.dataset.item_id_list_field
        return Batch({name: items, NEXT_PREFIX + name: target * masked}, len(chunks))

    def _drawn(self, what: str, rows: torch.Tensor) -> torch.Tensor:
        """A number in [0, 1) for each row of the log, in this epoch."""
        return torch.from_numpy(uniform(key_from(what, self.config["seed"], self.epoch), rows.numpy()))
