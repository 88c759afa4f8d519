"""The rules for tied scores: from competitors above and level to the rank of a target."""

import numpy as np

from recbole_lsrec.protocol import TIES

MANY_TIES = 0.05  # share of tied targets above which a result says so


def rank_of_positive(above: np.ndarray, tied: np.ndarray, ties: str = "average") -> np.ndarray:
    """Rank of a target, 1 being best.

    Args:
        above: ``[N]`` competitors that score higher.
        tied: ``[N]`` competitors that score the same.
        ties: ``average`` puts the target in the middle of its equals, ``optimistic`` first, ``pessimistic`` last (as
            the code of CLSR's authors does).

    Returns:
        float64 ``[N]``; a fractional rank is possible under ``average``.

    Raises:
        ValueError: another tie rule.
    """
    if ties not in TIES:
        raise ValueError(f"ties: found {ties!r}; accepted: {', '.join(TIES)}")
    share = {"average": 0.5, "optimistic": 0.0, "pessimistic": 1.0}[ties]
    return 1.0 + above + share * tied
