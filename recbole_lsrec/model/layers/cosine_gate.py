"""A fusion weight from how alike each interest and the candidate are.

Shape letters: ``B`` instances, ``C`` candidates, ``D`` features.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from recbole_lsrec.model.layers.fcn import Mixture

_SLOPE = 2.0  # at the start: towards the interest that is more alike
_EPS = 1e-6  # an interest of a user without long sessions is 0, and alike to nothing


class CosineGate(nn.Module):
    """The logit of alpha as a linear function of four cosines: of the candidate with both halves of both interests.

    Lengths are taken out, so that it moves however small embeddings are; the learnt slopes are its temperature.
    """

    def __init__(self) -> None:
        super().__init__()
        self.slope = nn.Parameter(torch.tensor([_SLOPE, _SLOPE, -_SLOPE, -_SLOPE]))
        self.bias = nn.Parameter(torch.zeros(1))

    def forward(self, u_long: Tensor | Mixture, u_short: Tensor, v: Tensor) -> Tensor:
        """Compares.

        Args:
            u_long: ``[B, C, 2D]``.
            u_short: ``[B, C or 1, 2D]``.
            v: ``[B or 1, C, D]`` candidates.

        Returns:
            ``[B, C, 1]``.
        """
        u_long = u_long.dense() if isinstance(u_long, Mixture) else u_long
        halves = (*u_long.chunk(2, dim=-1), *u_short.chunk(2, dim=-1))
        alike = [F.cosine_similarity(half, v, dim=-1, eps=_EPS) for half in halves]  # 4 x [B, C]
        return (torch.stack(torch.broadcast_tensors(*alike), dim=-1) @ self.slope + self.bias).unsqueeze(-1)
