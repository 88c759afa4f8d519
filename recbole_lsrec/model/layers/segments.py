"""Operations on ragged sets without loops: events in flat form, each knowing the number of its segment.

Shape letters: ``P`` events, ``S`` segments, ``B`` instances, ``L`` history length, ``C`` candidates, ``D`` features.
"""

from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable


def segment_sum(values: Tensor, segment: Tensor, n_segments: int) -> Tensor:
    """Sums ``values [P, ...]`` over segments to ``[S, ...]``; 0 for an empty segment."""
    flat = values.unsqueeze(1) if values.dim() == 1 else values.flatten(1)
    total = _SegmentSum.apply(flat, segment, n_segments) if flat.requires_grad else _summed(flat, segment, n_segments)
    return total.view(n_segments, *values.shape[1:])


def _summed(flat: Tensor, segment: Tensor, n_segments: int) -> Tensor:
    # scatter_add with an expanded index is several times faster than index_add on a CPU.
    return flat.new_zeros(n_segments, flat.shape[1]).scatter_add(0, segment.unsqueeze(1).expand_as(flat), flat)


class _SegmentSum(torch.autograd.Function):
    """Its gradient by rows, in a fourth of the time that ``scatter_add``'s takes element by element."""

    @staticmethod
    def forward(ctx: Any, flat: Tensor, segment: Tensor, n_segments: int) -> Tensor:
        ctx.segment = segment
        return _summed(flat, segment, n_segments)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None]:  # type: ignore[override]
        return grad.index_select(0, ctx.segment), None, None


def segment_max(values: Tensor, segment: Tensor, n_segments: int, empty: float) -> Tensor:
    """Returns the largest of ``values [P, ...]`` in each segment, ``[S, ...]``; ``empty`` where there is none."""
    index = segment.view(-1, *[1] * (values.dim() - 1)).expand_as(values)
    return values.new_full((n_segments, *values.shape[1:]), empty).scatter_reduce(0, index, values, "amax")


def segment_softmax(logits: Tensor, segment: Tensor, n_segments: int, counts: Tensor) -> Tensor:
    """Softmax of ``logits [P, C]`` over the events of each segment.

    Args:
        logits: ``[P, C]``.
        segment: ``[P]`` segment of each event.
        n_segments: Number of segments.
        counts: ``[P]`` how many equal events each stands for; its weight is the sum of theirs.

    Returns:
        Weights ``[P, C]``, adding up to 1 over each segment.
    """
    # The shift by the maximum cancels, so no gradient flows through it.
    top = segment_max(logits.detach(), segment, n_segments, float("-inf"))
    exponential = (logits - top.index_select(0, segment)).exp() * counts.unsqueeze(1)
    return exponential / segment_sum(exponential, segment, n_segments).index_select(0, segment)


def place_in_segment(segment: Tensor, n_segments: int) -> Tensor:
    """Returns ``[P]``, the place of each event in its segment from 0; ``segment`` must be non-decreasing."""
    size = segment_sum(torch.ones_like(segment), segment, n_segments)
    return torch.arange(segment.shape[0], device=segment.device) - (size.cumsum(0) - size).index_select(0, segment)


class Sessions(NamedTuple):
    """Histories cut into sessions (SLSRec eq. 1), padding gone; what a session repeats is there once, and counted.

    The last session of an instance is the *current* one, the sessions before it are *long*. Inside a session order counts
    for ties of categories alone, so the occurrences of an item in it are one event, at the time of the last. Events of long
    sessions come first, then those of current ones, both ordered by instance, then time. Long session ``n`` (from 0) of
    instance ``b`` has the number ``b * max_long + n``, so that per-session results are a padded ``[B, max_long]`` array
    by a mere change of view.
    """

    items: Tensor  # [P]
    counts: Tensor  # [P] how often each occurs in its session, a float
    row: Tensor  # [P] instance of each event
    long_session: Tensor  # [P_long] number of the long session that each of the first events is in
    n_long: Tensor  # [B] long sessions of each instance
    max_long: int

    @property
    def n_rows(self) -> int:
        """Number of instances."""
        return self.n_long.shape[0]  # not len, which a traced graph would hold as a constant

    def parts(self, events: Tensor) -> tuple[Tensor, Tensor]:
        """Cuts what belongs to the events, ``[P, ...]``, into that of long and that of current sessions."""
        n = self.long_session.shape[0]
        of_long, of_current = events.split([n, events.shape[0] - n])
        return of_long, of_current


