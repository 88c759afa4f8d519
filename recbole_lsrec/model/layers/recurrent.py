"""The GRU of TensorFlow 1, over the real :class:`Steps` of padded sequences of different lengths.

``torch.nn.GRU`` is another function: it applies the reset gate after the state's matrix product, not before it.
Shape letters: ``N`` sequences, ``T`` steps, ``M`` real steps of all sequences together, ``D`` input, ``H`` hidden,
``C`` candidates.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from recbole_lsrec.model.layers.precision import full_precision
from recbole_lsrec.model.layers.steps import Steps, before, by_step, last, own

# Gradients through the activations, from their outputs, in one pass: ``g s (1 - s)`` and ``g (1 - t^2)``.
sigmoid_backward = torch.ops.aten.sigmoid_backward.default
tanh_backward = torch.ops.aten.tanh_backward.default


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
        to_input, to_state = kernel.split([self.input_size, self.hidden_size])
        return to_input, to_state, torch.cat([self.gate_bias, self.candidate_bias])

    @full_precision
    def forward(self, x: Tensor, lengths: Tensor | Steps, initial: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Runs the cell.

        Args:
            x: ``[N, T, D]``; what stands at and after a sequence's length is never read.
            lengths: ``[N]`` int64, 0 to ``T``, or the steps of such.
            initial: ``[N, H]`` state before the first step; zeros if not given.

        Returns:
            The states after each step, ``[N, T, H]``, zero from the length on, and the state after the last real
            step, ``[N, H]`` (the initial state where the length is 0).
        """
        steps = Steps.of(lengths, x.shape[1])
        initial = x.new_zeros(len(x), self.hidden_size) if initial is None else initial[steps.order]
        if not steps.sizes:
            return x.new_zeros(*x.shape[:2], self.hidden_size), steps.restore(initial)
        to_input, to_state, bias = self.weights()
        inputs = steps.project(x, to_input, bias)  # [M, 3H], all steps at once
        states, end = GRUSteps.apply(inputs, None, None, initial, to_state, steps.sizes)  # [M, H], [N, H]
        return steps.spread(states), steps.restore(end)

    @full_precision
    def beside(
        self, x: Tensor, lengths: Tensor | Steps, other: "GRU", initial: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Runs two cells of one width over the same sequences, in one loop: half the launches.

        Args:
            x: See :meth:`forward`.
            lengths: Likewise; one is at least 1.
            other: The other cell, which starts at zero.
            initial: ``[N, H]`` state of this one before the first step; zeros if not given.

        Returns:
            The states after the last real step, ``[N, H]`` each, this one's first.
        """
        steps = Steps.of(lengths, x.shape[1])
        zero = x.new_zeros(len(x), self.hidden_size)
        starts = torch.stack([zero if initial is None else initial[steps.order], zero], dim=1)  # [N, 2, H]
        to_input, to_state, bias = zip(self.weights(), other.weights(), strict=True)
        inputs = steps.project(x, torch.cat(to_input, dim=1), torch.cat(bias))  # [M, 6H]
        inputs = inputs.unflatten(1, (2, -1))  # [M, 2, 3H]
        _, end = GRUSteps.apply(inputs, None, None, starts, torch.stack(to_state), steps.sizes)  # [N, 2, H]
        mine, others = steps.restore(end).unbind(1)
        return mine, others


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
        steps = Steps((lengths.unsqueeze(1) if lengths.dim() == 1 else lengths).expand(n, c).flatten(), width)
        initial = x.new_zeros(n * c, self.hidden_size)
        if not steps.sizes:
            return initial.view(n, c, -1)
        if places is None:
            inputs = steps.gather(projected.unsqueeze(1).expand(-1, c, -1, -1).flatten(0, 1))
        else:
            place = steps.gather(places.flatten(0, 1))
            inputs = projected.flatten(0, 1).index_select(0, steps.sequence // c * x.shape[1] + place)
        # [M, 3H], sequences are pairs of history and candidate
        keep = 1 - steps.gather(attention.reshape(n * c, width, 1))  # [M, 1]
        _, end = GRUSteps.apply(inputs, keep, None, initial, to_state, steps.sizes)
        return steps.restore(end).view(n, c, -1)


def times(left: Tensor, kernel: Tensor, base: Tensor | None = None, out: Tensor | None = None) -> Tensor:
    """``left [N, H] @ kernel [H, K]``, plus ``base``; of cells side by side ``[N, G, H]`` and ``[G, H, K]``."""
    if kernel.dim() == 2:
        return torch.mm(left, kernel, out=out) if base is None else torch.addmm(base, left, kernel, out=out)
    left, out = left.transpose(0, 1), None if out is None else out.transpose(0, 1)  # [G, N, ...]
    if base is None:
        return torch.bmm(left, kernel, out=out).transpose(0, 1)
    return torch.baddbmm(base.transpose(0, 1), left, kernel, out=out).transpose(0, 1)


def outer(left: Tensor, right: Tensor) -> Tensor:
    """``left^T right``, ``[H, K]``, the gradient of the kernel of :func:`times`."""
    return left.t() @ right if left.dim() == 2 else left.permute(1, 2, 0) @ right.transpose(0, 1)


class GRUSteps(torch.autograd.Function):
    """The loop over steps, its gradient written out.

    Autograd would record a dozen small operations for each step and add up the weight gradients step by step. Here only
    what waits for the step before is done in the loops, six operations forth and five back; all else, and each weight
    gradient, is done for all steps at once.

    ``G`` cells can run side by side: their axis is the last but one, of the kernel the first.
    """

    @staticmethod
    def forward(
        ctx: Any,
        inputs: Tensor,
        keep: Tensor | None,
        decay: Tensor | None,
        initial: Tensor,
        kernel: Tensor,
        sizes: list[int],
    ) -> tuple[Tensor, Tensor]:
        """Runs the steps.

        Args:
            ctx: Autograd's context.
            inputs: ``[M, 3H]`` input projections (r, z, c) with bias, step after step.
            keep: ``[M, 1]`` factor on the update gate, or None.
            decay: ``[M, H]`` factor on the state before a step, or None.
            initial: ``[N, H]`` states, longest sequence first.
            kernel: ``[H, 3H]`` state weights (r, z, c).
            sizes: Number of sequences running at each step, not increasing, sum ``M``, at least one.

        Returns:
            ``[M, H]`` states after each step; ``[N, H]`` after the last of each sequence.
        """
        hidden = initial.shape[-1]
        gate_kernel, candidate_kernel = kernel.split([2 * hidden, hidden], dim=-1)
        of_gates, of_candidate = (part.split(sizes) for part in inputs.split([2 * hidden, hidden], dim=-1))
        gates = torch.empty_like(inputs[..., : 2 * hidden])
        candidates, states = (torch.empty_like(inputs[..., :hidden]) for _ in range(2))
        each_r, each_z = (part.split(sizes) for part in gates.split(hidden, dim=-1))
        each_gate, each_c, each_state = (part.split(sizes) for part in (gates, candidates, states))
        keeps, decays, started = by_step(keep, sizes), by_step(decay, sizes), []
        h = initial
        for t, size in enumerate(sizes):
            h = h[:size] if decay is None else h[:size] * decays[t]
            started.append(h)
            times(h, gate_kernel, of_gates[t], out=each_gate[t])
            each_gate[t].sigmoid_()
            times(each_r[t] * h, candidate_kernel, of_candidate[t], out=each_c[t])
            each_c[t].tanh_()
            z = each_z[t] if keep is None else each_z[t] * keeps[t]
            h = torch.lerp(each_c[t], h, z, out=each_state[t])
        undecayed = None if decay is None else before(each_state, initial, sizes)
        ctx.save_for_backward(kernel, gates, candidates, torch.cat(started), undecayed, keep, decay)
        ctx.sizes, ctx.n_sequences = sizes, len(initial)
        ctx.set_materialize_grads(False)
        return states, last(each_state, initial, sizes)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_states: Tensor | None, grad_last: Tensor | None) -> tuple[Tensor | None, ...]:  # type: ignore[override]
        """Goes back through the steps; ``grad_states [M, H]``, ``grad_last [N, H]``."""
        kernel, gates, candidates, start, undecayed, keep, decay = ctx.saved_tensors
        hidden, sizes = start.shape[-1], ctx.sizes
        back_gates, back_candidate = (part.mT for part in kernel.split([2 * hidden, hidden], dim=-1))
        r, z = gates.split(hidden, dim=-1)
        change, kept = start - candidates, z if keep is None else z * keep
        # What the gradient of a state is multiplied with to give that of z, c, the state before, and of keep.
        factors = [
            sigmoid_backward(change if keep is None else change * keep, z),
            tanh_backward(1 - kept, candidates),
            kept,
            *([] if keep is None else [change * z]),
        ]
        each_factor = torch.stack(factors, dim=-2).split(sizes)  # [M, 3 or 4, H]
        each_of_r = sigmoid_backward(start, r).split(sizes)
        into = start.new_empty(*start.shape[:-1], len(factors) + 1, hidden)  # of r, z, c, the state before, keep
        flat = into.flatten(-2)
        of_r, _, of_c, of_h = (into[..., place, :] for place in range(4))
        each_r_z, each_r, each_rest, each_c, each_h, each_reset = (
            part.split(sizes) for part in (flat[..., : 2 * hidden], of_r, into[..., 1:, :], of_c, of_h, r)
        )
        carried = own(grad_last, ctx.n_sequences, start)
        given, decays = by_step(grad_states, sizes), by_step(decay, sizes)
        for t in reversed(range(len(sizes))):
            running = carried[: sizes[t]]
            if grad_states is not None:
                running.add_(given[t])
            torch.mul(running.unsqueeze(-2), each_factor[t], out=each_rest[t])
            grad_reset = times(each_c[t], back_candidate)  # with respect to r * h
            torch.mul(grad_reset, each_of_r[t], out=each_r[t])
            grad_h = each_h[t].addcmul_(grad_reset, each_reset[t])
            if decay is None:
                times(each_r_z[t], back_gates, grad_h, out=running)
            else:
                torch.mul(grad_h.addmm_(each_r_z[t], back_gates), decays[t], out=running)
        grad_kernel = torch.cat([outer(start, flat[..., : 2 * hidden]), outer(r * start, of_c)], dim=-1)
        grad_keep = None if keep is None else into[:, 4].sum(1, keepdim=True)
        grad_decay = None if decay is None else of_h * undecayed
        return flat[..., : 3 * hidden], grad_keep, grad_decay, carried, grad_kernel, None
