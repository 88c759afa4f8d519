"""Counter-based random numbers: a pure function of a key, so that nothing depends on the order of the draws."""

import hashlib

import numpy as np

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def key_from(*parts: object) -> int:
    """A 64-bit key from any printable parts, e.g. ``key_from("train", seed, epoch)``."""
    text = "\x1f".join(str(part) for part in parts)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little")


def uniform(key: int, *counters: np.ndarray | np.integer) -> np.ndarray:
    """Uniform float64 in [0, 1), one for each broadcast combination of the counters.

    Each counter is folded into the state by SplitMix64's mixing function (Steele, Lea and Flood, 2014), so the number
    at (key, a, b) is the same whatever else is drawn, in whatever order or batch.

    Args:
        key: from :func:`key_from`.
        *counters: non-negative integer arrays that broadcast together.
    """
    state: np.ndarray = np.array(key, dtype=np.uint64)
    with np.errstate(over="ignore"):  # wrap-around is the arithmetic meant
        for counter in counters:
            state = _mix((state ^ np.asarray(counter).astype(np.uint64)) + _GOLDEN)
    return (state >> np.uint64(11)).astype(np.float64) * 2.0**-53


def _mix(z: np.ndarray) -> np.ndarray:
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))
