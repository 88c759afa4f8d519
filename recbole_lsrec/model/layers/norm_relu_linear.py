"""Batch normalisation with counted rows, ReLU and a linear layer as one function.

torch's own batch normalisation knows no counts, and one written in its operations goes over the rows, forth and back,
some fifteen times. Here the rows are taken in blocks that stay in the cache, and what comes between is made again on the
way back, so that the three cost what they do without counts.

Shape letters: ``M`` rows, ``F`` features, ``G`` features of the next layer.
"""

from collections.abc import Iterable
from functools import reduce
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from recbole_lsrec.model.layers.cache_blocks import blocks


def norm_relu_linear(
    rows: Tensor, share: Tensor, scale: Tensor, shift: Tensor, eps: float, weight: Tensor, bias: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """``relu(scale (rows - mean) / sqrt(variance + eps) + shift) weight^T + bias``, mean and variance over the rows.

    Args:
        rows: ``[M, F]``, at least one.
        share: ``[M]`` share of each in mean and variance, adding up to 1: that of the equal rows it stands for.
        scale: ``[F]``; so is ``shift``.
        shift: see ``scale``.
        eps: added to the variance.
        weight: ``[G, F]``.
        bias: ``[G]``.

    Returns:
        ``[M, G]``; mean and biased variance, ``[F]`` each, without a gradient.
    """
    return _NormReluLinear.apply(rows, share, scale, shift, eps, weight, bias)


class _NormReluLinear(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, rows: Tensor, share: Tensor, scale: Tensor, shift: Tensor, eps: float, weight: Tensor, bias: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        mean = torch.mv(rows.t(), share)
        variance = _total(torch.mv((rows[part] - mean).square_().t(), share[part]) for part in blocks(rows))
        inverse = torch.rsqrt(variance + eps)
        slope = inverse * scale
        offset = torch.addcmul(shift, mean, slope, value=-1)
        out = rows.new_empty(len(rows), len(weight))
        for part in blocks(rows):
            units = torch.addcmul(offset, rows[part], slope).relu_()
            torch.addmm(bias, units, weight.t(), out=out[part])
        ctx.save_for_backward(rows, share, slope, offset, weight, mean, inverse)
        ctx.mark_non_differentiable(mean, variance)
        return out, mean, variance

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor, *_: Tensor) -> tuple[Tensor | None, ...]:  # type: ignore[override]
        """``d row = slope (g - share (sum g + centred / std^2 sum (g centred)))``, ``g`` that of the normalised row."""
        rows, share, slope, offset, weight, mean, inverse = ctx.saved_tensors
        into = torch.empty_like(rows)
        of_weight, sums, products = [], [], []
        for part in blocks(rows):
            units = torch.addcmul(offset, rows[part], slope).relu_()
            of_weight.append(grad[part].t() @ units)
            normed = torch.ops.aten.threshold_backward.grad_input(grad[part] @ weight, units, 0, grad_input=into[part])
            sums.append(normed.sum(0))
            products.append(torch.mul(rows[part], normed, out=units).sum(0))
        total = _total(sums)
        along_std = _total(products).addcmul_(mean, total, value=-1).mul_(inverse)
        by_row = along_std * inverse
        constant = torch.addcmul(total, mean, by_row, value=-1)
        for part in blocks(rows):
            common = torch.addcmul(constant, rows[part], by_row)
            into[part].addcmul_(common, share[part].unsqueeze(1), value=-1).mul_(slope)
        return into, None, along_std, total, None, _total(of_weight), grad.sum(0)


def _total(of_blocks: Iterable[Tensor]) -> Tensor:
    """Their sum, in place of the first; of one block nothing is to be added."""
    return reduce(Tensor.add_, of_blocks)
