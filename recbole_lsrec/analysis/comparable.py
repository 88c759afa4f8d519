"""Which saved runs may be compared, and which of them are seeds of one model."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from recbole_lsrec.analysis.saved_runs import KEY, Lines, SavedRun, load_run_folder
from recbole_lsrec.config.effects import of_a_system
from recbole_lsrec.errors import DataError, counted


@dataclass(frozen=True)
class Model:
    """Runs that differ in the seed alone; runs of other source code are another model's.

    Attributes:
        label: model name, and the settings that tell it from other runs of that name.
        runs: by increasing seed.
        lines: of each run, all with the same instances in the same order.
    """

    label: str
    runs: tuple[SavedRun, ...]
    lines: tuple[Lines, ...]

    @property
    def seeds(self) -> list[int]:
        """Of the runs."""
        return [run.result["seed"] for run in self.runs]


def load_models(
    folders: Sequence[str | Path], phase: str, protocol: str | None, corrected: bool = False
) -> tuple[list[Model], str]:
    """Reads runs, checks that they may be compared, and groups them by model.

    Args:
        folders: of two or more runs.
        phase: ``valid`` or ``test``.
        protocol: None for the first of the phase in the first run.
        corrected: whether to take each run's ranks under its own ``popularity_correction``.

    Returns:
        The models in the order given, and the protocol.

    Raises:
        DataError: a folder is not of a finished run or is given twice; the runs differ in data, split, candidates,
            tie rule or instances; two runs are the same model with the same seed; or one keeps no corrected ranks.
    """
    if isinstance(folders, (str, Path)) or not isinstance(folders, Iterable):
        raise DataError(f"compare: found {folders!r:.80}; accepted: a list of two or more run folders.")
    folders = list(folders)
    if len(folders) < 2:
        raise DataError(f"compare: found {counted(len(folders), 'run folder')}; a comparison needs two or more.")
    runs = [load_run_folder(folder) for folder in folders]
    protocol = runs[0].protocol(phase, protocol)
    return group_runs(runs, labels(runs), phase, protocol, corrected), protocol


def group_runs(
    runs: Sequence[SavedRun], names: Sequence[str], phase: str, protocol: str, corrected: bool
) -> list[Model]:
    """Checks that runs may be compared, and groups them by name.

    Args:
        runs: one or more.
        names: of each run's model: :func:`labels`, or the names that a leaderboard gives.
        phase: ``valid`` or ``test``.
        protocol: of that phase.
        corrected: as :func:`load_models`.

    Raises:
        DataError: as :func:`load_models`.
    """
    for number, run in enumerate(runs):
        if run.folder.resolve() in [earlier.folder.resolve() for earlier in runs[:number]]:
            raise DataError(f"{run.folder}: is given twice.")
    for run in runs[1:]:
        _check_same_test(runs[0], run, phase, protocol)
    lines = [run.lines(phase, protocol, corrected) for run in runs]
    for run, own_lines in zip(runs[1:], lines[1:], strict=True):
        _check_same_instances((runs[0], lines[0]), (run, own_lines))
    return _group(runs, names, lines)


def labels(runs: Sequence[SavedRun]) -> list[str]:
    """Name of each run's model, with the settings in which runs of that name differ, and the code if it does."""
    result = []
    settings = [
        {
            **_flat(of_a_system(run.result["config"], run.result["model"])),
            "code": (run.result["fingerprints"].get("code") or "unknown")[:8],
            "class": _own_source(run),
        }
        for run in runs
    ]
    for run, own in zip(runs, settings, strict=True):
        name = run.result["model"]
        same_name = [other for peer, other in zip(runs, settings, strict=True) if peer.result["model"] == name]
        keys = sorted({key for other in same_name for key in other})
        telling = [key for key in keys if any(other.get(key) != own.get(key) for other in same_name)]
        result.append(" ".join([name, *(f"{key}={_short(own.get(key))}" for key in telling)]))
    return result


def _own_source(run: SavedRun) -> str | None:
    """Which source a class of the user's own had: its hash, or where it came from if there was no file to hash."""
    own = run.result.get("own_model")
    return None if own is None else own["sha256"][:8] if own["sha256"] else own["model"]


def _check_same_test(first: SavedRun, other: SavedRun, phase: str, protocol: str) -> None:
    key = f"{phase}/{protocol}"
    described = [
        {
            "data set": run.result["dataset"],
            "data hash": run.result["fingerprints"].get("data"),
            "split hash": run.result["fingerprints"].get("split"),
            f"candidates of {key}": run.result["fingerprints"].get("candidates", {}).get(key),
            "tie rule (ties)": run.result["config"].get("ties"),
        }
        for run in (first, other)
    ]
    differing = [
        f"{what} ({_hash(value)} and {_hash(described[1][what])})"
        for what, value in described[0].items()
        if value != described[1][what]
    ]
    if differing:
        raise DataError(
            f"{first.folder} and {other.folder} were not put to the same test; they differ in {', '.join(differing)}."
            " Train both with the same data, eval_args, candidate_seed and ties."
        )
    other.protocol(phase, protocol)


def _check_same_instances(first: tuple[SavedRun, Lines], other: tuple[SavedRun, Lines]) -> None:
    """Equal hashes promise equal instances; this makes sure, and finds a history filter that changed the competitors."""
    left, right = first[1].instances, other[1].instances
    if len(left) != len(right) or not left[KEY].equals(right[KEY]):
        raise DataError(
            f"{first[0].folder} and {other[0].folder} hold other instances ({len(left)} and {len(right)}) though their"
            " hashes agree; one of the files was changed after its run."
        )
    changed = int(np.count_nonzero(left["n_candidates"].to_numpy() != right["n_candidates"].to_numpy()))
    if changed:
        raise DataError(
            f"{first[0].folder} and {other[0].folder}: {changed} of {len(left)} targets were ranked among another number"
            " of items (n_candidates); is filter_seen the same in both?"
        )


def _group(runs: Sequence[SavedRun], names: Sequence[str], lines: Sequence[Lines]) -> list[Model]:
    grouped: dict[str, list[int]] = defaultdict(list)
    for number, label in enumerate(names):
        grouped[label].append(number)
    models = []
    for label, numbers in grouped.items():
        numbers.sort(key=lambda number: runs[number].result["seed"])
        for earlier, later in pairwise(numbers):
            if runs[earlier].result["seed"] == runs[later].result["seed"]:
                raise DataError(
                    f"{runs[earlier].folder} and {runs[later].folder} are the same model ({label}) with the same seed"
                    f" {runs[later].result['seed']}; a repeat is no new seed, so leave one out."
                )
        models.append(Model(label, tuple(runs[n] for n in numbers), tuple(lines[n] for n in numbers)))
    return models


def _flat(config: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested settings with dotted names."""
    flat: dict[str, Any] = {}
    for key, value in config.items():
        flat |= _flat(value, f"{prefix}{key}.") if isinstance(value, Mapping) else {f"{prefix}{key}": value}
    return flat


def _short(value: object) -> str:
    return str(value).replace("'", "").replace(", ", ",")


def _hash(value: object) -> str:
    return str(value)[:12] if value is not None else "none"
