"""Reading RecBole's atomic files with Arrow, with errors that name the file, the line and the column."""

import re
from collections.abc import Callable
from math import isfinite
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute
import pyarrow.csv as pc
from recbole.utils import FeatureType

from recbole_lsrec.config.numbers import number_in
from recbole_lsrec.errors import DataError
from recbole_lsrec.log_checks.text import check_text, numbered_lines

Types = dict[str, FeatureType]

_TYPES = ", ".join(f"'{ftype.value}'" for ftype in FeatureType)
_SEQUENCES = (FeatureType.TOKEN_SEQ, FeatureType.FLOAT_SEQ)
_BLOCK = 16 << 20
DATES = "`recbole-lsrec prepare csv` makes numbers of written dates"
_DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d")
_NOT_FINITE = "inf or nan"
_EXACT = 2**53  # up to which float64 holds every whole number
_DECIMAL = pa.decimal128(38, 9)


def read_atomic(
    path: Path,
    load: set[str] | None,
    leave: set[str] | None,
    *,
    field_separator: str = "\t",
    seq_separator: str = " ",
    encoding: str | None = "utf-8",
    time_field: str | None = None,
) -> tuple[pd.DataFrame, Types]:
    """Reads an atomic file: a header of ``name:type`` and one line per event, user or item.

    Tokens are text and stay as they are: ``007`` and ``7`` are two, ``NA`` and ``null`` are names like others. Only an
    empty field is missing; numbers are finite, so that ``nan`` is none.

    Args:
        path: the file.
        load: columns to read; None reads all.
        leave: columns to leave out; None leaves out none.
        field_separator: between columns, one character.
        seq_separator: between the elements of a sequence.
        encoding: of the file.
        time_field: the column of times, whose whole numbers are exact beyond float64's 2^53 too (nanoseconds).

    Returns:
        The frame (tokens as categories in order of appearance, floats as float64, large whole times as int64, sequences
        as arrays) and the type of each column read.

    Raises:
        DataError: the file is missing, empty or no text in the encoding, its header is not ``name:type``, a column to
            load is not in it, a line has more or fewer columns than the header, or a value cannot be read as its type.
    """
    if not path.is_file():
        raise DataError(f"{path}: no such file; expected an atomic file with a header such as 'user_id:token'.")
    encoding = encoding or "utf-8"
    check_text(path, encoding)
    types = _header(path, field_separator, encoding)
    for key, named in (("load_col", load), ("unload_col", leave)):
        missing = sorted((named or set()) - set(types), key=str)
        if missing:
            raise DataError(
                f"{path}, line 1: {key} names {missing}, the file has {sorted(types)}; correct {key} or the file."
            )
    wanted = {n: t for n, t in types.items() if (load is None or n in load) and n not in (leave or set())}
    try:
        columns = _columns(path, types, wanted, field_separator, encoding)
        pa.default_memory_pool().release_unused()  # the texts, which Arrow would keep for the next file
        frame = pd.DataFrame(columns, copy=False)
        if wanted.get(time_field or "") == FeatureType.FLOAT and frame[time_field].max() >= _EXACT:
            frame[time_field] = _whole_times(path, types, str(time_field), field_separator, encoding, frame[time_field])
        for name in [name for name, ftype in wanted.items() if ftype in _SEQUENCES]:
            frame[name] = _sequences(frame[name], wanted[name], seq_separator)
    except ValueError as error:  # Arrow's and Python's own; they know no line
        _explain(path, types, wanted, field_separator, seq_separator, encoding)
        raise DataError(f"{path}: cannot be read ({error}).") from error
    return frame, wanted


def _header(path: Path, separator: str, encoding: str) -> Types:
    number, header = next(numbered_lines(path, encoding), (0, ""))
    if number != 1:
        empty = "line" if number else "file"
        raise DataError(f"{path}, line 1: the {empty} is empty; expected a header such as 'user_id:token'.")
    types: Types = {}
    for column in header.split(separator):
        name, colon, ftype = column.partition(":")
        if not colon or ftype not in {t.value for t in FeatureType}:
            raise DataError(
                f"{path}, line 1: found column {column!r}; accepted: 'name:type' with a type of {_TYPES}, "
                f"columns separated by {separator!r} (field_separator)."
            )
        if name in types:
            raise DataError(f"{path}, line 1: the column {name!r} is there twice; rename or remove one of them.")
        types[name] = FeatureType(ftype)
    return types


