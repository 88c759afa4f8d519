"""The folder of a run, new or gone on with. What it holds is in ``run_files.py``."""

import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path

from recbole.config import Config

from recbole_lsrec.errors import refusals_named
from recbole_lsrec.whole_files import alone


def create(config: Config) -> Path:
    """Makes ``<run_dir>/<model>-<dataset>-<seed>-<UTC time>-<6 hex>/``.

    Raises:
        MachineError: ``run_dir`` may not be written, or is a file.
    """
    folder = Path(config["run_dir"]) / stamped(f"{config['model']}-{config['dataset']}-{config['seed']}")
    with refusals_named(Path(config["run_dir"]), "run_dir: no folder can be made there"):
        folder.mkdir(parents=True)
    return folder


def stamped(name: str) -> str:
    """The name of a folder that there is not yet: ``<name>-<UTC time>-<6 hex>``."""
    return f"{name}-{datetime.now(timezone.utc).strftime('%Y%m%dT%H%M%SZ')}-{secrets.token_hex(3)}"


@contextmanager
def of_run(config: Config, writes: bool) -> Iterator[Path]:
    """The folder that a run resumes, or a new one, held against other runs while the block runs.

    Args:
        config: the run's settings.
        writes: whether this process writes the run's files; if not, what it writes all the same is gone afterwards.

    Raises:
        ConfigError: another process works in the folder.
        MachineError: see :func:`create`.
    """
    if not writes:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as nowhere:
            yield Path(nowhere)
        return
    folder = Path(config["resume"]).resolve().parent if config["resume"] else create(config)
    with alone(folder, "resume"):
        yield folder
