"""Making the folder of a run, and its log. What the folder holds is in ``run_files.py``."""

import logging
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path

import colorlog
from recbole.config import Config
from recbole.utils.logger import RemoveColorFilter, log_colors_config

from recbole_lsrec.run_files import LOG


def create(config: Config) -> Path:
    """Makes ``<run_dir>/<model>-<dataset>-<seed>-<UTC time>-<6 hex>/``."""
    stamp = datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    name = f"{config['model']}-{config['dataset']}-{config['seed']}-{stamp}-{secrets.token_hex(3)}"
    folder = Path(config["run_dir"]) / name
    folder.mkdir(parents=True)
    return folder


@contextmanager
def logging_to(folder: Path | None, state: str | None) -> Iterator[None]:
    """Sends the root logger, which RecBole writes to, to the console and to ``<folder>/log`` while the block runs."""
    root = logging.getLogger()
    level = getattr(logging, str(state or "info").upper(), logging.INFO)
    console = logging.StreamHandler()
    console.setFormatter(
        colorlog.ColoredFormatter(
            "%(log_color)s%(asctime)-15s %(levelname)s  %(message)s", "%d %b %H:%M", log_colors=log_colors_config
        )
    )
    handlers: list[logging.Handler] = [console]
    if folder is not None:
        # RecBole names its tensorboard folder after the first handler that has a file name.
        console.baseFilename = str(folder)  # type: ignore[attr-defined]
        file = logging.FileHandler(folder / LOG, encoding="utf-8")
        file.setFormatter(logging.Formatter("%(asctime)-15s %(levelname)s  %(message)s", "%Y-%m-%d %H:%M:%S"))
        file.addFilter(RemoveColorFilter())
        handlers.append(file)
    before = root.level
    root.setLevel(level)
    for handler in handlers:
        root.addHandler(handler)
    try:
        yield
    finally:
        root.setLevel(before)
        for handler in handlers:
            root.removeHandler(handler)
            handler.close()
