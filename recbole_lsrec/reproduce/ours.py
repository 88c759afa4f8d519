"""Our numbers of an entry, from the log, the finished runs of a leaderboard, or these runs under changes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean, stdev

import numpy as np

from recbole_lsrec.analysis.counterfactual.intervention import Intervention
from recbole_lsrec.analysis.counterfactual.measure import counterfactual
from recbole_lsrec.analysis.saved_runs import SavedRun
from recbole_lsrec.config import Config
from recbole_lsrec.console import logging_to
from recbole_lsrec.data.split_report import split_report
from recbole_lsrec.leaderboard.board import Cell, load_board, runs_by_system
from recbole_lsrec.leaderboard.cells import cell_settings
from recbole_lsrec.leaderboard.page.cost import costs
from recbole_lsrec.leaderboard.page.results import protocols
from recbole_lsrec.reproduce.entry import Entry, row_name
from recbole_lsrec.run_data import load_log
from recbole_lsrec.simulated.generate import SIMULATED_NOTICE

ALPHA, MINUTES, MEMORY = "alpha", "train_minutes", "memory_gb"


@dataclass(frozen=True)
class Value:
    """A number: one run's, or the mean and the standard deviation over seeds."""

    mean: float
    sd: float | None = None
    runs: int = 1


@dataclass(frozen=True)
class Ours:
    """Our side of an entry on one data set.

    Attributes:
        rows: row -> our name of a column -> value.
        missing: row -> why there is no value.
        simulated: the notice of a simulated log, or None.
        sizes: ``users``, ``items`` and ``events`` of the log; empty where no run says it.
        protocol: what the metrics of ``rows`` rank among, such as ``pop99``; None for statistics.
        further: the same rows under each further protocol of the test.
    """

    rows: Mapping[str, Mapping[str, Value]]
    missing: Mapping[str, str]
    simulated: str | None
    sizes: Mapping[str, int]
    protocol: str | None = None
    further: Mapping[str, Mapping[str, Mapping[str, Value]]] = field(default_factory=dict)


def statistics(entry: Entry) -> Ours:
    """Counts the log of each system, as its settings read, filter and split it."""
    rows, simulated, sizes = {}, None, {}
    for system in entry.plan.systems:
        data = entry.plan.datasets[0]
        settings = cell_settings(entry.plan, system, data, entry.plan.seeds[0])
        with logging_to(None, "error"):
            log = load_log(Config(system.model, data.name, config_dict=settings))
        report = split_report(log)
        simulated = SIMULATED_NOTICE if log.simulated else None
        sizes = {key: report[key] for key in ("users", "items", "events")}
        found = {
            **sizes,
            "average_length": report["events"] / report["users"],
            **{phase: counts["instances"] for phase, counts in report["phases"].items()},
        }
        if log.item_category is not None:
            found["categories"] = len(np.setdiff1d(log.item_category, [0]))  # 0 is unknown
            found["same_category"] = _stays(log.user, np.asarray(log.item_category)[log.item])
        rows[system.name] = {key: Value(found[key]) for key in entry.columns.values() if key in found}
    return Ours(rows, {}, simulated, sizes)


def _stays(user: np.ndarray, category: np.ndarray) -> float:
    """Share of events of the category of the user's event before, ``[n]`` in the order of the log; 0 is no category."""
    follows = (user[1:] == user[:-1]) & (category[1:] > 0) & (category[:-1] > 0)
    return float((category[1:] == category[:-1])[follows].mean())


def trained(entry: Entry, out: Path) -> Ours:
    """Reads the finished runs of the leaderboard in ``out``; a counterfactual entry scores them again."""
    board = load_board(out)
    dataset = entry.plan.datasets[0].label
    runs = runs_by_system(board.of(dataset))
    rows: dict[str, dict[str, Value]] = {}
    for system, own in runs.items():
        measure = _changed if entry.kind == "counterfactual" else _results
        rows |= measure(entry, system, own)
    further: dict[str, dict[str, dict[str, Value]]] = {}
    for protocol in protocols(board.of(dataset))[1:] if entry.kind == "training" else ():
        found = {system: _under(protocol, entry, own) for system, own in runs.items()}
        further[protocol] = {system: values for system, values in found.items() if values}
    first = next((run for own in runs.values() for run in own), None)
    split = next((cell.split for cell in board.of(dataset) if cell.split), {})
    simulated = first.result["simulated"] if first else None
    return Ours(
        rows,
        _reasons(board.of(dataset)),
        simulated if isinstance(simulated, str) else None,
        {key: split[key] for key in ("users", "items", "events") if key in split},
        first.protocol("test") if first else None,
        further,
    )


