"""The files of a run folder: their names, the columns of ``instances.parquet``, and the form of ``result.json``.

What a run writes and what later readers read meets here and nowhere else. Nothing here knows of models or training, so a
finished run is read without importing any of it.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, TypedDict, cast

import numpy as np
import pandas as pd
import pyarrow as pa

from recbole_lsrec.errors import DataError, check_arguments, refusals_named
from recbole_lsrec.json_files import read_json, write_json
from recbole_lsrec.own_models import Origin
from recbole_lsrec.whole_files import file_sha256, save_array, written_whole

RESULT, INSTANCES, SPLIT, LOG, CHECKPOINT = "result.json", "instances.parquet", "split.json", "log", "checkpoint.pt"
TENSORBOARD = "tensorboard"  # its folder
POPULARITY = "popularity.json"  # lambdas, and by phase, protocol and metric the values under each
CATALOGUE = "catalogue.pt"  # what the model needs of its log to be used without it
# Of ``result.json``. It rises when a key that readers use changes its meaning.
FORMAT = 1
COLUMNS = [
    "row", "phase", "protocol", "user_id", "item_id", "timestamp", "rank", "n_candidates", "ties", "corrected_rank",
    "alpha", "history_length", "n_sessions", "session_length", "gap_s", "in_history", "same_category", "event_type",
    "item_pop_third", "item_events",
]  # fmt: skip


def path_of(run: str | Path) -> Path:
    """What a user gave as a run.

    Raises:
        ConfigError: it is no path.
    """
    check_arguments(("run", run, isinstance(run, (str, Path)), f"the path of a run's folder, or of its {CHECKPOINT}"))
    return Path(run)


def folder_of(run: str | Path) -> Path:
    """The folder of a run, for which its checkpoint may stand."""
    path = path_of(run)
    return path.parent if path.name == CHECKPOINT and path.is_file() else path


class _Told(TypedDict):
    """What every reader needs."""

    model: str
    dataset: str
    seed: int
    simulated: str | bool  # the notice of a simulated log, or False
    fingerprints: dict[str, Any]  # data, features, split, code; candidates: {"test/pop99": hash}
    config: dict[str, Any]
    files: dict[str, str]  # SHA-256 of each that `write_instances` wrote; empty where nothing was evaluated


_KINDS: dict[str, tuple[type | tuple[type, ...], str]] = {
    "model": (str, "a name"),
    "dataset": (str, "a name"),
    "seed": (int, "a whole number"),
    "simulated": ((str, bool), "a text or false"),
    "fingerprints": (dict, "an object"),
    "config": (dict, "an object"),
    "files": (dict, "an object"),
    "test_result": ((dict, type(None)), "an object or null"),
    "best_valid_result": ((dict, type(None)), "an object or null"),
    "popularity_correction": ((dict, type(None)), "an object or null"),
    "command": (list, "a list"),
}


PopularityCorrection = TypedDict(
    "PopularityCorrection",
    {
        "metric": str,  # by which lambda was fitted; mrr beside a given lambda where ranks do not give valid_metric
        "lambda": dict[str, float],  # by protocol
        "in_results": bool,  # whether ranks, scores and metrics of the run are those with it
        "phase": str,  # of the metrics below: test, or valid in a run that was kept from it
        "with": dict[str, float],  # keys as of test_result; those that ranks give
        "without": dict[str, float],
    },
)
"""What ``popularity_correction`` did."""


class RunResult(_Told, total=False):
    """``result.json``. Metrics of the first protocol have plain keys, the others' such as ``full/ndcg@10``."""

    format: int
    own_model: Origin | None  # where a model class of the user's own came from
    best_valid_score: float
    valid_score_bigger: bool
    best_valid_result: dict[str, float]
    test_result: dict[str, float] | None  # None where the run was kept from the test set
    popularity_correction: PopularityCorrection | None  # None where none was asked for
    tied_instances: dict[str, dict[str, int]]  # by phase and protocol
    full_recall: dict[str, float]  # by phase ranked in two stages: share of the best items that were found
    unrivalled_instances: dict[str, int]  # by phase: left out of every metric and file, because they have no competitor
    unseen_items: dict[str, dict[str, float]]  # "test/pop99": targets, negatives without a training event; auc
    unseen_users: dict[str, int]  # by phase: instances whose user a model without sequences met in no training event
    averaged_tables: list[str]  # in which these users have the mean of the others' rows
    inference_noise: dict[str, Any]  # by phase; see evaluation/inference_noise.py
    no_effect: dict[str, str]  # keys of RecBole without effect here, and why
    history: list[dict[str, Any]]  # see Trainer.history
    seconds_per_epoch: float | None
    parameters: int
    seedless: bool  # of a model that only counts: every seed gives the same one
    peak_memory_mb: dict[str, float]  # process, gpu
    processes: int  # that shared the run; what is measured is of the first
    negatives: dict[str, int]  # widened: of so many training targets from more items than had appeared by then
    filters: list[dict[str, Any]]  # what was left out of the log
    versions: dict[str, str]
    command: list[str]  # arguments that repeat the run; none if it was made in Python
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
    result = read_json(path)
    missing = [key for key in _Told.__annotations__ if key not in result]
    if missing:
        raise DataError(f"{path}: lacks {', '.join(missing)}; it was not written by a run of recbole_lsrec.")
    for key, (kind, accepted) in _KINDS.items():
        if key in result and not isinstance(result[key], kind):
            raise DataError(
                f"{path}: {key}: found {result[key]!r}; accepted: {accepted}. The file was changed or damaged."
            )
    for name, value in result["fingerprints"].items():
        if not isinstance(value, dict if name == "candidates" else str | None):
            raise DataError(f"{path}: fingerprints: {name}: found {value!r}. The file was changed or damaged.")
    own = result.get("own_model")
    known = isinstance(own, dict) and isinstance(own.get("model"), str) and isinstance(own.get("sha256", 0), str | None)
    if own is not None and not known:
        raise DataError(f"{path}: own_model: found {own!r}. The file was changed or damaged.")
    corrected = result.get("popularity_correction")
    lambdas = corrected.get("lambda") if corrected else {}
    if not (isinstance(lambdas, dict) and all(isinstance(value, int | float) for value in lambdas.values())):
        raise DataError(f"{path}: popularity_correction: lambda: found {lambdas!r}. The file was changed or damaged.")
    if result.get("format", FORMAT) != FORMAT:
        raise DataError(
            f"{path}: format: found {result['format']!r}; this version reads {FORMAT}. Update recbole_lsrec to read the run."
        )
    return cast(RunResult, result)


