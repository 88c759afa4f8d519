"""The frozen candidates of evaluation: the same lists for every model, epoch, batch and worker."""

import copy
import hashlib
from collections.abc import Collection
from pathlib import Path

import numpy as np

from recbole_lsrec.data.candidates.cache import cached
from recbole_lsrec.data.counter_random import key_from
from recbole_lsrec.data.sampler import DrawCounts, TimeThresholdSampler
from recbole_lsrec.protocol import Protocol


def freeze_candidates(
    sampler: TimeThresholdSampler,
    rows: np.ndarray,
    protocol: Protocol,
    identity: tuple[object, ...],
    fewer: bool = False,
    *,
    exclude: Collection[str] = ("positive",),
    popularity: str = "train",
    limit: int | None = None,
    cache: Path | None = None,
) -> np.ndarray:
    """Draws the negatives of every instance, a function of (identity, protocol, row) and of what may be drawn.

    Args:
        sampler: of the whole log; what its counts say of training is left alone.
        rows: ``[N]`` instances.
        protocol: ``uniN`` or ``popN``.
        identity: what the draw depends on: data fingerprint, split fingerprint, candidate seed.
        limit: only items first seen before this second are drawn; None means before the target's own time.
        fewer: instances with fewer than ``n`` possible negatives keep those they have, padded with 0.
        exclude, popularity: see :meth:`TimeThresholdSampler.draw`.
        limit: only items first seen before this second are drawn; None means before the target's own time.
        cache: folder where the lists are kept for the next run; None keeps nothing.

    Returns:
        int32 ``[N, n]`` item ids, distinct in a row and never the target.

    Raises:
        DataError: an instance has too few possible negatives.
    """
    own = copy.copy(sampler)
    own.counts = DrawCounts()

    def draw() -> np.ndarray:
        key = key_from("candidates", protocol.name, *identity)
        return own.draw(
            rows,
            protocol.n,
            key,
            alpha=protocol.alpha,
            exclude=exclude,
            popularity=popularity,
            limit=None if limit is None else np.full(len(rows), limit),
            fewer=fewer,
        ).astype(np.int32)

    if cache is None:
        return draw()
    hashes = [hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest() for array in (rows, sampler.counted)]
    parts = (*identity, *hashes, sorted(exclude), popularity, limit, fewer)
    return cached(cache, protocol.name, parts, (len(rows), protocol.n), draw)


def candidate_hash(rows: np.ndarray, candidates: np.ndarray) -> str:
    """Twelve hexadecimal digits of SHA-256 over the rows and their candidates; equal lists, equal hash."""
    digest = hashlib.sha256(np.asarray(rows, dtype=np.int64).tobytes())
    digest.update(candidates.astype(np.int32).tobytes())
    return digest.hexdigest()[:12]
