"""How much weight the long/short models give to the long-term interest, over the test targets."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from recbole_lsrec.leaderboard.board import Cell
from recbole_lsrec.leaderboard.page.results import PHASE

BINS = 25  # of [0, 1]
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


@dataclass(frozen=True)
class Alpha:
    """The fusion weight of one run: 1 is the long-term interest alone, 0 the short-term one.

    Attributes:
        quantiles: 5, 25, 50, 75 and 95 %.
        shares: of the targets in each of :data:`BINS` equal bins of [0, 1].
        known: number of targets with a weight.
    """

    system: str
    seed: int
    mean: float
    quantiles: list[float]
    shares: list[float]
    known: int


def alphas(cells: Sequence[Cell]) -> list[Alpha]:
    """One line for each finished run whose model has a fusion weight."""
    found = []
    for cell in cells:
        if cell.run is not None:
            lines = cell.run.lines(PHASE, cell.run.protocol(PHASE)).instances
            alpha = lines["alpha"].dropna().to_numpy(dtype=np.float64)
            if len(alpha):
                counts, _ = np.histogram(np.clip(alpha, 0, 1), BINS, (0, 1))
                found.append(
                    Alpha(
                        cell.system,
                        cell.run.result["seed"],
                        float(alpha.mean()),
                        np.quantile(alpha, QUANTILES).tolist(),
                        (counts / len(alpha)).tolist(),
                        len(alpha),
                    )
                )
    return found
