"""SURGE.

Reference:
    Jianxin Chang, Chen Gao, Yu Zheng, Yiqun Hui, Yanan Niu, Yang Song, Depeng Jin, Yong Li. "Sequential Recommendation with
    Graph Neural Networks." SIGIR 2021. arXiv:2106.14226.
    Code of the authors: https://github.com/tsinghua-fib-lab/SIGIR21-SURGE (TensorFlow 1); equal to it number for number.
    The paper's text was not at hand: the formulas are the code's.
"""

from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from recbole.data.interaction import Interaction
from torch import Tensor, nn

from recbole_lsrec.model.base import LongShortRecommender, Match
from recbole_lsrec.model.layers.attention import MLPAttention, Projected
from recbole_lsrec.model.layers.fcn import FCN
from recbole_lsrec.model.layers.history_attention import HistoryAttention, Prepared
from recbole_lsrec.model.layers.recurrent import VecAttGRU
from recbole_lsrec.model.options.surge import SURGEOptions
from recbole_lsrec.processes import group

SLOPE = 0.2
"""Of LeakyReLU below 0: TensorFlow's default."""
EPSILON = 1e-7
"""Keras's: in the degrees, and by how much a score must exceed the first one that is left out."""


class Graph(NamedTuple):
    """The interest graph of a history: who is linked with whom."""

    linked: Tensor  # [B, L, L] bool, every event with itself
    smooth: Tensor  # [B, L, L] the adjacency scaled by the degrees, applied twice


class Encoded(NamedTuple):
    """Histories, encoded as far as no candidate is needed."""

    items: Tensor  # [B, L], 0 on padding
    real: Tensor  # [B, L] bool
    x_c: Tensor  # [B, L, D] events mixed with their neighbours
    cluster: Tensor  # [B, L] f_1 of the second round
    query: Prepared  # keys of f_2
    final: Projected  # [B, L, ...] keys of the attention over kept events


