"""Making the folder of a run. What it holds is in ``run_files.py``."""

import secrets
from datetime import datetime, timezone
from pathlib import Path

from recbole.config import Config


def create(config: Config) -> Path:
    """Makes ``<run_dir>/<model>-<dataset>-<seed>-<UTC time>-<6 hex>/``."""
    stamp = datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    name = f"{config['model']}-{config['dataset']}-{config['seed']}-{stamp}-{secrets.token_hex(3)}"
    folder = Path(config["run_dir"]) / name
    folder.mkdir(parents=True)
    return folder
