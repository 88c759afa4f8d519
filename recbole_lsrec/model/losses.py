"""Loss terms as pure functions of tensors; they can be tested without a model or a config.

Shape letters: ``B`` instances, ``C`` candidates (the positive first), ``D`` features.

Where several processes share a batch, the first two are means over this process's rows; the terms of a loss below them are
this process's part of the whole batch's, and the parts add up.
"""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from recbole_lsrec.processes import group


def bce(logits: Tensor) -> Tensor:
    """Mean binary cross-entropy over all candidates (SLSRec eq. 18); ``logits [B, C]``, column 0 is the positive."""
    labels = torch.zeros_like(logits)
    labels[:, 0] = 1
    return F.binary_cross_entropy_with_logits(logits, labels)


def sampled_softmax(logits: Tensor) -> Tensor:
    """Mean of ``-log p(positive)`` among the candidates ``[B, C]``, column 0 is the positive.

    The authors of CLSR write ``log(softmax)``, which may be infinite; ``log_softmax`` is the same number without that.
    """
    return -F.log_softmax(logits, dim=1)[:, 0].mean()


class Contrast(NamedTuple):
    """A loss that wants an anchor nearer to a positive than to a negative.

    Attributes:
        gap: how far two vectors ``[..., D]`` are apart, whichever comes first: ``[...]``, or ``[..., D]`` by feature.
        loss: of the gap to the positive and that to the negative, of margin and scale: ``[...]``. ``scale`` is a factor on
            the gaps; 1/2 where a ``D``-wide proxy is tiled to compare with two halves.
    """

    gap: Callable[[Tensor, Tensor], Tensor]
    loss: Callable[[Tensor, Tensor, float, float], Tensor]


def squared_distance(left: Tensor, right: Tensor) -> Tensor:
    """``|l - r|^2``."""
    return _SquaredDistance.apply(left, right)


class _SquaredDistance(torch.autograd.Function):
    """With one pass over the differences on the way back."""

    @staticmethod
    def forward(ctx: Any, left: Tensor, right: Tensor) -> Tensor:
        apart = left - right
        ctx.save_for_backward(apart)
        ctx.shapes = left.shape, right.shape
        return (apart * apart).sum(-1)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor]:  # type: ignore[override]
        (apart,) = ctx.saved_tensors
        into, (of_left, of_right) = apart * (2 * grad).unsqueeze(-1), ctx.shapes
        return into.sum_to_size(of_left), into.sum_to_size(of_right).neg()


def distance(left: Tensor, right: Tensor) -> Tensor:
    """``|l - r|``; its slope is infinite at 0, where the proxies of a short history may well coincide, so never quite 0."""
    return (squared_distance(left, right) + 1e-12).sqrt()


def margin_once(positive: Tensor, negative: Tensor, margin: float, scale: float) -> Tensor:
    """``max(0, scale (p - n) + margin)``: one margin per row."""
    return F.relu(scale * (positive - negative) + margin)


def margin_by_feature(positive: Tensor, negative: Tensor, margin: float, scale: float) -> Tensor:
    """Margin and hinge for each feature, then summed: up to ``D`` times larger, so that weights do not compare."""
    rows = F.relu(positive - negative + margin).sum(-1)
    return rows if scale == 1 else scale * rows


CONTRASTS = {
    "eq16": Contrast(squared_distance, margin_once),  # SLSRec eq. 16
    "clsr_code": Contrast(lambda left, right: (left - right).square(), margin_by_feature),  # CLSR's code
    "euclidean": Contrast(distance, margin_once),  # CLSR eq. 24 as printed
    # CLSR eq. 23, softplus(<a, n> - <a, p>), has no margin.
    "bpr": Contrast(lambda left, right: -(left * right).sum(-1), lambda p, n, _, scale: F.softplus(scale * (p - n))),
}


def interest_contrast(
    long: Tensor,
    short: Tensor,
    long_proxy: Tensor,
    short_proxy: Tensor,
    kind: str,
    margin: float,
    scale: float = 1.0,
) -> Tensor:
    """The four contrasts that tie interests to their proxies and apart (CLSR eq. 25; SLSRec eq. 17).

    Args:
        long: ``[..., D]`` long-term interest; all four broadcast.
        short: Short-term interest.
        long_proxy: What the long-term interest should resemble.
        short_proxy: What the short-term interest should resemble.
        kind: Key of ``CONTRASTS``.
        margin: See :class:`Contrast`.
        scale: See :class:`Contrast`.

    Returns:
        ``[...]`` the sum of the four.
    """
    gap, loss = CONTRASTS[kind]
    proxies = torch.stack([short_proxy, long_proxy])
    (short_own, short_other), (long_other, long_own) = (gap(one, proxies).unbind() for one in (short, long))
    # Each of the four gaps stands in two contrasts: either gap to an own proxy against either to the other's.
    own, other = (
        torch.stack(torch.broadcast_tensors(*gaps)) for gaps in ((short_own, long_own), (short_other, long_other))
    )  # [2, ...] each
    return loss(own.unsqueeze(1), other.unsqueeze(0), margin, scale).sum((0, 1))


def mean_over(values: Tensor, eligible: Tensor) -> Tensor:
    """Mean of ``values`` where ``eligible`` (bool, broadcasts to it), 0 if nowhere.

    The authors' code divides 0 by 0 then and the loss becomes NaN; 0 is our deviation, so that such a batch trains on.
    """
    weight = eligible.to(values.dtype).expand_as(values)
    return (values * weight).sum() / group.sum_over_all(weight.sum()).clamp_min(1)


def squared_rows(table: nn.Embedding, ids: Tensor) -> Tensor:
    """Sum of squares of the *distinct* rows of ``table [N, D]`` named by ``ids`` (any shape)."""
    if group.world() > 1:
        return table(group.distinct_of_all(ids)[0]).square().sum()
    involved = torch.zeros(table.num_embeddings, dtype=torch.bool, device=ids.device)
    involved.index_fill_(0, ids.reshape(-1), True)  # a GPU would wait for an assignment
    if not table.sparse and len(involved) <= ids.numel():  # all rows are no more work than these, and nothing waits
        return _SquaredRows.apply(table.weight, involved)
    return table(involved.nonzero().squeeze(1)).square().sum()


class _SquaredRows(torch.autograd.Function):
    """Sum of squares of the rows of ``table [N, D]`` that ``chosen [N]`` marks."""

    @staticmethod
    def forward(ctx: Any, table: Tensor, chosen: Tensor) -> Tensor:
        rows = table * chosen.unsqueeze(1)
        ctx.save_for_backward(rows)
        return rows.square().sum()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:  # type: ignore[override]
        (rows,) = ctx.saved_tensors
        return rows * (2 * grad), None


def squared_gap(left: nn.Embedding, right: nn.Embedding, ids: Tensor) -> Tensor:
    """Mean square of ``left - right`` over the features of the *distinct* rows named by ``ids``."""
    rows, n = group.distinct_of_all(ids)
    return (left(rows) - right(rows)).square().sum() / (n * left.embedding_dim)


def squared_sum(parameters: Iterable[Tensor]) -> Tensor:
    """Sum of squares of all entries of ``parameters``."""
    return group.counted_once(torch.cat([parameter.reshape(-1) for parameter in parameters]).square().sum())
