"""What CLSR and SLi-Rec have in common: padded histories with time features, and what padding may do.

Shape letters: ``B`` instances, ``L`` history length.
"""

from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from recbole.data.interaction import Interaction
from torch import Tensor

from recbole_lsrec.model.base import LongShortRecommender
from recbole_lsrec.model.layers.time_features import TimeFeatures, time_features
from recbole_lsrec.model.options.clsr import TimedOptions


class History(NamedTuple):
    """The histories of a batch, as a model reads them."""

    items: Tensor  # [B, L], 0 on padding whatever the batch holds there
    lengths: Tensor  # [B]
    real: Tensor  # [B, L] bool, False on padding
    time: TimeFeatures  # [B, L] each


class TimedRecommender(LongShortRecommender):
    """Base of models that read histories with time features.

    Args:
        config: See :class:`LongShortRecommender`.
        dataset: See :class:`LongShortRecommender`.
    """

    options: TimedOptions

    def __init__(self, config: Any, dataset: Any) -> None:
        super().__init__(config, dataset)
        self.TIME = config["TIME_FIELD"]
        self.TIME_SEQ = self.TIME + config["LIST_SUFFIX"]
        self.FIRST_TIME = "first_" + self.TIME
        self.time_feature_unit = self.options.time_feature_unit
        self.see_padding = self.options.padding == "seen"
        self.alpha_time = self.options.alpha_time

    def history(self, interaction: Interaction) -> History:
        """Reads the histories.

        Where padding is part of the model there is as much of it as in the authors' arrays, ``max_seq_length`` columns;
        elsewhere nothing is wider than the longest history of the batch.
        """
        items, lengths = interaction[self.ITEM_SEQ], interaction[self.ITEM_SEQ_LEN]
        width = self.max_seq_length if self.see_padding else int(lengths.max())
        missing = (0, width - items.shape[1])  # negative: columns to cut
        real = torch.arange(width, device=items.device) < lengths.unsqueeze(1)
        time = TimeFeatures(*(F.pad(feature, missing) for feature in self.time_features(interaction)))
        return History(F.pad(items, missing) * real, lengths, real, time)

    def time_features(self, interaction: Interaction) -> TimeFeatures:
        """Computes both logarithms, ``[B, L]``."""
        return time_features(
            interaction[self.TIME_SEQ],
            interaction[self.ITEM_SEQ_LEN],
            interaction[self.FIRST_TIME],
            interaction[self.TIME],
            self.time_feature_unit,
        )

    def time_for_alpha(self, history: History) -> Tensor | None:
        """Returns the feature of time that the fusion weight reads, ``[B, 1, 1]``; None for ``alpha_time: none``.

        ``last_column`` is ``to_now[:, max_seq_length - 1]`` as the authors wrote it: the age of the last event where
        the window is full, 0 elsewhere. ``last_event`` is that age in every row.
        """
        if self.alpha_time == "none":
            return None
        age = history.time.to_now.gather(1, history.lengths.unsqueeze(1) - 1)  # [B, 1] of the last event
        if self.alpha_time == "last_column":
            age = age * (history.lengths == self.max_seq_length).unsqueeze(1)
        return age.unsqueeze(2)

    def involved_items(self, state: Any) -> Tensor:
        """Returns the items of the histories; those of the padding too where it is seen."""
        return state.history.items if self.see_padding else state.history.items[state.history.real]
