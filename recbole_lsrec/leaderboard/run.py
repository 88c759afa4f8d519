"""A leaderboard from plan to page: what is finished is kept, the rest is run, every step is written down."""

import json
import platform
import shlex
from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import psutil
from filelock import FileLock, Timeout

from recbole_lsrec import run_folder
from recbole_lsrec.errors import ConfigError
from recbole_lsrec.leaderboard.bands import below_band, read_bands
from recbole_lsrec.leaderboard.cells import Cell, make_cells
from recbole_lsrec.leaderboard.execute import Resources, connected, run_cells
from recbole_lsrec.leaderboard.plan import Plan
from recbole_lsrec.leaderboard.store import CANDIDATES, LEADERBOARD, Record, Store
from recbole_lsrec.leaderboard.tune import tune_systems
from recbole_lsrec.leaderboard.worker import CellRun


@dataclass(frozen=True)
class Summary:
    """How a leaderboard ended.

    Attributes:
        cells: as in ``leaderboard.json``.
        reused: finished cells that were found and not run again.
        interrupted: whether it was stopped with Ctrl-C.
    """

    cells: list[dict[str, Any]]
    reused: int
    interrupted: bool

    def count(self, status: str) -> int:
        """Number of cells with a status."""
        return sum(cell["status"] == status for cell in self.cells)


def run_leaderboard(
    plan: Plan, out: Path, resources: Resources, command: Sequence[str] = (), say: Callable[[str], None] = print
) -> Summary:
    """Runs what is missing of a leaderboard and writes ``<out>/leaderboard.json`` after every cell.

    Args:
        plan: what to run.
        out: its folder; a leaderboard begun there is taken up.
        resources: of a cell, and of the machine.
        command: as the user typed it.
        say: takes lines of text for the user.

    Raises:
        ConfigError: settings that do not fit, before anything is run; or another process works in the folder.
        DataError: a data set has no files.
    """
    out = out.absolute()
    out.mkdir(parents=True, exist_ok=True)
    with _alone(out):
        tuned = tune_systems(plan, out, resources, say) if plan.tune is not None else {}
        cells = make_cells(plan, resources.cpus, {key: search["best"] for key, search in tuned.items()})
        board = _Board(plan, Store(out), cells, tuned, resources.cpus, command)
        missing = board.take_finished(say)
        board.write()
        interrupted = False
        if missing:
            say(_announcement(plan, missing, resources))
            try:
                with connected(resources) as cluster:
                    board.environment.update(cluster)
                    for cell, run, attempts in run_cells(missing, resources, **_quietly(out)):
                        board.add(cell, run, attempts)
                        board.write()
            except KeyboardInterrupt:
                interrupted = True
        board.write(finished=not interrupted)
        return Summary(list(board.entries.values()), len(cells) - len(missing) - board.count("not built"), interrupted)


