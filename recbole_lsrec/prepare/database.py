"""A DuckDB database on disk, and the few words of SQL that several files need."""

from pathlib import Path
from typing import Any

import psutil

from recbole_lsrec.errors import DataError

MEMORY_GB = 5.0


def connect(folder: Path) -> Any:
    """A database in a folder, within a fixed amount of memory; larger work goes to disk.

    Raises:
        DataError: DuckDB is not installed.
    """
    try:
        import duckdb
    except ImportError:
        raise DataError("prepare: needs DuckDB; install it with: pip install 'recbole-lsrec[prepare]'") from None
    connection = duckdb.connect(str(folder / "log.duckdb"))
    memory = min(MEMORY_GB, 0.5 * psutil.virtual_memory().available / 2**30)
    connection.execute(f"SET memory_limit = '{max(memory, 0.5):.1f}GB'")
    connection.execute(f"SET temp_directory = '{folder}/spill'")
    connection.execute("SET enable_progress_bar = false")
    return connection


def one(connection: Any, query: str) -> tuple[Any, ...]:
    """The only row of a query; the result is read to its end, so that the connection is free again."""
    return connection.execute(query).fetchall()[0]


def quoted(name: str) -> str:
    """A column name in SQL."""
    return '"' + name.replace('"', '""') + '"'


def text(value: str) -> str:
    """A text in SQL."""
    parts = value.split("\x1f")
    return " || chr(31) || ".join("'" + part.replace("'", "''") + "'" for part in parts)
