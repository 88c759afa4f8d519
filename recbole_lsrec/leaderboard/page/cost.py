"""What each system costs: training time, scoring time, memory, parameters; and whether more training would have helped."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from recbole_lsrec.analysis.saved_runs import SavedRun
from recbole_lsrec.leaderboard.board import Cell, runs_by_system
from recbole_lsrec.leaderboard.page.rising import still_improving, validated_once


@dataclass(frozen=True)
class Cost:
    """Means over the seeds of a system.

    Attributes:
        seconds_per_epoch: one pass over the training targets, also where the budget ended before a pass did.
        epochs: passes, with the fraction of a cut one.
        ms_per_user: milliseconds to score and rank one validation target with its candidates, in batches; None without
            validation.
        memory_mb: largest memory of the process, the data included.
        gpu_memory_mb: of the GPU; None without one.
        parameters: trained numbers.
        train_seconds: spent in training, validation not counted.
        runs: that these are means of.
        still_improving: of them, in how many validation was still rising, or was done once.
        validated_once: of these, how many were validated once.
        every_position: whether it was trained on whole histories at once, not on one window for each target.
    """

    system: str
    seconds_per_epoch: float | None
    epochs: float
    ms_per_user: float | None
    memory_mb: float
    gpu_memory_mb: float | None
    parameters: float
    train_seconds: float
    runs: int
    still_improving: int
    validated_once: int
    every_position: bool


def costs(cells: Sequence[Cell]) -> list[Cost]:
    """One line for each system with a finished run, in the order of the cells."""
    return [_cost(system, own) for system, own in runs_by_system(cells).items()]


def _cost(system: str, runs: Sequence[SavedRun]) -> Cost:
    memory = [run.result["peak_memory_mb"] for run in runs]
    rising = [run for run in runs if still_improving(run)]
    return Cost(
        system=system,
        seconds_per_epoch=_mean([run.result["seconds_per_epoch"] for run in runs]),
        epochs=float(np.mean([sum(epoch["share"] for epoch in run.result["history"]) for run in runs])),
        ms_per_user=_mean([_ms_per_user(run) for run in runs]),
        memory_mb=float(np.mean([peak["process"] for peak in memory])),
        gpu_memory_mb=_mean([peak.get("gpu") for peak in memory]),
        parameters=float(np.mean([run.result["parameters"] for run in runs])),
        train_seconds=float(np.mean([_trained(run.result["history"]) for run in runs])),
        runs=len(runs),
        still_improving=len(rising),
        validated_once=sum(map(validated_once, rising)),
        every_position=all(run.result["config"].get("train_positions") == "all" for run in runs),
    )


def _ms_per_user(run: SavedRun) -> float | None:
    lines = run.instances[run.instances["phase"] == "valid"]
    seconds = _mean([epoch.get("valid_seconds") for epoch in run.result["history"]])
    if seconds is None or not len(lines):
        return None
    return 1000 * seconds / int((lines["protocol"] == lines["protocol"].iloc[0]).sum())


def _trained(history: Sequence[Mapping[str, Any]]) -> float:
    return sum(epoch["train_seconds"] for epoch in history)


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None