def write_instances(
    folder: Path,
    instances: Sequence[pd.DataFrame],
    scores: Sequence[Mapping[str, np.ndarray]],
    curves: Mapping[str, Any] | None = None,
) -> dict[str, str]:
    """Writes the instances of all phases and, per sampled protocol, the scores in the same order; and the curves.

    Line ``i`` of ``scores-P.npy`` belongs to the ``i``-th line of ``instances.parquet`` whose protocol is ``P``.

    Args:
        folder: of the run.
        instances: of each phase, with :data:`COLUMNS`.
        scores: of each phase, ``[N, 1 + C]`` by protocol, the target's first.
        curves: what :data:`POPULARITY` is to hold; None for a run without.

    Returns:
        SHA-256 of each file, which ``result.json`` keeps.

    Raises:
        MachineError: a full disk and the like; no half file is left.
    """
    written = [folder / INSTANCES]
    with refusals_named(written[0], "cannot be written"), written_whole(written[0]) as part:
        pd.concat(instances, ignore_index=True).to_parquet(part, index=False)
    for protocol in sorted({name for phase in scores for name in phase}):
        parts = [phase[protocol] for phase in scores if protocol in phase]
        written.append(folder / _scores_name(protocol))
        with refusals_named(written[-1], "cannot be written"), written_whole(written[-1]) as part:
            save_array(part, np.concatenate(parts))
    if curves is not None:
        written.append(folder / POPULARITY)
        write_json(written[-1], curves)
    return {path.name: file_sha256(path) for path in written}


def read_instances(folder: Path, files: Mapping[str, str] | None = None) -> pd.DataFrame:
    """Reads ``instances.parquet``.

    Args:
        folder: of the run.
        files: SHA-256 of its files, from ``result.json``; None checks none.

    Raises:
        DataError: it is missing, not of a run, not as it was written, or holds ranks that no ranking gives.
    """
    path = folder / INSTANCES
    if not path.is_file():
        raise DataError(f"{folder}: holds no {INSTANCES}; it is no run folder, or its run has not reached its end.")
    _check_hash(path, files)
    instances = read_table(path, COLUMNS)
    _check_ranks(path, instances)
    return instances


