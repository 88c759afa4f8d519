"""Losses of models that are trained at every position; items are scored by a dot product, negatives are shared.

Shape letters: ``P`` positions with a target, ``S`` negatives, ``D`` features.
"""

import math

import torch.nn.functional as F
from torch import Tensor


def gbce(states: Tensor, positive: Tensor, negatives: Tensor, hit: Tensor, beta: float) -> Tensor:
    """Generalised binary cross-entropy (Petrov and Macdonald, RecSys 2023, eq. 13).

        -(1 / (S + 1)) (log sigma(s+)^beta + sum_j log(1 - sigma(s_j)))

    with ``s = state . item + log(beta / S)``, the logit at which a loss that knows nothing is least. Deviation: without that
    term, which changes no order, all items have to be pushed down to it first; the table then has one large common
    direction, and with RecBole's small start the states become one and the same vector, from which nothing is learnt.

    Args:
        states: ``[P, D]``.
        positive: ``[P, D]`` the targets' vectors.
        negatives: ``[S, D]`` vectors of the drawn items.
        hit: ``[P, S]`` bool, the drawn item is the position's target; left out there.
        beta: see :func:`calibration`; at 1 this is the usual cross-entropy.

    Returns:
        The mean over positions, ``[]``.
    """
    base = math.log(beta / len(negatives))
    of_positive = -beta * F.logsigmoid((states * positive).sum(1) + base)  # [P]
    of_negatives = F.softplus(states @ negatives.t() + base).masked_fill(hit, 0.0).sum(1)  # [P]
    return (of_positive + of_negatives).mean() / (len(negatives) + 1)


def calibration(n_negatives: int, n_items: int, t: float) -> float:
    """The exponent beta of :func:`gbce` (eq. 14): ``alpha (t (1 - 1/alpha) + 1/alpha)`` with ``alpha = S / (N - 1)``.

    Args:
        n_negatives: ``S``.
        n_items: ``N``, without padding.
        t: 0 is the usual cross-entropy, whose scores are too sure of themselves where few items are drawn; at 1 they
            are calibrated as if all had been.
    """
    alpha = min(1.0, n_negatives / (n_items - 1))
    return alpha * (t * (1 - 1 / alpha) + 1 / alpha)
