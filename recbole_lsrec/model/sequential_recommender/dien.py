"""DIEN, RecBole's code, that scores many candidates at once.

Reference:
    Guorui Zhou et al. "Deep Interest Evolution Network for Click-Through Rate Prediction." in AAAI 2019.
"""

from typing import NamedTuple

import torch
from recbole.data.interaction import Interaction
from recbole.model.sequential_recommender.dien import DIEN as RecBoleDIEN
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from recbole_lsrec.model.encode_once import EncodeOnce
from recbole_lsrec.model.layers.recbole_pairs import attention_logits, feature_vectors, folded_head, head_scores


class State(NamedTuple):
    """Histories as DIEN meets them with candidates."""

    interests: Tensor  # [B, L, H] cut at the longest
    length: Tensor  # [B]
    user: Tensor  # [B, .] vectors
    vectors: Tensor  # [N, H] of all items
    head: nn.Sequential


class DIEN(EncodeOnce, RecBoleDIEN):
    """RecBole's DIEN, trained bit for bit as there, with the scores of its ``predict``.

    The interests are extracted once per history; RecBole's ``predict`` does it for each candidate, with the auxiliary
    loss, which no score depends on. Attention and evolution are left for each pair, padding not included. A subclass that
    changes ``forward`` or ``__init__`` alone is scored by its ``predict``, pair by pair.
    """

    def encode(self, interaction: Interaction) -> State:
        """Returns the interests; for ``gru_type: GRU``, whose evolution does not know the candidate, evolved."""
        length = interaction[self.ITEM_SEQ_LEN]
        history = interaction[self.ITEM_SEQ][:, : int(length.max())]
        user, vectors = feature_vectors(self.embedding_layer, interaction[self.USER_ID], self.n_items)
        interests = _states(self.interset_extractor.gru, vectors[history], length)
        if self.gru == "GRU":
            interests = _states(self.interest_evolution.dynamic_rnn, interests, length)
        return State(interests, length, user, vectors, folded_head(self.dnn_mlp_layers, self.dnn_predict_layer))

    def score(self, state: State, items: Tensor) -> Tensor:
        """Returns probabilities ``[B, C]`` of ``items [B, C]`` or ``[1, C]``."""
        candidate = state.vectors[items]  # [B or 1, C, H]
        evolved = self._evolved(state, self._attention(state, candidate))  # [B, C, H]
        user = state.user.unsqueeze(1).expand(-1, items.shape[1], -1)
        given = torch.cat([evolved, candidate.expand_as(evolved), user], dim=2)
        return head_scores(state.head, given, self.eval_bytes)

    def floats_per_pair(self, state: State) -> int:
        """Estimates how many float32 numbers :meth:`score` holds for a pair; of AIGRU the inputs of each step."""
        _, length, size = state.interests.shape
        return 8 * length + 12 * size + (2 * length * size if self.gru == "AIGRU" else 0)

    def _attention(self, state: State, candidate: Tensor) -> Tensor:
        """Weights ``[B, C, L]`` under candidates ``[B or 1, C, H]``: a softmax over the events of a history."""
        n_rows, length, _ = state.interests.shape
        n, device = candidate.shape[1], candidate.device
        real = torch.arange(length, device=device) < state.length.unsqueeze(1)  # [B, L]
        row = real.nonzero()[:, 0] if len(candidate) > 1 else real.new_zeros(int(real.sum()), dtype=torch.int64)
        query = row.unsqueeze(1) * n + torch.arange(n, device=device)  # [events, C]
        key = torch.arange(len(row), device=device).repeat_interleave(n)
        logits = candidate.new_full((n_rows, length, n), -torch.inf)
        logits[real] = attention_logits(
            self.interest_evolution.attention_layer,
            candidate.flatten(0, 1),
            query.flatten(),
            state.interests[real],
            key,
            self.eval_bytes,
        ).view_as(query)
        return logits.softmax(1).transpose(1, 2)

    def _evolved(self, state: State, weights: Tensor) -> Tensor:
        """The last interest of each history under each candidate, ``[B, C, H]``."""
        interests, rnn = state.interests, self.interest_evolution.dynamic_rnn
        if self.gru == "GRU":
            return weights @ interests
        n_rows, n, length = weights.shape
        if self.gru == "AIGRU":
            steps = (interests.unsqueeze(1) * weights.unsqueeze(3)).flatten(0, 1)  # [B * C, L, H]
            _, last = rnn(_packed(steps, state.length.repeat_interleave(n)))
            return last.view(n_rows, n, -1)
        evolved = interests.new_zeros(n_rows * n, interests.shape[2])
        for step in range(length):  # beyond the end of a history the weights are 0, which leaves its interest as it is
            given = interests[:, step].repeat_interleave(n, dim=0)
            evolved = rnn.rnn(given, evolved, weights[:, :, step].reshape(-1))
        return evolved.view(n_rows, n, -1)


def _states(rnn: nn.GRU, steps: Tensor, length: Tensor) -> Tensor:
    """States ``[B, L, H]`` at each of the steps ``[B, L, .]``, 0 at padding."""
    return pad_packed_sequence(rnn(_packed(steps, length))[0], batch_first=True)[0]


def _packed(steps: Tensor, length: Tensor) -> nn.utils.rnn.PackedSequence:
    return pack_padded_sequence(steps, length.cpu(), batch_first=True, enforce_sorted=False)
