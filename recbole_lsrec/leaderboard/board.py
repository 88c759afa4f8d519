"""``leaderboard.json`` as it grows: one entry a cell."""

import json
import platform
import shlex
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import psutil
import torch

from recbole_lsrec import environment
from recbole_lsrec.leaderboard.bands import below_band, read_bands
from recbole_lsrec.leaderboard.cell_run import CellRun
from recbole_lsrec.leaderboard.cells import Cell
from recbole_lsrec.leaderboard.plan import Plan
from recbole_lsrec.leaderboard.store import LEADERBOARD, Record, Store


class Board:
    """The state of a leaderboard.

    Args:
        plan: what is run.
        store: where finished runs are.
        cells: of the plan.
        tuned: what a search found, by (system name, data set label).
        threads: CPU threads of a cell.
        command: as the user typed it.
    """

    def __init__(
        self,
        plan: Plan,
        store: Store,
        cells: Sequence[Cell],
        tuned: Mapping[tuple[str, str], Mapping[str, Any]],
        threads: int,
        command: Sequence[str],
    ) -> None:
        self.plan, self.store, self.cells = plan, store, list(cells)
        self.command = shlex.join(["recbole-lsrec", *command])
        self.bands = read_bands()
        self.reused = 0
        self.environment = _environment(threads)
        self._before = _previous(store.out)
        self._started = _now()
        self._entries: dict[tuple[str, str, int], dict[str, Any]] = {
            _key(cell): {
                "system": cell.system.name,
                "model": cell.system.model,
                "dataset": cell.data.label,
                "seed": cell.seed,
                "status": "not built" if cell.system.model is None else "pending",
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

    @property
    def entries(self) -> list[dict[str, Any]]:
        """Of all cells, in the order of the plan."""
        return list(self._entries.values())

    def take_finished(self, say: Callable[[str], None]) -> list[Cell]:
        """Enters the cells that were finished before.

        Args:
            say: told why a cell that was finished once is run again.

        Returns:
            The cells to run.
        """
        missing = []
        for cell in self.cells:
            if cell.system.model is None:
                continue
            found = self.store.find(cell)
            if found is not None:
                self._enter(cell, *found)
                self.reused += 1
                continue
            missing.append(cell)
            why = self.store.why_again(cell)
            if why is not None:
                self._entries[_key(cell)]["run_again_because"] = why
                say(f"{cell.name}: run again, because {why}")
        if self.reused:
            self._started = self._before.get("started") or self._started
        return missing

    def add(self, cell: Cell, run: CellRun, attempts: int) -> None:
        """Enters what came of a cell."""
        if run.error is None:
            self._enter(cell, *self.store.keep(cell, run, attempts))
            return
        folder = self.store.write_run(run.folder, run.files) if run.folder else None
        self._entries[_key(cell)].update(
            status="error",
            reason=run.error,
            run_folder=self._relative(folder) if folder else None,
            attempts=attempts,
            seconds=run.seconds,
        )

    def write(self) -> None:
        """Writes ``leaderboard.json``; it is finished when no cell is pending."""
        pending = any(entry["status"] == "pending" for entry in self.entries)
        content = {
            "title": self.plan.title,
            "command": self.command,
            "started": self._started,
            "finished": None if pending else _now(),
            "plan": self.plan.to_dict(),
            "budget": dict(self.plan.budget) or None,
            "bit_reproducible": self.plan.bit_reproducible,
            "environment": self.environment,
            "cells": self.entries,
        }
        untouched = not pending and self._before.get("finished") and self._before["cells"] == self.entries
        if untouched:  # nothing was run: the time and the machine are those of the cells
            content |= {key: self._before[key] for key in ("started", "finished", "environment")}
        self.store.write(content)

    def _enter(self, cell: Cell, folder: Path, record: Record) -> None:
        self._entries[_key(cell)].update(
            status="done",
            run_folder=self._relative(folder),
            attempts=record.attempts,
            seconds=record.seconds,
            below_band=below_band(self.store.result(folder), self.bands),
        )

    def _relative(self, folder: Path) -> str:
        return folder.relative_to(self.store.out).as_posix()


def _key(cell: Cell) -> tuple[str, str, int]:
    return (cell.system.name, cell.data.label, cell.seed)


def _previous(out: Path) -> dict[str, Any]:
    path = out / LEADERBOARD
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def _environment(threads: int) -> dict[str, Any]:
    return {
        **environment.versions(),
        "threads": str(threads),
        "processor": _processor(),
        **({"gpu": torch.cuda.get_device_name()} if torch.cuda.is_available() else {}),
        "memory_gb": round(psutil.virtual_memory().total / 2**30, 1),
        "code": environment.code_fingerprint(),
    }


def _processor() -> str:
    info = Path("/proc/cpuinfo")  # platform.processor() is empty or "x86_64" on Linux
    lines = info.read_text(encoding="utf-8").splitlines() if info.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="seconds")