def _under(protocol: str, entry: Entry, runs: Sequence[SavedRun]) -> dict[str, Value]:
    """Metrics under a protocol that is not the first."""
    results = [run.test_result for run in runs]
    found = _over_runs(results, [f"{protocol}/{key}" for key in entry.columns.values()])
    return {key.removeprefix(f"{protocol}/"): value for key, value in found.items()}


def _results(entry: Entry, system: str, runs: Sequence[SavedRun]) -> dict[str, dict[str, Value]]:
    """Metrics under the first protocol, minutes of training, and the peak of memory: the GPU's if there is one."""
    results = []
    for run in runs:
        cell = Cell(system, run.result["model"], run.result["dataset"], run.result["seed"], "done", run=run)
        (cost,) = costs([cell])
        memory = (cost.gpu_memory_mb or cost.memory_mb) / 1024
        results.append({**run.test_result, MINUTES: cost.train_seconds / 60, MEMORY: memory})
    return {system: _over_runs(results, entry.columns.values())}


def _changed(entry: Entry, system: str, runs: Sequence[SavedRun]) -> dict[str, dict[str, Value]]:
    """The metrics of every change and group of targets, and alpha of the untouched model."""
    found: dict[str, list[Mapping[str, float]]] = {}
    for run in runs:
        for name, values in _changed_run(entry, system, run).items():
            found.setdefault(name, []).append(values)
    return {name: _over_runs(results, entry.columns.values()) for name, results in found.items()}


def _changed_run(entry: Entry, system: str, run: SavedRun) -> dict[str, dict[str, float]]:
    has_alpha = bool(run.instances["alpha"].notna().any())  # a floor has none to fix
    changes = [change for change in entry.changes if change.fixed_alpha is None or has_alpha]
    asked = counterfactual(
        run.folder,
        [key for key in entry.columns.values() if key != ALPHA],
        protocols=[run.protocol("test")],
        interventions=[change for change in changes if change.kind != "none"] or [Intervention("shuffle")],
    )
    lines = asked.table[asked.table["intervention"].isin([change.name for change in changes])]
    if not entry.groups:
        lines = lines[lines["group"] == "all"]
    names = group_names(entry, list(dict.fromkeys(lines["group"])))
    alpha = {} if asked.alpha is None else asked.alpha.set_index("group")["mean"].to_dict()
    found: dict[str, dict[str, float]] = {}
    for line in lines.to_dict("records"):
        row = found.setdefault(row_name(system, line["intervention"], names[line["group"]]), {})
        row[line["metric"]] = line["value"]
        if line["kind"] == "none" and line["group"] in alpha:
            row[ALPHA] = alpha[line["group"]]
    return found


def group_names(entry: Entry, found: Sequence[str]) -> dict[str, str]:
    """The paper's name of each of our groups; two with the same one keep ours behind it."""
    names = {group: "" if group == "all" else (entry.groups or {}).get(group, group) for group in found}
    papers = list(names.values())
    return {group: f"{name} ({group})" if name and papers.count(name) > 1 else name for group, name in names.items()}


def _over_runs(results: Sequence[Mapping[str, float]], keys: Iterable[str]) -> dict[str, Value]:
    values = {key: [result[key] for result in results if key in result] for key in keys}
    known = {key: found for key, found in values.items() if found}
    return {
        key: Value(mean(found), stdev(found) if len(found) > 1 else None, len(found)) for key, found in known.items()
    }


def _reasons(cells: Sequence[Cell]) -> dict[str, str]:
    """Why a system has no run, or not those of all seeds."""
    reasons: dict[str, dict[str, None]] = {}
    for cell in cells:
        if cell.run is None:
            seed = "" if cell.status == "not built" else f"seed {cell.seed}, "
            reason = f": {cell.reason}" if cell.reason else ""
            reasons.setdefault(cell.system, {})[f"{seed}{cell.status}{reason}"] = None
    return {system: "; ".join(own) for system, own in reasons.items()}
