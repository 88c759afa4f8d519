"""The most recent events of a history, and an encoder of them: GRU, then self-attention over its states.

Shape letters: ``B`` histories, ``L`` history length, ``K`` recent events, ``D`` features.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from recbole_lsrec.model.layers.recurrent import GRU


def recent(x: Tensor, lengths: Tensor, n: int) -> tuple[Tensor, Tensor]:
    """Takes the last ``n`` real events, or all if there are fewer.

    Args:
        x: ``[B, L, D]``, right-padded.
        lengths: ``[B]`` real events, at least 1.
        n: How many at most.

    Returns:
        ``[B, K, D]`` oldest first, right-padded with what is not to be read, and how many are real, ``[B]``; ``K`` is
        ``n``, or ``L`` where that is less.
    """
    kept = lengths.clamp(max=n)
    at = (lengths - kept).unsqueeze(1) + torch.arange(min(n, x.shape[1]), device=x.device)  # [B, K]
    at = at.clamp(max=x.shape[1] - 1)
    return x.gather(1, at.unsqueeze(2).expand(-1, -1, x.shape[2])), kept


def padding(lengths: Tensor, width: int) -> Tensor:
    """Returns what to add to attention logits, ``[B, K]``: 0 on real events, -inf on padding."""
    real = torch.arange(width, device=lengths.device) < lengths.unsqueeze(1)
    return torch.zeros(real.shape, device=lengths.device).masked_fill(~real, -torch.inf)


class RecentEncoder(nn.Module):
    """``e_short = Attn(H)`` over the states ``H`` of a GRU (DiffLSRec eq. B.5).

    Attention is single-head scaled dot-product self-attention; its output at the last position is taken.

    Args:
        size: Width ``D``.
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        self.gru = GRU(size, size)
        self.query, self.key, self.value = (nn.Linear(size, size, bias=False) for _ in range(3))

    def forward(self, tokens: Tensor, lengths: Tensor) -> Tensor:
        """Encodes ``tokens [B, K, D]``, right-padded, ``lengths [B]`` real, to ``[B, D]``."""
        states, last = self.gru(tokens, lengths)  # [B, K, D], [B, D]
        hidden = padding(lengths, tokens.shape[1]).unsqueeze(1)  # [B, 1, K]
        query, keys, values = self.query(last.unsqueeze(1)), self.key(states), self.value(states)
        logits = query @ keys.transpose(1, 2) / math.sqrt(states.shape[2]) + hidden
        return (F.softmax(logits, dim=2) @ values).squeeze(1)
