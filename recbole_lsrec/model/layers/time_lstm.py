"""TensorFlow's LSTM, and Time4LSTM: the LSTM of SLi-Rec whose gates know how long ago an event was.

Shape letters: ``N`` sequences, ``T`` steps, ``M`` real steps of all sequences together, ``D`` input, ``H`` hidden.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from recbole_lsrec.model.layers.precision import full_precision
from recbole_lsrec.model.layers.recurrent import Steps, last_state, sigmoid_backward, tanh_backward


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
    def forward(self, x: Tensor, lengths: Tensor) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Runs the cell.

        Args:
            x: ``[N, T, D]``; what stands at and after a sequence's length is never read.
            lengths: ``[N]`` int64, 0 to ``T``.

        Returns:
            The outputs ``h`` of each step, ``[N, T, H]``, zero from the length on; ``h`` and ``c`` after the last real
            step, ``[N, H]`` each.
        """
        steps = Steps.of(lengths, x.shape[1])
        return self._run(self._project(steps.gather(x)), None, steps, lengths, x.shape[1])

    def _project(self, x: Tensor) -> Tensor:
        """Input projections ``[M, 4H]`` of all steps at once, columns i, f, o, j: the sigmoids stand together."""
        weight = self._sigmoids_first(self.kernel[: self.input_size])
        bias = self._sigmoids_first(self.bias)
        one = torch.zeros_like(bias)
        one[self.hidden_size : 2 * self.hidden_size] = 1  # of sigmoid(f + 1)
        return torch.addmm(bias + one, x, weight)

    def _sigmoids_first(self, columns: Tensor) -> Tensor:
        i, j, f, o = columns.chunk(4, dim=-1)
        return torch.cat([i, f, o, j], dim=-1)

    def _run(
        self, inputs: Tensor, scale: Tensor | None, steps: Steps, lengths: Tensor, width: int
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        zero = inputs.new_zeros(len(lengths), self.hidden_size)
        if not steps.sizes:
            return zero.unsqueeze(1).repeat(1, width, 1), (zero, zero)
        to_state = self._sigmoids_first(self.kernel[self.input_size :])
        states, cells = _LSTMSteps.apply(inputs, scale, to_state, steps.sizes)  # [M, H] each
        outputs, memory = (steps.spread(part, len(lengths), width) for part in (states, cells))
        return outputs, (last_state(outputs, lengths, zero), last_state(memory, lengths, zero))


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
        self, x: Tensor, to_now: Tensor, from_first: Tensor, lengths: Tensor
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Runs the cell.

        Args:
            x: ``[N, T, D]``; padding is never read, here nor in the times.
            to_now: ``[N, T]`` feature ``n``.
            from_first: ``[N, T]`` feature ``f``.
            lengths: ``[N]`` int64, 0 to ``T``.

        Returns:
            As :class:`LSTM`.
        """
        steps = Steps.of(lengths, x.shape[1])
        x_run, n, f = steps.gather(x), steps.gather(to_now), steps.gather(from_first)
        gates, a = [], []
        for number, time in enumerate((n, f), 1):
            w, b, k, r, c = (
                getattr(self, f"{name}{number}")
                for name in ("time_weight", "time_bias", "gate_input", "gate_time", "gate_bias")
            )
            a.append(torch.tanh(torch.addcmul(b, time.unsqueeze(1), w)))  # [M, H]
            gates.append(torch.sigmoid(torch.addmm(torch.addmm(c, x_run, k), a[-1], r)))
        out = torch.addmm(a[0] @ self.out_time1, a[1], self.out_time2)
        h = self.hidden_size
        i_f, o, j = self._project(x_run).split([2 * h, h, h], dim=1)
        inputs = torch.cat([i_f, o + out, j], dim=1)
        return self._run(inputs, torch.cat(gates, dim=1), steps, lengths, x.shape[1])


class _LSTMSteps(torch.autograd.Function):
    """The loop over steps, its gradient written out; see ``_GRUSteps`` for why."""

    @staticmethod
    def forward(
        ctx: Any, inputs: Tensor, scale: Tensor | None, kernel: Tensor, sizes: list[int]
    ) -> tuple[Tensor, Tensor]:
        """Runs the steps from zero.

        Args:
            ctx: Autograd's context.
            inputs: ``[M, 4H]`` input projections (i, f, o, j) with bias, step after step.
            scale: ``[M, 2H]`` factors on the input and the forget gate, or None for 1.
            kernel: ``[H, 4H]`` state weights (i, f, o, j).
            sizes: Number of sequences running at each step, not increasing, sum ``M``.

        Returns:
            ``h`` and ``c``, ``[M, H]`` each.
        """
        hidden = len(kernel)
        gates = torch.empty_like(inputs)  # after their activations
        opened = gates[:, : 2 * hidden] if scale is None else torch.empty_like(scale)  # input and forget gate, scaled
        states, cells, squashed, h_before, c_before = (torch.empty_like(inputs[:, :hidden]) for _ in range(5))
        h, c = (inputs.new_zeros(sizes[0], hidden) for _ in range(2))
        scales = [None] * len(sizes) if scale is None else scale.split(sizes)
        tensors = (inputs, gates, opened, states, cells, squashed, h_before, c_before)
        slices = zip(*(tensor.split(sizes) for tensor in tensors), strict=True)
        for (x, gate, allow, state, cell, tanh_c, h_old, c_old), factor in zip(slices, scales, strict=True):
            h, c = h_old.copy_(h[: len(x)]), c_old.copy_(c[: len(x)])
            torch.addmm(x, h, kernel, out=gate)
            gate[:, : 3 * hidden].sigmoid_()
            j = gate[:, 3 * hidden :].tanh_()
            if factor is not None:
                torch.mul(gate[:, : 2 * hidden], factor, out=allow)
            torch.mul(allow[:, hidden:], c, out=cell).addcmul_(allow[:, :hidden], j)
            torch.tanh(cell, out=tanh_c)
            h, c = torch.mul(gate[:, 2 * hidden : 3 * hidden], tanh_c, out=state), cell
        ctx.save_for_backward(kernel, gates, opened, squashed, h_before, c_before, scale)
        ctx.sizes = sizes
        return states, cells

    @staticmethod
    @once_differentiable
    def backward(  # type: ignore[override]
        ctx: Any, grad_states: Tensor, grad_cells: Tensor
    ) -> tuple[Tensor | None, ...]:
        """Goes back through the steps; both gradients ``[M, H]``."""
        kernel, gates, opened, squashed, h_before, c_before, scale = ctx.saved_tensors
        hidden, sizes = len(kernel), ctx.sizes
        grad_inputs = torch.empty_like(gates)
        grad_scale = None if scale is None else torch.empty_like(scale)
        back = kernel.t()

        # All work inside the loop, though some of it could be done for all steps at once: a step's arrays fit in cache.
        carried_h, carried_c = (h_before.new_zeros(sizes[0], hidden) for _ in range(2))
        scales, grad_scales = ([None] * len(sizes) if t is None else t.split(sizes) for t in (scale, grad_scale))
        tensors = (grad_states, grad_cells, grad_inputs, gates, opened, squashed, c_before)
        slices = [tensor.split(sizes) for tensor in tensors]
        for given_h, given_c, into, gate, allow, tanh_c, c, factor, into_factor in reversed(
            list(zip(*slices, scales, grad_scales, strict=True))
        ):
            i_f, o, j = gate.split([2 * hidden, hidden, hidden], dim=1)
            into_i_f, into_o, into_j = into.split([2 * hidden, hidden, hidden], dim=1)
            grad_h = carried_h[: len(given_h)].add_(given_h)
            grad_c = carried_c[: len(given_h)].add_(given_c)
            grad_c.add_(torch.ops.aten.tanh_backward(grad_h * o, tanh_c))
            sigmoid_backward(grad_h.mul_(tanh_c), o, grad_input=into_o)
            tanh_backward(grad_c * allow[:, :hidden], j, grad_input=into_j)
            grad_open = torch.cat([grad_c * j, grad_c * c], dim=1)  # with respect to the scaled gates
            if factor is not None:
                torch.mul(grad_open, i_f, out=into_factor)
                grad_open.mul_(factor)
            sigmoid_backward(grad_open, i_f, grad_input=into_i_f)
            grad_c.mul_(allow[:, hidden:])
            torch.mm(into, back, out=grad_h)
        return grad_inputs, grad_scale, h_before.t() @ grad_inputs, None
