"""Whether protocols put the systems in the same order."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from scipy.stats import kendalltau

from recbole_lsrec.report.results import Table


@dataclass(frozen=True)
class Agreement:
    """Kendall's tau-b of the systems' means under two protocols: 1 same order, -1 the reverse, None if undefined."""

    first: str
    second: str
    metric: str
    systems: int
    tau: float | None


def agreements(tables: Sequence[Table]) -> list[Agreement]:
    """Every pair of protocols of one data set, in the main metric, over the systems that both have."""
    return [_agreement(a, b) for a, b in combinations(tables, 2)]


def _agreement(a: Table, b: Table) -> Agreement:
    metric = a.main
    values = [{row.system: row.values[metric].mean for row in of.rows if metric in row.values} for of in (a, b)]
    shared = [system for system in values[0] if system in values[1]]
    tau = None
    if len(shared) > 1:
        found = float(kendalltau(*([of[system] for system in shared] for of in values)).statistic)
        tau = found if found == found else None  # NaN where all are equal
    return Agreement(a.protocol, b.protocol, metric, len(shared), tau)
