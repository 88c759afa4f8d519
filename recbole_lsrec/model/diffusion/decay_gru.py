"""A GRU whose state fades between events, by how long they are apart and how frequent the item is.

Shape letters: ``N`` sequences, ``T`` steps, ``M`` real steps of all sequences together, ``D`` features of input and
state, ``F`` frequency buckets.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from recbole_lsrec.model.diffusion.event_features import FREQUENCY_BUCKETS
from recbole_lsrec.model.layers.precision import full_precision
from recbole_lsrec.model.layers.recurrent import GRUSteps
from recbole_lsrec.model.layers.steps import Steps

INITIAL_DECAY = -3.0
"""Bias of eq. B.3 at the start: softplus(-3) = 0.05, so a fresh encoder forgets 5 % at a step. At 0 it would halve its
state with every event and see no more than the last few."""


class DecayGRU(nn.Module):
    """The long-term encoder of DiffLSRec (appendix B), ``e_f`` being an embedding of the item's frequency bucket.

        g_time = sigmoid(W_tau dt + b_tau)                                  (B.1)
        g_freq = sigmoid(W_f e_f + b_f)                                     (B.2)
        delta  = softplus(W_delta [g_time ; g_freq] + b_delta)              (B.3)
        s      = exp(-delta) * h                                            exp(-softplus(x)) = sigmoid(-x)
        [r, z] = sigmoid(W_g x + U_g s + b_g)                               b_g starts at 1
        n      = tanh(W_n x + U_n (r * s) + V e_f + b_n)
        h'     = z * s + (1 - z) * n

    What depends on the frequency alone is computed once per bucket, not per event.

    Args:
        size: Width ``D``.
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size
        self.frequency = nn.Embedding(FREQUENCY_BUCKETS, size)
        self.time_gate = nn.Linear(1, size)
        self.frequency_gate = nn.Linear(size, size)
        self.delta_time = nn.Linear(size, size)  # W_delta in two parts, one for each gate
        self.delta_frequency = nn.Linear(size, size, bias=False)
        self.direction = nn.Linear(size, size, bias=False)
        self.to_input = nn.Parameter(nn.init.xavier_uniform_(torch.empty(size, 3 * size)))  # columns r, z, n
        self.to_state = nn.Parameter(nn.init.xavier_uniform_(torch.empty(size, 3 * size)))
        self.bias = nn.Parameter(torch.cat([torch.ones(2 * size), torch.zeros(size)]))
        nn.init.constant_(self.delta_time.bias, INITIAL_DECAY)

    @full_precision
    def forward(self, x: Tensor, interval: Tensor, bucket: Tensor, lengths: Tensor | Steps) -> Tensor:
        """Runs the cell.

        Args:
            x: ``[N, T, D]``; what stands at and after a sequence's length is never read, here and below.
            interval: ``[N, T]`` time since the event before, in [0, 1].
            bucket: ``[N, T]`` int64, of the item's frequency, below ``F``.
            lengths: ``[N]`` int64, 0 to ``T``, or the steps of such.

        Returns:
            The state after the last real step (B.4), ``[N, D]``; 0 where the length is 0.
        """
        steps = Steps.of(lengths, x.shape[1])
        if not steps.sizes:
            return x.new_zeros(len(x), self.size)
        decay = self.decay(steps.gather(interval).unsqueeze(1), steps.gather(bucket))  # [M, D]
        direction = F.pad(self.direction(self.frequency.weight), (2 * self.size, 0))  # [F, 3D], of n alone
        inputs = steps.project(x, self.to_input, direction + self.bias, bucket)  # [M, 3D], all steps at once
        _, end = GRUSteps.apply(inputs, None, decay, x.new_zeros(len(x), self.size), self.to_state, steps.sizes)
        return steps.restore(end)  # [N, D]

    def decay(self, interval: Tensor, bucket: Tensor) -> Tensor:
        """``exp(-delta)``, eq. B.1-B.3 for ``[M, 1]`` intervals and ``[M]`` buckets, ``[M, D]``."""
        of_time = self.delta_time(torch.sigmoid(self.time_gate(interval)))
        by_bucket = self.delta_frequency(torch.sigmoid(self.frequency_gate(self.frequency.weight)))  # [F, D]
        return torch.sigmoid(-(of_time + F.embedding(bucket, by_bucket)))