class SURGE(LongShortRecommender):
    """A history as a graph of similar events, smoothed, pooled for each candidate, then read by an attentional GRU.

    Shapes: ``B`` instances, ``C`` candidates, ``L`` = ``MAX_ITEM_LIST_LENGTH`` events (padded), ``K`` kept events, ``D`` =
    ``embedding_size``. ``ATT`` is DIN's network of the code line: :class:`HistoryAttention`.

    1. Metric: ``S_ij = cos(w * x_i, w * x_j)``; each row scaled to [0, 1] by its least and largest value.
    2. Graph: ``A`` keeps the largest ``edge_share`` of S's entries that are not 0.
    3. Links: A with self-loops; ``X_q`` is X smoothed twice by A over the degrees.
    4. Convolution: ``f_1 = ATT_1(X_q, X)``; ``E = softmax of f_1 over neighbours``; ``X_c = LeakyReLU(E X W + X)``.
    5. Pooling: ``s = softmax(f_1(X_q', X_c) + f_2(v, X_c))`` with the same ATT_1 and ``f_2 = ATT_2(v, X_c)``; the largest
       ``pool_length`` events are kept; readout ``r = sum of kept s_i x_c,i``.
    6. ``h``: DIEN's AUGRU over the kept events in time order, attention ATT_3(v, kept X_c).
    7. ``logit = FCN(h ; r ; v ; r * v)``.

    What a reader of the code would not expect, kept:

    * f_1 and f_2 are weights, after a softmax, not logits.
    * In step 4 the code adds f_2(v, X) of the *target* node inside the softmax over its neighbours: a constant, which
      cancels. So E and X_c do not depend on the candidate; it is not computed here, and the batch-norm averages of ATT_2
      follow step 5 alone (theirs mix both).
    * No gradient passes the thresholding of A: ``w`` is moved by L2 alone.
    * Row 0, the padding, takes part in the least and largest value of step 1 and in all batch-norm statistics; on padding
      places of the pooled sequence stand the events that pooling rejected.
    * Equal scores at the border are all left out, so fewer than ``pool_length`` may be kept.

    Deviations: a row of equal similarities (a full window of one item) is 0 here, NaN there; histories no longer than
    ``pool_length`` keep all events whatever L is; the user table, which nothing reads, is left out. The paper's soft
    assignment and its three regularisers are in neither.

    Args:
        config: See ``properties/model/SURGE.yaml``.
        dataset: See :class:`LongShortRecommender`.

    Raises:
        ConfigError: An option is not accepted.
    """

    options_class = SURGEOptions
    options: SURGEOptions

    def __init__(self, config: Any, dataset: Any) -> None:
        super().__init__(config, dataset)
        o, d = self.options, self.embedding.size
        attention_sizes = o.attention_hidden_sizes

        self.metric = nn.Parameter(nn.init.xavier_uniform_(torch.empty(1, d)).squeeze(0))  # w
        self.cluster_attention = HistoryAttention("mlp", d, d, attention_sizes, see_padding=True)  # ATT_1
        self.query_attention = HistoryAttention("mlp", d, d, attention_sizes, see_padding=True)  # ATT_2
        self.final_attention = MLPAttention(d, d, attention_sizes)  # ATT_3
        self.convolution = nn.Parameter(nn.init.xavier_uniform_(torch.empty(d, d)))  # W
        self.gru = VecAttGRU(d, d)
        self.head = FCN([d] * 4, o.head_hidden_sizes)
        self._floats = (3 * sum(attention_sizes) + 8, 6 * d + 3 * sum(o.head_hidden_sizes))

    # ---- what depends on the history only ---------------------------------------------------------------------------

    def encode(self, interaction: Interaction) -> Encoded:
        """Steps 1-4, and of step 5 what needs no candidate."""
        lengths = interaction[self.ITEM_SEQ_LEN]
        real = torch.arange(self.max_seq_length, device=lengths.device) < lengths.unsqueeze(1)  # [B, L]
        items = interaction[self.ITEM_SEQ]
        items = F.pad(items, (0, self.max_seq_length - items.shape[1])) * real  # as wide as the authors' arrays
        x = self.embedding(items)  # [B, L, D]

        graph = self.graph(self.similarity(x, real))
        scored = self.cluster_attention.scored(real)  # by three attentions
        f_1 = self.cluster_attention.own_weights(x, scored, graph.smooth @ (graph.smooth @ x))  # [B, L]
        e = f_1.unsqueeze(1).masked_fill(~graph.linked, float("-inf")).softmax(dim=2)  # [B, L, L]
        x_c = F.leaky_relu(e @ (x @ self.convolution) + x, SLOPE)  # [B, L, D]

        cluster = self.cluster_attention.own_weights(x_c, scored, graph.smooth @ (graph.smooth @ x_c))  # [B, L]
        query = self.query_attention.prepare(x_c, scored)
        return Encoded(items, real, x_c, cluster, query, self.final_attention.keys(x_c))

    @torch.no_grad()
    def similarity(self, x: Tensor, real: Tensor) -> Tensor:
        """Step 1: ``S [B, L, L]``, 0 where padding is part."""
        weighted = x * self.metric
        weighted = weighted * weighted.square().sum(-1, keepdim=True).clamp_min(1e-12).rsqrt()
        s = weighted @ weighted.transpose(1, 2)
        least, most = s.amin(-1, keepdim=True), s.amax(-1, keepdim=True)
        return (s - least) / (most - least).clamp_min(1e-12) * (real.unsqueeze(1) & real.unsqueeze(2))

    @torch.no_grad()
    def graph(self, s: Tensor) -> Graph:
        """Steps 2, 3: links between the events that are most alike."""
        entries = s.flatten(1).sort(dim=1, descending=True).values  # [B, L * L]
        kept = ((entries != 0).sum(1, keepdim=True) * self.options.edge_share).ceil().long()
        linked = s > entries.gather(1, kept).unsqueeze(2)
        linked = linked | torch.eye(s.shape[1], dtype=torch.bool, device=s.device)
        degree = linked.sum(2).to(s.dtype).sqrt() + EPSILON  # [B, L]
        return Graph(linked, linked / degree.unsqueeze(1) / degree.unsqueeze(2))

    # ---- what depends on the candidate ------------------------------------------------------------------------------

    def match(self, state: Encoded, items: Tensor) -> Match:
        """Steps 5-7 for ``items [B, C]`` or ``[1, C]``."""
        v = self.embedding(items)  # [B or 1, C, D]
        s, kept = self.pool(state, v)  # [B, C, L] each
        r = (s * kept) @ state.x_c  # [B, C, D]
        lengths = kept.sum(2)  # [B, C]
        # Kept events first, in time order; on what is padding then, the rejected ones, in time order too.
        longest = int(lengths.max())
        if self.training:  # in evaluation the processes take their own parts, some more than others
            longest = max(group.number_of_each(longest))
        places = (~kept).to(torch.uint8).argsort(dim=2, stable=True)[:, :, :longest]  # [B, C, K]
        a = self.final_weights(state.final, v, places, lengths)  # [B, C, K]
        h = self.gru(state.x_c, lengths, a, places)  # [B, C, D]
        logits = self.head(h, r, v, r * v).squeeze(-1)  # [B, C]
        return Match(logits, None, (s, kept, r, a, h))

    def pool(self, state: Encoded, v: Tensor) -> tuple[Tensor, Tensor]:
        """Step 5: scores ``s [B, C, L]``, 0 on padding, and which events are kept."""
        s = state.cluster.unsqueeze(1) + self.query_attention.weights(state.query, v)  # [B, C, L]
        real = state.real.unsqueeze(1)
        s = s.masked_fill(~real, float("-inf")).softmax(dim=2)
        if self.options.pool_length >= s.shape[2]:
            return s, real.expand_as(s)
        border = s.topk(self.options.pool_length + 1, dim=2).values[:, :, -1:]
        return s, real & ((real.sum(2, keepdim=True) <= self.options.pool_length) | (s > border + EPSILON))

    def final_weights(self, keys: Projected, v: Tensor, places: Tensor, lengths: Tensor) -> Tensor:
        """Step 6: weights ``a [B, C, K]`` of ATT_3 over the kept events, 0 beyond ``lengths [B, C]``."""
        kept = torch.arange(places.shape[2], device=v.device) < lengths.unsqueeze(2)  # [B, C, K]
        row, candidate, step = (torch.ones_like(kept) if self.training else kept).nonzero(as_tuple=True)
        place = row * keys.vector.shape[1] + places[row, candidate, step]
        query = self.final_attention.query(v)
        asked = (row if len(v) > 1 else 0) * v.shape[1] + candidate
        logits = self.final_attention(
            Projected(*(part.flatten(0, 1).index_select(0, place) for part in keys)),
            Projected(*(part.flatten(0, 1).index_select(0, asked) for part in query)),
        )  # [P]
        padded = logits.new_full(kept.shape, torch.finfo(logits.dtype).min)
        padded = padded.index_put((row, candidate, step), logits)
        return padded.masked_fill(~kept, torch.finfo(logits.dtype).min).softmax(dim=2)

    # ---- what the base class asks for -------------------------------------------------------------------------------

    def involved_items(self, state: Encoded) -> Tensor:
        """Returns the items of the histories, row 0 of the padding among them."""
        return state.items

    def floats_per_pair(self, state: Encoded) -> int:
        """Estimates the numbers that matching an instance with one candidate keeps alive."""
        per_event, per_pair = self._floats
        kept = min(self.options.pool_length, self.max_seq_length)
        return per_pair + per_event * self.max_seq_length + (per_event + 10 * self.embedding.size) * kept
