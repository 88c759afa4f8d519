"""Whether protocols put the systems in the same order."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from scipy.stats import kendalltau

from recbole_lsrec.leaderboard.page.results import Table


@dataclass(frozen=True)
class Agreement:
    """Kendall's tau-b of the systems' means under two protocols: 1 same order, -1 the reverse, None if undefined."""

    first: str
    second: str
    metric: str
    systems: int
    tau: float | None


def agreements(tables: Sequence[Table]) -> list[Agreement]:
    """Every pair of protocols of one data set, in one metric, over the systems that both rank."""
    metric = common_metric(tables)
    return [] if metric is None else [_agreement(a, b, metric) for a, b in combinations(tables, 2)]


def common_metric(tables: Sequence[Table]) -> str | None:
    """The metric with a better side that all protocols have: a main one if there is such a one; None without any."""
    keys = [[column.key for column in table.columns if column.higher_is_better is not None] for table in tables]
    wanted = [table.main for table in tables] + [key for own in keys for key in own]
    return next((key for key in wanted if all(key in own for own in keys)), None)


def places(tables: Sequence[Table], metric: str) -> dict[str, list[str]]:
    """The systems that are ranked, best first, by protocol."""
    found = {}
    for table in tables:
        worse = -1 if next(column.higher_is_better for column in table.columns if column.key == metric) else 1
        values = {system: worse * mean for system, mean in _ranked(table, metric).items()}
        found[table.protocol] = sorted(values, key=values.__getitem__)
    return found


def _ranked(table: Table, metric: str) -> dict[str, float]:
    return {row.system: row.values[metric].mean for row in table.rows if metric in row.values and not row.rising}


def _agreement(a: Table, b: Table, metric: str) -> Agreement:
    values = [_ranked(table, metric) for table in (a, b)]
    shared = [system for system in values[0] if system in values[1]]
    tau = None
    if len(shared) > 1:
        found = float(kendalltau(*([own[system] for system in shared] for own in values)).statistic)
        tau = found if found == found else None  # NaN where all are equal
    return Agreement(a.protocol, b.protocol, metric, len(shared), tau)
