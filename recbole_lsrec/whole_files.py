"""Files that are there whole or not at all, whatever ends the process that writes them, and what identifies their content."""

import hashlib
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_FORGOTTEN = 24 * 3600  # seconds after which nobody is still writing a part


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Gives a place beside ``path`` to write to; when the block ends well, what is there becomes ``path`` in one step.

    The mode is what the umask says, so that other accounts can read the file where their group may.

    Args:
        path: of the file or folder; an older file is replaced.
    """
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        yield part
        if part.is_file():
            with part.open("rb+") as file:
                os.fsync(file.fileno())
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Writes a text file as UTF-8, whole or not at all."""
    with written_whole(path) as part:
        part.write_text(text, encoding="utf-8")


def sweep(folder: Path) -> None:
    """Removes parts that a process left behind when it was killed: those that nobody has written to for a day."""
    for part in folder.glob(".*.part"):
        try:
            if part.is_file() and time.time() - part.stat().st_mtime > _FORGOTTEN:
                part.unlink()
        except OSError:  # another account's, or gone meanwhile: theirs to sweep
            continue


def file_sha256(path: Path) -> str:
    """SHA-256 of a file in hex."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
