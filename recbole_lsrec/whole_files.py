"""Files that are there whole or not at all, whatever ends the process that writes them, and what identifies their content."""

import hashlib
import os
import secrets
import shutil
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import numpy as np
from filelock import FileLock, Timeout

from recbole_lsrec.errors import ConfigError, refusals_named

LOCK = ".lock"  # in a folder in which a process works
_FORGOTTEN = 24 * 3600  # seconds after which nobody is still writing a part


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Gives a place beside ``path`` to write to; when the block ends well, what is there becomes ``path`` in one step.

    The mode is what the umask says, so that other accounts can read the file where their group may.

    Args:
        path: of the file or folder; an older file is replaced. A device or a pipe (``/dev/stdout``) is written to as it is.
    """
    if path.exists() and not (path.is_file() or path.is_dir()):
        yield path
        return
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        yield part
        if part.is_file():
            with part.open("rb+") as file:
                os.fsync(file.fileno())
        os.replace(part, path)
        _sync_folder(path.parent)
    finally:
        part.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    """Makes a rename survive a power cut; only POSIX systems can open a folder for that."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def write_text(path: Path, text: str) -> None:
    """Writes a text file as UTF-8, whole or not at all.

    Raises:
        MachineError: a full disk and the like.
    """
    with refusals_named(path, "cannot be written"), written_whole(path) as part:
        part.write_text(text, encoding="utf-8")


def save_array(path: Path, array: np.ndarray) -> None:
    """Writes a ``.npy`` file, in Python: numpy's own way to a file leaves out in silence what a full disk does not take.

    Raises:
        OSError: a full disk and the like.
    """
    with path.open("wb") as file:
        np.save(SimpleNamespace(write=file.write), array)  # type: ignore[arg-type]  # to a file numpy would write itself


def sweep(folder: Path) -> None:
    """Removes parts that a process left behind when it was killed: those that nobody has written to for a day."""
    for part in folder.glob(".*.part"):
        try:
            if time.time() - part.stat().st_mtime > _FORGOTTEN:
                shutil.rmtree(part) if part.is_dir() else part.unlink()
        except OSError:  # another account's, or gone meanwhile: theirs to sweep
            continue


@contextmanager
def alone(folder: Path, key: str) -> Iterator[None]:
    """Keeps a second process out of a folder; what a killed one held is free, and the parts that it left are removed.

    Args:
        folder: that is there.
        key: the option that named it, for the message.

    Raises:
        ConfigError: another process works in the folder.
        MachineError: the folder may not be written.
    """
    place = folder / LOCK
    lock = FileLock(place, timeout=0)
    with refusals_named(folder, "cannot be locked"):
        try:
            lock.acquire()
        except Timeout as error:
            raise ConfigError(
                f"{key}: another process works in {folder}; wait for it, or give another folder."
            ) from error
    for part in folder.glob(".*.part"):
        if part.is_file():
            part.unlink()
    try:
        yield
    finally:
        place.unlink(missing_ok=True)
        lock.release()


def file_sha256(path: Path) -> str:
    """SHA-256 of a file in hex."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def code_sha256(files: Iterable[Path]) -> str:
    """SHA-256 in hex of source files of this package, and of where they lie in it."""
    digest = hashlib.sha256()
    for file in sorted(files):
        digest.update(file.relative_to(Path(__file__).parent).as_posix().encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()
