"""The files of a run folder: their names, the columns of ``instances.parquet``, and the form of ``result.json``.

What a run writes and what later readers read meets here and nowhere else. Nothing here knows of models or training, so a
finished run is read without importing any of it.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypedDict, cast

import numpy as np
import pandas as pd

from recbole_lsrec.errors import DataError
from recbole_lsrec.own_models import Origin

RESULT, INSTANCES, SPLIT, LOG, CHECKPOINT = "result.json", "instances.parquet", "split.json", "log", "checkpoint.pt"
TENSORBOARD = "tensorboard"  # its folder
CATALOGUE = "catalogue.pt"  # what the model needs of its log to be used without it
# Of ``result.json``. It rises when a key that readers use changes its meaning; a file without the number is of format 1.
FORMAT = 1
COLUMNS = [
    "row",
    "phase",
    "protocol",
    "user_id",
    "item_id",
    "timestamp",
    "rank",
    "n_candidates",
    "ties",
    "alpha",
    "history_length",
    "n_sessions",
    "gap_s",
    "in_history",
    "same_category",
    "event_type",
    "item_pop_third",
]


class _Told(TypedDict):
    """What every reader needs."""

    model: str
    dataset: str
    seed: int
    simulated: str | bool  # the notice of a simulated log, or False
    fingerprints: dict[str, Any]  # data, features, split, code; candidates: {"test/pop99": hash}
    config: dict[str, Any]


class RunResult(_Told, total=False):
    """``result.json``. Metrics of the first protocol have plain keys, the others' such as ``full/ndcg@10``."""

    format: int
    own_model: Origin | None  # where a model class of the user's own came from
    best_valid_score: float
    valid_score_bigger: bool
    best_valid_result: dict[str, float]
    test_result: dict[str, float] | None  # None where the run was kept from the test set
    tied_instances: dict[str, dict[str, int]]  # by phase and protocol
    unrivalled_instances: dict[str, int]  # by phase: left out of every metric and file, because they have no competitor
    unseen_items: dict[
        str, dict[str, float]
    ]  # "test/pop99": shares of targets, of negatives without a training event; auc
    unseen_users: dict[str, int]  # by phase: instances whose user a model without sequences met in no training event
    inference_noise: dict[str, Any]  # by phase; see evaluation/inference_noise.py
    no_effect: dict[str, str]  # keys of RecBole without effect here, and why
    history: list[dict[str, Any]]  # see Trainer.history
    seconds_per_epoch: float | None
    parameters: int
    peak_memory_mb: dict[str, float]  # process, gpu
    negatives: dict[str, int]  # how many draws of training were widened
    filters: list[dict[str, Any]]  # what was left out of the log
    versions: dict[str, str]
    command: list[str]
    started: str  # UTC
    finished: str


def write_result(folder: Path, result: RunResult) -> None:
    """Writes ``result.json``; a folder that holds it is of a finished run."""
    write_json(folder / RESULT, {"format": FORMAT, **result})


def read_result(folder: Path) -> RunResult:
    """Reads ``result.json``.

    Raises:
        DataError: it is missing, no JSON, of a later format, or not of a run of this package.
    """
    path = folder / RESULT
    if not path.is_file():
        raise DataError(f"{folder}: holds no {RESULT}; it is no run folder, or its run has not reached its end.")
    try:
        result = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DataError(f"{path}: is not JSON ({error}); was the run interrupted while writing?") from error
    missing = [key for key in _Told.__annotations__ if not isinstance(result, dict) or key not in result]
    if missing:
        raise DataError(f"{path}: lacks {', '.join(missing)}; it was not written by a run of recbole_lsrec.")
    if result.get("format", FORMAT) != FORMAT:
        raise DataError(
            f"{path}: format: found {result['format']!r}; this version reads {FORMAT}. Update recbole_lsrec to read the run."
        )
    return cast(RunResult, result)


def write_instances(
    folder: Path, instances: Sequence[pd.DataFrame], scores: Sequence[Mapping[str, np.ndarray]]
) -> None:
    """Writes the instances of all phases and, per sampled protocol, the scores in the same order.

    Line ``i`` of ``scores-P.npy`` belongs to the ``i``-th line of ``instances.parquet`` whose protocol is ``P``.

    Args:
        folder: of the run.
        instances: of each phase, with :data:`COLUMNS`.
        scores: of each phase, ``[N, 1 + C]`` by protocol, the target's first.
    """
    pd.concat(instances, ignore_index=True).to_parquet(folder / INSTANCES, index=False)
    for protocol in sorted({name for phase in scores for name in phase}):
        parts = [phase[protocol] for phase in scores if protocol in phase]
        np.save(folder / _scores_name(protocol), np.concatenate(parts))


def read_instances(folder: Path) -> pd.DataFrame:
    """Reads ``instances.parquet``.

    Raises:
        DataError: it is missing, or not of a run.
    """
    path = folder / INSTANCES
    if not path.is_file():
        raise DataError(f"{folder}: holds no {INSTANCES}; it is no run folder, or its run has not reached its end.")
    instances = pd.read_parquet(path)
    missing = [column for column in COLUMNS if column not in instances]
    if missing:
        raise DataError(f"{path}: lacks {', '.join(missing)}; it was written by something else.")
    return instances


def read_scores(folder: Path, instances: pd.DataFrame) -> dict[str, np.ndarray]:
    """Maps the score files that are there, so that only what a metric needs is read.

    Raises:
        DataError: a file has not one line for each instance of its protocol.
    """
    scores = {}
    for protocol, lines in instances["protocol"].value_counts(sort=False).items():
        path = folder / _scores_name(str(protocol))
        if path.is_file():
            scores[str(protocol)] = np.load(path, mmap_mode="r")
            if len(scores[str(protocol)]) != lines:
                raise DataError(f"{path}: holds {len(scores[str(protocol)])} lines, {INSTANCES} has {lines}.")
    return scores


def read_split(folder: Path) -> dict[str, Any] | None:
    """Reads ``split.json``; None where there is none."""
    path = folder / SPLIT
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Writes readable JSON; what JSON does not know becomes text."""
    path.write_text(json.dumps(content, indent=2, default=_plain, ensure_ascii=False) + "\n", encoding="utf-8")


def _scores_name(protocol: str) -> str:
    return f"scores-{protocol}.npy"


def _plain(value: object) -> object:
    return value.tolist() if isinstance(value, np.generic | np.ndarray) else str(value)
