"""Cross-entropy over the whole catalogue for models that rank by a dot product, in bounded memory.

Shape letters: ``B`` instances, ``N`` items, ``D`` features, ``S`` sampled items.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable

CHUNK_BYTES = 64 << 20
"""Logits held at a time. Up to here they are made once; beyond, a second time for the gradient."""


def full_softmax(user: Tensor, items: Tensor, target: Tensor, chunk_bytes: int = CHUNK_BYTES) -> Tensor:
    """Mean of ``-log softmax(user . items)[target]`` over all items (DiffLSRec eq. C.3, C.4).

    Args:
        user: ``[B, D]``.
        items: ``[N, D]``.
        target: ``[B]`` rows of ``items``.
        chunk_bytes: Bound on the logits held at a time, at least one item's.

    Returns:
        The mean, ``[]``.
    """
    chunk = max(1, chunk_bytes // (user.element_size() * len(user)))
    if chunk < len(items):
        return _ChunkedSoftmax.apply(user.to(items.dtype), items, target, chunk)  # GRU's states are half under autocast
    if torch.is_autocast_enabled(user.device.type):
        return F.cross_entropy(user @ items.t(), target)
    return _Softmax.apply(user, items, target)


class _Softmax(torch.autograd.Function):
    """Cross-entropy in one array: the exponentials take the place of the logits, and the gradient is two products with them."""

    @staticmethod
    def forward(ctx: Any, user: Tensor, items: Tensor, target: Tensor) -> Tensor:
        """Keeps ``exp(logit - most)``, less their sum at the target: ``B sum`` times the gradient of the logits."""
        logits, at = user @ items.t(), target.unsqueeze(1)  # [B, N], [B, 1]
        most, of_target = logits.amax(1, keepdim=True), logits.gather(1, at)  # [B, 1] each
        exponentials = logits.sub_(most).exp_()
        total = exponentials.sum(1, keepdim=True)
        ctx.save_for_backward(user, items, exponentials.scatter_add_(1, at, -total), total)
        return (total.log() + most - of_target).mean()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:  # type: ignore[override]
        """``d loss / d logits = (softmax - one-hot) / B``."""
        user, items, unscaled, total = ctx.saved_tensors
        weight = grad / (len(user) * total)  # [B, 1]
        return (unscaled @ items).mul_(weight), unscaled.t() @ (user * weight), None


class _ChunkedSoftmax(torch.autograd.Function):
    """The same some items at a time; the gradient makes the logits anew instead of keeping ``[B, N]`` of them."""

    @staticmethod
    def forward(ctx: Any, user: Tensor, items: Tensor, target: Tensor, chunk: int) -> Tensor:
        """Runs through the chunks with a running log-sum-exp."""
        total = user.new_full((len(user),), -torch.inf)
        for part in items.split(chunk):
            total = torch.logaddexp(total, (user @ part.t()).logsumexp(1))
        ctx.save_for_backward(user, items, target, total)
        ctx.chunk = chunk
        return (total - (user * items[target]).sum(1)).mean()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:  # type: ignore[override]
        """``d loss / d logits = (softmax - one-hot) / B``, chunk by chunk."""
        user, items, target, total = ctx.saved_tensors
        weight = grad / len(user)
        grad_user = -weight * items[target]
        grad_items = torch.zeros_like(items).index_add_(0, target, -weight * user)
        for part, into in zip(items.split(ctx.chunk), grad_items.split(ctx.chunk), strict=True):
            p = torch.addmm(total.unsqueeze(1), user, part.t(), beta=-1).exp_().mul_(weight)  # [B, chunk]
            grad_user.addmm_(p, part)
            into.addmm_(p.t(), user)
        return grad_user, grad_items, None, None


def sampled_softmax(user: Tensor, positive: Tensor, negatives: Tensor, log_expected: Tensor, hit: Tensor) -> Tensor:
    """Estimates :func:`full_softmax` from items drawn with replacement, the same for all instances.

    A drawn item stands for ``1 / (S q)`` items, q being its chance at a draw, so ``log(S q)`` is taken off its logit (the
    logQ correction; Bengio and Senecal, 2008). The positive is not drawn and stands for itself; where it is drawn too,
    that draw is left out. The sum inside the logarithm then has the mean it should have, and the estimate tends to the
    full loss as ``S`` grows.

    Args:
        user: ``[B, D]``.
        positive: ``[B, D]`` the target's vector.
        negatives: ``[S, D]`` vectors of the drawn items.
        log_expected: ``[S]`` ``log(S q)`` of each.
        hit: ``[B, S]`` bool, the drawn item is the instance's target.

    Returns:
        The mean, ``[]``.
    """
    of_positive = (user * positive).sum(1, keepdim=True)  # [B, 1]
    of_negatives = (user @ negatives.t() - log_expected).masked_fill(hit, -torch.inf)  # [B, S]
    return (torch.cat([of_positive, of_negatives], dim=1).logsumexp(1) - of_positive.squeeze(1)).mean()


class ItemSampler:
    """Draws items in proportion to ``1 + training events``, with replacement: every item can be drawn.

    Args:
        counts: ``[N]`` training events of each item.
    """

    def __init__(self, counts: Tensor) -> None:
        weight = counts.double() + 1
        self.log_chance = (weight / weight.sum()).log()  # [N]
        self._cumulative = weight.cumsum(0)

    def draw(self, n: int, generator: torch.Generator | None = None) -> Tensor:
        """Returns ``n`` rows, int64, from torch's global generator or the one given."""
        u = torch.rand(n, dtype=torch.float64, generator=generator) * self._cumulative[-1]
        return torch.searchsorted(self._cumulative, u, right=True).clamp_(max=len(self._cumulative) - 1)
