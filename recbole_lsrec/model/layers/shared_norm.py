"""Batch normalisation of a batch of which each process has a part: the whole's statistics, from one message each way.

Shape letters: ``M`` rows here, ``F`` features, ``P`` processes.
"""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from recbole_lsrec.processes import group


@torch.no_grad()
def statistics(rows: Tensor, counts: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
    """Number, mean ``[F]`` and biased variance ``[F]`` of all processes' rows.

    Args:
        rows: ``[M, F]``; there may be none.
        counts: ``[M]`` how many equal rows each stands for; None: itself.
    """
    if counts is None:
        n = rows.new_tensor(len(rows))
        mean = rows.sum(0) / n.clamp_min(1)
        variance = (rows - mean).square_().sum(0) / n.clamp_min(1)  # torch.var_mean takes 15 times as long along rows
    else:
        n = counts.sum()
        share = counts / n.clamp_min(1)
        mean = share @ rows
        variance = share @ (rows - mean).square()
    of_each = group.stack_of_each(torch.cat([n.unsqueeze(0), mean, variance]))  # [P, 1 + 2F]
    ns, means, variances = of_each.split([1, rows.shape[1], rows.shape[1]], dim=1)
    n = ns.sum()
    share = ns[:, 0] / n.clamp_min(1)  # [P]
    mean = share @ means
    return n, mean, share @ (variances + (means - mean).square())


class SharedNorm(torch.autograd.Function):
    """``(rows - mean) / std * weight + bias``, where mean and std are those of all processes' rows and have gradients too."""

    @staticmethod
    def forward(
        ctx: Any, rows: Tensor, weight: Tensor, bias: Tensor, mean: Tensor, inverse_std: Tensor, share: Tensor
    ) -> Tensor:
        """Normalises; ``share``, ``[M, 1]`` or ``[]``, is each row's in the mean."""
        normed = (rows - mean).mul_(inverse_std)
        ctx.save_for_backward(normed, weight, inverse_std, share)
        return torch.addcmul(bias, normed, weight)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:  # type: ignore[override]
        """Ioffe and Szegedy (2015), section 3, with the two sums taken over all processes."""
        normed, weight, inverse_std, share = ctx.saved_tensors
        of_bias, of_weight = gradient.sum(0), (gradient * normed).sum(0)
        sums = group.sum_over_all(torch.stack([of_bias, of_weight]))
        through = (normed * sums[1]).add_(sums[0]).mul_(share)
        return (gradient - through).mul_(weight * inverse_std), of_weight, of_bias, None, None, None
