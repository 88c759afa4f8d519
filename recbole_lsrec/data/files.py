"""The files that a run's data are read from, and what identifies their content without reading a log."""

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from recbole_lsrec.config import Config
from recbole_lsrec.errors import DataError
from recbole_lsrec.simulated.generate import ensure_bundled


def names_read(dataset: str, config: Any) -> list[str]:
    """Names of the files that a data set may be read from, its log's first."""
    logs = [f"{dataset}.{part}" for part in config["benchmark_filename"] or ()] or [dataset]
    ends = ("user", "item", *(config["additional_feat_suffix"] or ()))
    return [*(f"{log}.inter" for log in logs), *(f"{dataset}.{end}" for end in ends)]


def files_of(config: Config) -> list[Path]:
    """Returns the data set's files that settings may read, and the file of candidates if there is one.

    The bundled log is simulated first, where it is missing: what is hashed is what a run will find.

    Raises:
        DataError: there is no log.
    """
    folder = Path(config["data_path"])
    ensure_bundled(config["dataset"], folder)
    files = [folder / name for name in names_read(config["dataset"], config)]
    lacking = [path.name for path in files if path.suffix == ".inter" and not path.is_file()]
    if lacking:
        raise DataError(
            f"{folder}: holds no {lacking[0]}; put it there, or set data_path to the folder above another "
            f"folder named {config['dataset']} (--data_path=FOLDER, or under settings)."
        )
    found = sorted(path for path in files if path.is_file())
    return [*found, *([Path(config["candidates"])] if config["candidates"] else [])]


def sha256_of(paths: Iterable[Path]) -> str:
    """SHA-256 of names and contents."""
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.name.encode() + b"\0" + path.stat().st_size.to_bytes(8, "big"))
        with path.open("rb") as file:
            while block := file.read(2**20):
                digest.update(block)
    return digest.hexdigest()
