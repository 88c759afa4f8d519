"""Whether a target gives itself away by being new: items without a training event among targets and among negatives."""

import numpy as np

GIVES_AWAY = 0.55
"""AUC of "never seen in training" from which a protocol is warned of; no knowledge of items is .5."""


def unseen_report(target: np.ndarray, candidates: np.ndarray | None, trained: np.ndarray) -> dict[str, float]:
    """Measures what a scorer would gain that prefers items without a training event and knows nothing else.

    Args:
        target: ``[N]`` items of the targets.
        candidates: ``[N, n]`` their negatives, 0 where there is none; None: all other items compete.
        trained: boolean ``[n_items]`` items with a training event; the entry of padding does not matter.

    Returns:
        ``targets`` and ``negatives``, the share of each without a training event, and ``auc``: how often such a scorer
        puts the target before a negative, ties counting half, over instances.
    """
    new = ~trained
    new_target = new[target].astype(float)  # [N]
    if candidates is None:
        others = len(trained) - 2  # without padding and the target
        new_negatives = (new[1:].sum() - new_target) / others  # [N]
    else:
        drawn = candidates > 0
        new_negatives = (new[candidates] & drawn).sum(axis=1) / drawn.sum(axis=1)
    return {
        "targets": float(new_target.mean()),
        "negatives": float(new_negatives.mean()),
        "auc": float((0.5 + 0.5 * (new_target - new_negatives)).mean()),
    }
