"""A leaderboard while it runs: which cells are finished, and ``leaderboard.json`` after each."""

import platform
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from logging import getLogger
from pathlib import Path
from typing import Any

import psutil
import torch

from recbole_lsrec import environment
from recbole_lsrec.errors import DataError
from recbole_lsrec.json_files import write_json
from recbole_lsrec.leaderboard.bands import below_band, read_bands
from recbole_lsrec.leaderboard.board import LEADERBOARD, Board, Cell, read_board
from recbole_lsrec.leaderboard.cell_run import CellRun
from recbole_lsrec.leaderboard.cells import PlannedCell
from recbole_lsrec.leaderboard.plan import Plan
from recbole_lsrec.leaderboard.store import Record, Store
from recbole_lsrec.run_files import now, read_result


class Progress:
    """The state of a leaderboard.

    Args:
        plan: what is run.
        store: where finished runs are.
        planned: the cells of the plan.
        tuned: what a search found, by (system name, data set label).
        threads: CPU threads of a cell.
        command: as the user typed it.
    """

    def __init__(
        self,
        plan: Plan,
        store: Store,
        planned: Sequence[PlannedCell],
        tuned: Mapping[tuple[str, str], Mapping[str, Any]],
        threads: int,
        command: Sequence[str],
    ) -> None:
        self.plan, self.store, self.planned = plan, store, list(planned)
        self.command = shlex.join(["recbole-lsrec", *command])
        self.bands = read_bands()
        self.reused = 0
        self.environment = _environment(threads)
        self._before = _board_before(store.out)
        self._ran = False  # whether a cell was run in this sitting
        self._started = now()
        self._cells = {
            cell.key: Cell(
                system=cell.system.name,
                model=cell.system.model,
                dataset=cell.data.label,
                seed=cell.seed,
                status="not built" if cell.system.model is None else "pending",
                reason=cell.system.not_built,
                tuned=tuned.get((cell.system.name, cell.data.label)),
            )
            for cell in planned
        }

    @property
    def cells(self) -> list[Cell]:
        """In the order of the plan."""
        return list(self._cells.values())

    def take_finished(self, say: Callable[[str], None]) -> list[PlannedCell]:
        """Enters the cells that were finished before.

        Args:
            say: told why a cell that was finished once is run again.

        Returns:
            The cells to run.
        """
        missing, taken = [], set[Path]()
        for planned in self.planned:
            if planned.system.model is None:
                continue
            found = self.store.find(planned, taken)
            if found is not None:
                taken.add(found[0])
                self._enter(planned, *found)
                self.reused += 1
                continue
            missing.append(planned)
            why = self.store.why_again(planned)
            if why is not None:
                self._update(planned, run_again_because=why)
                say(f"{planned.name}: run again, because {why}")
        if missing and not self.reused:
            self._before = None  # nothing is kept of it
        if self._before:
            self._started = self._before.started or self._started
        return missing

    def add(self, planned: PlannedCell, run: CellRun, attempts: int) -> None:
        """Enters what came of a cell."""
        self._ran = True
        if run.error is None:
            self._enter(planned, *self.store.keep(planned, run, attempts))
            return
        folder = self.store.write_run(run.folder, run.files) if run.folder else None
        self._update(
            planned,
            status="error",
            reason=run.error,
            run_folder=self._relative(folder) if folder else None,
            attempts=attempts,
            seconds=run.seconds,
        )

    def write(self) -> None:
        """Writes ``leaderboard.json``; it is finished when no cell is pending."""
        before, pending = self._before, any(cell.status == "pending" for cell in self.cells)
        board = Board(
            title=self.plan.title,
            command=self.command,
            started=self._started,
            finished=None if pending else now(),
            plan=self.plan.to_dict(),
            budget=dict(self.plan.budget) or None,
            bit_reproducible=self.plan.bit_reproducible,
            environment=self.environment,
            cells=self.cells,
            earlier=_others([*before.earlier, before.environment], self.environment) if before else (),
        )
        if before and not self._ran:
            # The time and the machine are those of the cells that are there.
            finished = None if pending else before.finished or board.finished
            board = replace(board, finished=finished, environment=before.environment, earlier=before.earlier)
            if before.finished and _results(before.cells) == _results(self.cells):
                board = replace(board, cells=before.cells)  # why one of them was run again stays
        write_json(self.store.out / LEADERBOARD, board.to_dict())

    def _enter(self, planned: PlannedCell, folder: Path, record: Record) -> None:
        self._update(
            planned,
            status="done",
            run_folder=self._relative(folder),
            attempts=record.attempts,
            seconds=record.seconds,
            below_band=below_band(read_result(folder), self.bands),
        )

    def _update(self, planned: PlannedCell, **changes: Any) -> None:
        self._cells[planned.key] = replace(self._cells[planned.key], **changes)

    def _relative(self, folder: Path) -> str:
        return folder.relative_to(self.store.out).as_posix()


def _board_before(out: Path) -> Board | None:
    """The board of an earlier sitting; finished cells are in folders of their own, so a damaged one loses only its times."""
    if not (out / LEADERBOARD).is_file():
        return None
    try:
        return read_board(out)
    except DataError as error:
        getLogger().warning(f"{error} It is written anew from the finished cells.")
        return None


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


def _others(earlier: Sequence[Mapping[str, Any]], last: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Each environment that is not the last one, once."""
    return [one for at, one in enumerate(earlier) if one != last and one not in earlier[:at]]


def _results(cells: Sequence[Cell]) -> list[Cell]:
    return [replace(cell, run_again_because=None) for cell in cells]
