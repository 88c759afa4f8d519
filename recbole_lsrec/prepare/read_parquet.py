"""Parquet files, whose columns have types, as text."""

import io
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from recbole_lsrec.errors import DataError
from recbole_lsrec.prepare.files import Counted, RawFile
from recbole_lsrec.prepare.layout import Layout
from recbole_lsrec.prepare.ledger import Read
from recbole_lsrec.prepare.read_json import as_elements, as_text

# Up to here floats hold every whole number.
_EXACT = {pa.float16(): 2**11, pa.float32(): 2**24, pa.float64(): 2**53}


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
    if isinstance(column.type, pa.BaseExtensionType):
        column = column.storage
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    kind = column.type
    if pa.types.is_floating(kind):
        return _float_text(raw, layout, name, column)
    if pa.types.is_nested(kind) or pa.types.is_boolean(kind):
        written = as_elements if name in layout.sequences else as_text
        return pa.array([written(value) for value in column.to_pylist()], pa.string())
    try:
        if "binary" in str(kind):
            raise pa.ArrowNotImplementedError
        return pc.fill_null(pc.cast(column, pa.string()), "")
    except pa.ArrowNotImplementedError:
        raise DataError(f"{raw.name}: column {name!r} holds {kind}; accepted: text, numbers, times.") from None


def _float_text(raw: RawFile, layout: Layout, name: str, column: pa.Array) -> pa.Array:
    """Each number that is whole without a fraction: pandas turns a column of integers with a gap into floats."""
    exact = _EXACT[column.type]
    if column.type == pa.float16():  # with which Arrow does not compute
        column = pa.array(column.to_numpy(zero_copy_only=False).astype(np.float32))
    infinite = pc.sum(pc.is_inf(column)).as_py()
    if infinite and (name in layout.columns.values() or layout.kinds.get(name) != "float"):
        raise DataError(
            f"{raw.name}: column {name!r} holds inf ({infinite} rows); accepted: finite numbers, or nothing. Mend the export, or "
            "leave the column out (--category none)."
        )
    small = pc.less(pc.abs(column), exact)
    too_large = pc.and_(pc.is_finite(column), pc.invert(small))
    if pc.any(too_large).as_py() and (name in layout.columns.values() or layout.kinds.get(name) != "float"):
        raise DataError(
            f"{raw.name}: column {name!r} holds numbers as floats that are too large to be exact (2**{exact.bit_length() - 1} "
            "and more), so different ids or times may have become one; export it as text or as integers, or leave it out "
            "(--category none)."
        )
    whole = pc.and_(small, pc.equal(column, pc.floor(column)))
    integers = pc.cast(pc.if_else(whole, column, pa.scalar(0, column.type)), pa.int64())
    texts = pc.if_else(whole, pc.cast(integers, pa.string()), pc.cast(column, pa.string()))
    return pc.fill_null(pc.if_else(pc.is_nan(column), "", texts), "")