def _columns(path: Path, types: Types, wanted: Types, separator: str, encoding: str) -> dict[str, pd.Series]:
    arrow = {name: pa.float64() if ftype == FeatureType.FLOAT else pa.string() for name, ftype in wanted.items()}
    table = _read(path, types, arrow, separator, encoding)
    columns = {}
    for name, ftype in wanted.items():
        # One dictionary for the whole column is cheaper than one a block, merged.
        column = table.column(name).dictionary_encode() if ftype == FeatureType.TOKEN else table.column(name)
        table = table.drop_columns(name)
        if ftype == FeatureType.FLOAT and not pa.compute.all(pa.compute.is_finite(column), min_count=0).as_py():
            raise ValueError(f"{name} holds {_NOT_FINITE}")
        columns[name] = column.to_pandas()
    return columns


def _read(path: Path, types: Types, arrow: dict[str, pa.DataType], separator: str, encoding: str) -> pa.Table:
    return pc.read_csv(
        path,
        read_options=pc.ReadOptions(column_names=list(types), skip_rows=1, encoding=encoding, block_size=_BLOCK),
        # Atomic files have no quoting: a lone " in a title must not swallow the lines up to the next one.
        parse_options=pc.ParseOptions(delimiter=separator, quote_char=False, double_quote=False),
        convert_options=pc.ConvertOptions(
            column_types=arrow, include_columns=list(arrow), null_values=[""], strings_can_be_null=True
        ),
    )


def _whole_times(
    path: Path, types: Types, name: str, separator: str, encoding: str, rounded: pd.Series
) -> pd.Series | np.ndarray:
    """Times read once more, without rounding; as they were where they are not all there and whole."""
    try:
        column = _read(path, types, {name: _DECIMAL}, separator, encoding).column(name).cast(pa.int64())
    except pa.ArrowInvalid:
        return rounded
    return rounded if column.null_count else column.to_numpy()


def _sequences(column: pd.Series, ftype: FeatureType, separator: str) -> list[np.ndarray]:
    numbers = ftype == FeatureType.FLOAT_SEQ
    kind: Callable[[str], float | str] = _finite if numbers else str
    dtype = np.dtype(float if numbers else object)
    return [np.array([kind(x) for x in text.split(separator) if x], dtype=dtype) for text in column.fillna("")]


def _finite(text: str) -> float:
    number = number_in(text)
    if not isfinite(number):
        raise ValueError(f"a sequence holds {_NOT_FINITE}")
    return number


def _explain(path: Path, types: Types, wanted: Types, separator: str, seq_separator: str, encoding: str) -> None:
    """Raises the error of the first line that cannot be read."""
    number = 0
    for number, line in numbered_lines(path, encoding):
        values = line.split(separator)
        if len(values) != len(types):
            raise DataError(f"{path}, line {number}: found {len(values)} columns; the header has {len(types)}.")
        for (name, ftype), value in zip(types.items(), values, strict=True):
            if number == 1 or name not in wanted or not value:
                continue
            if ftype == FeatureType.FLOAT and not _is_number(value):
                accepted = "a number that is finite (an empty field is missing)"
                accepted += f"; {DATES}" if _DATE.match(value) else ""
            elif ftype == FeatureType.FLOAT_SEQ and not all(map(_is_number, filter(None, value.split(seq_separator)))):
                accepted = f"finite numbers separated by {seq_separator!r} (seq_separator)"
            else:
                continue
            raise DataError(
                f"{path}, line {number}: column '{name}:{ftype.value}' holds {value!r}; accepted: {accepted}."
            )
    if number == 1:
        raise DataError(f"{path}: holds only the header; expected a line for each event, user or item.")


def _is_number(text: str) -> bool:
    try:
        _finite(text)
    except ValueError:
        return False
    return True
