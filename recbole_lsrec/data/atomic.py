"""Reading RecBole's atomic files, with errors that name the file and the line."""

import csv
from pathlib import Path

import numpy as np
import pandas as pd
from recbole.utils import FeatureType

from recbole_lsrec.errors import DataError

_TYPES = ", ".join(f"'{ftype.value}'" for ftype in FeatureType)


def read_atomic(
    path: Path,
    load: set[str] | None,
    leave: set[str] | None,
    *,
    field_separator: str = "\t",
    seq_separator: str = " ",
    encoding: str | None = "utf-8",
) -> tuple[pd.DataFrame, dict[str, FeatureType]]:
    """Reads an atomic file: a header of ``name:type`` and one line per event, user or item.

    Args:
        path: the file.
        load: columns to read; None reads all.
        leave: columns to leave out; None leaves out none.
        field_separator: between columns.
        seq_separator: between the elements of a sequence.
        encoding: of the file.

    Returns:
        The frame (tokens as str, floats as exact float64, sequences as arrays) and the type of each column read.

    Raises:
        DataError: the file is missing or empty, its header is not ``name:type``, a column to load is not in it, a line
            has more or fewer columns than the header, or a value cannot be read as its type.
    """
    if not path.is_file():
        raise DataError(f"{path}: no such file; expected an atomic file with a header such as 'user_id:token'.")
    with path.open(encoding=encoding) as file:
        header = file.readline().rstrip("\r\n")
    if not header:
        raise DataError(f"{path}, line 1: the file is empty; expected a header such as 'user_id:token'.")
    types: dict[str, FeatureType] = {}
    for column in header.split(field_separator):
        name, colon, ftype = column.partition(":")
        if not colon or ftype not in {t.value for t in FeatureType}:
            raise DataError(
                f"{path}, line 1: found column {column!r}; accepted: 'name:type' with a type of {_TYPES}, "
                f"columns separated by {field_separator!r} (field_separator)."
            )
        types[name] = FeatureType(ftype)
    missing = sorted((load or set()) - set(types))
    if missing:
        raise DataError(
            f"{path}, line 1: load_col names {missing}, the file has {sorted(types)}; correct load_col or the file."
        )
    _check_widths(path, len(types), field_separator, encoding)
    wanted = {n: t for n, t in types.items() if (load is None or n in load) and n not in (leave or set())}
    frame = _read(path, wanted, field_separator, encoding)
    for name, ftype in wanted.items():
        if ftype in (FeatureType.TOKEN_SEQ, FeatureType.FLOAT_SEQ):
            kind = float if ftype == FeatureType.FLOAT_SEQ else str
            frame[name] = [
                np.array([kind(x) for x in text.split(seq_separator) if x], dtype=float if kind is float else object)
                for text in frame[name].fillna("")
            ]
    return frame, wanted


def _check_widths(path: Path, width: int, separator: str, encoding: str | None) -> None:
    """pandas ignores surplus columns when it reads some of them, and fills missing ones: both lose data unseen."""
    content = np.memmap(path, dtype=np.uint8, mode="r")
    ends = np.flatnonzero(content == ord("\n"))
    if len(separator.encode(encoding or "utf-8")) == 1:
        before = np.searchsorted(np.flatnonzero(content == ord(separator)), [0, *ends, len(content)])
        per_line = np.diff(before)
        if ends[-1:].tolist() == [len(content) - 1]:
            per_line = per_line[:-1]  # nothing follows the last line's end
        if (per_line == width - 1).all():
            return
    with path.open(encoding=encoding) as file:
        for number, line in enumerate(file, start=1):
            found = line.count(separator) + 1
            if line.strip("\r\n") and found != width:
                raise DataError(f"{path}, line {number}: found {found} columns; the header has {width}.")


def _read(path: Path, types: dict[str, FeatureType], separator: str, encoding: str | None) -> pd.DataFrame:
    columns = {f"{name}:{ftype.value}": name for name, ftype in types.items()}
    floats = {column for column, name in columns.items() if types[name] == FeatureType.FLOAT}
    # Atomic files have no quoting: a lone " in a title must not swallow the lines up to the next one.
    settings = {"sep": separator, "usecols": list(columns), "encoding": encoding, "quoting": csv.QUOTE_NONE}
    try:
        # round_trip reads times exactly; the C parser's default may be off in the last bit.
        frame = pd.read_csv(
            path, dtype={c: float if c in floats else str for c in columns}, float_precision="round_trip", **settings
        )
    except ValueError as error:
        text = pd.read_csv(path, dtype=str, **settings)
        for column in floats:
            wrong = text.index[text[column].notna() & pd.to_numeric(text[column], errors="coerce").isna()]
            if len(wrong):
                raise DataError(
                    f"{path}, line {wrong[0] + 2}: column {column!r} holds {text[column][wrong[0]]!r}; accepted: a number."
                ) from error
        raise
    return frame.rename(columns=columns)
