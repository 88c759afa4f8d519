"""Recurrences of TensorFlow 1 over padded sequences of different lengths: what they share, and the GRU.

``torch.nn.GRU`` is another function: it applies the reset gate after the state's matrix product, not before it.
Shape letters: ``N`` sequences, ``T`` steps, ``M`` real steps of all sequences together, ``D`` input, ``H`` hidden,
``C`` candidates.
"""

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from recbole_lsrec.model.layers.precision import full_precision

# Gradients through the activations, from their outputs, in one pass.
sigmoid_backward = torch.ops.aten.sigmoid_backward.grad_input
tanh_backward = torch.ops.aten.tanh_backward.grad_input


class Steps(NamedTuple):
    """The real steps of ragged sequences in the order in which they run: step by step, longest sequence first.

    The sequences still running at a step are then a prefix of those before, and no step works on padding.
    """

    order: Tensor  # [N] sequences, longest first
    sequence: Tensor  # [M] sequence of each real step
    step: Tensor  # [M] its place in the sequence
    sizes: list[int]  # how many sequences run at each step, up to the longest; sum M

    @classmethod
    def of(cls, lengths: Tensor, width: int) -> "Steps":
        """Orders the steps of sequences of ``lengths [N]`` (int64, 0 to ``width``)."""
        sorted_lengths, order = lengths.sort(descending=True, stable=True)
        running = sorted_lengths.unsqueeze(0) > torch.arange(width, device=lengths.device).unsqueeze(1)  # [T, N]
        step, place = running.nonzero(as_tuple=True)
        return cls(order, order[place], step, [size for size in running.sum(1).tolist() if size])

    def gather(self, x: Tensor) -> Tensor:
        """Brings ``x [N, T, ...]`` into running order, ``[M, ...]``."""
        return _Gather.apply(x, self.sequence * x.shape[1] + self.step)

    def spread(self, states: Tensor, n: int, width: int) -> Tensor:
        """Puts ``states [M, H]`` back to ``[N, T, H]``, zero from each sequence's length on."""
        return _Spread.apply(states, self.sequence * width + self.step, n, width)


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
        spread = values.new_zeros(n * width, *values.shape[1:])
        return spread.index_copy_(0, index, values).unflatten(0, (n, width))

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None, None]:  # type: ignore[override]
        return _Gather.apply(grad, ctx.index), None, None, None


def last_state(outputs: Tensor, lengths: Tensor, initial: Tensor) -> Tensor:
    """Returns the state after the last real step, ``[N, H]``: the initial one where the length is 0."""
    last = outputs[torch.arange(len(outputs), device=outputs.device), (lengths - 1).clamp_min(0)]
    return torch.where((lengths > 0).unsqueeze(1), last, initial)


