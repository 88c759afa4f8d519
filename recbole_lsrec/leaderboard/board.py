"""``leaderboard.json``: its cells, one a line of the plan, data set and seed; and the saved run of each finished one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from recbole_lsrec.analysis.saved_runs import SavedRun, load_run_folder
from recbole_lsrec.errors import DataError
from recbole_lsrec.json_files import read_json
from recbole_lsrec.run_files import read_split

LEADERBOARD = "leaderboard.json"
STATUSES = ("done", "error", "not built", "pending")
_NEEDED = ("title", "command", "budget", "bit_reproducible", "environment", "cells")


@dataclass(frozen=True)
class Cell:
    """One system on one data set with one seed.

    Attributes:
        system: display name.
        model: None for a system that is not built.
        dataset: label of the data set.
        status: one of :data:`STATUSES`.
        reason: why there is no result.
        run_folder: relative to the leaderboard's.
        attempts, seconds: tries, and time of the last one.
        tuned: what the search spent and found; None without one.
        below_band: text where the result lies below what is known of this model on this data set.
        run_again_because: what changed since the cell was finished once; None if it never was.
        run: the saved run of a finished cell, if it was read.
        split: ``split.json`` of that run, if there is one.
    """

    system: str
    model: str | None
    dataset: str
    seed: int | None
    status: str
    reason: str | None = None
    run_folder: str | None = None
    attempts: int | None = 0
    seconds: float | None = None
    tuned: Mapping[str, Any] | None = None
    below_band: str | None = None
    run_again_because: str | None = None
    run: SavedRun | None = field(default=None, repr=False)
    split: Mapping[str, Any] | None = field(default=None, repr=False)

    @property
    def name(self) -> str:
        """For people."""
        return f"{self.system} on {self.dataset}, seed {self.seed}"

    def to_dict(self) -> dict[str, Any]:
        """As ``leaderboard.json`` has it."""
        return {key: getattr(self, key) for key in _STORED}


_STORED = [part.name for part in fields(Cell) if part.name not in ("run", "split")]


@dataclass(frozen=True)
class Board:
    """A leaderboard as its folder has it.

    Attributes:
        started, finished: of all its sittings; ``finished`` is None while a cell is pending.
        environment: versions, machine and cells at once of the last sitting that ran a cell.
        earlier: the same of sittings before, from which cells were kept; each that differs once, oldest first.
        cells: in the order of the plan.
    """

    title: str
    command: str
    started: str | None
    finished: str | None
    plan: Mapping[str, Any]
    budget: Mapping[str, float] | None
    bit_reproducible: bool
    environment: Mapping[str, Any]
    cells: list[Cell]
    earlier: Sequence[Mapping[str, Any]] = ()

    @property
    def clock(self) -> str | None:
        """What the clock decided, so that no second run gives the same numbers; None if nothing."""
        if self.bit_reproducible:
            return None
        by_time = "train_seconds" in (self.budget or {})
        return "training stopped by the clock" if by_time else "the clock decided which trials of the search went on"

    @property
    def systems(self) -> list[str]:
        """Display names in the order of the plan."""
        return list(dict.fromkeys(cell.system for cell in self.cells))

    @property
    def datasets(self) -> list[str]:
        """Names in the order of the plan."""
        return list(dict.fromkeys(cell.dataset for cell in self.cells))

    def to_dict(self) -> dict[str, Any]:
        """As ``leaderboard.json`` has it."""
        return {part.name: getattr(self, part.name) for part in fields(self)} | {
            "cells": [cell.to_dict() for cell in self.cells]
        }

    def of(self, dataset: str, system: str | None = None) -> list[Cell]:
        """Cells of a data set, and of one system if given."""
        return [cell for cell in self.cells if cell.dataset == dataset and system in (None, cell.system)]


_KINDS: dict[str, tuple[type | tuple[type, ...], str]] = {
    "title": ((str, type(None)), "a text"),
    "command": ((str, list), "a text"),
    "started": ((str, type(None)), "a time"),
    "finished": ((str, type(None)), "a time or null"),
    "plan": ((dict, type(None)), "an object"),
    "budget": ((dict, type(None)), "an object or null"),
    "environment": ((dict, type(None)), "an object"),
    "earlier": ((list, type(None)), "a list"),
    "cells": (list, "a list"),
}
_OF_A_CELL: dict[str, type | tuple[type, ...]] = {
    **dict.fromkeys(("system", "dataset", "status"), str),
    **dict.fromkeys(("model", "reason", "run_folder"), (str, type(None))),
    "seed": (int, type(None)),
    "seconds": (int, float, type(None)),
}


def runs_by_system(cells: Sequence[Cell]) -> dict[str, list[SavedRun]]:
    """The saved runs of each system that has one, in the order of the cells."""
    runs: dict[str, list[SavedRun]] = {}
    for cell in cells:
        if cell.run is not None:
            runs.setdefault(cell.system, []).append(cell.run)
    return runs


def load_board(out: str | Path) -> Board:
    """Reads ``leaderboard.json`` and the run folders it names.

    A finished cell whose folder cannot be read becomes an error cell that says so, and the others stay.

    Raises:
        DataError: see :func:`read_board`.
    """
    board = read_board(out)
    return replace(board, cells=[_with_run(Path(out), cell) for cell in board.cells])


def read_board(out: str | Path) -> Board:
    """Reads ``leaderboard.json`` alone.

    Raises:
        DataError: there is no such file, or it lacks something.
    """
    path = Path(out) / LEADERBOARD
    if not path.is_file():
        raise DataError(f"{path}: no such file; give the folder that `recbole-lsrec leaderboard` wrote.")
    content = read_json(path)
    missing = [key for key in _NEEDED if key not in content]
    if missing:
        raise DataError(f"{path}: lacks {', '.join(missing)}; it was not written by `recbole-lsrec leaderboard`.")
    for key, (kind, accepted) in _KINDS.items():
        if not isinstance(content.get(key), kind):
            raise DataError(f"{path}: {key}: found {content.get(key)!r}; accepted: {accepted}. Was it changed by hand?")
    command = content["command"]
    return Board(
        title=content["title"] or "Leaderboard",
        command=command if isinstance(command, str) else " ".join(map(str, command)),
        started=content.get("started"),
        finished=content.get("finished"),
        plan=content.get("plan") or {},
        budget=content["budget"],
        bit_reproducible=content["bit_reproducible"],
        environment=content["environment"] or {},
        cells=[_cell(path, entry) for entry in content["cells"]],
        earlier=[_object(path, "earlier", entry) for entry in content.get("earlier") or []],
    )


def _object(path: Path, key: str, entry: Any) -> dict[str, Any]:
    if not isinstance(entry, dict):
        raise DataError(f"{path}: {key}: found {entry!r}; accepted: an object each. Was it changed by hand?")
    return entry


def _cell(path: Path, entry: Any) -> Cell:
    entry = _object(path, "cells", entry)
    missing = [key for key in ("system", "model", "dataset", "seed", "status") if key not in entry]
    if missing:
        raise DataError(f"{path}: a cell lacks {', '.join(missing)}: {dict(entry)}.")
    cell = Cell(**{key: value for key, value in entry.items() if key in _STORED})
    for key, kind in _OF_A_CELL.items():
        if not isinstance(getattr(cell, key), kind):
            raise DataError(f"{path}: a cell's {key}: found {getattr(cell, key)!r}. Was it changed by hand?")
    if cell.status not in STATUSES:
        raise DataError(f"{path}: {cell.system}: status: found {cell.status!r}; accepted: {', '.join(STATUSES)}.")
    return cell


def _with_run(out: Path, cell: Cell) -> Cell:
    if cell.status != "done":
        return cell
    try:
        if cell.run_folder is None:
            raise DataError("run_folder: the cell is done, but names none.")
        run = load_run_folder(out / cell.run_folder)
        run.protocol("test")
        split = read_split(run.folder)
    except DataError as error:
        return replace(cell, status="error", reason=f"the run was finished, but cannot be read: {error}")
    return replace(cell, run=run, split=split)
