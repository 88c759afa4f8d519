"""Drawn candidates on disk, so that a large log's negatives are drawn once and not by every run."""

import glob
import hashlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import lru_cache
from logging import getLogger
from pathlib import Path
from typing import Any

import numpy as np

from recbole_lsrec.data import counter_random, sampler
from recbole_lsrec.whole_files import code_sha256, save_array, sweep, written_whole


def folder_of(config: Mapping[str, Any]) -> Path:
    """Where a run with these settings keeps what it draws."""
    return Path(config["candidate_cache"] or Path(config["run_dir"]) / ".candidates")


def cached(
    folder: Path,
    name: str,
    parts: tuple[object, ...],
    shape: tuple[int, int],
    draw: Callable[[], np.ndarray],
    keep: bool = True,
) -> np.ndarray:
    """Returns what was drawn before for the same parts, or draws and keeps it.

    A file is named ``<name>-<key>-<hash>.npy``: the key says what the draw depends on, the hash what is inside, so a
    damaged file is noticed, drawn again and replaced. The key covers the code that draws.

    Args:
        folder: made if missing; where it cannot be written to, nothing is kept, and a warning says so.
        name: start of the file name, for people.
        parts: everything the draw depends on.
        shape: of the array expected.
        draw: makes the int32 array.
        keep: whether the folder may be changed; if not, what is stored is read and nothing else happens.
    """
    key = hashlib.sha256("\x1f".join(map(str, (_drawing_code(), name, *parts))).encode()).hexdigest()[:24]
    for path in sorted(folder.glob(f"{glob.escape(name)}-{key}-*.npy")):
        try:
            found = _load(path)
        except PermissionError:  # another account's, with an umask that shares nothing: theirs to keep
            getLogger().warning(
                f"{path}: this account may not read the stored candidates; they are drawn again (chmod g+r)"
            )
            return draw()
        if found is not None and found.shape == shape and path.stem.endswith(_hash(found)):
            return found
        getLogger().warning(f"{path}: the stored candidates are damaged; they are drawn again")
        if not keep:
            return draw()
        with suppress(OSError):  # another account's, in a folder where only owners remove
            path.unlink(missing_ok=True)
    drawn = draw()
    if keep:
        _store(folder / f"{name}-{key}-{_hash(drawn)}.npy", drawn)
    return drawn


def _load(path: Path) -> np.ndarray | None:
    try:
        return np.load(path, allow_pickle=False)
    except PermissionError:
        raise
    except (OSError, ValueError, EOFError):  # what numpy raises for a file that is cut short or is no array
        return None


def _store(path: Path, array: np.ndarray) -> None:
    """Writes beside the place and renames, so that another process sees the whole file or none."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        sweep(path.parent)
        with written_whole(path) as part:
            save_array(part, array)
    except OSError as error:
        getLogger().warning(f"candidate_cache: {path.parent} cannot be written to ({error}); nothing is kept")


def _hash(array: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()[:16]


@lru_cache(maxsize=1)
def _drawing_code() -> str:
    """Hash of the modules that decide what is drawn: lists of older code are not taken for today's."""
    return code_sha256(Path(str(module.__file__)) for module in (counter_random, sampler))
