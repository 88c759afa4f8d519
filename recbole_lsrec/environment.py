"""What numbers were computed with: versions, the package's own code, memory."""

import platform
import sys
from pathlib import Path

import pandas as pd
import psutil
import scipy
import torch

import recbole_lsrec
from recbole_lsrec import checkpoint
from recbole_lsrec.whole_files import code_sha256


def code_fingerprint() -> str:
    """SHA-256 of the package's own source files."""
    return code_sha256(Path(recbole_lsrec.__file__).parent.rglob("*.py"))


def versions() -> dict[str, str]:
    """Of everything that may change a number, and the number of threads."""
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
