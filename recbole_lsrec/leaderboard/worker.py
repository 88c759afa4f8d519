"""What a Ray worker does: load a log, or run one cell and hand back its run folder."""

import os
import platform
import tempfile
import traceback
from collections.abc import Mapping
from pathlib import Path
from time import perf_counter
from typing import Any

import recbole_lsrec
from recbole_lsrec import checkpoint
from recbole_lsrec.config import Config
from recbole_lsrec.console import logging_to
from recbole_lsrec.data.dataset import SessionDataset
from recbole_lsrec.data.files import files_of, sha256_of
from recbole_lsrec.environment import code_fingerprint
from recbole_lsrec.errors import ConfigError, DataError, failure_in_words
from recbole_lsrec.leaderboard.cell_run import CellRun
from recbole_lsrec.processes.group import ProcessLost
from recbole_lsrec.quick_start import run_recbole_lsrec
from recbole_lsrec.registry import get_model, own_origin
from recbole_lsrec.run_data import load_log
from recbole_lsrec.run_processes import use_threads

ERROR_FILE = "error.txt"


def load(model: str, dataset: str, settings: Mapping[str, Any], data: str) -> SessionDataset:
    """Reads and splits the log that several cells share.

    Raises:
        DataError: its files are not those that the leaderboard began with, whose hash is ``data``.
    """
    with logging_to(None, "error"):
        config = Config(model, dataset, config_dict=dict(settings))
        log = load_log(config)
    if sha256_of(files_of(config)) != data:
        raise DataError(
            f"the files in {config['data_path']} were changed since this leaderboard began. Start it again: what they "
            "change is run again."
        )
    return log


def run_cell(
    model: str,
    dataset: str,
    settings: Mapping[str, Any],
    threads: int,
    identity: Mapping[str, Any],
    log: SessionDataset | None,
) -> CellRun:
    """Runs a cell in a folder of its own. A model that raises is a result too.

    Args:
        model: as in ``--model``.
        dataset: as in ``--dataset``.
        settings: plain values that rebuild the Config.
        threads: of the CPU that torch may use, in all processes of the cell.
        identity: of the cell; a node with other code, of the package or of a model of one's own, other versions or other
            candidates must not give it numbers.
        log: what :func:`load` gave; it may lie in shared memory and is only read.

    Raises:
        ProcessLost: one of its processes died, as the worker itself may.
    """
    use_threads(threads, settings.get("nproc", 1))
    started = perf_counter()
    with tempfile.TemporaryDirectory(prefix="lsrec-cell-") as work:
        os.chdir(work)  # the worker ends with its cell
        error = None
        try:
            _check_code(model, identity)
            _check_candidates(settings, identity)
            run_recbole_lsrec(model, dataset, config_dict={**settings, "run_dir": "runs"}, log=log)
            _check_candidates(settings, identity)  # which were read in between
        except ProcessLost:
            raise
        except Exception as raised:
            error = failure_in_words(raised)
            for folder in Path("runs").glob("*"):
                (folder / ERROR_FILE).write_text(traceback.format_exc(), encoding="utf-8")
        folders = [path for path in Path("runs").glob("*") if not path.name.startswith(".")]
        found = [(folder, path) for folder in folders for path in folder.rglob("*") if path.is_file()]
        files = {path.relative_to(folder).as_posix(): path.read_bytes() for folder, path in found}
        return CellRun(folders[0].name if folders else "", files, round(perf_counter() - started, 1), error)


_AGAIN = "it was edited meanwhile, or this node has another version. Start the leaderboard again, with the same on every node."


def _check_code(model: str, identity: Mapping[str, Any]) -> None:
    """Refuses other code and versions than the cell is planned with."""
    node = platform.node()
    if code_fingerprint() != identity["code"]:
        place = Path(recbole_lsrec.__file__).parent
        raise ConfigError(f"the code in {place} on node {node} is not the code that began this leaderboard: {_AGAIN}")
    if own_origin(get_model(model)) != identity["own_model"]:
        raise ConfigError(
            f"the source of {model} on node {node} is not the source that began this leaderboard: {_AGAIN}"
        )
    began, here = identity["versions"], checkpoint.versions()
    others = [f"{name} {here[name]} ({began.get(name)})" for name in here if began.get(name) != here[name]]
    if others:
        raise ConfigError(
            f"node {node} has other versions than those that began this leaderboard (in brackets): {', '.join(others)}. Start "
            "it again, with the same on every node."
        )


def _check_candidates(settings: Mapping[str, Any], identity: Mapping[str, Any]) -> None:
    """Refuses other candidates than the cell is planned with; that there are none is the run's to say."""
    given = settings.get("candidates")
    if given and Path(given).is_file() and sha256_of([Path(given)]) != identity["candidates"]:
        raise DataError(f"{given} on node {platform.node()} is not the file that this leaderboard began with: {_AGAIN}")
