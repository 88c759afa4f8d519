"""Training batches for BERT4Rec with ``train_positions: all``: each user's events once an epoch, some of them masked."""

import os
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
    def __init__(self, config: Config, dataset: SessionDataset, sampler: TimeThresholdSampler) -> None:
        super().__init__(config, dataset, sampler)
        if self.length < 2:
            raise ConfigError("MAX_ITEM_LIST_LENGTH: found 1 with train_positions 'all'; accepted: 2 or more: an event, a mask.")
        self.length -= 1
        self._shown = torch.from_numpy(np.where(dataset.training_events(), dataset.item, 0))  # [n]
        self._mask = dataset.item_num
        self._mask_ratio, self._ft_ratio = config["mask_ratio"], config["ft_ratio"] or 0.0

    def make(self, chunks: np.ndarray, batch_rows: np.ndarray | None = None) -> Interaction:
        whole = chunks if batch_rows is None else batch_rows
        first, length = torch.from_numpy(chunks).unbind(1)
        window = Window.before(first + length + 1, first, int(length.max()) + 1)
        items, target = window.of(self._shown), window.of(self._next)  # [B, L]
        target[:, 0] = 0
        draw = torch.from_numpy(uniform(self._key("masks"), window.at.numpy())).masked_fill(target == 0, 1.0)
        steps = torch.arange(items.shape[1])
        mode = os.environ.get("FT", "drawn")
        least = draw.argmin(1, keepdim=True)  # [B, 1]
        if mode == "last":
            least_ft = torch.where(target > 0, steps, 0).argmax(1, keepdim=True)
        else:
            least_ft = least
        if mode == "chunk":
            ft = torch.from_numpy(uniform(self._key("ends"), chunks[:, 0]))[:, None] < self._ft_ratio
        else:
            ft = torch.tensor(float(uniform(self._key("ends"), whole[0, 0]))) < self._ft_ratio
        masked = torch.where(ft, steps == least_ft, (draw < self._mask_ratio) | (steps == least))
        items = items * (~ft | (steps <= least_ft))
        name = self.dataset.item_id_list_field
        return Batch({name: items.masked_fill(masked, self._mask), NEXT_PREFIX + name: target * masked}, len(chunks))

    def _key(self, what: str) -> int:
        return key_from(what, self.config["seed"], self.epoch)
