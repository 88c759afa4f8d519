"""A leaderboard from plan to results: what is finished is kept, the rest is run, every step is written down."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recbole_lsrec.errors import ConfigError, counted
from recbole_lsrec.leaderboard.board import LEADERBOARD, Cell, read_board
from recbole_lsrec.leaderboard.cells import PlannedCell, make_cells
from recbole_lsrec.leaderboard.execute import Resources, connected, run_cells
from recbole_lsrec.leaderboard.plan import Plan
from recbole_lsrec.leaderboard.progress import Progress
from recbole_lsrec.leaderboard.store import CANDIDATES, Store
from recbole_lsrec.leaderboard.tune import tune_systems
from recbole_lsrec.run_files import RESULT
from recbole_lsrec.tuning.result import SUMMARY
from recbole_lsrec.whole_files import alone


@dataclass(frozen=True)
class Summary:
    """How a leaderboard ended.

    Attributes:
        cells: as in ``leaderboard.json``; none where a search before them was interrupted.
        reused: finished cells that were found and not run again.
        interrupted: whether it was stopped with Ctrl-C.
    """

    cells: list[Cell]
    reused: int
    interrupted: bool

    def count(self, status: str) -> int:
        """Number of cells with a status."""
        return sum(cell.status == status for cell in self.cells)


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
        MachineError: Ray's own processes ended; what is finished is kept, the rest is pending.
    """
    out = out.absolute()
    _check_folder(out)
    out.mkdir(parents=True, exist_ok=True)
    with alone(out, "out"):
        # Refuses what does not fit before a search spends hours.
        planned = make_cells(plan, resources.cpus, gpus=resources.gpus)
        tuned: Mapping[tuple[str, str], Mapping[str, Any]] = {}
        if plan.tune is not None:
            try:
                tuned = tune_systems(plan, planned, out, resources, say)
            except KeyboardInterrupt:
                return Summary([], 0, True)
            planned = make_cells(
                plan, resources.cpus, {key: search["best"] for key, search in tuned.items()}, resources.gpus
            )
        progress = Progress(plan, Store(out), planned, tuned, resources.cpus, command)
        missing = progress.take_finished(say)
        progress.write()
        interrupted = False
        if missing:
            say(_announcement(plan, missing, resources))
            try:
                with connected(resources) as cluster:
                    progress.environment |= cluster
                    # The negatives that all cells meet are drawn once.
                    shared = {"show_progress": False, "candidate_cache": str(out / CANDIDATES)}
                    for cell, run, attempts in run_cells(missing, resources, **shared):
                        progress.add(cell, run, attempts)
                        progress.write()
            except KeyboardInterrupt:
                interrupted = True
        return Summary(progress.cells, progress.reused, interrupted)


def _check_folder(out: Path) -> None:
    """Refuses a folder that is something else's, and one whose leaderboard cannot be read."""
    for file, what in ((RESULT, "a run"), (SUMMARY, "a search")):
        if (out / file).exists():
            raise ConfigError(f"out: found {str(out)!r}, which is the folder of {what}; accepted: one of its own.")
    if (out / LEADERBOARD).exists():
        read_board(out)


def _announcement(plan: Plan, cells: Sequence[PlannedCell], resources: Resources) -> str:
    budget = "no budget but epochs and early stopping"
    if plan.budget:
        ((kind, size),) = plan.budget.items()
        budget = f"at most {size:g} {'seconds of training' if kind == 'train_seconds' else 'training steps'} each"
        if kind == "train_seconds":
            budget += " (by the clock, so no second run gives the same numbers)"
    return (
        f"{counted(len(cells), 'cell')} to run: {budget}, {resources.cpus} CPU threads and {resources.gpus:g} GPUs each"
    )
