"""The fully connected block of the CLSR code line: Linear -> BatchNorm -> ReLU, ..., Linear.

Shape letters: ``B`` instances, ``C`` candidates, ``F`` features; ``...`` any leading axes.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

INIT_STD = 0.01
"""Standard deviation of the truncated normal (cut at two of it) for embeddings, attention matrices and linear layers."""


def truncated_normal_(weight: Tensor) -> Tensor:
    """Fills ``weight`` in place as the authors' code does: normal(0, 0.01), redrawn beyond two standard deviations."""
    return nn.init.trunc_normal_(weight, std=INIT_STD, a=-2 * INIT_STD, b=2 * INIT_STD)


def embedding(n_rows: int, size: int) -> nn.Embedding:
    """Returns a table in which row 0 is an ordinary row: the code line has no ``padding_idx``."""
    table = nn.Embedding(n_rows, size)
    truncated_normal_(table.weight.data)
    return table


def linear(in_size: int, out_size: int, bias: bool = True) -> nn.Linear:
    """Returns a linear layer with truncated-normal weights and zero bias."""
    layer = nn.Linear(in_size, out_size, bias=bias)
    truncated_normal_(layer.weight.data)
    if bias:
        nn.init.zeros_(layer.bias)
    return layer


class BatchNorm(nn.Module):
    """Batch normalisation over all axes but the last, with TensorFlow's moving averages.

    It differs from ``nn.BatchNorm1d`` in one way that shows in results: the moving variance averages the *biased*
    batch variance, which is also what normalises the batch. A batch without rows passes through and leaves the
    averages alone.

    Args:
        size: Number of features, the last axis of the input.
        momentum: Share of the old moving average that is kept at a step.
        eps: Added to the variance.
    """

    running_mean: Tensor
    running_var: Tensor

    def __init__(self, size: int, momentum: float = 0.95, eps: float = 1e-4) -> None:
        super().__init__()
        self.momentum, self.eps = momentum, eps
        self.weight = nn.Parameter(torch.ones(size))
        self.bias = nn.Parameter(torch.zeros(size))
        self.register_buffer("running_mean", torch.zeros(size))
        self.register_buffer("running_var", torch.ones(size))

    def forward(self, x: Tensor) -> Tensor:
        """Normalises ``x [..., F]``: by batch statistics in training mode, by the moving averages in evaluation mode."""
        rows = x.reshape(-1, x.shape[-1])
        if not len(rows):
            return x
        if not self.training:
            out = F.batch_norm(rows, self.running_mean, self.running_var, self.weight, self.bias, eps=self.eps)
            return out.view_as(x)
        # The fused kernel hands back its statistics: one pass over the data instead of two.
        out, mean, inverse_std = torch.native_batch_norm(rows, self.weight, self.bias, None, None, True, 0.0, self.eps)
        with torch.no_grad():
            variance = (inverse_std.pow(-2) - self.eps).clamp_min_(0)
            self.running_mean.lerp_(mean, 1 - self.momentum)
            self.running_var.lerp_(variance, 1 - self.momentum)
        return out.view_as(x)


class FCN(nn.Module):
    """Hidden layers Linear -> BatchNorm -> ReLU, then a linear layer without normalisation.

    The input is a concatenation given in parts. Each part meets its own columns of the first weight matrix *before*
    the parts are broadcast against each other, so a per-history part ``[B, 1, F]`` is multiplied once per history and
    a per-candidate part ``[1, C, F]`` once per candidate. The result equals the plain form on the concatenation.

    Args:
        part_sizes: Widths of the parts.
        hidden_sizes: Widths of the hidden layers; empty means a single linear layer.
        out_size: Width of the output.
    """

    def __init__(self, part_sizes: Sequence[int], hidden_sizes: Sequence[int], out_size: int = 1) -> None:
        super().__init__()
        self.part_sizes = list(part_sizes)
        sizes = [sum(part_sizes), *hidden_sizes, out_size]
        self.linears = nn.ModuleList(linear(size, next_size) for size, next_size in zip(sizes, sizes[1:], strict=False))
        self.norms = nn.ModuleList(BatchNorm(size) for size in hidden_sizes)

    def first_weights(self) -> tuple[Tensor, ...]:
        """Returns the first weight matrix cut into the columns of each part."""
        return self.linears[0].weight.split(self.part_sizes, dim=1)

    def forward(self, *parts: Tensor) -> Tensor:
        """Maps parts that broadcast against each other (all but the last axis) to ``[..., out_size]``."""
        projections = [F.linear(part, weight) for part, weight in zip(parts, self.first_weights(), strict=True)]
        return self.after_first(sum(projections[1:], projections[0] + self.linears[0].bias))

    def after_first(self, hidden: Tensor) -> Tensor:
        """Goes on from the output of the first linear layer."""
        for norm, layer in zip(self.norms, list(self.linears)[1:], strict=True):
            hidden = layer(torch.relu_(norm(hidden)))
        return hidden
