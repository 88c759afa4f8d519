"""A fusion weight from how alike the candidate is to what each interest stands for.

Shape letters: ``B`` instances, ``C`` candidates, ``D`` features.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

_SLOPE = 4.0  # at the start: towards the interest that is more alike
_EPS = 1e-6  # the proxy of a user without long sessions is 0, and alike to nothing


class ProxyGate(nn.Module):
    """The logit of alpha as a linear function of two cosines: of the candidate with the proxy of either interest.

    Lengths are taken out, so that it moves however small embeddings are; the learnt slopes are its temperature.
    """

    def __init__(self) -> None:
        super().__init__()
        self.slope = nn.Parameter(torch.tensor([_SLOPE, -_SLOPE]))
        self.bias = nn.Parameter(torch.zeros(1))

    def forward(self, long: Tensor, short: Tensor, v: Tensor) -> Tensor:
        """Compares.

        Args:
            long: ``[B, 1, D]`` what the long-term interest stands for.
            short: ``[B, 1, D]`` likewise.
            v: ``[B or 1, C, D]`` candidates.

        Returns:
            ``[B, C, 1]``.
        """
        alike = [F.cosine_similarity(proxy, v, dim=-1, eps=_EPS) for proxy in (long, short)]  # 2 x [B, C]
        return (torch.stack(alike, dim=-1) @ self.slope + self.bias).unsqueeze(-1)
