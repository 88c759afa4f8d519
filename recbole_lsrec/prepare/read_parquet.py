"""Parquet files, whose columns have types, as text."""

import io
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from recbole_lsrec.errors import DataError
from recbole_lsrec.prepare.files import Counted, RawFile
from recbole_lsrec.prepare.layout import Layout
from recbole_lsrec.prepare.ledger import Read
from recbole_lsrec.prepare.read_json import as_elements, as_text

EXACT = 2**53  # up to here a float64 holds every whole number


def parquet_columns(raw: RawFile) -> list[str]:
    """Names of the columns.

    Raises:
        DataError: it is no parquet file.
    """
    with raw.open() as stream:
        return list(_open(raw, io.BytesIO(stream.read()) if raw.member else raw.path).schema_arrow.names)


def read_parquet(raw: RawFile, stream: Counted, layout: Layout, wanted: list[str], account: Read) -> Iterator[pa.Table]:
    """The wanted columns as text, a group of rows at a time.

    Raises:
        DataError: it is no parquet file, or a column of ids holds floats that have lost digits.
    """
    file = _open(raw, io.BytesIO(stream.read()) if raw.member else raw.path)
    try:
        for batch in file.iter_batches(columns=wanted, batch_size=1 << 18):
            account.rows += batch.num_rows
            yield pa.table({name: _text(raw, layout, name, batch.column(name)) for name in wanted})
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{raw.name}: is damaged ({str(error).splitlines()[0]}); download it again.") from None


def _open(raw: RawFile, place: object) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(place)
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{raw.name}: is no parquet file ({str(error).splitlines()[0]}).") from None


def _text(raw: RawFile, layout: Layout, name: str, column: pa.Array) -> pa.Array:
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.dictionary_decode()
        kind = column.type
    if pa.types.is_floating(kind):
        column = _whole(raw, name, column)
        kind = column.type
    if pa.types.is_floating(kind) or pa.types.is_nested(kind) or pa.types.is_boolean(kind):
        written = as_elements if name in layout.sequences else as_text
        return pa.array([written(value) for value in column.to_pylist()], pa.string())
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        raise DataError(f"{raw.name}: column {name!r} holds bytes; accepted: text, whole numbers, times.")
    return pc.fill_null(pc.cast(column, pa.string()), "")


def _whole(raw: RawFile, name: str, column: pa.Array) -> pa.Array:
    """Floats that are whole numbers as such: pandas turns a column of integers with a gap into floats."""
    column = pc.if_else(pc.is_nan(column), pa.scalar(None, column.type), column)
    if pc.all(pc.equal(column, pc.floor(column))).as_py() is False:
        return column
    if (pc.max(pc.abs(column)).as_py() or 0) >= EXACT:
        raise DataError(
            f"{raw.name}: column {name!r} holds numbers as floats that are too large to be exact (2**53 and more), so "
            "different ids may have become one; export it as text or as integers, or leave it out (--category none)."
        )
    return pc.cast(column, pa.int64())