def split_sessions(item_seq: Tensor, session_seq: Tensor, lengths: Tensor) -> Sessions:
    """Cuts padded histories into sessions.

    Args:
        item_seq: ``[B, L]`` items, oldest first, right-padded.
        session_seq: ``[B, L]`` a number for each event that changes where a new session starts.
        lengths: ``[B]`` number of real events, at least 1.
    """
    real = torch.arange(item_seq.shape[1], device=item_seq.device) < lengths.unsqueeze(1)  # [B, L]
    starts = real & torch.cat([real[:, :1], session_seq[:, 1:] != session_seq[:, :-1]], dim=1)
    session = starts.long().cumsum(1)  # [B, L] numbered from 1 within the instance
    n_long = session[:, -1:] - 1  # [B, 1]
    counts, last = occurrences(item_seq, session, real)
    # Both in one array: long sessions first.
    events = [(last & part).nonzero() for part in (session <= n_long, session > n_long)]
    row, column = torch.cat(events).t().contiguous()  # [P] each; sums over segments are slow by a strided index
    max_long = max(1, int(n_long.max()))  # no array without elements
    number = row * max_long + session[row, column] - 1
    return Sessions(
        items=item_seq[row, column],
        counts=counts[row, column].to(torch.get_default_dtype()),
        row=row,
        long_session=number[: events[0].shape[0]],
        n_long=n_long.squeeze(1),
        max_long=max_long,
    )


def occurrences(item_seq: Tensor, session: Tensor, real: Tensor) -> tuple[Tensor, Tensor]:
    """Finds the repeats of an item in a session.

    Args:
        item_seq: ``[B, L]`` items.
        session: ``[B, L]`` sessions of an instance, numbered from 1.
        real: ``[B, L]`` bool; the rest is padding.

    Returns:
        ``[B, L]`` of the last occurrence of an item in a session: how often it occurs there; and bool, which those are.
    """
    width = item_seq.shape[1]
    step = torch.arange(width, device=item_seq.device)
    pair = session.masked_fill(~real, width + 1) * (item_seq.max() + 1) + item_seq  # padding after all else
    pair, place = (pair * width + step).sort(dim=1)
    pair = pair // width
    ends = (real & torch.cat([pair[:, 1:] != pair[:, :-1], real[:, :1]], dim=1)).long()
    run = ends.cumsum(dim=1) - ends  # [B, L] equal pairs have one number
    size = torch.zeros_like(run).scatter_add(1, run, real.long()).gather(1, run)
    counts = torch.zeros_like(run).scatter(1, place, size * ends)
    return counts, counts > 0


def majority_category(category: Tensor, counts: Tensor, row: Tensor, n_rows: int, tie: str) -> Tensor:
    """Marks the events of each instance that carry its majority category (the diagonal of SLSRec's mask ``M``).

    Args:
        category: ``[P]`` categories of the events of the current sessions, in time order.
        counts: ``[P]`` how often each event occurs.
        row: ``[P]`` their instance, non-decreasing.
        n_rows: Number of instances.
        tie: When several categories are most frequent: ``last`` takes the category of the last event, even if that
            is not among them (the paper's words); ``recent`` takes the tied one that occurred last.

    Returns:
        ``[P]`` bool.
    """
    if not len(row):
        return torch.zeros_like(row, dtype=torch.bool)
    pair, order = (category * n_rows + row).sort()
    kind = F.pad((pair[1:] != pair[:-1]).long(), (1, 0)).cumsum(0)  # [P] equal pairs have one number
    frequency = torch.empty_like(counts)  # [P] how often the event's category occurs in its session
    frequency[order] = segment_sum(counts[order], kind, kind.shape[0]).index_select(0, kind)
    most = segment_max(frequency, row, n_rows, 0)  # [B]
    leading = frequency == most[row]
    place = torch.arange(row.shape[0], device=row.device)
    chosen = segment_max(place.masked_fill(~leading, -1), row, n_rows, 0)  # [B] last event of a leading category
    if tie == "last":
        # With one leading category as many events lead as it occurs.
        tied = segment_sum(leading * counts, row, n_rows) != most
        chosen = torch.where(tied, segment_max(place, row, n_rows, 0), chosen)
    return category == category[chosen][row]
