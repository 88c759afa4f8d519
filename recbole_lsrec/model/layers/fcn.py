"""The fully connected block of the CLSR code line: Linear -> BatchNorm -> ReLU, ..., Linear.

Shape letters: ``B`` instances, ``C`` candidates, ``F`` features; ``...`` any leading axes.
"""

from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from recbole_lsrec.model.layers.norm_relu_linear import norm_relu_linear
from recbole_lsrec.model.layers.precision import full_precision
from recbole_lsrec.model.layers.shared_norm import SharedNorm, statistics
from recbole_lsrec.processes import group

INIT_STD = 0.01
"""Standard deviation of the truncated normal (cut at twice that) for embeddings, attention and linear layers."""


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
    """Batch normalisation of rows ``[M, F]`` with TensorFlow's moving averages.

    It differs from ``nn.BatchNorm1d`` in one way that shows in results: the moving variance averages the *biased*
    batch variance, which is also what normalises the batch. A batch without rows leaves the averages alone. Where several
    processes share a batch, its statistics are those of the whole.

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

    def forward(self, rows: Tensor, counts: Tensor | None = None, groups: int = 1) -> Tensor:
        """Normalises ``rows [M, F]`` by their own statistics in training mode, by the moving averages in evaluation.

        ``counts [M]`` says how many equal rows each stands for in the statistics; 1 if not given. Rows that belong in turn
        to several ``groups`` are normalised by those of their group; the averages take one group after the other.
        """
        if self.training and groups > 1:
            return self._grouped(rows, groups)
        if self.training and group.world() > 1:
            return self._shared(rows, counts)
        if not self.training or not len(rows):
            return F.batch_norm(rows, self.running_mean, self.running_var, self.weight, self.bias, eps=self.eps)
        if counts is not None:
            return self._weighted(rows, counts)
        out, mean, variance = self._fused(rows, self.weight, self.bias)
        self._average(mean, variance)
        return out

    def _fused(self, rows: Tensor, weight: Tensor, bias: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The fused kernel hands back its statistics: one pass over the data instead of two."""
        out, mean, inverse_std = torch.native_batch_norm(rows, weight, bias, None, None, True, 0.0, self.eps)
        return out, mean, inverse_std.detach().pow(-2) - self.eps

    def _grouped(self, rows: Tensor, groups: int) -> Tensor:
        """The same in training mode for rows of several groups in turn, as one: ``G F`` features in ``M / G`` rows."""
        if group.world() > 1 or not len(rows):
            return torch.stack([self(one) for one in rows.unflatten(0, (-1, groups)).unbind(1)], dim=1).flatten(0, 1)
        wide = rows.view(-1, groups * rows.shape[1])
        out, mean, variance = self._fused(wide, self.weight.repeat(groups), self.bias.repeat(groups))
        for statistics_of_one in torch.stack([mean, variance]).unflatten(1, (groups, -1)).unbind(1):
            self._average(*statistics_of_one)
        return out.view_as(rows)

    @full_precision
    def _weighted(self, rows: Tensor, counts: Tensor) -> Tensor:
        """The same in training mode, each row counted as often as ``counts [M]`` says."""
        share = (counts / counts.sum()).unsqueeze(0)  # [1, M]
        mean = share @ rows  # [1, F]
        centred = rows - mean
        variance = share @ centred.square()
        self._average(mean[0], variance[0])
        return torch.addcmul(self.bias, centred, torch.rsqrt(variance + self.eps) * self.weight)

    @full_precision
    def relu_linear(self, rows: Tensor, share: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        """Rows of one process in training mode, of a ``share [M]`` each, normalised, through a ReLU and a linear layer."""
        out, mean, variance = norm_relu_linear(rows, share, self.weight, self.bias, self.eps, weight, bias)
        self._average(mean, variance)
        return out

    @full_precision
    def _shared(self, rows: Tensor, counts: Tensor | None) -> Tensor:
        """The same where processes share the batch."""
        n, mean, variance = statistics(rows, counts)
        if not n:
            return F.batch_norm(rows, self.running_mean, self.running_var, self.weight, self.bias, eps=self.eps)
        self._average(mean, variance)
        share = 1 / n if counts is None else (counts / n).unsqueeze(1)
        return SharedNorm.apply(rows, self.weight, self.bias, mean, torch.rsqrt(variance + self.eps), share)

    @torch.no_grad()
    def _average(self, mean: Tensor, variance: Tensor) -> None:
        torch._foreach_lerp_([self.running_mean, self.running_var], [mean, variance], 1 - self.momentum)

    def fold_into(self, layer: nn.Linear) -> tuple[Tensor, Tensor]:
        """Returns weight and bias of a linear layer that is followed by this normalisation with its moving averages."""
        scale = self.weight * torch.rsqrt(self.running_var + self.eps)
        return layer.weight * scale.unsqueeze(1), (layer.bias - self.running_mean) * scale + self.bias


class Mixture(NamedTuple):
    """Weighted sums, not multiplied out: a linear layer meets the rows of a history, not each candidate's sum."""

    weights: Tensor  # [B, C, R]
    rows: Tensor  # [B, R, F]

    def through(self, weight: Tensor) -> Tensor:
        """Returns the image under a weight matrix ``[F', F]``, ``[B, C, F']``."""
        return self.weights @ F.linear(self.rows, weight)

    def dense(self) -> Tensor:
        """Returns the sums themselves, ``[B, C, F]``."""
        return self.weights @ self.rows


class FCN(nn.Module):
    """Hidden layers Linear -> BatchNorm -> ReLU, then a linear layer without normalisation.

    The input is a concatenation given in parts. Parts of one shape meet their own columns of the first weight matrix
    *before* they are broadcast against the others, so a per-history part ``[B, 1, F]`` is multiplied once per history and
    a per-candidate part ``[1, C, F]`` once per candidate. The result equals the plain form on the concatenation.

    Args:
        part_sizes: Widths of the parts.
        hidden_sizes: Widths of the hidden layers; empty means a single linear layer.
        out_size: Width of the output.
        out_bias: What the bias of the output starts at.
        dropout: Share of the hidden units that is dropped after each ReLU in training.
    """

    def __init__(
        self,
        part_sizes: Sequence[int],
        hidden_sizes: Sequence[int],
        out_size: int = 1,
        out_bias: float = 0.0,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.dropout = dropout
        self.part_sizes = list(part_sizes)
        sizes = [sum(part_sizes), *hidden_sizes, out_size]
        self.linears = nn.ModuleList(linear(size, next_size) for size, next_size in pairwise(sizes))
        self.norms = nn.ModuleList(BatchNorm(size) for size in hidden_sizes)
        nn.init.constant_(cast(nn.Linear, self.linears[-1]).bias, out_bias)

    def first_layer(self) -> tuple[tuple[Tensor, ...], Tensor]:
        """Returns the first weight matrix, cut into the columns of each part, and the bias."""
        weight, bias = self._layers()[0]
        return weight.split(self.part_sizes, dim=1), bias

    def first_weight(self) -> Tensor:
        """Returns the first weight matrix whole, ``[F', F]``."""
        return self._layers()[0][0]

    def forward(self, *parts: Tensor | Mixture) -> Tensor:
        """Maps parts that broadcast against each other (all but the last axis) to ``[..., out_size]``."""
        weights, bias = self.first_layer()
        images, alike = [], defaultdict[torch.Size, list[tuple[Tensor, Tensor]]](list)
        for part, weight in zip(parts, weights, strict=True):
            if isinstance(part, Mixture):
                images.append(part.through(weight))
            else:
                alike[part.shape[:-1]].append((part, weight))
        for together in alike.values():
            images.append(F.linear(*(torch.cat(of_each, dim=-1) for of_each in zip(*together, strict=True))))
        images.sort(key=Tensor.numel)  # what is small is added before it is broadcast
        return self.after_first(sum(images, bias))

    def after_first(self, hidden: Tensor, counts: Tensor | None = None, groups: int = 1) -> Tensor:
        """Goes on from the output of the first linear layer; ``counts`` and ``groups`` of its rows: see :class:`BatchNorm`."""
        # In rows from here on: the ReLU works in place, and on a view autograd would copy to allow that.
        rows = hidden.reshape(-1, hidden.shape[-1])
        in_one = self.training and not self.dropout and len(rows) > 0 and group.world() == 1
        share = counts / counts.sum() if in_one and counts is not None else None
        for norm, (weight, bias) in zip(self.norms, self._layers()[1:], strict=True):
            if share is not None:
                rows = cast(BatchNorm, norm).relu_linear(rows, share, weight, bias)
                continue
            rows = torch.relu_(norm(rows, counts, groups) if self.training else rows)
            rows = F.linear(F.dropout(rows, self.dropout, self.training), weight, bias)
        return rows.view(*hidden.shape[:-1], rows.shape[-1])

    def _layers(self) -> list[tuple[Tensor, Tensor]]:
        """Weight and bias of each linear layer, in evaluation with the normalisation that follows folded in."""
        linears = [cast(nn.Linear, layer) for layer in self.linears]
        if self.training:
            return [(layer.weight, layer.bias) for layer in linears]
        norms = [cast(BatchNorm, norm) for norm in self.norms]
        folded = [norm.fold_into(layer) for norm, layer in zip(norms, linears, strict=False)]
        return [*folded, (linears[-1].weight, linears[-1].bias)]
