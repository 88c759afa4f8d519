"""TensorFlow's LSTM, and Time4LSTM: the LSTM of SLi-Rec whose gates know how long ago an event was.

Shape letters: ``N`` sequences, ``T`` steps, ``M`` real steps of all sequences together, ``D`` input, ``H`` hidden.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from recbole_lsrec.model.layers.precision import full_precision
from recbole_lsrec.model.layers.recurrent import sigmoid_backward, tanh_backward
from recbole_lsrec.model.layers.steps import Steps, before, by_step, ends, last, own


class LSTM(nn.Module):
    """TensorFlow's LSTM cell, started at zero, with ``dynamic_rnn``'s treatment of lengths.

        [i, j, f, o] = [x ; h] W + b
        c' = sigmoid(f + 1) * c + sigmoid(i) * tanh(j)
        h' = sigmoid(o) * tanh(c')

    The kernel is Glorot uniform in the authors' layout (rows: input, then state; columns i, j, f, o), the bias 0.

    Args:
        input_size: Width ``D``.
        hidden_size: Width ``H``.
    """

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.input_size, self.hidden_size = input_size, hidden_size
        self.kernel = nn.Parameter(nn.init.xavier_uniform_(torch.empty(input_size + hidden_size, 4 * hidden_size)))
        self.bias = nn.Parameter(torch.zeros(4 * hidden_size))

    @full_precision
    def forward(self, x: Tensor, lengths: Tensor | Steps) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Runs the cell.

        Args:
            x: ``[N, T, D]``; what stands at and after a sequence's length is never read.
            lengths: ``[N]`` int64, 0 to ``T``, or the steps of such.

        Returns:
            The outputs ``h`` of each step, ``[N, T, H]``, zero from the length on; ``h`` and ``c`` after the last real
            step, ``[N, H]`` each.
        """
        steps = Steps.of(lengths, x.shape[1])
        to_input, to_state, bias = self._weights()
        return self._run(steps.project(x, to_input, bias), None, to_state, steps)

    def _weights(self) -> tuple[Tensor, Tensor, Tensor]:
        """Input weights ``[D, 4H]``, state weights ``[H, 4H]`` and bias ``[4H]``, columns o, i, f, j: the sigmoids together."""
        hidden = self.hidden_size
        one = F.pad(self.bias.new_ones(hidden), (2 * hidden, hidden))  # of sigmoid(f + 1)
        to_input, to_state = _sigmoids_first(self.kernel).split([self.input_size, hidden])
        return to_input, to_state, _sigmoids_first(self.bias) + one

    def _run(
        self, inputs: Tensor, scale: Tensor | None, to_state: Tensor, steps: Steps
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        n = len(steps.lengths)
        if not steps.sizes:
            zero = inputs.new_zeros(n, self.hidden_size)
            return zero.unsqueeze(1).repeat(1, steps.width, 1), (zero, zero)
        states, h, c = _LSTMSteps.apply(inputs, scale, to_state, steps.sizes, n)  # [M, H], [N, H], [N, H]
        return steps.spread(states), (steps.restore(h), steps.restore(c))


def _sigmoids_first(columns: Tensor) -> Tensor:
    i, j, f, o = columns.chunk(4, dim=-1)
    return torch.cat([o, i, f, j], dim=-1)


class Time4LSTM(LSTM):
    """SLi-Rec's LSTM with two time gates, as the authors of CLSR run it: no peepholes, no projection.

    ``n`` is the time from the event to now, ``f`` the time from the first action to the next event (both logarithms):

        a_n = tanh(n w_1 + b_1)                        a_f = tanh(f w_2 + b_2)
        T_n = sigmoid(x K_1 + a_n R_1 + c_1)           T_f = sigmoid(x K_2 + a_f R_2 + c_2)
        [i, j, g, o] = [x ; h] W + b;                  o <- o + a_n O_1 + a_f O_2
        c' = sigmoid(g + 1) * T_f * c + sigmoid(i) * T_n * tanh(j)
        h' = sigmoid(o) * tanh(c')

    Nothing of the first two lines depends on ``h``: they are computed for all steps at once. Everything but the
    LSTM's own bias starts Glorot uniform, the vectors (fan = H) too. Parameters with 1 belong to ``n``, with 2 to
    ``f``: ``time_weight`` w, ``time_bias`` b, ``gate_input`` K, ``gate_time`` R, ``gate_bias`` c, ``out_time`` O.
    """

    out_time1: nn.Parameter
    out_time2: nn.Parameter
    gate_input1: nn.Parameter
    gate_input2: nn.Parameter
    gate_bias1: nn.Parameter
    gate_bias2: nn.Parameter

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__(input_size, hidden_size)
        for number in (1, 2):
            for name in ("time_weight", "time_bias", "gate_bias"):
                vector = nn.init.xavier_uniform_(torch.empty(hidden_size, hidden_size))[0].clone()
                self.register_parameter(f"{name}{number}", nn.Parameter(vector))
            for name, rows in (("gate_input", input_size), ("gate_time", hidden_size), ("out_time", hidden_size)):
                matrix = nn.init.xavier_uniform_(torch.empty(rows, hidden_size))
                self.register_parameter(f"{name}{number}", nn.Parameter(matrix))

    @full_precision
    def forward(  # type: ignore[override]
        self, x: Tensor, to_now: Tensor, from_first: Tensor, lengths: Tensor | Steps
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Runs the cell.

        Args:
            x: ``[N, T, D]``; padding is never read, here nor in the times.
            to_now: ``[N, T]`` feature ``n``.
            from_first: ``[N, T]`` feature ``f``.
            lengths: ``[N]`` int64, 0 to ``T``, or the steps of such.

        Returns:
            As :class:`LSTM`.
        """
        steps = Steps.of(lengths, x.shape[1])
        w, b, r, out = (
            torch.stack([getattr(self, f"{name}{number}") for number in (1, 2)])
            for name in ("time_weight", "time_bias", "gate_time", "out_time")
        )
        times = steps.gather(torch.stack([to_now, from_first], dim=2))  # [M, 2]
        a = torch.tanh(torch.addcmul(b, times.unsqueeze(2), w))  # [M, 2, H]
        of_a = torch.bmm(a.transpose(0, 1), torch.cat([r, out], dim=2))  # [2, M, 2H]
        to_gates, to_out = of_a.split(self.hidden_size, dim=2)

        to_input, to_state, bias = self._weights()
        of_x = steps.project(
            x,
            torch.cat([to_input, self.gate_input1, self.gate_input2], dim=1),
            torch.cat([bias, self.gate_bias1, self.gate_bias2]),
        )  # [M, 6H]
        o, others, gates = of_x.split([self.hidden_size, 3 * self.hidden_size, 2 * self.hidden_size], dim=1)
        scale = torch.sigmoid(gates + to_gates.transpose(0, 1).flatten(1))  # T_n ; T_f [M, 2H]
        inputs = torch.cat([o + to_out.sum(0), others], dim=1)  # [M, 4H]
        return self._run(inputs, scale, to_state, steps)


class _LSTMSteps(torch.autograd.Function):
    """The loop over steps, its gradient written out; see ``GRUSteps`` for why."""

    @staticmethod
    def forward(
        ctx: Any, inputs: Tensor, scale: Tensor | None, kernel: Tensor, sizes: list[int], n: int
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Runs the steps from zero.

        Args:
            ctx: Autograd's context.
            inputs: ``[M, 4H]`` input projections (o, i, f, j) with bias, step after step.
            scale: ``[M, 2H]`` factors on the input and the forget gate, or None for 1.
            kernel: ``[H, 4H]`` state weights (o, i, f, j).
            sizes: Number of sequences running at each step, not increasing, sum ``M``, at least one.
            n: Number of sequences.

        Returns:
            ``h`` after each step, ``[M, H]``; ``h`` and ``c`` after the last of each sequence, ``[N, H]``, longest first.
        """
        hidden = len(kernel)
        gates = torch.empty_like(inputs)  # after their activations
        opened = gates[:, hidden : 3 * hidden] if scale is None else torch.empty_like(scale)  # i and f, scaled
        states, cells, squashed = (inputs.new_empty(len(inputs), hidden) for _ in range(3))
        each_x, each_gate, each_open, each_state, each_cell, each_tanh = (
            part.split(sizes) for part in (inputs, gates, opened, states, cells, squashed)
        )
        scales = by_step(scale, sizes)
        h = c = zero = inputs.new_zeros(n, hidden)
        for t, size in enumerate(sizes):
            gate, allow = each_gate[t], each_open[t]
            torch.addmm(each_x[t], h[:size], kernel, out=gate)
            gate[:, : 3 * hidden].sigmoid_()
            j = gate[:, 3 * hidden :].tanh_()
            if scale is not None:
                torch.mul(gate[:, hidden : 3 * hidden], scales[t], out=allow)
            c = torch.mul(allow[:, hidden:], c[:size], out=each_cell[t]).addcmul_(allow[:, :hidden], j)
            h = torch.mul(gate[:, :hidden], torch.tanh(c, out=each_tanh[t]), out=each_state[t])
        started = (before(part, zero, sizes) for part in (each_state, each_cell))
        ctx.save_for_backward(kernel, gates, opened, squashed, *started, scale)
        ctx.sizes, ctx.n_sequences = sizes, n
        ctx.set_materialize_grads(False)
        return states, last(each_state, zero, sizes), last(each_cell, zero, sizes)

    @staticmethod
    @once_differentiable
    def backward(  # type: ignore[override]
        ctx: Any, grad_states: Tensor | None, grad_h: Tensor | None, grad_c: Tensor | None
    ) -> tuple[Tensor | None, ...]:
        """Goes back through the steps; gradients ``[M, H]``, ``[N, H]`` and ``[N, H]``."""
        kernel, gates, opened, squashed, h_before, c_before, scale = ctx.saved_tensors
        hidden, sizes = len(kernel), ctx.sizes
        o, i, f, j = gates.split(hidden, dim=1)
        allow_i, allow_f = opened.split(hidden, dim=1)
        of_i, of_f = (j, c_before) if scale is None else (j * scale[:, :hidden], c_before * scale[:, hidden:])
        # What the gradient of c is multiplied with to give that of i, f, j and of both scales.
        factors = [sigmoid_backward(of_i, i), sigmoid_backward(of_f, f), tanh_backward(allow_i, j)]
        factors += [] if scale is None else [i * j, f * c_before]
        into = gates.new_empty(len(gates), 1 + len(factors), hidden)  # of o, i, f, j, scales
        flat = into.flatten(1)
        # And that of h, to give that of o and of c.
        through_o, through_c = sigmoid_backward(squashed, o), tanh_backward(o, squashed)
        each_factor, each_through_o, each_through_c, each_allow_f, each_o, each_rest, each_x = (
            part.split(sizes)
            for part in (
                torch.stack(factors, dim=1),
                *(through_o, through_c, allow_f),
                *(into[:, 0], into[:, 1:], flat[:, : 4 * hidden]),
            )
        )
        each_of_h = own(grad_states, len(h_before), h_before).split(sizes)
        if grad_h is not None:
            for of_h, end in zip(each_of_h, ends(grad_h, sizes), strict=True):
                of_h[len(of_h) - len(end) :].add_(end)
        carried_c = own(grad_c, ctx.n_sequences, h_before)
        back = kernel.t()
        for t in reversed(range(len(sizes))):
            of_h, of_c = each_of_h[t], carried_c[: sizes[t]]
            of_c.addcmul_(of_h, each_through_c[t])
            torch.mul(of_h, each_through_o[t], out=each_o[t])
            torch.mul(of_c.unsqueeze(1), each_factor[t], out=each_rest[t])
            of_c.mul_(each_allow_f[t])
            if t:
                each_of_h[t - 1][: sizes[t]].addmm_(each_x[t], back)
        grad_inputs, grad_scale = flat[:, : 4 * hidden], None if scale is None else flat[:, 4 * hidden :]
        return grad_inputs, grad_scale, h_before.t() @ grad_inputs, None, None
