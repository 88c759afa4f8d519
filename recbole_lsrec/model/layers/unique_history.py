"""Histories without repeats, and their sessions in slots: how LSIDN reads a window.

Shape letters: ``B`` instances, ``L`` window, ``N`` slots, ``W`` events of a slot.
"""

from typing import NamedTuple

import torch
from torch import Tensor


class UniqueHistory(NamedTuple):
    """The last occurrence of each item of a window, oldest first, right-padded with 0."""

    items: Tensor  # [B, L]
    lengths: Tensor  # [B]
    place: Tensor  # [B, L] column of the window that each comes from

    @classmethod
    def of(cls, items: Tensor, lengths: Tensor, width: int) -> "UniqueHistory":
        """Keeps the last ``width`` of them.

        Args:
            items: ``[B, L]``; what stands at and after a history's length is never read.
            lengths: ``[B]`` at least 1.
            width: the width of the result.
        """
        steps = torch.arange(items.shape[1], device=items.device)
        real = steps < lengths.unsqueeze(1)
        again = (items.unsqueeze(2) == items.unsqueeze(1)) & (steps.unsqueeze(1) < steps) & real.unsqueeze(1)  # j > i
        kept = real & ~again.any(2)
        n = kept.sum(1)
        place = (~kept).to(torch.uint8).argsort(dim=1, stable=True)
        first = (n - width).clamp_min(0).unsqueeze(1)
        columns = torch.arange(width, device=items.device) + first  # [B, W]
        place = place.gather(1, columns.clamp_max(items.shape[1] - 1))
        n = n.clamp_max(width)
        inside = torch.arange(width, device=items.device) < n.unsqueeze(1)
        return cls(items.gather(1, place) * inside, n, place * inside)

    def gather(self, column: Tensor) -> Tensor:
        """Brings another column of the window, ``[B, L]``, into the same order; what it has on padding is not read."""
        return column.gather(1, self.place) * (
            torch.arange(self.items.shape[1], device=column.device) < self.lengths[:, None]
        )


class Slots(NamedTuple):
    """Sessions of a history, oldest first, slots filled from the left."""

    items: Tensor  # [B, N, W], right-padded with 0
    real: Tensor  # [B, N, W] bool
    lengths: Tensor  # [B] filled slots


def long_sessions(
    items: Tensor, session: Tensor, lengths: Tensor, draws: Tensor, n_slots: int, width: int, recent: bool
) -> Slots:
    """Puts the sessions of at least two events into slots.

    Args:
        items: ``[B, L]``, right-padded.
        session: ``[B, L]`` number of each event's session, at least 1, not decreasing.
        lengths: ``[B]`` number of real events.
        draws: ``[B, L]`` a random number per event: a session of more than ``width`` events keeps those with the smallest.
        n_slots: how many sessions are kept.
        width: how many events of a session are.
        recent: the most recent sessions are kept, else the oldest.
    """
    n_rows, length = items.shape
    steps = torch.arange(length, device=items.device)
    real = steps < lengths.unsqueeze(1)
    # Sessions numbered from 1 within the row; 0 is padding.
    starts = real & torch.cat([real[:, :1], session[:, 1:] != session[:, :-1]], dim=1)
    label = starts.cumsum(1) * real  # [B, L]
    size = torch.zeros(n_rows, length + 1, dtype=torch.long, device=items.device).scatter_add_(1, label, real.long())
    size[:, 0] = 0
    counts = size >= 2
    total = counts.sum(1, keepdim=True)
    slot = counts.cumsum(1) - 1 - ((total - n_slots).clamp_min(0) if recent else 0)
    kept = counts & (slot >= 0) & (slot < n_slots)
    slot, kept = slot.gather(1, label), kept.gather(1, label)  # of each event, [B, L]

    same = (label.unsqueeze(2) == label.unsqueeze(1)) & real.unsqueeze(1)  # [B, L, L] events i, j of one session
    earlier = steps.unsqueeze(0) < steps.unsqueeze(1)
    if int(size.max()) > width:
        left, right = draws.unsqueeze(2), draws.unsqueeze(1)
        kept = kept & ((same & ((right < left) | ((right == left) & earlier))).sum(2) < width)
    place = (same & earlier & kept.unsqueeze(1)).sum(2)  # of each kept event among those of its session
    row, column = kept.nonzero(as_tuple=True)
    at = (row, slot[row, column], place[row, column])
    grid = items.new_zeros(n_rows, n_slots, width).index_put(at, items[row, column])
    filled = torch.zeros_like(grid, dtype=torch.bool).index_put(at, torch.ones_like(row, dtype=torch.bool))
    return Slots(grid, filled, total.squeeze(1).clamp_max(n_slots))


def current_session(items: Tensor, session: Tensor, lengths: Tensor, width: int) -> tuple[Tensor, Tensor]:
    """The last ``width`` events of a window's last session, repeats kept: items and bool ``[B, W]``, right-padded."""
    steps = torch.arange(items.shape[1], device=items.device)
    last = session.gather(1, lengths.unsqueeze(1) - 1)
    n = ((session == last) & (steps < lengths.unsqueeze(1))).sum(1, keepdim=True).clamp_max(width)
    columns = torch.arange(width, device=items.device)
    real = columns < n
    place = (lengths.unsqueeze(1) - n + columns).clamp_max(items.shape[1] - 1)
    return items.gather(1, place) * real, real
