"""Loss terms as pure functions of tensors; they can be tested without a model or a config.

Shape letters: ``B`` instances, ``C`` candidates (the positive first), ``D`` features.

Where several processes share a batch, the first two are means over this process's rows; the terms of a loss below them are
this process's part of the whole batch's, and the parts add up.
"""

from collections.abc import Iterable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from recbole_lsrec.processes import group


def bce(logits: Tensor) -> Tensor:
    """Mean binary cross-entropy over all candidates (SLSRec eq. 18); ``logits [B, C]``, column 0 is the positive."""
    labels = torch.zeros_like(logits)
    labels[:, 0] = 1
    return F.binary_cross_entropy_with_logits(logits, labels)


def sampled_softmax(logits: Tensor) -> Tensor:
    """Mean of ``-log p(positive)`` among the candidates ``[B, C]``, column 0 is the positive.

    The authors of CLSR write ``log(softmax)``, which may be infinite; ``log_softmax`` is the same number without that.
    """
    return -F.log_softmax(logits, dim=1)[:, 0].mean()


def triplet_eq16(anchor: Tensor, positive: Tensor, negative: Tensor, margin: float, scale: float = 1.0) -> Tensor:
    """``max(0, scale (|a - p|^2 - |a - n|^2) + margin)``: one margin per row (SLSRec eq. 16).

    Args:
        anchor: ``[..., D]``; so are the other two, up to broadcasting.
        positive: What the anchor should be near to.
        negative: What it should be far from.
        margin: Minimal difference of the squared distances.
        scale: Factor on the distances; 1/2 where a ``D``-wide proxy is tiled to compare with two halves.

    Returns:
        ``[...]``.
    """
    difference = (anchor - positive).square().sum(-1) - (anchor - negative).square().sum(-1)
    return F.relu(scale * difference + margin)


def triplet_clsr_code(anchor: Tensor, positive: Tensor, negative: Tensor, margin: float, scale: float = 1.0) -> Tensor:
    """As :func:`triplet_eq16` with margin and hinge for each feature, then summed, as CLSR's code has it.

    The sum is up to ``D`` times larger than eq. 16's, so their weights do not compare; ``scale`` multiplies it.
    """
    return scale * F.relu((anchor - positive).square() - (anchor - negative).square() + margin).sum(-1)


def triplet_euclidean(anchor: Tensor, positive: Tensor, negative: Tensor, margin: float, scale: float = 1.0) -> Tensor:
    """``max(0, scale (|a - p| - |a - n|) + margin)``: CLSR eq. 24 as printed, distances not squared."""
    to_positive, to_negative = (_distance(anchor, other) for other in (positive, negative))
    return F.relu(scale * (to_positive - to_negative) + margin)


def _distance(left: Tensor, right: Tensor) -> Tensor:
    # The slope of the root is infinite at 0, where the proxies of a short history may well coincide.
    return ((left - right).square().sum(-1) + 1e-12).sqrt()


def bpr(anchor: Tensor, positive: Tensor, negative: Tensor, margin: float = 0.0, scale: float = 1.0) -> Tensor:
    """``softplus(scale (<a, n> - <a, p>))`` (CLSR eq. 23); there is no margin."""
    return F.softplus(scale * ((anchor * negative).sum(-1) - (anchor * positive).sum(-1)))


TRIPLETS = {"eq16": triplet_eq16, "clsr_code": triplet_clsr_code}
CONTRASTS = {**TRIPLETS, "euclidean": triplet_euclidean, "bpr": bpr}


def interest_contrast(
    long: Tensor,
    short: Tensor,
    long_proxy: Tensor,
    short_proxy: Tensor,
    kind: str,
    margin: float,
    scale: float = 1.0,
) -> Tensor:
    """The four contrasts that tie interests to their proxies and apart (CLSR eq. 25; SLSRec eq. 17).

    Args:
        long: ``[..., D]`` long-term interest; all four broadcast.
        short: Short-term interest.
        long_proxy: What the long-term interest should resemble.
        short_proxy: What the short-term interest should resemble.
        kind: Key of ``CONTRASTS``.
        margin: See there.
        scale: See there.

    Returns:
        ``[...]`` the sum of the four.
    """
    contrast = CONTRASTS[kind]
    return (
        contrast(short, short_proxy, long_proxy, margin, scale)
        + contrast(long, long_proxy, short_proxy, margin, scale)
        + contrast(short_proxy, short, long, margin, scale)
        + contrast(long_proxy, long, short, margin, scale)
    )


def mean_over(values: Tensor, eligible: Tensor) -> Tensor:
    """Mean of ``values`` where ``eligible`` (bool, broadcasts to it), 0 if nowhere.

    The authors' code divides 0 by 0 then and the loss becomes NaN; 0 is our deviation, so that such a batch trains on.
    """
    weight = eligible.to(values.dtype).expand_as(values)
    return (values * weight).sum() / group.total(weight.sum()).clamp_min(1)


def squared_rows(table: nn.Embedding, ids: Tensor) -> Tensor:
    """Sum of squares of the *distinct* rows of ``table [N, D]`` named by ``ids`` (any shape)."""
    if group.world() > 1:
        return table(group.distinct(ids)[0]).square().sum()
    involved = torch.zeros(table.num_embeddings, dtype=torch.bool, device=ids.device)
    involved[ids.reshape(-1)] = True
    return table(involved.nonzero().squeeze(1)).square().sum()


def squared_gap(left: nn.Embedding, right: nn.Embedding, ids: Tensor) -> Tensor:
    """Mean square of ``left - right`` over the features of the *distinct* rows named by ``ids``."""
    rows, n = group.distinct(ids)
    return (left(rows) - right(rows)).square().sum() / (n * left.embedding_dim)


def squared_sum(parameters: Iterable[Tensor]) -> Tensor:
    """Sum of squares of all entries of ``parameters``."""
    return group.once(torch.cat([parameter.reshape(-1) for parameter in parameters]).square().sum())
