"""A log that was read before: its columns on disk, mapped into memory and shared by processes and accounts.

An entry is a folder ``<name>-<key>/`` of one ``.npy`` a column and a ``facts.json``. The key covers the content of the
files, every setting that the tables depend on, and the code that makes them, so what is stale has another key; the facts
hold a CRC-32 of each column and a SHA-256 of themselves, so what is damaged is noticed and made again. What nobody has
read for a month goes when another entry is written.
"""

import hashlib
import json
import os
import secrets
import shutil
import time
import zlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from logging import getLogger
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from filelock import FileLock

from recbole_lsrec.whole_files import save_array, sweep

FACTS = "facts.json"
_UNUSED = 30 * 86_400  # seconds


class Tables(NamedTuple):
    """Columns by name, and what else there is to know of them, as JSON takes it."""

    columns: dict[str, np.ndarray]
    facts: dict[str, Any]


def key_of(parts: Mapping[str, Any]) -> str:
    """24 hexadecimal digits of everything that an entry depends on."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()[:24]


def cached(folder: Path, name: str, key: str, make: Callable[[], Tables | None]) -> Tables | None:
    """Returns the entry, or makes and keeps it.

    Args:
        folder: made if missing; where it cannot be written to, nothing is kept, and a warning says so.
        name: start of the entry's name, for people.
        key: from :func:`key_of`.
        make: makes the tables; None if they are of a kind that is not kept.

    Returns:
        The tables as they were kept, their columns mapped (what is written to them stays in this process); None where
        ``make`` was called, whose tables the caller then has already.
    """
    entry = folder / f"{name}-{key}"
    try:
        found = _read(entry)
    except PermissionError:  # another account's, with an umask that shares nothing: theirs to keep
        getLogger().warning(
            f"{entry}: this account may not read the stored log; it is read from its files (chmod -R g+rX)"
        )
        make()
        return None
    if found is not None:
        return found
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / f".{entry.name}.lock", mode=0o666)  # another account may take it after us
        lock.acquire()
    except OSError as error:
        getLogger().warning(f"data_cache: {folder} cannot be written to ({error}); nothing is kept")
        make()
        return None
    try:
        found = _read(entry)  # another process may have made it while we waited
        if found is None:
            tables = make()
            if tables is not None:
                _write(entry, tables)
        return found
    finally:
        lock.release()


def _read(entry: Path) -> Tables | None:
    if not entry.is_dir():
        return None
    try:
        facts = json.loads((entry / FACTS).read_text(encoding="utf-8"))
        if facts.pop("sha256") != _digest(facts):
            raise ValueError(f"{FACTS} is not as it was written")
        columns = {}
        for file, (column, checksum) in facts.pop("columns").items():
            if _crc(entry / file) != checksum:
                raise ValueError(f"{file} is not as it was written")
            columns[column] = np.load(entry / file, mmap_mode="c", allow_pickle=False).view(np.ndarray)
    except PermissionError:
        raise
    except (OSError, ValueError, KeyError, AttributeError) as error:
        getLogger().warning(f"{entry}: the stored log is damaged ({error}); it is read from its files again")
        return None
    with suppress(OSError):  # another account's entry, perhaps
        os.utime(entry / FACTS)
    return Tables(columns, facts)


def _remove_unused(folder: Path) -> None:
    """Removes entries that were not read for a month; processes that have them mapped keep what they have."""
    for facts in folder.glob(f"[!.]*/{FACTS}"):
        with suppress(OSError):  # another process was quicker, or it is another account's
            if time.time() - facts.stat().st_mtime > _UNUSED:
                gone = facts.parent.with_name(f".{facts.parent.name}.{secrets.token_hex(4)}.part")
                os.replace(facts.parent, gone)
                shutil.rmtree(gone, ignore_errors=True)
                getLogger().info(f"data_cache: removed {facts.parent.name}, not read for {_UNUSED // 86_400} days")


def _write(entry: Path, tables: Tables) -> None:
    """Writes beside the place and renames, so that another process sees the whole entry or none."""
    part = entry.with_name(f".{entry.name}.{secrets.token_hex(4)}.part")
    sweep(entry.parent)
    try:
        part.mkdir()
        columns = {}
        for number, (column, values) in enumerate(tables.columns.items()):
            save_array(part / f"{number}.npy", values)
            columns[f"{number}.npy"] = (column, _crc(part / f"{number}.npy"))
        facts = {**tables.facts, "columns": columns}
        (part / FACTS).write_text(json.dumps({**facts, "sha256": _digest(facts)}), encoding="utf-8")
        if entry.exists():  # damaged; those who have it mapped keep it
            shutil.rmtree(entry)
        os.replace(part, entry)
        _remove_unused(entry.parent)
    except OSError as error:
        shutil.rmtree(part, ignore_errors=True)
        getLogger().warning(f"data_cache: {entry.parent} cannot be written to ({error}); nothing is kept")


def _crc(path: Path) -> int:
    """CRC-32 of a file, which notices accidents at twice the speed of SHA-256; of what is in the file the key tells."""
    checksum = 0
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            checksum = zlib.crc32(block, checksum)
    return checksum


def _digest(facts: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
