"""Transformer blocks with learnable gates on their residual branches (LiGR).

Reference:
    Fedor Borisyuk et al. "From Features to Transformers: Redefining Ranking for Scalable Impact." arXiv:2502.03417, 2025.

Shape letters: ``B`` sequences, ``L`` positions, ``D`` features, ``H`` heads.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

# Without cuDNN's, which plans anew for every shape, and batches have many: 6 times the time of a step in bfloat16.
_KERNELS = [SDPBackend.FLASH_ATTENTION, SDPBackend.EFFICIENT_ATTENTION, SDPBackend.MATH]


class LiGRBlock(nn.Module):
    """Attention and feed-forward, each added through a gate that the block's input opens.

        x <- x + sigmoid(W_1 x) * Attention(LN(x))
        x <- x + sigmoid(W_2 x) * SwiGLU(LN(x)),    SwiGLU(h) = W_o (silu(W_g h) * W_u h)

    Args:
        n_heads: ``H``.
        size: ``D``.
        inner_size: width inside the feed-forward.
        dropout: of the branches.
        attention_dropout: of the attention weights.
    """

    def __init__(self, n_heads: int, size: int, inner_size: int, dropout: float, attention_dropout: float) -> None:
        super().__init__()
        self.n_heads, self.attention_dropout = n_heads, attention_dropout
        self.attention_norm, self.inner_norm = nn.LayerNorm(size), nn.LayerNorm(size)
        self.query_key_value, self.attention_out = nn.Linear(size, 3 * size), nn.Linear(size, size)
        self.attention_gate, self.inner_gate = nn.Linear(size, size), nn.Linear(size, size)
        self.up, self.gate = nn.Linear(size, inner_size, bias=False), nn.Linear(size, inner_size, bias=False)
        self.down = nn.Linear(inner_size, size, bias=False)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """One block.

        Args:
            x: ``[B, L, D]``.
            mask: ``[B, 1, L, L]``, added to the attention's logits.

        Returns:
            ``[B, L, D]``.
        """
        x = x + torch.sigmoid(self.attention_gate(x)) * self.dropout(self._attention(self.attention_norm(x), mask))
        h = self.inner_norm(x)
        h = self.down(self.dropout(F.silu(self.gate(h)) * self.up(h)))
        return x + torch.sigmoid(self.inner_gate(x)) * self.dropout(h)

    def _attention(self, h: Tensor, mask: Tensor) -> Tensor:
        parts = self.query_key_value(h).unflatten(-1, (3, self.n_heads, -1))  # [B, L, 3, H, D/H]
        query, key, value = parts.permute(2, 0, 3, 1, 4)  # [B, H, L, D/H]
        dropout = self.attention_dropout if self.training else 0.0
        with sdpa_kernel(_KERNELS):
            out = F.scaled_dot_product_attention(query, key, value, mask, dropout)  # [B, H, L, D/H]
        return self.attention_out(out.transpose(1, 2).flatten(2))  # [B, L, D]


class LiGREncoder(nn.Module):
    """A stack of :class:`LiGRBlock`, called as RecBole's ``TransformerEncoder`` is."""

    def __init__(
        self, n_layers: int, n_heads: int, size: int, inner_size: int, dropout: float, attention_dropout: float
    ) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(
            LiGRBlock(n_heads, size, inner_size, dropout, attention_dropout) for _ in range(n_layers)
        )

    def forward(self, x: Tensor, mask: Tensor, output_all_encoded_layers: bool = True) -> list[Tensor]:
        """Returns the last block's output ``[B, L, D]`` in a list, from which SASRec takes the last."""
        for block in self.blocks:
            x = block(x, mask)
        return [x]
