"""LSIDN's self-attention inside a session, candidate independent, as its authors code it.

Shape letters: ``M`` sessions, ``W`` events of a session, ``D`` features.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

N_BLOCKS, N_HEADS = 2, 2  # of LSIDN's session encoder


class PlaceNorm(nn.Module):
    """Layer normalisation over features with a scale and a shift for each place of a session.

    Args:
        width: Number of places ``W``.
        size: Features ``D``.
    """

    def __init__(self, width: int, size: int) -> None:
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.ones(width, size)), nn.Parameter(torch.zeros(width, size))

    def forward(self, x: Tensor) -> Tensor:
        """Normalises ``x [..., W, D]``."""
        return torch.addcmul(self.bias, F.layer_norm(x, x.shape[-1:], eps=1e-8), self.weight)


class SessionEncoder(nn.Module):
    """Blocks of multi-head attention and a two-layer ReLU network, not causal; padding is masked.

    Per block, from ``X`` with padding set to 0 and ``N = norm(X)``: queries from N, keys and values from X; heads joined
    without an output layer; ``Z = norm(attention + N)``; ``Z + ReLU(Z W_1) W_2``. After the last block the norm once
    more, so that padding holds its shift. The authors zero the attention of rows whose N adds up to 0, which at
    initialisation is a matter of rounding; here no real row is zeroed.
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(_Block(size) for _ in range(N_BLOCKS))

    def forward(self, x: Tensor, real: Tensor, norm: PlaceNorm) -> Tensor:
        """Encodes sessions.

        Args:
            x: ``[M, W, D]``.
            real: ``[M, W]`` bool.
            norm: shared by all uses, so not a part of this module.

        Returns:
            ``[M, W, D]``.
        """
        for block in self.blocks:
            x = block(x * real.unsqueeze(2), real, norm)
        return norm(x * real.unsqueeze(2))


class _Block(nn.Module):
    def __init__(self, size: int) -> None:
        super().__init__()
        self.query, self.key, self.value, self.wide, self.narrow = (_glorot(size) for _ in range(5))

    def forward(self, x: Tensor, real: Tensor, norm: PlaceNorm) -> Tensor:
        normed = norm(x)
        q, k, v = (
            part.unflatten(-1, (N_HEADS, -1)).transpose(1, 2)
            for part in (self.query(normed), self.key(x), self.value(x))
        )  # [M, heads, W, d]
        # Finite: in a session without events the weights are equal. Half: a score is added, which must not overflow.
        hidden = q.new_zeros(real.shape).masked_fill_(~real, torch.finfo(q.dtype).min / 2)
        mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=hidden[:, None, None, :])  # [M, heads, W, d]
        mixed = mixed.transpose(1, 2).flatten(2)  # [M, W, D]
        z = norm(mixed + normed)
        return z + self.narrow(torch.relu(self.wide(z)))


def _glorot(size: int) -> nn.Linear:
    layer = nn.Linear(size, size)
    nn.init.xavier_uniform_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer
