"""DIN, RecBole's code, that scores many candidates at once.

Reference:
    Guorui Zhou et al. "Deep Interest Network for Click-Through Rate Prediction." in KDD 2018.
"""

from typing import NamedTuple

import torch
from recbole.data.interaction import Interaction
from recbole.model.sequential_recommender.din import DIN as RecBoleDIN
from torch import Tensor, nn

from recbole_lsrec.model.encode_once import EncodeOnce
from recbole_lsrec.model.layers.recbole_pairs import attention_logits, feature_vectors, folded_head, head_scores


class State(NamedTuple):
    """Histories as DIN meets them with candidates."""

    history: Tensor  # [B, L] items, cut at the longest
    padding: Tensor  # [B, L] what is at and after a history's length
    vectors: Tensor  # [N, H] of all items
    head: nn.Sequential


class DIN(EncodeOnce, RecBoleDIN):
    """RecBole's DIN, trained bit for bit as there, with the scores of its ``predict``.

    The weight of an event depends on its item and the candidate alone, neither on its place nor on the other events. So
    each pair of items that meet anywhere in a batch goes through the attention's network once. A subclass that changes
    ``forward`` or ``__init__`` alone is scored by its ``predict``, pair by pair.
    """

    histories_share = True

    def encode(self, interaction: Interaction) -> State:
        """Returns the items of the histories, and the vectors of all."""
        length = interaction[self.ITEM_SEQ_LEN]
        history = interaction[self.ITEM_SEQ][:, : int(length.max())]
        padding = torch.arange(history.shape[1], device=length.device) >= length.unsqueeze(1)
        vectors = feature_vectors(self.embedding_layer, interaction[self.USER_ID][:1], self.n_items)[1]
        return State(history, padding, vectors, folded_head(self.dnn_mlp_layers, self.dnn_predict_layers))

    def score(self, state: State, items: Tensor) -> Tensor:
        """Returns probabilities ``[B, C]`` of ``items [B, C]`` or ``[1, C]``."""
        history, padding, vectors, head = state
        met, place = _met(items, history, self.n_items)
        weights = attention_logits(
            self.attention, vectors, met // self.n_items, vectors, met % self.n_items, self.eval_bytes
        )
        weights = weights[place].masked_fill_(padding.unsqueeze(1), 0.0)  # [B, C, L]
        taste = weights @ vectors[history]  # [B, C, H]
        candidate = vectors[items].expand_as(taste)
        given = torch.cat([taste, candidate, taste * candidate], dim=2)
        return head_scores(head, given, self.eval_bytes)

    def floats_per_pair(self, state: State) -> int:
        """Estimates how many float32 numbers :meth:`score` holds for a pair: numbers of pairs, which are sorted, most."""
        return 12 * state.history.shape[1] + 8 * state.vectors.shape[1]


def _met(items: Tensor, history: Tensor, n_items: int) -> tuple[Tensor, Tensor]:
    """The pairs of items that meet, once each.

    Args:
        items: ``[B, C]`` or ``[1, C]``.
        history: ``[B, L]``.
        n_items: with padding.

    Returns:
        ``[M]``, ``candidate * n_items + event``; and the place of each meeting among them, ``[B, C, L]``.
    """
    if len(items) > 1:
        return (items.unsqueeze(2) * n_items + history.unsqueeze(1)).unique(return_inverse=True)
    events, place = history.unique(return_inverse=True)
    met = (items[0].unsqueeze(1) * n_items + events).flatten()  # [C * U]
    first = torch.arange(items.shape[1], device=items.device) * len(events)
    return met, first.unsqueeze(1) + place.unsqueeze(1)