class GRU(nn.Module):
    """TensorFlow's GRU cell with ``dynamic_rnn``'s treatment of lengths.

        [r, z] = sigmoid([x ; h] W_g + b_g)         b_g starts at 1
        c      = tanh([x ; r * h] W_c + b_c)        b_c starts at 0
        h'     = z * h + (1 - z) * c

    Weights are Glorot uniform in the authors' layout (rows: input, then state; gate columns: reset, then update).

    Args:
        input_size: Width ``D``.
        hidden_size: Width ``H``.
    """

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.input_size, self.hidden_size = input_size, hidden_size
        rows = input_size + hidden_size
        self.gate_kernel = nn.Parameter(nn.init.xavier_uniform_(torch.empty(rows, 2 * hidden_size)))
        self.gate_bias = nn.Parameter(torch.ones(2 * hidden_size))
        self.candidate_kernel = nn.Parameter(nn.init.xavier_uniform_(torch.empty(rows, hidden_size)))
        self.candidate_bias = nn.Parameter(torch.zeros(hidden_size))

    def weights(self) -> tuple[Tensor, Tensor, Tensor]:
        """Returns input weights ``[D, 3H]``, state weights ``[H, 3H]`` and bias ``[3H]``, columns r, z, c."""
        kernel = torch.cat([self.gate_kernel, self.candidate_kernel], dim=1)
        bias = torch.cat([self.gate_bias, self.candidate_bias])
        return kernel[: self.input_size], kernel[self.input_size :], bias

    @full_precision
    def forward(self, x: Tensor, lengths: Tensor, initial: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Runs the cell.

        Args:
            x: ``[N, T, D]``; what stands at and after a sequence's length is never read.
            lengths: ``[N]`` int64, 0 to ``T``.
            initial: ``[N, H]`` state before the first step; zeros if not given.

        Returns:
            The states after each step, ``[N, T, H]``, zero from the length on, and the state after the last real
            step, ``[N, H]`` (the initial state where the length is 0).
        """
        if initial is None:
            initial = x.new_zeros(len(x), self.hidden_size)
        steps = Steps.of(lengths, x.shape[1])
        if not steps.sizes:
            return x.new_zeros(*x.shape[:2], self.hidden_size), initial
        to_input, to_state, bias = self.weights()
        inputs = torch.addmm(bias, steps.gather(x), to_input)  # [M, 3H], all steps at once
        states = _GRUSteps.apply(inputs, None, initial[steps.order], to_state, steps.sizes)  # [M, H]
        outputs = steps.spread(states, *x.shape[:2])
        return outputs, last_state(outputs, lengths, initial)


class VecAttGRU(GRU):
    """DIEN's attentional GRU: attention ``a`` holds back the update, ``z <- (1 - a) z``; all else as the GRU."""

    @full_precision
    def forward(  # type: ignore[override]
        self, x: Tensor, lengths: Tensor, attention: Tensor, places: Tensor | None = None
    ) -> Tensor:
        """Runs the cell once for each candidate; inputs are projected once for all of them.

        Args:
            x: ``[N, S, D]``.
            lengths: ``[N]`` int64 number of steps, 0 to ``T``, or ``[N, C]`` where candidates differ.
            attention: ``[N, C, T]`` weight of each step.
            places: ``[N, C, T]`` which row of ``x`` is read at each step; the ``t``-th at step ``t`` if not given.

        Returns:
            The states after the last real step, ``[N, C, H]``; 0 where there is none.
        """
        n, c, width = attention.shape
        to_input, to_state, bias = self.weights()
        projected = torch.addmm(bias, x.flatten(0, 1), to_input).view(n, x.shape[1], -1)
        lengths = (lengths.unsqueeze(1) if lengths.dim() == 1 else lengths).expand(n, c).flatten()
        steps = Steps.of(lengths, width)
        initial = x.new_zeros(n * c, self.hidden_size)
        if not steps.sizes:
            return initial.view(n, c, -1)
        if places is None:
            inputs = steps.gather(projected.unsqueeze(1).expand(-1, c, -1, -1).flatten(0, 1))
        else:
            place = places.flatten(0, 1)[steps.sequence, steps.step]
            inputs = projected.flatten(0, 1).index_select(0, steps.sequence // c * x.shape[1] + place)
        # [M, 3H], sequences are pairs of history and candidate
        keep = 1 - steps.gather(attention.reshape(n * c, width, 1))  # [M, 1]
        states = _GRUSteps.apply(inputs, keep, initial, to_state, steps.sizes)
        return last_state(steps.spread(states, n * c, width), lengths, initial).view(n, c, -1)


class _GRUSteps(torch.autograd.Function):
    """The loop over steps, its gradient written out.

    Autograd would record a dozen small operations for each step and add up the weight gradients step by step. Here a
    step costs a few calls in each direction, and each weight gradient is one matrix product over all steps.
    """

    @staticmethod
    def forward(
        ctx: Any, inputs: Tensor, keep: Tensor | None, initial: Tensor, kernel: Tensor, sizes: list[int]
    ) -> Tensor:
        """Runs the steps.

        Args:
            ctx: Autograd's context.
            inputs: ``[M, 3H]`` input projections (r, z, c) with bias, step after step.
            keep: ``[M, 1]`` factor on the update gate, or None.
            initial: ``[N, H]`` states, longest sequence first.
            kernel: ``[H, 3H]`` state weights (r, z, c).
            sizes: Number of sequences running at each step, not increasing, sum ``M``.

        Returns:
            ``[M, H]`` states.
        """
        hidden = initial.shape[1]
        gate_kernel, candidate_kernel = kernel[:, : 2 * hidden], kernel[:, 2 * hidden :]
        gates = torch.empty_like(inputs[:, : 2 * hidden])
        candidates, states, before = (torch.empty_like(inputs[:, :hidden]) for _ in range(3))
        keeps = [None] * len(sizes) if keep is None else keep.split(sizes)
        h = initial
        slices = zip(*(tensor.split(sizes) for tensor in (inputs, gates, candidates, states, before)), strict=True)
        for (x, gate, c, state, previous), kept in zip(slices, keeps, strict=True):
            h = previous.copy_(h[: len(x)])
            torch.addmm(x[:, : 2 * hidden], h, gate_kernel, out=gate).sigmoid_()
            r, z = gate[:, :hidden], gate[:, hidden:]
            torch.addmm(x[:, 2 * hidden :], r * h, candidate_kernel, out=c).tanh_()
            h = torch.lerp(c, h, z if kept is None else z * kept, out=state)
        ctx.save_for_backward(kernel, gates, candidates, before, keep)
        ctx.sizes, ctx.n_sequences = sizes, len(initial)
        return states

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_states: Tensor) -> tuple[Tensor | None, ...]:  # type: ignore[override]
        """Goes back through the steps; ``grad_states [M, H]``."""
        kernel, gates, candidates, before, keep = ctx.saved_tensors
        hidden, sizes = before.shape[1], ctx.sizes
        grad_inputs = torch.empty(len(before), 3 * hidden, dtype=before.dtype, device=before.device)
        grad_keep = None if keep is None else torch.empty_like(keep)
        back_gates, back_candidate = kernel[:, : 2 * hidden].t(), kernel[:, 2 * hidden :].t()

        # All work inside the loop, though some of it could be done for all steps at once: a step's arrays fit in cache.
        carried = before.new_zeros(ctx.n_sequences, hidden)
        keeps, grad_keeps = ([None] * len(sizes) if t is None else t.split(sizes) for t in (keep, grad_keep))
        slices = [tensor.split(sizes) for tensor in (grad_states, grad_inputs, gates, candidates, before)]
        for given, into, gate, c, h, kept, into_keep in reversed(list(zip(*slices, keeps, grad_keeps, strict=True))):
            running = carried[: len(given)]
            r, z = gate[:, :hidden], gate[:, hidden:]
            into_r, into_z, into_c = into.split(hidden, dim=1)
            grad = running.add_(given)
            grad_z = (h - c).mul_(grad)
            if kept is not None:
                torch.sum(grad_z * z, 1, keepdim=True, out=into_keep)
                grad_z.mul_(kept)
            sigmoid_backward(grad_z, z, grad_input=into_z)
            grad_h = grad * (z if kept is None else z * kept)
            tanh_backward(grad - grad_h, c, grad_input=into_c)
            grad_reset = into_c @ back_candidate  # with respect to r * h
            sigmoid_backward(grad_reset * h, r, grad_input=into_r)
            torch.addmm(grad_h.addcmul_(grad_reset, r), into[:, : 2 * hidden], back_gates, out=running)
        r = gates[:, :hidden]
        grad_kernel = torch.cat(
            [before.t() @ grad_inputs[:, : 2 * hidden], (r * before).t() @ grad_inputs[:, 2 * hidden :]], dim=1
        )
        return grad_inputs, grad_keep, carried, grad_kernel, None
