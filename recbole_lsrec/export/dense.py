"""What a graph can hold in the place of what it cannot: recurrences over all steps of the window, where ours run over real
steps alone, and pairs of events and candidates all at once, where ours are made in blocks.

Shape letters: ``N`` sequences, ``T`` steps, ``D`` input, ``H`` hidden.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from recbole_lsrec.model.diffusion.decay_gru import DecayGRU
from recbole_lsrec.model.layers.attention import MLPAttention
from recbole_lsrec.model.layers.recurrent import GRU, VecAttGRU
from recbole_lsrec.model.layers.steps import Steps
from recbole_lsrec.model.layers.time_lstm import LSTM, Time4LSTM


def make_dense(model: nn.Module) -> None:
    """Gives recurrences and attentions of a model their plain form; the results are the same.

    Raises:
        NotImplementedError: one has none.
    """
    for module in model.modules():
        if isinstance(module, MLPAttention):
            module.pairs = _pairs  # type: ignore[method-assign]
        elif type(module) in _DENSE:
            module.forward = partial(_DENSE[type(module)], module)  # type: ignore[method-assign]
        elif isinstance(module, (VecAttGRU, LSTM)):
            raise NotImplementedError(f"its recurrence {type(module).__name__} works on the real steps alone")


def _pairs(key: Tensor, key_image: Tensor, query: Tensor, query_image: Tensor, weight: Tensor, row: Tensor) -> Tensor:
    return F.linear(key.unsqueeze(1) * query[row], weight) + key_image.unsqueeze(1) + query_image[row]


def _gru(self: GRU, x: Tensor, lengths: Tensor | Steps, initial: Tensor | None = None) -> tuple[Tensor, Tensor]:
    to_input, to_state, bias = self.weights()
    hidden = self.hidden_size
    h = x.new_zeros(x.shape[0], hidden) if initial is None else initial
    outputs = []
    for step, real in _real_steps(x, lengths):
        projected = x[:, step] @ to_input + bias  # [N, 3H]
        gates = torch.sigmoid(projected[:, : 2 * hidden] + h @ to_state[:, : 2 * hidden])
        r, z = gates[:, :hidden], gates[:, hidden:]
        c = torch.tanh(projected[:, 2 * hidden :] + (r * h) @ to_state[:, 2 * hidden :])
        h = torch.where(real, z * h + (1 - z) * c, h)
        outputs.append(torch.where(real, h, 0.0))
    return torch.stack(outputs, dim=1), h


def _time4lstm(
    self: Time4LSTM, x: Tensor, to_now: Tensor, from_first: Tensor, lengths: Tensor | Steps
) -> tuple[Tensor, tuple[Tensor, Tensor]]:
    hidden = self.hidden_size
    gates, a = [], []
    for number, time in enumerate((to_now, from_first), 1):
        w, b, k, r, c = (
            getattr(self, f"{name}{number}")
            for name in ("time_weight", "time_bias", "gate_input", "gate_time", "gate_bias")
        )
        a.append(torch.tanh(time.unsqueeze(2) * w + b))  # [N, T, H]
        gates.append(torch.sigmoid(x @ k + a[-1] @ r + c))
    out = a[0] @ self.out_time1 + a[1] @ self.out_time2
    of_x, of_h = self.kernel[: self.input_size], self.kernel[self.input_size :]
    projected = x @ of_x + self.bias  # [N, T, 4H], columns i, j, f, o
    h = c = x.new_zeros(x.shape[0], hidden)
    outputs = []
    for step, real in _real_steps(x, lengths):
        i, j, f, o = (projected[:, step] + h @ of_h).chunk(4, dim=1)
        new_c = torch.sigmoid(f + 1) * gates[1][:, step] * c + torch.sigmoid(i) * gates[0][:, step] * torch.tanh(j)
        new_h = torch.sigmoid(o + out[:, step]) * torch.tanh(new_c)
        h, c = torch.where(real, new_h, h), torch.where(real, new_c, c)
        outputs.append(torch.where(real, h, 0.0))
    return torch.stack(outputs, dim=1), (h, c)


def _decay_gru(self: DecayGRU, x: Tensor, interval: Tensor, bucket: Tensor, lengths: Tensor | Steps) -> Tensor:
    size = self.size
    decay = self.decay(interval.reshape(-1, 1), bucket.reshape(-1))  # [N * T, D]
    decay = decay.reshape(x.shape[0], x.shape[1], size)
    direction = F.embedding(bucket, self.direction(self.frequency.weight))  # [N, T, D]
    projected = x @ self.to_input + self.bias  # [N, T, 3D]
    h = x.new_zeros(x.shape[0], size)
    for step, real in _real_steps(x, lengths):
        s = h * decay[:, step]
        gates = torch.sigmoid(projected[:, step, : 2 * size] + s @ self.to_state[:, : 2 * size])
        r, z = gates[:, :size], gates[:, size:]
        of_input = projected[:, step, 2 * size :] + direction[:, step]
        c = torch.tanh(of_input + (r * s) @ self.to_state[:, 2 * size :])
        h = torch.where(real, c + z * (s - c), h)
    return h


def _real_steps(x: Tensor, lengths: Tensor | Steps) -> Iterator[tuple[int, Tensor]]:
    """Each step, and ``[N, 1]`` which sequences have it."""
    lengths = lengths.lengths if isinstance(lengths, Steps) else lengths
    for step in range(int(x.shape[1])):
        yield step, (lengths > step).unsqueeze(1)


_DENSE: dict[type, Callable[..., Any]] = {GRU: _gru, Time4LSTM: _time4lstm, DecayGRU: _decay_gru}
