"""Differences between saved runs, tested within groups of instances: for whom, and when, a model is better."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from tabulate import tabulate

from recbole_lsrec.analysis.comparable import Model, load_models
from recbole_lsrec.analysis.compare import Pair, compare_models
from recbole_lsrec.analysis.significance import holm
from recbole_lsrec.analysis.strata import FEW_USERS, STRATA, UNKNOWN, Stratum, choose_strata
from recbole_lsrec.analysis.user_metrics import Metric
from recbole_lsrec.errors import DataError
from recbole_lsrec.page.numbers import metric as number


@dataclass(frozen=True)
class GroupPair:
    """Two models on one group of instances.

    Attributes:
        by, group: the column that was cut, and the group's name.
        instances, users: of the group.
        a, b: labels of the models.
        mean_a, mean_b: of the metric over users, each user's value averaged over the seeds.
        pair: the test; ``p_holm`` is adjusted for all pairs of all groups.
    """

    by: str
    group: str
    instances: int
    users: int
    a: str
    b: str
    mean_a: float
    mean_b: float
    pair: Pair


def compare_groups(
    folders: Sequence[str | Path],
    by: Sequence[str],
    metric: Metric,
    phase: str = "test",
    protocol: str | None = None,
    *,
    alpha: float = 0.05,
    resamples: int = 2000,
    bootstrap_seed: int = 2020,
) -> list[GroupPair]:
    """Compares saved runs within each group of each column; groups of fewer than 30 users are left out.

    Args:
        folders: of the runs, as :func:`~recbole_lsrec.analysis.compare.compare` takes them.
        by: columns of :data:`~recbole_lsrec.analysis.strata.STRATA`; all if empty.
        metric: what to compare.
        phase: ``valid`` or ``test``.
        protocol: None for the phase's first.
        alpha: the intervals have confidence ``1 - alpha``.
        resamples: bootstrap draws.
        bootstrap_seed: seed of these draws.

    Raises:
        DataError: the runs may not be compared, or cut sessions or read categories in different ways.
        ConfigError: an unknown column, or a metric of scores where only ranks are kept.
    """
    models, protocol = load_models(folders, phase, protocol)
    found: list[GroupPair] = []
    for stratum in choose_strata(by):
        group = _groups(models, stratum)
        for place, name in enumerate((*stratum.names, UNKNOWN)):
            own = [replace(model, lines=tuple(lines.part(group == place) for lines in model.lines)) for model in models]
            instances = own[0].lines[0].instances
            users = instances["user_id"].nunique()
            if users < FEW_USERS:
                continue
            compared = compare_models(
                own, metric, phase, protocol, alpha=alpha, resamples=resamples, bootstrap_seed=bootstrap_seed
            )
            of = {model.name: model for model in compared.models}
            for pair in compared.pairs:
                a, b = of[pair.a], of[pair.b]
                size = len(instances), users
                found.append(GroupPair(stratum.column, name, *size, a.label, b.label, a.mean, b.mean, pair))
    adjusted = iter(holm(np.array([one.pair.p for one in found if one.pair.p is not None])))
    return [
        replace(one, pair=replace(one.pair, p_holm=None if one.pair.p is None else float(next(adjusted))))
        for one in found
    ]


def _groups(models: Sequence[Model], stratum: Stratum) -> np.ndarray:
    first, *others = (stratum.groups(lines.instances[stratum.column]) for model in models for lines in model.lines)
    if any((first != other).any() for other in others):
        raise DataError(
            f"by: the runs differ in {stratum.column} of their instances, having cut sessions or read categories in "
            "different ways; compare runs with the same session and category settings, or leave it out."
        )
    return first


def to_plain(found: Sequence[GroupPair]) -> list[dict[str, Any]]:
    """One line a group and pair, for JSON."""
    keys = ("difference", "low", "high", "p", "p_holm")
    return [
        {
            **{name: value for name, value in vars(one).items() if name != "pair"},
            **{key: getattr(one.pair, key) for key in keys},
        }
        for one in found
    ]


def groups_text(found: Sequence[GroupPair], metric: str, alpha: float) -> str:
    """To be read at a terminal, a block for each column and pair."""
    blocks = []
    lines = pd.DataFrame(
        {"by": [one.by for one in found], "pair": [(one.a, one.b) for one in found], "one": list(found)}
    )
    for (column, (a, b)), part in lines.groupby(["by", "pair"], sort=False):
        rows = [
            [
                one.group,
                f"{one.instances:,}",
                f"{one.users:,}",
                number(one.mean_a),
                number(one.mean_b),
                f"{one.pair.difference:+.4f}",
                f"{one.pair.low:+.4f} {one.pair.high:+.4f}",
                "" if one.pair.p_holm is None else f"{one.pair.p_holm:.4f}{'*' * one.pair.significant(alpha)}",
            ]
            for one in part["one"]
        ]
        heads = ["group", "instances", "users", "first", "second", "diff", "interval", "Holm p"]
        body = tabulate(rows, heads, tablefmt="simple", colalign=["left", *["right"] * 7], disable_numparse=True)
        blocks.append(f"{STRATA[column].title}: {metric} of {a} (first) and {b} (second)\n{body}")
    note = (
        f"* Holm p <= {alpha:g}, adjusted for all {len(found)} pairs of all groups. Groups of fewer than {FEW_USERS} users are "
        "left out."
    )
    return "\n\n".join([*blocks, note])
