"""What recurrences over padded sequences of different lengths share: the real steps, and what is cut by them.

Shape letters: ``N`` sequences, ``T`` steps, ``M`` real steps of all sequences together, ``D`` input, ``H`` hidden.
"""

from collections.abc import Sequence
from functools import cached_property
from itertools import pairwise
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor


class Steps:
    """The real steps of ragged sequences in the order in which they run: step by step, longest sequence first.

    The sequences still running at a step are then a prefix of those before, and no step works on padding. Recurrences over
    the same sequences share one. The order is found when it is first asked for.

    Args:
        lengths: ``[N]`` int64, 0 to ``width``.
        width: ``T``.
        rows: ``[V, D]``, if what is read at the steps are rows of a table: whatever reads these steps reads
            ``rows[index]``, and what is made of a row alone can be made once for all steps with it.
        index: ``[N, T]`` row of each step, given with ``rows``.
    """

    def __init__(self, lengths: Tensor, width: int, rows: Tensor | None = None, index: Tensor | None = None) -> None:
        self.lengths, self.width, self.rows, self.index = lengths, width, rows, index

    @classmethod
    def of(cls, lengths: "Tensor | Steps", width: int) -> "Steps":
        """Those of sequences of ``lengths``, where they are not at hand."""
        return lengths if isinstance(lengths, Steps) else cls(lengths, width)

    @cached_property
    def _running(self) -> tuple[Tensor, Tensor]:
        sorted_lengths, order = self.lengths.sort(descending=True, stable=True)
        return order, sorted_lengths > torch.arange(self.width, device=order.device).unsqueeze(1)

    @property
    def order(self) -> Tensor:
        """``[N]`` sequences, longest first."""
        return self._running[0]

    @cached_property
    def sizes(self) -> list[int]:
        """How many sequences run at each step, up to the longest; sum ``M``."""
        return [size for size in self._running[1].sum(1).tolist() if size]

    @cached_property
    def _places(self) -> tuple[Tensor, Tensor]:
        order, running = self._running
        step, place = running.nonzero(as_tuple=True)
        sequence = order.index_select(0, place)
        return sequence, torch.add(step, sequence, alpha=self.width)

    @property
    def sequence(self) -> Tensor:
        """``[M]`` sequence of each real step."""
        return self._places[0]

    @property
    def at(self) -> Tensor:
        """``[M]`` place of each real step in the flat ``[N * T]``."""
        return self._places[1]

    def gather(self, x: Tensor) -> Tensor:
        """Brings ``x [N, T, ...]`` into running order, ``[M, ...]``."""
        return _Gather.apply(x, self.at)

    def project(self, x: Tensor, weight: Tensor, bias: Tensor, kind: Tensor | None = None) -> Tensor:
        """``x weight + bias`` of the real steps in running order, ``[M, K]``.

        Args:
            x: ``[N, T, D]``; not read where ``rows`` are there and fewer than the steps.
            weight: ``[D, K]``.
            bias: ``[K]``, or ``[F, K]`` for each kind of step.
            kind: ``[N, T]`` kind of each step, the same wherever a row stands.
        """
        if self.rows is None or self.index is None or len(self.rows) > sum(self.sizes):
            by_step = bias if kind is None else F.embedding(self.gather(kind), bias)
            return torch.addmm(by_step, self.gather(x), weight)
        index = self.gather(self.index)
        if kind is not None:
            of_row = kind.new_zeros(len(self.rows)).index_copy_(0, index, self.gather(kind))
            bias = F.embedding(of_row, bias)
        return torch.addmm(bias, self.rows, weight).index_select(0, index)

    def restore(self, ends: Tensor) -> Tensor:
        """Puts ``[N, H]``, longest sequence first, back into the order of the sequences."""
        return _Spread.apply(ends, self.order, len(ends), 1).squeeze(1)

    def spread(self, states: Tensor) -> Tensor:
        """Puts ``states [M, H]`` back to ``[N, T, H]``, zero from each sequence's length on."""
        return _Spread.apply(states, self.at, len(self.lengths), self.width)


class _Gather(torch.autograd.Function):
    """``x.flatten(0, 1)[index]`` for an index without repeats: its gradient is a copy, not an accumulation."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, index: Tensor) -> Tensor:
        ctx.index, ctx.shape = index, x.shape
        return x.flatten(0, 1).index_select(0, index)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:  # type: ignore[override]
        return _Spread.apply(grad, ctx.index, *ctx.shape[:2]), None


class _Spread(torch.autograd.Function):
    """The inverse of ``_Gather``, zero elsewhere."""

    @staticmethod
    def forward(ctx: Any, values: Tensor, index: Tensor, n: int, width: int) -> Tensor:
        ctx.index = index
        make = values.new_empty if len(values) == n * width else values.new_zeros
        spread = make(n * width, *values.shape[1:])
        return spread.index_copy_(0, index, values).unflatten(0, (n, width))

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None, None]:  # type: ignore[override]
        return _Gather.apply(grad, ctx.index), None, None, None


def before(states: Sequence[Tensor], initial: Tensor, sizes: list[int]) -> Tensor:
    """The state that each step starts from, ``[M, H]``, given those it ends with, one array per step."""
    earlier = [initial, *states[:-1]]
    return torch.cat([state[:size] for state, size in zip(earlier, sizes, strict=True)])


def last(states: Sequence[Tensor], initial: Tensor, sizes: list[int]) -> Tensor:
    """The state of each sequence after its last step, ``[N, H]``, longest first; the initial one where it has none."""
    after = [state[next_size:] for state, next_size in zip(states, [*sizes[1:], 0], strict=True)]
    return torch.cat([*reversed(after), initial[sizes[0] :]])


def ends(values: Tensor, sizes: list[int]) -> list[Tensor]:
    """Cuts what belongs to the sequences, ``[N, H]``, longest first, into those that end with each step."""
    return [values[next_size:size] for size, next_size in pairwise([*sizes, 0])]


def by_step(values: Tensor | None, sizes: list[int]) -> Sequence[Tensor]:
    """Cuts ``[M, ...]`` into its steps."""
    return () if values is None else values.split(sizes)


def own(grad: Tensor | None, n: int, like: Tensor) -> Tensor:
    """A gradient that may be written to, of ``n`` rows like those of ``like``; zeros where there is none."""
    return like.new_zeros(n, *like.shape[1:]) if grad is None else grad.clone(memory_format=torch.contiguous_format)
