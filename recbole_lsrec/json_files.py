"""JSON on disk: written whole or not at all, read as an object or refused in one line."""

import json
from collections.abc import Mapping
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np

from recbole_lsrec.errors import DataError, LSRecError, refusals_named
from recbole_lsrec.whole_files import write_text


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Writes readable JSON, whole or not at all; what JSON does not know becomes text.

    Raises:
        MachineError: a full disk and the like.
    """
    write_text(path, json.dumps(content, indent=2, default=_plain, ensure_ascii=False) + "\n")


def write_values(path: Path, content: Mapping[str, Any]) -> None:
    """Writes JSON that every reader takes, so with null for NaN (see :func:`finite`), whole or not at all.

    Raises:
        MachineError: a full disk and the like.
    """
    write_text(path, json.dumps(finite(content), indent=2, ensure_ascii=False, allow_nan=False, default=str) + "\n")


def finite(value: Any) -> Any:
    """Nested plain values, numpy's made plain, in which a number that JSON has no form for is None."""
    if isinstance(value, np.generic | np.ndarray):
        value = value.tolist()
    if isinstance(value, dict):
        return {key: finite(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [finite(part) for part in value]
    return None if isinstance(value, float) and not isfinite(value) else value


def read_json(path: Path) -> dict[str, Any]:
    """Reads a JSON object.

    Raises:
        DataError: the file is no JSON, or holds something else than an object.
        MachineError: it cannot be read.
    """
    try:
        with refusals_named(path, "cannot be read"):
            content = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        if isinstance(error, LSRecError):
            raise
        reason = " ".join(str(error).split())[:200]
        raise DataError(f"{path}: is not JSON ({reason}); was it cut off, or changed by hand?") from error
    if not isinstance(content, dict):
        raise DataError(f"{path}: holds a {type(content).__name__} where an object belongs; was it changed by hand?")
    return content


def _plain(value: object) -> object:
    return value.tolist() if isinstance(value, np.generic | np.ndarray) else str(value)
