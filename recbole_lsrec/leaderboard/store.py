"""The folder of a leaderboard: finished runs, each with its identity."""

import json
import os
import shutil
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, fields
from logging import getLogger
from pathlib import Path
from typing import Any

from recbole_lsrec.errors import DataError, LSRecError, refusals_named
from recbole_lsrec.json_files import read_json
from recbole_lsrec.leaderboard.cell_run import CellRun
from recbole_lsrec.leaderboard.cells import PlannedCell, differences
from recbole_lsrec.run_files import check_files, now, read_result, read_split

CELL, RUNS, CANDIDATES = "cell.json", "runs", ".candidates"


@dataclass(frozen=True)
class Record:
    """A finished cell, as ``cell.json`` in its run folder has it.

    Attributes:
        system: name of the row it was run for.
        dataset: label of the data set.
        seed: of the run.
        identity: see :class:`recbole_lsrec.leaderboard.cells.PlannedCell`.
        attempts: 1, or more if a worker died.
        seconds: of the whole cell in its worker: training, evaluation, and building the model.
        finished: UTC time.
    """

    system: str
    dataset: str
    seed: int
    identity: Mapping[str, Any]
    attempts: int
    seconds: float
    finished: str

    def of(self, cell: PlannedCell) -> bool:
        """Whether it was run for the cell, whatever its identity is now."""
        return (self.system, self.dataset, self.seed) == (cell.system.name, cell.data.label, cell.seed)


class Store:
    """Finished runs in ``<out>/runs``. One process at a time writes; a run is there whole or not at all.

    Args:
        out: the leaderboard's folder; made if missing.
    """

    def __init__(self, out: Path) -> None:
        self.out = out
        (out / RUNS).mkdir(parents=True, exist_ok=True)
        for unfinished in (out / RUNS).glob(".*.part"):  # of a process that was killed while it wrote
            shutil.rmtree(unfinished)
        found = {path.parent: _read(path) for path in sorted((out / RUNS).glob(f"*/{CELL}"))}
        self._records = {folder: record for folder, record in found.items() if record is not None}

    def find(self, cell: PlannedCell, taken: Collection[Path] = ()) -> tuple[Path, Record] | None:
        """Returns the folder and record of a finished run with the cell's identity: one run for it, and of these the latest.

        A run whose files are not as it wrote them is none; that is said.

        Args:
            cell: what is to be run.
            taken: folders of other cells, which two systems of equal settings do not share.
        """

        def order(pair: tuple[Path, Record]) -> tuple[bool, str]:
            return pair[1].of(cell), pair[1].finished

        found = [(folder, record) for folder, record in self._records.items() if record.identity == cell.identity]
        for folder, record in sorted(found, key=order, reverse=True):
            if folder in taken:
                continue
            try:
                check_files(folder, read_result(folder))
                read_split(folder)  # which the page reads
            except LSRecError as error:
                getLogger().warning(f"{cell.name}: run again, because its finished run is damaged: {error}")
                continue
            return folder, record
        return None

    def why_again(self, cell: PlannedCell) -> str | None:
        """Says what changed since the cell was last finished; None if it never was."""
        same = [record for record in self._records.values() if record.of(cell)]
        last = max(same, key=lambda record: record.finished, default=None)
        return None if last is None else differences(last.identity, cell.identity) or None

    def keep(self, cell: PlannedCell, run: CellRun, attempts: int) -> tuple[Path, Record]:
        """Writes a finished run."""
        record = Record(cell.system.name, cell.data.label, cell.seed, cell.identity, attempts, run.seconds, now())
        files = {**run.files, CELL: json.dumps(asdict(record), indent=2, ensure_ascii=False).encode()}
        folder = self.write_run(run.folder, files)
        self._records[folder] = record
        return folder, record

    def write_run(self, name: str, files: Mapping[str, bytes]) -> Path:
        """Writes the files of a run, and then shows them under its name."""
        hidden, folder = self.out / RUNS / f".{name}.part", self.out / RUNS / name
        with refusals_named(folder, "a finished run cannot be kept"):
            hidden.mkdir()
            for file, content in files.items():
                (hidden / file).parent.mkdir(parents=True, exist_ok=True)
                (hidden / file).write_bytes(content)
            os.replace(hidden, folder)
        return folder


def _read(path: Path) -> Record | None:
    """The record; None where it is damaged, which is said: the cell is then run again."""
    try:
        held = read_json(path)
        for part in fields(Record):
            if not isinstance(held.get(part.name), _KINDS[part.name]):
                raise DataError(f"{path}: {part.name}: found {held.get(part.name)!r}.")
    except LSRecError as error:
        getLogger().warning(f"{error} The record of a finished cell is damaged; the cell is run again.")
        return None
    return Record(**{part.name: held[part.name] for part in fields(Record)})


_KINDS: dict[str, type | tuple[type, ...]] = {
    **dict.fromkeys(("system", "dataset", "finished"), str),
    **dict.fromkeys(("seed", "attempts"), int),
    "identity": dict,
    "seconds": (int, float),
}
