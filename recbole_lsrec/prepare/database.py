"""A DuckDB database on disk, and the few words of SQL that several files need."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import pyarrow as pa

from recbole_lsrec.errors import DataError, MachineError

MEMORY_GB = 5.0


@contextmanager
def connected(folder: Path) -> Iterator[Any]:
    """A database in a folder, within a fixed amount of memory; larger work goes to disk.

    Raises:
        DataError: DuckDB is not installed.
        MachineError: the disk is full, or memory used up.
    """
    try:
        import duckdb
    except ImportError:
        raise DataError("prepare: needs DuckDB; install it with: pip install 'recbole-lsrec[prepare]'") from None
    if "\\" in folder.as_posix():
        raise DataError(
            f"--out: found {str(folder.parent)!r}; DuckDB takes no backslash in the name of a folder: give another."
        )
    memory = min(MEMORY_GB, 0.5 * psutil.virtual_memory().available / 2**30)
    try:
        connection = duckdb.connect(str(folder / "log.duckdb"))
        try:
            connection.execute(f"SET memory_limit = '{max(memory, 0.5):.1f}GB'")
            connection.execute(f"SET temp_directory = {text(f'{folder}/spill')}")
            connection.execute("SET enable_progress_bar = false")
            yield connection
        finally:
            with suppress(duckdb.Error):  # what it could not write before
                connection.close()
    except RuntimeError as error:  # how DuckDB passes a signal on
        if "Query interrupted" not in str(error):
            raise
        raise KeyboardInterrupt from error
    except (duckdb.IOException, duckdb.TransactionException, duckdb.OutOfMemoryException) as error:
        raise MachineError(
            f"{folder.parent}: prepare cannot work there: the disk is full, files may not be larger (ulimit -f), or memory "
            f"is used up ({' '.join(str(error).split())[:200]}); free some, or give another --out."
        ) from error


def one(connection: Any, query: str) -> tuple[Any, ...]:
    """The only row of a query; the result is read to its end, so that the connection is free again."""
    return connection.execute(query).fetchall()[0]


def foreign(name: str) -> str:
    """The name in the database of a column of a raw file: SQL takes its ``Name`` for ``name``, and its ``user`` for ours."""
    return f"file_{name.encode('utf-8', 'surrogatepass').hex()}"


@contextmanager
def batch_of(connection: Any, batch: pa.Table, **own: pa.Array) -> Iterator[None]:
    """Lets queries in the block read a batch of a raw file as the table ``batch``.

    Args:
        connection: of the database.
        batch: whose columns have their :func:`foreign` names there.
        own: further columns, by their names.
    """
    table = batch.rename_columns([foreign(name) for name in batch.column_names])
    for name, values in own.items():
        table = table.append_column(name, values)
    connection.register("batch", table)
    try:
        yield
    finally:
        connection.unregister("batch")


def text(value: str) -> str:
    """A text in SQL."""
    parts = value.split("\x1f")
    return " || chr(31) || ".join("'" + part.replace("'", "''") + "'" for part in parts)
