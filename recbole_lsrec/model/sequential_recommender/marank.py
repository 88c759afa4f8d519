"""MARank.

Reference:
    Lu Yu, Chuxu Zhang, Shangsong Liang, Xiangliang Zhang. "Multi-Order Attentive Ranking Model for Sequential
    Recommendation." AAAI 2019.
    Code of the authors: https://github.com/voladorlu/MARank (TensorFlow 1); equal to it number for number, dropout off.
    The paper's text was not at hand: the parts have the names of its abstract, the formulas are the code's.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple

import torch
import torch.nn.functional as F
from recbole.data.interaction import Interaction
from torch import Tensor, nn

from recbole_lsrec.model.base import LongShortRecommender, Match
from recbole_lsrec.model.options.marank import MARankOptions

INIT_STD = 0.01
"""Of tables and matrices; biases and output vectors are drawn from normal(0, 1)."""
NETWORK_CLIP = 5.0
"""Largest norm of the network's gradient, all its parameters together."""


class Encoded(NamedTuple):
    """The user as two vectors: whoever asks for a score needs no more."""

    p: Tensor  # [B, D] the user's own
    n: Tensor  # [B, D] what the network makes of the context
    g: Tensor  # [B, D] the aggregate and
    out: Tensor  # [B, D] what the last layers make of it, for L2


class ContextAttention(nn.Module):
    """``a = softmax_j sigmoid(o . tanh(H_j W + q U + b))``, the weights of rows ``H`` under a query ``q``.

    The sigmoid comes before the softmax: two weights differ by a factor of e at most.

    Args:
        size: Width ``D`` of rows and query.
        query: Whether there is one; without, only ``H_j W + b``.
        dropout: Share of the inputs of ``W`` and ``U`` that is dropped in training.
    """

    def __init__(self, size: int, query: bool, dropout: float) -> None:
        super().__init__()
        self.row = _linear(size, size)
        self.query = _linear(size, size, bias=False) if query else None
        self.out = nn.Parameter(torch.randn(size))
        self.dropout = nn.Dropout(dropout)

    def forward(self, rows: Tensor, query: Tensor | None = None) -> Tensor:
        """Maps rows ``[B, J, D]`` and a query ``[B, D]`` to weights ``[B, J]``."""
        hidden = self.row(self.dropout(rows))  # [B, J, D]
        if self.query is not None:
            hidden = hidden + self.query(self.dropout(query)).unsqueeze(1)
        return torch.sigmoid(torch.tanh(hidden) @ self.out).softmax(dim=1)


