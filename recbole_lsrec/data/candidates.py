"""Evaluation protocols and their frozen candidates: the same lists for every model, epoch, batch and worker."""

import hashlib
import re
from dataclasses import dataclass

import numpy as np

from recbole_lsrec.data.counter_random import key_from
from recbole_lsrec.data.sampler import TimeThresholdSampler


@dataclass(frozen=True)
class Protocol:
    """What a target competes against: ``full`` (every item), ``uniN`` or ``popN`` (N frozen negatives).

    Attributes:
        name: as in ``eval_args.mode``.
        n: number of negatives; 0 for ``full``.
        alpha: exponent of the popularity draw; None draws uniformly.
    """

    name: str
    n: int = 0
    alpha: float | None = None

    @property
    def sampled(self) -> bool:
        """Whether the competitors are a frozen sample."""
        return self.n > 0

    @staticmethod
    def parse(name: str) -> "Protocol":
        """Reads ``full``, ``uni99``, ``pop99`` and the like.

        Raises:
            ValueError: any other form.
        """
        if name == "full":
            return Protocol("full")
        match = re.fullmatch(r"(uni|pop)([1-9]\d*)", name)
        if not match:
            raise ValueError(f"mode: found {name!r}; accepted: 'full', 'uniN' or 'popN' with N > 0, such as 'pop99'")
        return Protocol(name, int(match[2]), 1.0 if match[1] == "pop" else None)


def freeze_candidates(
    sampler: TimeThresholdSampler,
    rows: np.ndarray,
    protocol: Protocol,
    identity: tuple[object, ...],
    fewer: bool = False,
    limit: int | None = None,
) -> np.ndarray:
    """Draws the negatives of every instance, a function of (identity, protocol, row) alone.

    Args:
        sampler: of the whole log.
        rows: ``[N]`` instances.
        protocol: a sampled one.
        identity: what the draw depends on: data fingerprint, split fingerprint, candidate seed.
        limit: only items first seen before this second are drawn; None means before the target's own time.
        fewer: instances with fewer than ``n`` possible negatives keep those they have, padded with 0.

    Returns:
        int32 ``[N, n]`` item ids, distinct in a row and never the target.

    Raises:
        DataError: an instance has too few possible negatives.
    """
    key = key_from("candidates", protocol.name, *identity)
    limits = None if limit is None else np.full(len(rows), limit)
    return sampler.draw(rows, protocol.n, key, alpha=protocol.alpha, limit=limits, fewer=fewer).astype(np.int32)


def candidate_hash(rows: np.ndarray, candidates: np.ndarray) -> str:
    """Twelve hexadecimal digits of SHA-256 over the rows and their candidates; equal lists, equal hash."""
    digest = hashlib.sha256(np.asarray(rows, dtype=np.int64).tobytes())
    digest.update(candidates.astype(np.int32).tobytes())
    return digest.hexdigest()[:12]
