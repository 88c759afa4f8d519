"""The frozen candidates of evaluation: the same lists for every model, epoch, batch and worker."""

import hashlib
from collections.abc import Collection
from pathlib import Path

import numpy as np

from recbole_lsrec.data.candidates.cache import cached
from recbole_lsrec.data.counter_random import key_from
from recbole_lsrec.data.sampler import TimeThresholdSampler
from recbole_lsrec.protocol import Protocol

_ROWS = 1 << 14  # instances drawn at a time


def freeze_candidates(
    sampler: TimeThresholdSampler,
    rows: np.ndarray,
    protocol: Protocol,
    identity: tuple[object, ...],
    *,
    exclude: Collection[str] = ("positive",),
    popularity: str = "train",
    limit: int | None = None,
    cache: Path | None = None,
    keep: bool = True,
) -> np.ndarray:
    """Draws the negatives of every instance, a function of (identity, protocol, row) and of what may be drawn.

    Args:
        sampler: of the whole log.
        rows: ``[N]`` instances.
        protocol: ``uniN`` or ``popN``.
        identity: what the draw depends on: data fingerprint, split fingerprint, candidate seed.
        exclude, popularity: see :meth:`TimeThresholdSampler.draw`.
        limit: only items first seen before this second are drawn; None means before the target's own time.
        cache: folder where the lists are kept for the next run; None keeps nothing.
        keep: whether the folder may be changed; if not, lists kept in it are read.

    Returns:
        int32 ``[N, n]`` item ids, distinct in a row and never the target; 0 in the places for which there is none.
    """

    def draw() -> np.ndarray:
        key = key_from("candidates", protocol.name, *identity)
        drawn = np.empty((len(rows), protocol.n), dtype=np.int32)
        # A draw depends on its row alone, so that parts give what the whole would, in less memory.
        for at in range(0, len(rows), _ROWS):
            part = rows[at : at + _ROWS]
            drawn[at : at + _ROWS] = sampler.draw(
                part,
                protocol.n,
                key,
                alpha=protocol.alpha,
                exclude=exclude,
                popularity=popularity,
                limit=limit,
                fewer=True,
            )
        return drawn

    if cache is None:
        return draw()
    hashes = [hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest() for array in (rows, sampler.counted)]
    parts = (*identity, *hashes, sorted(exclude), popularity, limit)
    return cached(cache, protocol.name, parts, (len(rows), protocol.n), draw, keep)


def candidate_hash(rows: np.ndarray, candidates: np.ndarray) -> str:
    """Twelve hexadecimal digits of SHA-256 over the rows and their candidates; equal lists, equal hash."""
    digest = hashlib.sha256(np.asarray(rows, dtype=np.int64).tobytes())
    digest.update(candidates.astype(np.int32).tobytes())
    return digest.hexdigest()[:12]
