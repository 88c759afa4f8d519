"""Attention logits of the CLSR code line, candidates kept apart from histories.

An attention here returns *logits*; who calls it takes the softmax (over padded steps or over segments) and weighs its
own values, because the models need unpooled weights. Keys are prepared once per history, queries once per candidate:

    keys = attention.keys(x)              # once per history
    query = attention.query(v)            # once per candidate
    logits = attention(keys, query, row)  # only what depends on both

``row`` serves keys stored flat (one row per event): ``row[p]`` is the instance that event ``p`` belongs to. Without
it keys and queries must broadcast, for example keys ``[B, 1, L, ...]`` against queries ``[B, C, 1, ...]``.
Shape letters: ``P`` events in flat form, ``B`` instances, ``C`` candidates, ``D`` key size, ``Q`` query size.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from recbole_lsrec.model.layers.fcn import FCN, linear, truncated_normal_
from recbole_lsrec.model.layers.pair_layer import pair_layer
from recbole_lsrec.model.layers.precision import full_precision
from recbole_lsrec.model.layers.session_encoder import N_BLOCKS, N_HEADS


class Projected(NamedTuple):
    """A vector beside its image under the part of a layer that depends on it alone."""

    vector: Tensor
    image: Tensor


def pick(query: Tensor, row: Tensor | None) -> Tensor:
    """Gives each flat event the query of its instance; ``[1, ...]``, common to all, needs no copy."""
    return query if row is None or len(query) == 1 else query.index_select(0, row)


class MLPAttention(nn.Module):
    """``FCN(k ; q ; k - q ; k * q)`` with ``k = x A``: DIN's attention as CLSR's authors code it ("ATT").

    The first layer is split: ``k (W1 + W3) + q (W2 - W3) + (k * q) W4``; only the last term is computed for each pair
    of event and candidate, and of that only the features of ``q`` that are not known with the history (CLSR's short
    query is ``s ; v``). Batch-norm statistics run over whatever events the caller passes in.

    Args:
        key_size: Width ``D`` of the attended vectors.
        query_size: Width ``Q`` of the query.
        hidden_sizes: Hidden layers of the scoring network, at least one.
    """

    candidate_dependent = True

    def __init__(self, key_size: int, query_size: int, hidden_sizes: Sequence[int] = (80, 40)) -> None:
        super().__init__()
        self.matrix = nn.Parameter(truncated_normal_(torch.empty(key_size, query_size)))
        self.fcn = FCN([query_size] * 4, hidden_sizes)

    def keys(self, x: Tensor, known: Tensor | None = None, row: Tensor | None = None) -> Projected:
        """Prepares attended vectors.

        Args:
            x: ``[..., D]``.
            known: ``[B, S]`` leading features of the query, if they do not depend on the candidate; then ``x`` is flat.
            row: ``[P]`` instance of each event of ``x``, given with ``known``.
        """
        (w_key, w_query, w_difference, w_product), bias = self.fcn.first_layer()
        key = x @ self.matrix  # [..., Q]
        image = F.linear(key, w_key + w_difference, bias)
        if known is None or row is None:
            return Projected(key, image)
        size = known.shape[1]
        image = image + pick(F.linear(known, (w_query - w_difference)[:, :size]), row)
        of_known, of_rest = key.split([size, key.shape[1] - size], dim=1)
        image = image + F.linear(of_known * pick(known, row), w_product[:, :size])
        return Projected(of_rest, image)

    def query(self, q: Tensor) -> Projected:
        """Prepares queries ``q [..., Q]``, or ``[..., Q - S]`` if the keys were given the rest."""
        size, given = self.fcn.part_sizes[0], q.shape[-1]
        columns = [2 * size - given, given, size - given, given, size]
        _, w_query, _, w_difference, _ = self.fcn.first_weight().split(columns, dim=1)
        return Projected(q, F.linear(q, w_query - w_difference))

    def forward(
        self,
        keys: Projected,
        query: Projected,
        row: Tensor | None = None,
        counts: Tensor | None = None,
        groups: int = 1,
    ) -> Tensor:
        """Returns logits ``[...]``; with ``row``: keys ``[P, ...]`` and queries ``[B, C, ...]`` to ``[P, C]``.

        ``counts [P]`` says how many equal events each stands for in the batch-norm statistics; along the last axis of the
        logits, of length ``groups``, each has statistics of its own.
        """
        w_product = self.fcn.first_weight()[:, -keys.vector.shape[-1] :]
        if counts is not None and row is not None:
            counts = counts.repeat_interleave(query.vector.shape[1])
        if row is not None and len(query.vector) == 1:
            return self.fcn.after_first(_met_by_all(keys, query, w_product), counts).squeeze(-1)
        if row is not None:
            return self.fcn.after_first(self.pairs(*keys, *query, w_product, row), counts).squeeze(-1)
        hidden = F.linear(keys.vector * query.vector, w_product)
        hidden += keys.image  # in place: these are the largest arrays of the models
        hidden += query.image
        return self.fcn.after_first(hidden, counts, groups).squeeze(-1)

    @full_precision
    def pairs(self, *given: Tensor) -> Tensor:
        """The first layer for each pair, ``[P, C, F]``: see :func:`pair_layer`."""
        return pair_layer(*given)


def _met_by_all(keys: Projected, query: Projected, w_product: Tensor) -> Tensor:
    """``(k * q) W + images`` of each event with candidates common to all, ``[P, C, F]``, as one product.

    ``(k * q) W^T = k (diag(q) W^T)``: what depends on the candidate stands in the weights, ``[Q + 1, C * F]``.
    """
    weights = torch.einsum("cq,fq->qcf", query.vector[0], w_product).flatten(1)  # [Q, C * F]
    weights = torch.cat([weights, query.image[0].reshape(1, -1)])
    key = F.pad(keys.vector, (0, 1), value=1.0)  # [P, Q + 1]
    hidden = (key @ weights).unflatten(1, (-1, len(w_product)))
    hidden += keys.image.unsqueeze(1)
    return hidden


class AdditiveAttention(nn.Module):
    """``(x M) . q`` with a learned query: one weight for each event, whatever the candidate.

    The code base has no bias and no tanh in it; SLi-Rec's official form also lets padding take part, which is the
    caller's choice when taking the softmax.
    """

    candidate_dependent = False

    def __init__(self, key_size: int) -> None:
        super().__init__()
        self.matrix = nn.Parameter(truncated_normal_(torch.empty(key_size, key_size)))
        self.vector = nn.Parameter(truncated_normal_(torch.empty(key_size)))

    def keys(self, x: Tensor) -> Tensor:
        """Returns logits ``[..., 1]``: all there is to compute. ``x M q = x (M q)`` saves the matrix product."""
        return (x @ (self.matrix @ self.vector)).unsqueeze(-1)

    def query(self, q: Tensor | None) -> None:
        """There is none."""

    def forward(self, keys: Tensor, query: None = None, row: Tensor | None = None) -> Tensor:
        """Returns the logits, with a candidate axis of 1 if ``row`` is given."""
        return keys if row is not None else keys.squeeze(-1)


class BilinearAttention(nn.Module):
    """``x W q^T``: the alignment of SLSRec's eq. 7, CLSR's eq. 32, no bias. ``W`` meets the queries, which are fewer."""

    candidate_dependent = True

    def __init__(self, key_size: int, query_size: int) -> None:
        super().__init__()
        self.matrix = nn.Parameter(truncated_normal_(torch.empty(key_size, query_size)))

    def keys(self, x: Tensor) -> Tensor:
        """Keys need no preparation."""
        return x

    def query(self, q: Tensor) -> Tensor:
        """Prepares queries ``q [..., Q]``."""
        return q @ self.matrix.t()  # [..., D]

    def forward(self, keys: Tensor, query: Tensor, row: Tensor | None = None) -> Tensor:
        """Returns logits ``[...]``; with ``row``: keys ``[P, D]`` and queries ``[B, C, D]`` to ``[P, C]``."""
        if row is not None:
            keys = keys.unsqueeze(1)  # [P, 1, D]
        return (keys * pick(query, row)).sum(-1)


class SelfAttentionBlocks(nn.Module):
    """Self-attention inside segments (sessions), candidate independent: LSIDN's session encoder before its ATT.

    A block is multi-head attention and a two-layer ReLU network, each with a residual connection and layer
    normalisation. There are no position encodings: the order inside a session does not matter.
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(_Block(size) for _ in range(N_BLOCKS))

    def forward(self, x: Tensor, counts: Tensor, row: Tensor, column: Tensor, segment: Tensor) -> Tensor:
        """Attends within segments.

        Args:
            x: ``[P, D]`` events in flat form.
            counts: ``[P]`` how many equal events each stands for.
            row: ``[P]`` instance of each event.
            column: ``[P]`` its place in that instance, from 0.
            segment: ``[P]`` number of its segment; events of one segment belong to one instance.

        Returns:
            ``[P, D]``.
        """
        if not len(x):
            return x
        n_rows, width = int(row.max()) + 1, int(column.max()) + 1
        segments = segment.new_full((n_rows, width), -1)
        segments[row, column] = segment
        # Padding attends to padding: no row of the mask is empty, so no softmax is undefined.
        same = segments.unsqueeze(2) == segments.unsqueeze(1)  # [B, L, L]
        often = x.new_zeros(n_rows, width).index_put((row, column), counts.to(x.dtype).log())  # [B, L]
        mask = often.unsqueeze(1).masked_fill(~same, float("-inf")).unsqueeze(1)  # [B, 1, L, L]
        h = x.new_zeros(n_rows, width, x.shape[1]).index_put((row, column), x)  # [B, L, D]
        for block in self.blocks:
            h = block(h, mask)
        return h[row, column]


class _Block(nn.Module):
    def __init__(self, size: int) -> None:
        super().__init__()
        self.project, self.merge = linear(size, 3 * size), linear(size, size)
        self.wide, self.narrow = linear(size, size), linear(size, size)
        self.norm1, self.norm2 = nn.LayerNorm(size), nn.LayerNorm(size)

    def forward(self, h: Tensor, mask: Tensor) -> Tensor:
        """Maps ``h [B, L, D]``; ``mask [B, 1, L, L]`` is added to the logits of attention."""
        heads = self.project(h).unflatten(-1, (3, N_HEADS, -1)).permute(2, 0, 3, 1, 4)  # [3, B, heads, L, d]
        mixed = F.scaled_dot_product_attention(heads[0], heads[1], heads[2], attn_mask=mask)  # [B, heads, L, d]
        h = self.norm1(h + self.merge(mixed.transpose(1, 2).flatten(2)))  # [B, L, D]
        return self.norm2(h + self.narrow(torch.relu(self.wide(h))))
