"""A table, figure or claim of a paper: its yaml, a leaderboard's plan with the paper's numbers beside it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

from recbole_lsrec.analysis.counterfactual.intervention import Intervention
from recbole_lsrec.config.paths import properties_dir
from recbole_lsrec.config.values import read_yaml
from recbole_lsrec.errors import ConfigError, did_you_mean
from recbole_lsrec.leaderboard.flags import Flags, with_flags
from recbole_lsrec.leaderboard.plan import DataSet, Plan, check_keys, parse_plan

KINDS = ("training", "statistics", "counterfactual")
_OWN_KEYS = ("kind", "columns", "paper", "counterfactual")
_PAPER_KEYS = ("where", "sizes", "numbers", "notes")
_COUNTERFACTUAL_KEYS = ("changes", "groups")
_CHANGE_KEYS = ("kind", "values", "side")


@dataclass(frozen=True)
class Entry:
    """One table or figure.

    Attributes:
        name: such as ``slsrec-t2``.
        plan: its leaderboard; the data sets are the paper's.
        kind: ``training`` (metrics of trained models), ``statistics`` (of the log, nothing is trained) or
            ``counterfactual`` (metrics of trained models under changes).
        columns: the paper's name of a column -> ours.
        where: in the paper.
        sizes: ``users``, ``items`` and ``events`` of every log, where the paper has no table of them but says some.
        numbers: data set -> row -> the paper's value of each column; None where it is not readable.
        notes: what a reader of both has to know.
        changes: of a counterfactual entry.
        groups: of a counterfactual entry: our name of a group of targets -> the paper's; empty: targets are not grouped.
    """

    name: str
    plan: Plan
    kind: str
    columns: Mapping[str, str]
    where: str
    sizes: Mapping[str, int]
    numbers: Mapping[str, Mapping[str, tuple[float | None, ...]]]
    notes: tuple[str, ...]
    changes: tuple[Intervention, ...] = ()
    groups: Mapping[str, str] | None = None

    def rows(self) -> list[str]:
        """Names of the rows that the paper may have numbers for."""
        systems = [system.name for system in self.plan.systems]
        if self.kind != "counterfactual":
            return systems
        names = (change.name for change in self.changes)
        groups = dict.fromkeys(["", *self.groups.values()]) if self.groups else [""]
        return [row_name(*parts) for parts in product(systems, names, groups)]

    def on(self, dataset: str) -> "Entry":
        """The entry on one data set: with the settings its file has for it, if it is one of the paper's."""
        chosen = [data for data in self.plan.datasets if data.name == dataset] or [DataSet(dataset, dataset)]
        return replace(self, plan=replace(self.plan, datasets=tuple(chosen)))

    def with_flags(self, flags: Flags) -> "Entry":
        """The entry as a command line changes it; see :func:`recbole_lsrec.leaderboard.flags.with_flags`."""
        return replace(self, plan=with_flags(self.plan, flags))


def row_name(system: str, change: str = "", group: str = "") -> str:
    """Name of a row: ``CLSR, shuffle, click``."""
    return ", ".join(part for part in (system, change, group) if part)


def entry_names() -> list[str]:
    """Names of all entries, paper by paper: tables, figures, claims of the text."""

    def order(name: str) -> tuple[str, int, int]:
        paper, _, what = name.partition("-")
        return paper, "tfc".index(what[0]), int(what[1:])

    return sorted((path.stem for path in (properties_dir() / "reproduce").glob("*.yaml")), key=order)


def list_entries() -> str:
    """One line an entry."""
    return "\n".join(f"{name:13} {read_entry(name).plan.title}" for name in entry_names())


def read_entry(name: str) -> Entry:
    """Reads ``properties/reproduce/<name>.yaml``.

    Raises:
        ConfigError: there is no such entry, or its file is wrong.
    """
    names = entry_names()
    if name not in names:
        raise ConfigError(f"{name}: no such entry; accepted: {', '.join(names)}.{did_you_mean(name, names)}")
    return parse_entry(name, read_yaml(properties_dir() / "reproduce" / f"{name}.yaml"))


def parse_entry(name: str, values: Mapping[str, Any]) -> Entry:
    """Checks an entry.

    Args:
        name: of the entry.
        values: as in the yaml; docs/reproducing.md has every key.

    Raises:
        ConfigError: see :func:`recbole_lsrec.leaderboard.plan.parse_plan`; or a row of the paper's numbers that the
            entry does not have, or that has not one number for each column.
    """
    source = f"properties/reproduce/{name}.yaml"
    plan = parse_plan({key: value for key, value in values.items() if key not in _OWN_KEYS}, source)
    kind, columns, paper = values.get("kind"), values.get("columns") or {}, values.get("paper") or {}
    if kind not in KINDS:
        raise ConfigError(f"{source}: kind: found {kind!r}; accepted: {', '.join(KINDS)}.")
    check_keys(paper, _PAPER_KEYS, f"{source}: paper")
    if "where" not in paper:
        raise ConfigError(f"{source}: paper: where: found nothing; accepted: where the table or figure stands.")
    asked = values.get("counterfactual") or {}
    check_keys(asked, _COUNTERFACTUAL_KEYS, f"{source}: counterfactual")
    entry = Entry(
        name=name,
        plan=plan,
        kind=kind,
        columns=columns,
        where=paper["where"],
        sizes=paper.get("sizes") or {},
        numbers={
            dataset: {row: tuple(values) for row, values in rows.items()}
            for dataset, rows in (paper.get("numbers") or {}).items()
        },
        notes=tuple(paper.get("notes") or ()),
        changes=tuple(change for given in asked.get("changes", ()) for change in _changes(given, source)),
        groups=asked.get("groups"),
    )
    _check_numbers(entry, source)
    return entry


def _changes(given: Mapping[str, Any], source: str) -> list[Intervention]:
    check_keys(given, _CHANGE_KEYS, f"{source}: counterfactual: changes")
    return [Intervention(given["kind"], value, given.get("side")) for value in given.get("values", [None])]


def _check_numbers(entry: Entry, source: str) -> None:
    rows, names = entry.rows(), [data.name for data in entry.plan.datasets]
    for dataset, numbers in entry.numbers.items():
        if dataset not in names:
            raise ConfigError(
                f"{source}: paper: numbers of {dataset!r}, which is not under datasets: {', '.join(names)}."
            )
        for row, values in numbers.items():
            if row not in rows:
                raise ConfigError(f"{source}: paper: {dataset}: no row {row!r}.{did_you_mean(row, rows)}")
            if len(values) != len(entry.columns):
                raise ConfigError(
                    f"{source}: paper: {dataset}: {row}: found {len(values)} numbers for {len(entry.columns)} columns."
                )