class _Board:
    """The content of ``leaderboard.json`` as it grows."""

    def __init__(
        self,
        plan: Plan,
        store: Store,
        cells: Sequence[Cell],
        tuned: Mapping[tuple[str, str], Mapping[str, Any]],
        threads: int,
        command: Sequence[str],
    ) -> None:
        self.plan, self.store, self.command = plan, store, shlex.join(["recbole-lsrec", *command])
        self.bands = read_bands()
        self.before = _previous(store.out)
        self.started: str | None = None
        self.environment = _environment(threads)
        self.entries = {
            _key(cell): {
                "system": cell.system.name,
                "model": cell.system.model,
                "dataset": cell.data.label,
                "seed": cell.seed,
                "status": "pending" if cell.system.model else "not built",
                "reason": cell.system.not_built,
                "run_folder": None,
                "attempts": 0,
                "seconds": None,
                "tuned": tuned.get((cell.system.name, cell.data.label)),
                "below_band": None,
                "run_again_because": None,
            }
            for cell in cells
        }
        self.cells = list(cells)

    def take_finished(self, say: Callable[[str], None]) -> list[Cell]:
        """Enters the cells that were finished before; returns those to run, and says why known ones are among them."""
        missing = []
        for cell in self.cells:
            if cell.system.model is None:
                continue
            found = self.store.find(cell)
            if found is not None:
                self._enter(cell, *found)
                continue
            missing.append(cell)
            why = self.store.why_again(cell)
            if why is not None:
                self.entries[_key(cell)]["run_again_because"] = why
                say(f"{cell.name}: run again, because {why}")
        if len(missing) < len(self.cells) - self.count("not built"):
            self.started = self.before.get("started")
        return missing

    def add(self, cell: Cell, run: CellRun, attempts: int) -> None:
        """Enters what came of a cell."""
        if run.error is None:
            self._enter(cell, *self.store.keep(cell, run, attempts))
            return
        folder = self.store.write_run(run.folder, run.files) if run.folder else None
        self.entries[_key(cell)].update(
            status="error",
            reason=run.error,
            run_folder=self._relative(folder) if folder else None,
            attempts=attempts,
            seconds=run.seconds,
        )

    def count(self, status: str) -> int:
        """Number of cells with a status."""
        return sum(entry["status"] == status for entry in self.entries.values())

    def write(self, finished: bool = False) -> None:
        """Writes ``leaderboard.json``."""
        self.started = self.started or _now()
        untouched = finished and self.before.get("finished") and not self.environment.get("nodes")
        self.store.write(
            {
                "title": self.plan.title,
                "command": self.command,
                "started": self.started,
                "finished": self.before["finished"] if untouched else _now() if finished else None,
                "plan": self.plan.to_dict(),
                "budget": dict(self.plan.budget) or None,
                "bit_reproducible": "train_seconds" not in self.plan.budget and self.plan.tune is None,
                "environment": self.before["environment"] if untouched else self.environment,
                "cells": list(self.entries.values()),
            }
        )

    def _enter(self, cell: Cell, folder: Path, record: Record) -> None:
        self.entries[_key(cell)].update(
            status="done",
            run_folder=self._relative(folder),
            attempts=record.attempts,
            seconds=record.seconds,
            below_band=below_band(self.store.result(folder), self.bands),
        )

    def _relative(self, folder: Path) -> str:
        return folder.relative_to(self.store.out).as_posix()


@contextmanager
def _alone(out: Path) -> Any:
    """Keeps a second process out; the lock of a killed one is free."""
    lock = FileLock(out / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise ConfigError(f"out: another process works in {out}; wait for it, or give another folder.") from error
    try:
        yield
    finally:
        lock.release()


def _key(cell: Cell) -> tuple[str, str, int]:
    return (cell.system.name, cell.data.label, cell.seed)


def _quietly(out: Path) -> dict[str, Any]:
    return {"show_progress": False, "candidate_cache": str(out / CANDIDATES)}


def _announcement(plan: Plan, cells: Sequence[Cell], resources: Resources) -> str:
    budget = "no budget but epochs and early stopping"
    if plan.budget:
        ((kind, size),) = plan.budget.items()
        budget = f"at most {size:g} {'seconds of training' if kind == 'train_seconds' else 'training steps'} each"
        if kind == "train_seconds":
            budget += " (by the clock, so no second run gives the same numbers)"
    return f"{len(cells)} cells to run: {budget}, {resources.cpus} CPU threads and {resources.gpus:g} GPUs each"


def _previous(out: Path) -> dict[str, Any]:
    path = out / LEADERBOARD
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def _environment(threads: int) -> dict[str, Any]:
    return {
        **run_folder.versions(),
        "threads": str(threads),
        "processor": _processor(),
        "memory_gb": round(psutil.virtual_memory().total / 2**30, 1),
        "code": run_folder.code_fingerprint(),
    }


def _processor() -> str:
    info = Path("/proc/cpuinfo")  # platform.processor() is empty or "x86_64" on Linux
    lines = info.read_text(encoding="utf-8").splitlines() if info.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="seconds")
