"""Histories as a user has them, as a frame of user, item and time: checked, nothing dropped."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from recbole_lsrec.errors import DataError

USER, ITEM, TIME = "user", "item", "timestamp"
_READ_AS = ".csv, .tsv, .parquet, .jsonl"


def read_histories(source: Any, names: Mapping[str, str]) -> pd.DataFrame:
    """Reads events of users.

    Args:
        source: a frame (pandas, polars), the path of a CSV, TSV, parquet or JSON-lines file, or one history as a list of
            items, oldest first, or of (item, time). Items of a list without times lie a second apart.
        names: what the run calls ``user``, ``item`` and ``timestamp``; these names and those are accepted, with or without
            the type of an atomic file (``item_id:token``).

    Returns:
        ``user`` and ``item`` as text, ``timestamp`` float64, in the order given, and any other column.

    Raises:
        DataError: it cannot be read, a column is missing, or a value is; names file and line where there are any.
    """
    if isinstance(source, (str, Path)):
        frame, where = _read_file(Path(source)), str(source)
    elif hasattr(source, "to_pandas"):
        frame, where = source.to_pandas(), "histories"
    elif isinstance(source, pd.DataFrame):
        frame, where = source, "histories"
    elif isinstance(source, Sequence):
        frame, where = _one_history(source), "history"
    else:
        raise DataError(
            f"histories: found a {type(source).__name__}; accepted: a frame, a path ({_READ_AS}), or a list of items."
        )
    frame = _named(frame, names, where)
    return frame.assign(
        **{USER: _tokens(frame, USER, where), ITEM: _tokens(frame, ITEM, where), TIME: _times(frame, where)}
    )


def _read_file(path: Path) -> pd.DataFrame:
    readers = {
        ".csv": lambda: pd.read_csv(path, dtype=str, keep_default_na=False),
        ".tsv": lambda: pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False),
        ".parquet": lambda: pd.read_parquet(path),
        ".jsonl": lambda: _json_lines(path),
    }
    if path.suffix not in readers:
        raise DataError(f"{path}: found the ending {path.suffix!r}; accepted: {_READ_AS}.")
    if not path.is_file():
        raise DataError(f"{path}: no such file.")
    try:
        return readers[path.suffix]()
    except (OSError, ValueError, pd.errors.ParserError, pd.errors.EmptyDataError, pa.ArrowException) as error:
        reason = " ".join(str(error).split())
        raise DataError(f"{path}: cannot be read as {path.suffix[1:]} ({reason}); check the file.") from error


def _json_lines(path: Path) -> pd.DataFrame:
    events = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            event = json.loads(line)
        except json.JSONDecodeError as error:
            raise ValueError(f"line {number}: {error}") from error
        if not isinstance(event, dict):
            raise ValueError(f"line {number}: not an object such as {{{USER!r}: ..., {ITEM!r}: ..., {TIME!r}: ...}}")
        events.append(event)
    return pd.DataFrame(events, dtype=object)


def _one_history(events: Sequence[Any]) -> pd.DataFrame:
    pairs = [event if isinstance(event, tuple) else (event, place) for place, event in enumerate(events)]
    if not all(len(pair) == 2 for pair in pairs):
        raise DataError("history: accepted: a list of items, or of pairs (item, time).")
    frame = pd.DataFrame(pairs, columns=[ITEM, TIME], dtype=object)
    return frame.assign(**{USER: ""})


def _named(frame: pd.DataFrame, names: Mapping[str, str], where: str) -> pd.DataFrame:
    plain = {column: str(column).partition(":")[0] for column in frame.columns}
    found = {}
    for wanted in (USER, ITEM, TIME):
        fitting = [column for column, name in plain.items() if name in (wanted, names[wanted])]
        if len(fitting) != 1:
            raise DataError(
                f"{where}: found {len(fitting)} columns for the {wanted} among {list(frame.columns)}; accepted: one named "
                f"{wanted!r} or {names[wanted]!r}."
            )
        found[fitting[0]] = wanted
    return frame.rename(columns={**plain, **found}).reset_index(drop=True)


def _tokens(frame: pd.DataFrame, column: str, where: str) -> pd.Series:
    values = frame[column]
    missing = values.isna() | (values.astype(str) == "") & (where != "history")
    if missing.any():
        raise DataError(f"{where}: event {int(missing.to_numpy().argmax()) + 1} has no {column}; mend or remove it.")
    if pd.api.types.is_float_dtype(values) and (values == np.floor(values)).all():
        values = values.astype("int64")  # ids that a missing value elsewhere has made floats
    return values.astype(str)


def _times(frame: pd.DataFrame, where: str) -> pd.Series:
    values = frame[TIME]
    if pd.api.types.is_datetime64_any_dtype(values):
        raise DataError(f"{where}: the {TIME} holds dates; give numbers in the unit of the run's log.")
    time = pd.to_numeric(values, errors="coerce").astype("float64")
    wrong = ~np.isfinite(time.to_numpy()) | (time.to_numpy() < 0)
    if wrong.any():
        at = int(wrong.argmax())
        raise DataError(
            f"{where}: event {at + 1} has the {TIME} {values.iloc[at]!r}; accepted: a finite number >= 0, in the unit of the "
            "run's log."
        )
    return time
