"""The files that a run's data are read from, and what identifies their content without reading a log."""

import glob
import hashlib
from collections.abc import Iterable
from pathlib import Path

from recbole_lsrec.config import Config
from recbole_lsrec.errors import DataError
from recbole_lsrec.simulated.generate import ensure_bundled

_READ = ("inter", "item", "user")


def files_of(config: Config) -> list[Path]:
    """Returns the data set's files that settings may read, and the file of candidates if there is one.

    Raises:
        DataError: there is no log.
    """
    folder = Path(config["data_path"])
    ensure_bundled(config["dataset"], folder)
    endings = (*_READ, *(config["additional_feat_suffix"] or ()))
    name = glob.escape(config["dataset"])
    found = sorted(path for ending in endings for path in folder.glob(f"{name}*.{ending}"))
    if not any(path.suffix == ".inter" for path in found):
        raise DataError(
            f"{folder}: holds no {config['dataset']}.inter; put it there, or set data_path to the folder above another "
            f"folder named {config['dataset']} (--data_path=FOLDER, or under settings)."
        )
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
