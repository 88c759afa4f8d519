"""The folder of one run: everything later comparisons read, so that nothing is trained twice."""

import hashlib
import json
import logging
import platform
import secrets
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import colorlog
import numpy as np
import pandas as pd
import psutil
import scipy
import torch
from recbole.config import Config
from recbole.utils.logger import RemoveColorFilter, log_colors_config

import recbole_lsrec
from recbole_lsrec import checkpoint
from recbole_lsrec.evaluation.evaluator import Evaluation

RESULT, INSTANCES, SPLIT, LOG, CHECKPOINT = "result.json", "instances.parquet", "split.json", "log", "checkpoint.pt"


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


def write_evaluations(folder: Path, evaluations: Mapping[str, Evaluation]) -> None:
    """Writes the instances of all phases and, per sampled protocol, the scores in the same order.

    Line ``i`` of ``scores-P.npy`` belongs to the ``i``-th line of ``instances.parquet`` whose protocol is ``P``.
    """
    pd.concat([e.instances for e in evaluations.values()], ignore_index=True).to_parquet(
        folder / INSTANCES, index=False
    )
    for protocol in sorted({name for e in evaluations.values() for name in e.scores}):
        parts = [e.scores[protocol] for e in evaluations.values() if protocol in e.scores]
        np.save(folder / f"scores-{protocol}.npy", np.concatenate(parts))


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Writes readable JSON; what JSON does not know becomes text."""
    path.write_text(json.dumps(content, indent=2, default=_plain, ensure_ascii=False) + "\n", encoding="utf-8")


def code_fingerprint() -> str:
    """SHA-256 of the package's own source files."""
    digest = hashlib.sha256()
    root = Path(recbole_lsrec.__file__).parent
    for path in sorted(root.rglob("*.py")):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def versions() -> dict[str, str]:
    """What the numbers were computed with."""
    return {
        **checkpoint.versions(),
        "pandas": pd.__version__,
        "scipy": scipy.__version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "threads": str(torch.get_num_threads()),
    }


def peak_memory_mb() -> dict[str, float]:
    """Largest memory this process has held, and the GPU's where one is used."""
    if sys.platform == "win32":
        process = psutil.Process().memory_info().peak_wset
    else:
        import resource  # not on Windows

        unit = 1 if sys.platform == "darwin" else 1024  # macOS counts bytes
        process = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    peak = {"process": round(process / 2**20, 1)}
    if torch.cuda.is_available():
        peak["gpu"] = round(torch.cuda.max_memory_allocated() / 2**20, 1)
    return peak


def _plain(value: object) -> object:
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    return str(value)
