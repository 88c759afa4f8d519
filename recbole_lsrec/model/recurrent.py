"""The GRU of TensorFlow 1, run over padded sequences of different lengths.

``torch.nn.GRU`` is another function: it applies the reset gate after the state's matrix product, not before it.
Shape letters: ``N`` sequences, ``T`` steps, ``M`` real steps of all sequences together, ``D`` input, ``H`` hidden.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable


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
        outputs = x.new_zeros(len(x), x.shape[1], self.hidden_size)
        # Longest first: the sequences still running at a step are then a prefix, and no step works on padding.
        sorted_lengths, order = lengths.sort(descending=True, stable=True)
        steps = torch.arange(x.shape[1], device=x.device)
        running = sorted_lengths.unsqueeze(0) > steps.unsqueeze(1)  # [T, N]
        step, place = running.nonzero(as_tuple=True)  # [M], step by step
        sizes = [size for size in running.sum(1).tolist() if size]
        if not sizes:
            return outputs, initial
        sequence = order[place]  # [M]

        kernel = torch.cat([self.gate_kernel, self.candidate_kernel], dim=1)  # [D + H, 3H]
        bias = torch.cat([self.gate_bias, self.candidate_bias])
        inputs = torch.addmm(bias, x[sequence, step], kernel[: self.input_size])  # [M, 3H], all steps at once
        states = _Recurrence.apply(inputs, initial[order], kernel[self.input_size :], sizes)  # [M, H]
        outputs = outputs.index_put((sequence, step), states)
        last = outputs[torch.arange(len(x), device=x.device), (lengths - 1).clamp_min(0)]  # [N, H]
        return outputs, torch.where((lengths > 0).unsqueeze(1), last, initial)


class _Recurrence(torch.autograd.Function):
    """The loop over steps, its gradient written out.

    Autograd would record a dozen small operations for each step and add up the weight gradients step by step. Here a
    step costs a few calls in each direction, and each weight gradient is one matrix product over all steps.
    """

    @staticmethod
    def forward(ctx: Any, inputs: Tensor, initial: Tensor, kernel: Tensor, sizes: list[int]) -> Tensor:
        """Runs the steps.

        Args:
            ctx: Autograd's context.
            inputs: ``[M, 3H]`` input projections (r, z, c) with bias, step after step.
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
        h = initial
        slices = zip(*(tensor.split(sizes) for tensor in (inputs, gates, candidates, states, before)), strict=True)
        for x, gate, c, state, previous in slices:
            h = previous.copy_(h[: len(x)])
            torch.addmm(x[:, : 2 * hidden], h, gate_kernel, out=gate).sigmoid_()
            r, z = gate[:, :hidden], gate[:, hidden:]
            torch.addmm(x[:, 2 * hidden :], r * h, candidate_kernel, out=c).tanh_()
            h = torch.lerp(c, h, z, out=state)
        ctx.save_for_backward(kernel, gates, candidates, before)
        ctx.sizes, ctx.n_sequences = sizes, len(initial)
        return states

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_states: Tensor) -> tuple[Tensor, Tensor, Tensor, None]:  # type: ignore[override]
        """Goes back through the steps; ``grad_states [M, H]``."""
        kernel, gates, candidates, before = ctx.saved_tensors
        hidden = before.shape[1]
        r, z = gates[:, :hidden], gates[:, hidden:]
        # Slopes of the three activations, for all steps at once.
        slope_r = before * r * (1 - r)
        slope_z = (before - candidates) * z * (1 - z)
        slope_c = (1 - z) * (1 - candidates * candidates)
        grad_inputs = torch.empty(len(before), 3 * hidden, dtype=before.dtype, device=before.device)
        back_gates, back_candidate = kernel[:, : 2 * hidden].t(), kernel[:, 2 * hidden :].t()

        carried = before.new_zeros(ctx.n_sequences, hidden)
        tensors = (grad_states, grad_inputs, r, z, slope_r, slope_z, slope_c)
        slices = [tensor.split(ctx.sizes) for tensor in tensors]
        for grad, into, r_t, z_t, to_r, to_z, to_c in reversed(list(zip(*slices, strict=True))):
            size = len(grad)
            grad = grad + carried[:size]
            grad_c = torch.mul(grad, to_c, out=into[:, 2 * hidden :])
            grad_reset = grad_c @ back_candidate  # with respect to r * h
            torch.mul(grad_reset, to_r, out=into[:, :hidden])
            torch.mul(grad, to_z, out=into[:, hidden : 2 * hidden])
            grad = torch.addmm((grad * z_t).addcmul_(grad_reset, r_t), into[:, : 2 * hidden], back_gates)
            carried[:size] = grad
        grad_kernel = torch.cat(
            [before.t() @ grad_inputs[:, : 2 * hidden], (r * before).t() @ grad_inputs[:, 2 * hidden :]], dim=1
        )
        return grad_inputs, carried, grad_kernel, None
