"""Making the folder of a run. What it holds is in ``run_files.py``."""

import secrets
from datetime import datetime, timezone
from pathlib import Path

from recbole.config import Config

from recbole_lsrec.errors import refusals_named


def create(config: Config) -> Path:
    """Makes ``<run_dir>/<model>-<dataset>-<seed>-<UTC time>-<6 hex>/``.

    Raises:
        MachineError: ``run_dir`` may not be written, or is a file.
    """
    stamp = datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    name = f"{config['model']}-{config['dataset']}-{config['seed']}-{stamp}-{secrets.token_hex(3)}"
    folder = Path(config["run_dir"]) / name
    with refusals_named(Path(config["run_dir"]), "run_dir: no folder can be made there"):
        folder.mkdir(parents=True)
    return folder
