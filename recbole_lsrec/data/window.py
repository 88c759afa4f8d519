"""Where the histories of instances lie in the flat log, and what is gathered from there.

Shape letters: ``B`` instances, ``L`` history length.
"""

from typing import NamedTuple

import torch
from torch import Tensor


class Window(NamedTuple):
    """The rows of the log that a batch of histories shows, oldest first, right-padded."""

    length: Tensor  # [B]
    inside: Tensor  # [B, L] bool, False on padding
    at: Tensor  # [B, L] rows of the log; 0 on padding

    @classmethod
    def before(cls, end: Tensor, first: Tensor, width: int) -> "Window":
        """The last ``width`` rows from ``first`` up to, and without, ``end``, both ``[B]``."""
        length = (end - first).clamp(max=width)
        steps = torch.arange(width)
        inside = steps < length[:, None]
        return cls(length, inside, torch.where(inside, end[:, None] - length[:, None] + steps, 0))

    def of(self, column: Tensor) -> Tensor:
        """A column of the log ``[n, ...]`` as ``[B, L, ...]``, 0 on padding."""
        return column[self.at] * self.inside.view(*self.inside.shape, *(1 for _ in column.shape[1:]))

    def sessions(self, session: Tensor) -> Tensor:
        """The sessions of each window, counted from 1, ``[B, L]``; 0 on padding."""
        shown = session[self.at]
        return (shown - shown[:, :1] + 1) * self.inside
