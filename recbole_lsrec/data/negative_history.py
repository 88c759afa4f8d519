"""The dataset of RecBole's DIEN, whose auxiliary loss wants a negative beside each history event."""

import numpy as np
import torch
from recbole.utils import FeatureSource, FeatureType

from recbole_lsrec.data.counter_random import key_from, uniform
from recbole_lsrec.data.dataset import SessionDataset


class NegativeHistoryDataset(SessionDataset):
    """Adds ``neg_item_id_list`` to the windows: per event of the log one fixed item other than its own.

    RecBole's ``DIENDataset`` draws them once too; here they are gathered like every other column.
    """

    also_reads = ("seed",)

    def _change_feat_format(self) -> None:
        super()._change_feat_format()
        u = uniform(key_from("negative history", self.config["seed"]), np.arange(len(self.item)))
        other = 1 + (u * (self.item_num - 2)).astype(np.int64)
        field = self.config["NEG_PREFIX"] + self.iid_field
        self._log[field] = torch.from_numpy(other + (other >= self.item))
        self.field2type[field] = FeatureType.TOKEN
        list_field = field + self.config["LIST_SUFFIX"]
        setattr(self, f"{field}_list_field", list_field)
        self.set_field_property(list_field, FeatureType.TOKEN_SEQ, FeatureSource.INTERACTION, self.max_item_list_len)
