"""The recurrences as their definitions read: step by step on padded arrays, autograd at work."""

from typing import Any

import torch
from torch import Tensor

from recbole_lsrec.model.layers.recurrent import GRU
from recbole_lsrec.model.layers.steps import Steps
from recbole_lsrec.model.layers.time_lstm import LSTM, Time4LSTM


def gru(cell: GRU, x: Tensor, lengths: Tensor | Steps, initial: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """As ``cell(x, lengths, initial)``."""
    lengths = Steps.of(lengths, x.shape[1]).lengths
    h = x.new_zeros(len(x), cell.hidden_size) if initial is None else initial
    outputs = []
    for t in range(x.shape[1]):
        gates = torch.sigmoid(torch.cat([x[:, t], h], 1) @ cell.gate_kernel + cell.gate_bias)
        r, z = gates.chunk(2, dim=1)
        c = torch.tanh(torch.cat([x[:, t], r * h], 1) @ cell.candidate_kernel + cell.candidate_bias)
        real = (t < lengths).unsqueeze(1)
        h = torch.where(real, z * h + (1 - z) * c, h)
        outputs.append(h * real)
    return torch.stack(outputs, 1), h


def beside(
    cell: GRU, x: Tensor, lengths: Tensor | Steps, other: GRU, initial: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """As ``cell.beside(x, lengths, other, initial)``."""
    return gru(cell, x, lengths, initial)[1], gru(other, x, lengths)[1]


def vec_att_gru(cell: GRU, x: Tensor, lengths: Tensor, attention: Tensor) -> Tensor:
    """As ``VecAttGRU(x, lengths, attention)``."""
    states = []
    for candidate in range(attention.shape[1]):
        h = x.new_zeros(len(x), cell.hidden_size)
        for t in range(x.shape[1]):
            r, z = torch.sigmoid(torch.cat([x[:, t], h], 1) @ cell.gate_kernel + cell.gate_bias).chunk(2, dim=1)
            c = torch.tanh(torch.cat([x[:, t], r * h], 1) @ cell.candidate_kernel + cell.candidate_bias)
            z = (1 - attention[:, candidate, t].unsqueeze(1)) * z
            h = torch.where((t < lengths).unsqueeze(1), z * h + (1 - z) * c, h)
        states.append(h)
    return torch.stack(states, 1)


def lstm(cell: LSTM, x: Tensor, *times_and_lengths: Any) -> tuple[Tensor, tuple[Tensor, Tensor]]:
    """As ``LSTM(x, lengths)`` or ``Time4LSTM(x, to_now, from_first, lengths)``."""
    *times, lengths = times_and_lengths
    lengths = Steps.of(lengths, x.shape[1]).lengths
    h = c = x.new_zeros(len(x), cell.hidden_size)
    outputs = []
    for t in range(x.shape[1]):
        i, j, g, o = (torch.cat([x[:, t], h], 1) @ cell.kernel + cell.bias).chunk(4, dim=1)
        gate_now = gate_first = 1.0
        if isinstance(cell, Time4LSTM):
            n, f = (time[:, t].unsqueeze(1) for time in times)
            a_n = torch.tanh(n * cell.time_weight1 + cell.time_bias1)
            a_f = torch.tanh(f * cell.time_weight2 + cell.time_bias2)
            gate_now = torch.sigmoid(x[:, t] @ cell.gate_input1 + a_n @ cell.gate_time1 + cell.gate_bias1)
            gate_first = torch.sigmoid(x[:, t] @ cell.gate_input2 + a_f @ cell.gate_time2 + cell.gate_bias2)
            o = o + a_n @ cell.out_time1 + a_f @ cell.out_time2
        real = (t < lengths).unsqueeze(1)
        memory = torch.sigmoid(g + 1) * gate_first * c + torch.sigmoid(i) * gate_now * torch.tanh(j)
        c = torch.where(real, memory, c)
        h = torch.where(real, torch.sigmoid(o) * torch.tanh(memory), h)
        outputs.append(h * real)
    return torch.stack(outputs, 1), (h, c)
