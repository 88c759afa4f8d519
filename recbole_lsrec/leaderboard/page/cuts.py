"""The main metric by what is known of the targets, for every system: who is good for whom, and when."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from recbole_lsrec.analysis.comparable import Model
from recbole_lsrec.analysis.strata import Stratum, strata_table
from recbole_lsrec.analysis.user_metrics import Metric


@dataclass(frozen=True)
class Cut:
    """One group of targets under one system.

    Attributes:
        by, group: see :func:`recbole_lsrec.analysis.strata.strata_table`.
        mean: of the metric over the seeds.
        se: standard error over users, the mean of the seeds' (users differ alike under every seed, so averaging the
            values does not shrink it much); None for one user.
        few: fewer than 30 users.
    """

    by: str
    group: str
    system: str
    mean: float
    se: float | None
    instances: int
    users: int
    few: bool


def cuts(models: Sequence[Model], metric: Metric, strata: Sequence[Stratum]) -> list[Cut]:
    """Every group of every stratum that has instances; a stratum with a single group says nothing and is left out."""
    found: list[Cut] = []
    for model in models:
        tables = pd.concat([strata_table(lines, [metric], strata) for lines in model.lines])
        for (by, group), part in tables.groupby(["by", "group"], sort=False):
            error = part[f"{metric.name}_se"].mean()
            first = part.iloc[0]
            found.append(
                Cut(
                    str(by),
                    str(group),
                    model.label,
                    float(part[metric.name].mean()),
                    None if pd.isna(error) else float(error),
                    int(first["instances"]),
                    int(first["users"]),
                    bool(first["few"]),
                )
            )
    groups = {by: {cut.group for cut in found if cut.by == by} for by in {cut.by for cut in found}}
    return [cut for cut in found if len(groups[cut.by]) > 1]
