"""How much more often than others an item is drawn as a negative: what the logQ correction takes off its logit."""

import numpy as np

LOG_CHANCE = "log_chance"
"""Field ``[B, 1 + N]`` of a training batch: of the target, then of the negatives."""


def log_chance(weights: np.ndarray) -> np.ndarray:
    """Logarithm of each item's chance at a draw, less its mean over draws.

    A constant off all logits changes no ranking. This one makes uniform draws need no correction, and leaves the base
    rate, where an output starts, what it is.

    Args:
        weights: ``[n_items]``, in proportion to which items are drawn.

    Returns:
        float32 ``[n_items]``; 0 for an item that is never drawn.
    """
    chance = weights / weights.sum()
    found = np.log(chance, out=np.zeros(len(chance)), where=chance > 0)
    return np.where(chance > 0, found - (chance * found).sum(), 0.0).astype(np.float32)
