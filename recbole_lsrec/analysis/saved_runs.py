"""Reading a run folder back: what strata and comparisons start from, without training or scoring anything again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from recbole_lsrec.analysis.self_check import check_metrics, check_scores
from recbole_lsrec.errors import DataError, did_you_mean
from recbole_lsrec.run_files import INSTANCES, RunResult, folder_of, read_instances, read_result, read_scores

# What makes two lines of two runs the same instance, whatever their order in the file.
KEY = ["user_id", "item_id", "timestamp", "row"]


@dataclass(frozen=True)
class Lines:
    """The instances of one phase under one protocol, sorted by :data:`KEY`.

    Attributes:
        instances: the lines of ``instances.parquet``.
        scores: ``[N, 1 + C]`` of the same lines, the target's first; None where the protocol keeps ranks only.
        popularity: the lambda with which the ranks are; None for those of the run's own results.
    """

    instances: pd.DataFrame
    scores: np.ndarray | None
    popularity: float | None = None

    @cached_property
    def users(self) -> tuple[np.ndarray, np.ndarray]:
        """The users' original tokens, increasing, ``[U]``, and the number of each line's user among them, ``[N]``."""
        tokens, number = np.unique(self.instances["user_id"].to_numpy(dtype=str), return_inverse=True)
        return tokens, number

    @cached_property
    def totals(self) -> dict[str, Any]:
        """By metric what :meth:`Metric.by_user` found of these lines."""
        return {}

    def part(self, chosen: np.ndarray) -> "Lines":
        """The lines where ``chosen``, boolean ``[N]``, holds."""
        scores = None if self.scores is None else self.scores[chosen]
        return replace(self, instances=self.instances[chosen].reset_index(drop=True), scores=scores)


@dataclass(frozen=True)
class SavedRun:
    """A finished run.

    Attributes:
        folder: where it was read from.
        result: ``result.json``.
        instances: ``instances.parquet``, every phase and protocol.
        scores: by sampled protocol; line ``i`` belongs to the ``i``-th instance with that protocol.
    """

    folder: Path
    result: RunResult
    instances: pd.DataFrame
    scores: Mapping[str, np.ndarray]

    @property
    def test_result(self) -> dict[str, float]:
        """Metrics of the test as ``result.json`` has them; empty where the run was kept from the test set."""
        return self.result["test_result"] or {}

    def protocol(self, phase: str, asked: str | None = None) -> str:
        """Returns the protocol asked for, or the phase's first, whose metrics have no prefix in ``result.json``.

        Raises:
            DataError: the run has no such phase, or not this protocol in it.
        """
        found = self.instances.loc[self.instances["phase"] == phase, "protocol"].unique().tolist()
        if not found:
            phases = ", ".join(self.instances["phase"].unique())
            raise DataError(f"{self.folder}: holds no instances of phase {phase!r}; it has: {phases or 'none'}.")
        if asked is not None and asked not in found:
            raise DataError(
                f"{self.folder}: phase {phase!r} was not evaluated under protocol {asked!r};"
                f" it has: {', '.join(found)}.{did_you_mean(asked, found)}"
            )
        return asked or found[0]

    def lines(self, phase: str, protocol: str, corrected: bool = False) -> Lines:
        """Returns the instances of a phase and protocol with their scores, in an order that every run has.

        Args:
            phase: ``valid`` or ``test``.
            protocol: of that phase.
            corrected: whether ``rank`` is to be the one under the run's own ``popularity_correction``; without scores.

        Raises:
            DataError: see :meth:`protocol`; an instance is there twice; or the run keeps no corrected ranks.
        """
        self.protocol(phase, protocol)
        under_protocol = self.instances[self.instances["protocol"] == protocol].reset_index(drop=True)
        chosen = under_protocol[under_protocol["phase"] == phase].sort_values(KEY)
        twice = int(chosen.duplicated(KEY).sum())
        if twice:
            raise DataError(f"{self.folder / INSTANCES}: {twice} instances of {phase}, {protocol} are there twice.")
        scores = self.scores[protocol][chosen.index] if protocol in self.scores else None
        chosen = chosen.reset_index(drop=True)
        if scores is not None:
            check_scores(self.folder, self.result, chosen, scores, protocol)
        lines = Lines(chosen, scores)
        return self._corrected(lines, phase, protocol) if corrected else lines

    def _corrected(self, lines: Lines, phase: str, protocol: str) -> Lines:
        told = self.result.get("popularity_correction")
        value = told["lambda"].get(protocol) if told else None
        if value is None:
            why = "it has no targets, or these lists were given for the test alone"
            raise DataError(
                f"{self.folder}: {phase}/{protocol} has no lambda of popularity: "
                + ("the run has no popularity_correction" if told is None else f"validation chose none, as {why}")
                + "; run it again with --popularity_correction=valid, under a protocol that validation knows."
            )
        if lines.instances["corrected_rank"].isna().any():
            raise DataError(f"{self.folder}: {INSTANCES} has no corrected_rank for {phase}/{protocol}; run it again.")
        return Lines(lines.instances.assign(rank=lines.instances["corrected_rank"]), None, value)


def in_two_stages(named: Mapping[str, Sequence[SavedRun]], phase: str, protocol: str) -> dict[str, float]:
    """By name of those whose runs ranked all items in two stages, the share of the best that was found, a mean over runs."""
    found = {}
    for name, runs in named.items():
        shares = [run.result.get("full_recall", {}).get(phase) for run in runs] if protocol == "full" else []
        if known := [share for share in shares if share is not None]:
            found[name] = float(np.mean(known))
    return found


def load_run_folder(folder: str | Path) -> SavedRun:
    """Reads a run folder.

    Args:
        folder: as printed at the end of a run, ``runs/<model>-<dataset>-<seed>-...``, or its checkpoint.

    Raises:
        DataError: there is no such folder, it is not the folder of a finished run, its files are not as the run wrote them,
            or do not belong together.
    """
    folder = folder_of(folder)
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder; give the folder of a run, such as runs/SLSRec-cosmetics-2020-...")
    result = read_result(folder)
    instances = read_instances(folder, result["files"])
    check_metrics(folder, result, instances)
    return SavedRun(folder, result, instances, read_scores(folder, instances, result["files"]))
