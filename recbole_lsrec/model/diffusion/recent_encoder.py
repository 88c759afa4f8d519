"""The most recent events of a history, and an encoder of them: GRU, then self-attention over its states.

Shape letters: ``B`` histories, ``L`` history length, ``K`` recent events, ``D`` features.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from recbole_lsrec.model.layers.recurrent import GRU

POOLS = ("last", "mean", "state")


def recent(x: Tensor, lengths: Tensor, n: int) -> tuple[Tensor, Tensor]:
    """Takes the last ``n`` real events, or all if there are fewer.

    Args:
        x: ``[B, L, D]``, right-padded.
        lengths: ``[B]`` real events, at least 1.
        n: How many at most.

    Returns:
        ``[B, K, D]`` oldest first, right-padded with what is not to be read, and how many are real, ``[B]``; ``K`` is
        the largest of these.
    """
    kept = lengths.clamp(max=n)
    at = (lengths - kept).unsqueeze(1) + torch.arange(int(kept.max()), device=x.device)  # [B, K]
    at = at.clamp(max=x.shape[1] - 1)
    return x.gather(1, at.unsqueeze(2).expand(-1, -1, x.shape[2])), kept


def padding(lengths: Tensor, width: int) -> Tensor:
    """Returns what to add to attention logits, ``[B, K]``: 0 on real events, -inf on padding."""
    real = torch.arange(width, device=lengths.device) < lengths.unsqueeze(1)
    return torch.zeros(real.shape, device=lengths.device).masked_fill(~real, -torch.inf)


class RecentEncoder(nn.Module):
    """``e_short = Attn(H)`` over the states ``H`` of a GRU (DiffLSRec eq. B.5).

    Args:
        size: Width ``D``.
        pool: What is taken of single-head scaled dot-product self-attention over ``H``: ``last``, the output at the
            last position, or ``mean`` over positions. ``state`` has no projections: the last state asks the states.
    """

    def __init__(self, size: int, pool: str = "last") -> None:
        super().__init__()
        self.gru = GRU(size, size)
        self.pool = pool
        if pool != "state":
            self.query, self.key, self.value = (nn.Linear(size, size, bias=False) for _ in range(3))

    def forward(self, tokens: Tensor, lengths: Tensor) -> Tensor:
        """Encodes ``tokens [B, K, D]``, right-padded, ``lengths [B]`` real, to ``[B, D]``."""
        states, last = self.gru(tokens, lengths)  # [B, K, D], [B, D]
        hidden = padding(lengths, tokens.shape[1]).unsqueeze(1)  # [B, 1, K]
        asking = states if self.pool == "mean" else last.unsqueeze(1)  # [B, K or 1, D]
        query, keys, values = asking, states, states
        if self.pool != "state":
            query, keys, values = self.query(asking), self.key(states), self.value(states)
        logits = query @ keys.transpose(1, 2) / math.sqrt(states.shape[2]) + hidden
        out = F.softmax(logits, dim=2) @ values  # [B, K or 1, D]
        if self.pool != "mean":
            return out.squeeze(1)
        real = (hidden.squeeze(1) == 0).unsqueeze(2)
        return (out * real).sum(1) / lengths.unsqueeze(1)
