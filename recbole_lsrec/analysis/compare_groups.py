"""Differences between saved runs, tested within groups of instances: for whom, and when, a model is better."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from textwrap import fill
from typing import Any

import numpy as np
from tabulate import tabulate

from recbole_lsrec.analysis.comparable import Model
from recbole_lsrec.analysis.compare import Pair, adjusted, compare_models
from recbole_lsrec.analysis.over_users import n_compared
from recbole_lsrec.analysis.strata import FEW_USERS, STRATA, UNKNOWN, Stratum
from recbole_lsrec.analysis.text_table import WIDTH
from recbole_lsrec.analysis.user_metrics import Metric
from recbole_lsrec.errors import DataError
from recbole_lsrec.page.numbers import metric as number
from recbole_lsrec.page.numbers import p_value


@dataclass(frozen=True)
class GroupPair:
    """Two models on one group of instances.

    Attributes:
        by, group: the column that was cut, and the group's name.
        instances: of the group.
        users: of the group, with a value of the metric in every run.
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
    models: Sequence[Model],
    strata: Sequence[Stratum],
    metric: Metric,
    phase: str,
    protocol: str,
    *,
    alpha: float = 0.05,
    resamples: int = 2000,
    bootstrap_seed: int = 2020,
) -> list[GroupPair]:
    """Compares models within each group of each stratum; groups with a value for fewer than 30 users are left out.

    Args:
        models: of :func:`recbole_lsrec.analysis.comparable.load_models`.
        strata: ways to cut their instances.
        metric: what to compare.
        phase: ``valid`` or ``test``.
        protocol: of that phase.
        alpha: the intervals have confidence ``1 - alpha``.
        resamples: bootstrap draws.
        bootstrap_seed: seed of these draws.

    Raises:
        DataError: the runs cut sessions or read categories in different ways.
        ConfigError: a metric of scores where only ranks are kept.
    """
    found: list[GroupPair] = []
    for stratum in strata:
        group = _groups(models, stratum)
        for place, name in enumerate((*stratum.names, UNKNOWN)):
            own = [replace(model, lines=tuple(lines.part(group == place) for lines in model.lines)) for model in models]
            instances = own[0].lines[0].instances
            users = n_compared(own, metric) if len(instances) else 0
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
    pairs = adjusted([one.pair for one in found])
    return [replace(one, pair=pair) for one, pair in zip(found, pairs, strict=True)]


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


def group_tables(found: Sequence[GroupPair], alpha: float) -> list[tuple[str, list[str], list[list[str]]]]:
    """Title, heads and rows of a table for each column and pair of models."""
    heads = ["group", "instances", "users", "first", "second", "diff", "interval", "Holm p"]
    tables = []
    for column, a, b in dict.fromkeys(map(_table, found)):
        rows = [
            [
                one.group,
                f"{one.instances:,}",
                f"{one.users:,}",
                number(one.mean_a),
                number(one.mean_b),
                f"{one.pair.difference:+.4f}",
                f"{one.pair.low:+.4f} {one.pair.high:+.4f}",
                "" if one.pair.p_holm is None else f"{p_value(one.pair.p_holm)}{'*' * one.pair.significant(alpha)}",
            ]
            for one in found
            if _table(one) == (column, a, b)
        ]
        tables.append((f"{STRATA[column].title}: {a} (first) and {b} (second)", heads, rows))
    return tables


def _table(one: GroupPair) -> tuple[str, str, str]:
    return one.by, one.a, one.b


def group_note(found: Sequence[GroupPair], alpha: float) -> str:
    """What the star means, and what is not shown."""
    tested = sum(one.pair.p is not None for one in found)
    if tested:
        adjusted = f", adjusted for all {tested} pairs of all groups" if tested > 1 else ""
        star = f"* Holm p <= {alpha:g}{adjusted}; it counts users and seeds, the interval users alone"
    elif found:
        star = "Nothing is tested: in every pair a side has one seed"
    else:
        star = f"Nothing is compared: there is one model alone, or no group has {FEW_USERS} users"
    return f"{star}. Groups of fewer than {FEW_USERS} users are left out."


def groups_text(found: Sequence[GroupPair], alpha: float) -> str:
    """To be read at a terminal, a block for each column and pair."""
    align = ["left", *["right"] * 7]
    blocks = [
        f"{title}\n{tabulate(rows, heads, tablefmt='simple', colalign=align, disable_numparse=True)}"
        for title, heads, rows in group_tables(found, alpha)
    ]
    return "\n\n".join([*blocks, fill(group_note(found, alpha), WIDTH)])