def read_table(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    """Reads a parquet file that must have some columns.

    Raises:
        DataError: it cannot be read, or lacks one.
    """
    try:
        table = pd.read_parquet(path)
    except (OSError, ValueError, KeyError, pa.ArrowException) as error:  # what the readers raise on damaged bytes
        raise DataError(
            f"{path}: cannot be read as parquet ({_one_line(error)}); take it from another copy."
        ) from error
    missing = [column for column in columns if column not in table]
    if missing:
        raise DataError(f"{path}: lacks {', '.join(missing)}; it was written by something else.")
    return table


def read_scores(folder: Path, instances: pd.DataFrame, files: Mapping[str, str] | None = None) -> dict[str, np.ndarray]:
    """Maps the score files that are there, so that only what a metric needs is read.

    Args:
        folder: of the run.
        instances: from :func:`read_instances`.
        files: see there.

    Raises:
        DataError: a file is not as it was written, or has not one line for each instance of its protocol.
    """
    scores = {}
    for protocol, lines in instances["protocol"].value_counts(sort=False).items():
        path = folder / _scores_name(str(protocol))
        if not path.is_file():
            continue
        _check_hash(path, files)
        try:
            held = np.load(path, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:  # what numpy raises on damaged bytes
            raise DataError(
                f"{path}: cannot be read as an array ({_one_line(error)}); take it from another copy."
            ) from error
        if not isinstance(held, np.ndarray) or held.ndim != 2 or held.dtype.kind != "f":
            raise DataError(f"{path}: holds no table of scores; take it from another copy.")
        if len(held) != lines:
            raise DataError(f"{path}: holds {len(held)} lines, {INSTANCES} has {lines}.")
        scores[str(protocol)] = held
    return scores


def read_curves(folder: Path, files: Mapping[str, str] | None = None) -> dict[str, Any] | None:
    """Reads ``popularity.json``: ``lambdas``, and by phase, protocol and metric the values under each; None without one.

    Args:
        folder: of the run.
        files: see :func:`read_instances`.

    Raises:
        DataError: it is not as it was written, or a curve has not one value for each lambda, 0 among them.
    """
    path = folder / POPULARITY
    if not path.is_file():
        return None
    _check_hash(path, files)
    held = read_json(path)
    lambdas, phases = held.get("lambdas"), [part for key, part in held.items() if key != "lambdas"]
    try:
        lengths = {len(curve) for phase in phases for protocol in phase.values() for curve in protocol.values()}
    except (AttributeError, TypeError):
        lengths = set()
    if not isinstance(lambdas, list) or 0 not in lambdas or lengths != {len(lambdas)}:
        raise DataError(
            f"{path}: holds no curves over its lambdas; it was changed or damaged. Take it from another copy."
        )
    return held


def check_files(folder: Path, result: RunResult) -> None:
    """Whether the files that ``result.json`` has hashes of are there as the run wrote them.

    Raises:
        DataError: one is not.
    """
    for name in result["files"]:
        if not (folder / name).is_file():
            raise DataError(f"{folder / name}: is gone; {RESULT} names it.")
        _check_hash(folder / name, result["files"])


def _check_hash(path: Path, files: Mapping[str, str] | None) -> None:
    if files is not None and file_sha256(path) != files.get(path.name):
        raise DataError(
            f"{path}: is not as the run wrote it (its hash in {RESULT} differs); take it from another copy, or run again."
        )


def _check_ranks(path: Path, instances: pd.DataFrame) -> None:
    """Refuses what no ranking gives."""
    for column in ("rank", "n_candidates", "ties", "corrected_rank"):
        if not pd.api.types.is_numeric_dtype(instances[column]):
            raise DataError(f"{path}: column {column!r} holds no numbers; take the file from another copy.")
    rank, n, ties, corrected = (
        instances[name].to_numpy(dtype=np.float64) for name in ("rank", "n_candidates", "ties", "corrected_rank")
    )
    of_ranking = (rank >= 1) & (rank <= n) & (ties >= 0) & (ties < n)
    wrong = np.flatnonzero(~(of_ranking & (np.isnan(corrected) | ((corrected >= 1) & (corrected <= n)))))
    if len(wrong):
        at = int(wrong[0])
        known = "" if np.isnan(corrected[at]) else f", corrected_rank {corrected[at]:g},"
        raise DataError(
            f"{path}: {len(wrong)} of {len(rank)} lines hold what no ranking gives, the first (line {at + 1}): rank "
            f"{rank[at]:g}{known} of {n[at]:g} candidates, {ties[at]:g} tied. The file was changed or damaged; take another "
            "copy."
        )


def read_split(folder: Path) -> dict[str, Any] | None:
    """Reads ``split.json``; None where there is none."""
    path = folder / SPLIT
    return read_json(path) if path.is_file() else None


def now() -> str:
    """The time in UTC, as ``result.json`` has it."""
    return datetime.now(timezone.utc).isoformat(timespec="seconds")


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]


def _scores_name(protocol: str) -> str:
    return f"scores-{protocol}.npy"