class MARank(LongShortRecommender):
    """Attention over the last items at the level of items and of two hidden orders, beside a matrix factorisation.

    Shapes: ``B`` instances, ``C`` candidates, ``J`` = ``context_length`` items of the context, ``D`` =
    ``embedding_size``. Tables: ``p`` users, ``q`` items as candidates (``item_latent``), ``c`` items in a context, and as
    candidates of one (``embedding``).

    * Context: the last J items, oldest first; a shorter one is filled up at its END with its last item, and there is no
      mask: the last item of a short history weighs more.
    * Individual level: ``a_0 = attention(c, p_u)`` pooled, plus the last item's c.
    * Two hidden orders l: ``p^l = ReLU(p^{l-1} U_l + b + p^{l-1})``, likewise the context ``X^l`` with ``V_l``;
      ``a_l = attention_l(X^l, p^l)`` pooled.
    * Aggregate ``g``: attention without a query over ``a_1, a_2, a_0``. Union level: two layers
      ``out = ReLU(out W + b + out)`` from ``g``; ``n_u = out + g``.
    * ``score(u, i) = p_u . q_i + n_u . c_i``: no candidate enters the encoder, a full ranking is one product.

    Decisions:

    1. The loss is BPR, *summed* over the batch, with L2 (``reg_weight``) on all seven vectors of a triplet, ``g`` and
       ``out`` among them. Several negatives make several triplets.
    2. The tables follow the gradient of that sum, the network that of the sum / (``train_batch_size`` J), clipped at a
       norm of 5: :meth:`before_step`. The authors give both to Adam in one call; so do we, from one gradient.
    3. Adam has betas .9, .99 and epsilon 1e-4: ``optimizer_defaults``. TensorFlow adds epsilon before the bias
       correction and advances the correction twice a step, for the two calls; PyTorch does neither.
    4. Dropout is off in evaluation. In the authors' code it is on whenever the graph is used: two evaluations differ.
    5. Negatives: uniform, none of the user's training items (``exclude: [user]``), first seen before the target as
       everywhere here; the authors draw from all items.
    6. A user without a training event has ``p_u = 0``: such rows are never trained, and random ones would be noise.
    7. Without categories, as the paper; with ``category_embedding_size`` they become part of ``c``.

    Args:
        config: See ``properties/model/MARank.yaml``.
        dataset: See :class:`LongShortRecommender`; beside that ``user [n]`` and ``training_events() [n]``.

    Raises:
        ConfigError: An option is not accepted.
    """

    log_in_checkpoint = True  # it tells which rows of a table were trained, and the table is in the checkpoint
    optimizer_defaults: ClassVar[Mapping[str, Any]] = {"betas": (0.9, 0.99), "eps": 1e-4}

    options_class = MARankOptions
    options: MARankOptions

    def __init__(self, config: Any, dataset: Any) -> None:
        super().__init__(config, dataset)
        o, d = self.options, self.embedding.size
        dropout, orders = o.dropout_prob, o.attention_orders

        self.user = nn.Embedding(dataset.num(config["USER_ID_FIELD"]), d)
        self.item_latent = nn.Embedding(self.n_items, d)
        for table in self._tables():
            nn.init.normal_(table, std=INIT_STD)
        trained = torch.zeros(len(self.user.weight), dtype=torch.bool)
        trained[torch.from_numpy(dataset.user[dataset.training_events()])] = True
        self.user.weight.data[~trained] = 0

        self.item_attention = ContextAttention(d, query=True, dropout=dropout)
        self.user_orders = nn.ModuleList(_linear(d, d) for _ in range(orders))
        self.item_orders = nn.ModuleList(_linear(d, d) for _ in range(orders))
        self.order_attention = nn.ModuleList(ContextAttention(d, query=True, dropout=dropout) for _ in range(orders))
        self.aggregate = ContextAttention(d, query=False, dropout=dropout)
        self.union = nn.ModuleList(_linear(d, d) for _ in range(o.union_layers))
        self.dropout = nn.Dropout(dropout)

    def context(self, interaction: Interaction) -> Tensor:
        """Returns the last J items ``[B, J]``, a short history filled up at its end with its last item."""
        items, lengths = interaction[self.ITEM_SEQ], interaction[self.ITEM_SEQ_LEN].unsqueeze(1)
        places = torch.arange(self.options.context_length, device=items.device) + (
            lengths - self.options.context_length
        ).clamp_min(0)
        return items.gather(1, places.minimum(lengths - 1))

    def encode(self, interaction: Interaction) -> Encoded:
        """Encodes the user and the context."""
        p = self.user(interaction[self.USER_ID])  # [B, D]
        x = self.embedding(self.context(interaction))  # [B, J, D]
        pooled = [_pool(self.item_attention(x, p), x) + x[:, -1]]  # a_0, at the level of items

        p_l, x_l = p, x
        for user_layer, item_layer, attention in zip(
            self.user_orders, self.item_orders, self.order_attention, strict=True
        ):
            p_l, x_l = self._residual(user_layer, p_l), self._residual(item_layer, x_l)  # [B, D], [B, J, D]
            pooled.insert(-1, _pool(attention(x_l, p_l), x_l))  # a_l

        levels = torch.stack(pooled, dim=1)  # [B, 1 + orders, D]: a_1, a_2, a_0
        g = out = _pool(self.aggregate(levels), levels)  # [B, D]
        for layer in self.union:
            out = self._residual(layer, out)
        return Encoded(p, out + g, g, out)

    def _residual(self, layer: nn.Module, x: Tensor) -> Tensor:
        return torch.relu(layer(self.dropout(x)) + x)

    def match(self, state: Encoded, items: Tensor) -> Match:
        """``p_u . q_i + n_u . c_i`` for ``items [B, C]``, or as one matrix product for ``[1, C]``."""
        user = torch.cat([state.p, state.n], dim=1)  # [B, 2D]
        item = torch.cat([self.item_latent(items), self.embedding(items)], dim=-1)  # [B or 1, C, 2D]
        common = len(items) == 1
        return Match(user @ item[0].t() if common else torch.bmm(item, user.unsqueeze(2)).squeeze(2), None)

    def floats_per_pair(self, state: Encoded) -> int:
        """Two vectors and the logit."""
        return 2 * self.embedding.size + 1

    def losses(self, interaction: Interaction) -> dict[str, Tensor]:
        """Returns ``data`` (BPR) and ``l2``, both summed over the triplets of the batch."""
        state = self.encode(interaction)
        positive, negative = interaction[self.POS_ITEM_ID].unsqueeze(1), interaction[self.NEG_ITEM_ID]  # [B, 1], [B, N]
        logits = self.as_drawn(self.match(state, torch.cat([positive, negative], dim=1)).logits, interaction)
        terms = {"data": F.softplus(logits[:, 1:] - logits[:, :1]).sum()}
        if self.reg_weight:
            alone = [state.p, state.g, state.out, self.item_latent(positive), self.embedding(positive)]
            of_negatives = [self.item_latent(negative), self.embedding(negative)]
            squares = negative.shape[1] * sum(part.square().sum() for part in alone)
            terms["l2"] = self.reg_weight * (squares + sum(part.square().sum() for part in of_negatives))
        return terms

    def before_step(self) -> None:
        """Gives the network its own scale and bounds it; called with true gradients before each optimiser step."""
        tables = {id(table) for table in self._tables()}
        network = [p for p in self.parameters() if id(p) not in tables and p.grad is not None]
        for parameter in network:
            assert parameter.grad is not None
            parameter.grad.div_(self.options.train_batch_size * self.options.context_length)
        nn.utils.clip_grad_norm_(network, NETWORK_CLIP)

    def _tables(self) -> list[Tensor]:
        return [self.user.weight, self.item_latent.weight, *self.embedding.parameters()]


def _pool(weights: Tensor, rows: Tensor) -> Tensor:
    """The weighted sum ``[B, D]`` of rows ``[B, J, D]``."""
    return torch.bmm(weights.unsqueeze(1), rows).squeeze(1)


def _linear(in_size: int, out_size: int, bias: bool = True) -> nn.Linear:
    layer = nn.Linear(in_size, out_size, bias=bias)
    nn.init.normal_(layer.weight, std=INIT_STD)
    if bias:
        nn.init.normal_(layer.bias)
    return layer
