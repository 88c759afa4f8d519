"""Histories as a user has them, as a frame of user, item and time: checked, nothing dropped."""

import csv
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from recbole_lsrec.errors import DataError
from recbole_lsrec.log_checks.text import check_utf8
from recbole_lsrec.log_checks.times import TICKS_PER_SECOND

USER, ITEM, TIME = "user", "item", "timestamp"
Place = Callable[[int], str]  # of an event of a frame, counted from 1, as a message begins
NUMBER, ID = "__number", "__id"  # of the user among those asked about, and of the item in the catalogue


def read_histories(source: Any, names: Mapping[str, str], unit: str = "s") -> pd.DataFrame:
    """Reads events of users.

    Args:
        source: a frame (pandas, polars), the path of a CSV, TSV, parquet, JSON-lines or ``.inter`` file, or one history as a
            list of items, oldest first, or of (item, time). Items of a list without times lie a second apart, in 2000.
        names: what the run calls ``user``, ``item`` and ``timestamp``; these names and those are accepted, with or without
            the type of an atomic file (``item_id:token``).
        unit: ``timestamp_unit`` of the run, for a list without times.

    Returns:
        ``user`` and ``item`` as text, ``timestamp`` int64 where all are whole, else float64, in the order given, and any
        other column.

    Raises:
        DataError: it cannot be read, a column is missing, or a value is; names file and line, of a frame the event.
    """
    if isinstance(source, (str, Path)):
        return pd.concat(history_blocks(Path(source), names), ignore_index=True)
    if hasattr(source, "to_pandas"):
        frame, where = source.to_pandas(), "histories"
    elif isinstance(source, pd.DataFrame):
        frame, where = source, "histories"
    elif isinstance(source, Sequence):
        frame, where = _one_history(source, unit), "history"
    else:
        raise DataError(
            f"histories: found a {type(source).__name__}; accepted: a frame, a path ({_READ_AS}), or a list of items."
        )
    return _checked(frame, names, where, lambda number: f"{where}: event {number}")


def history_blocks(path: Path, names: Mapping[str, str]) -> Iterator[pd.DataFrame]:
    """The events of a file as :func:`read_histories` gives them, some at a time; at least one frame, which may be empty."""
    if path.suffix not in _READERS:
        raise DataError(f"{path}: found the ending {path.suffix!r}; accepted: {_READ_AS}.")
    if not path.is_file():
        raise DataError(f"{path}: no such file.")
    before = 0
    try:
        for frame in _READERS[path.suffix](path):
            yield _checked(frame, names, str(path), partial(_place, path, before))
            before += len(frame)
    except DataError:
        raise
    except (OSError, ValueError, OverflowError, RecursionError, csv.Error, pa.ArrowException) as error:
        if path.suffix != ".parquet":
            check_utf8(path)
        reason = " ".join(str(error).split())
        raise DataError(
            f"{path}: cannot be read as {path.suffix[1:]} ({reason}); check the file{_apart(path.suffix)}."
        ) from error


def _checked(frame: pd.DataFrame, names: Mapping[str, str], where: str, place: Place) -> pd.DataFrame:
    """The frame with its three columns under their names."""
    frame = _named(frame, names, where)
    tokens = {column: _tokens(frame, column, place, where != "history") for column in (USER, ITEM)}
    return frame.assign(**tokens, **{TIME: _times(frame, where, place)})


def _apart(suffix: str) -> str:
    """What a file of columns has between them, for messages."""
    sign = {",": "commas", "\t": "tabs"}.get(_COLUMNS.get(suffix, ("", False))[0])
    return f"; columns are separated by {sign}" if sign else ""


def _place(path: Path, before: int, number: int) -> str:
    """``file, line:`` of an event of a block, before which ``before`` events of the file came."""
    number += before
    if path.suffix == ".parquet":
        return f"{path}, row {number}:"
    with path.open(encoding="utf-8-sig", newline="") as file:
        if path.suffix == ".jsonl":
            lines = (at for at, line in enumerate(file, 1) if line.strip())
        else:
            lines = (at for at, _ in _rows(file, path.suffix))
            next(lines)  # the names of the columns
        return f"{path}, line {next(islice(lines, number - 1, None))}:"


def _rows(file: TextIO, suffix: str) -> Iterator[tuple[int, list[str]]]:
    """The rows of a file of columns that are not empty, each with the number of its first line."""
    separator, quoted = _COLUMNS[suffix]
    rows = csv.reader(file, delimiter=separator, strict=True, quoting=csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE)
    line = 1
    try:
        for row in rows:
            if row:
                yield line, row
            line = rows.line_num + 1
    except csv.Error as error:
        unclosed = 'a " opens a value that nothing closes; take it out, or double it'
        raise ValueError(f"line {line}: {unclosed if 'unexpected end' in str(error) else error}") from error


def _check_quotes(path: Path) -> None:
    """A quote that nothing closes, which makes all lines to the end one value, is looked for where their number is odd."""
    with path.open("rb") as file:
        quotes = sum(block.count(b'"') for block in iter(partial(file.read, _BLOCK), b""))
    if quotes % 2 and _COLUMNS[path.suffix][1]:
        with path.open(encoding="utf-8-sig", newline="") as text:
            for _ in _rows(text, path.suffix):
                pass


def _text_blocks(path: Path) -> Iterator[pd.DataFrame]:
    """Of a CSV, TSV or atomic file: every value as text, no line of another number of values."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        _, names = next(_rows(file, path.suffix), (0, []))
        alone = not any(line.strip() for line in file)
    if not names:
        raise ValueError("it is empty")
    separator, quoted = _COLUMNS[path.suffix]
    _refuse_doubled(names)
    if alone:  # which pyarrow refuses where nothing ends the line
        yield pd.DataFrame(columns=names, dtype=object)
        return
    _check_quotes(path)
    reader = pyarrow.csv.open_csv(
        path,
        pyarrow.csv.ReadOptions(block_size=_BLOCK, use_threads=False),
        pyarrow.csv.ParseOptions(
            delimiter=separator, newlines_in_values=quoted, quote_char='"' if quoted else False, double_quote=quoted
        ),
        pyarrow.csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False),
    )
    yield reader.schema.empty_table().to_pandas()
    for batch in reader:
        yield batch.to_pandas()


def _refuse_doubled(names: Sequence[str]) -> None:
    if doubled := {name for name in names if names.count(name) > 1}:
        raise ValueError(f"the column {min(doubled)!r} is there twice")


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    if len(set(names)) < len(names):
        raise ValueError(f"the key {max(names, key=names.count)!r} is there twice")
    return dict(pairs)


def _parquet_blocks(path: Path) -> Iterator[pd.DataFrame]:
    file = pyarrow.parquet.ParquetFile(path)
    _refuse_doubled(file.schema_arrow.names)
    yield file.schema_arrow.empty_table().to_pandas(ignore_metadata=True)
    for batch in file.iter_batches(_BLOCK >> 5):
        yield batch.to_pandas(ignore_metadata=True)  # an index that pandas wrote is a column


def _json_blocks(path: Path) -> Iterator[pd.DataFrame]:
    events: list[dict[str, Any]] = []
    with path.open(encoding="utf-8-sig", newline="\n") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                event = json.loads(line, object_pairs_hook=_each_once)
                if "\\u" in line:
                    json.dumps(event, ensure_ascii=False).encode()  # which refuses half a surrogate pair
            except ValueError as error:
                raise ValueError(f"line {number}: {error}") from error
            if not isinstance(event, dict):
                raise ValueError(
                    f"line {number}: not an object such as {{{USER!r}: ..., {ITEM!r}: ..., {TIME!r}: ...}}"
                )
            events.append(event)
            if len(events) == _BLOCK >> 6:
                yield pd.DataFrame(events, dtype=object)
                events = []
    yield pd.DataFrame(events, dtype=object) if events else pd.DataFrame(columns=[USER, ITEM, TIME], dtype=object)


# What separates columns, and whether " quotes values, as in atomic files it does not.
_COLUMNS = {".csv": (",", True), ".tsv": ("\t", True), ".inter": ("\t", False)}
_READERS: dict[str, Callable[[Path], Iterator[pd.DataFrame]]] = {
    **dict.fromkeys(_COLUMNS, _text_blocks),
    ".parquet": _parquet_blocks,
    ".jsonl": _json_blocks,
}
_READ_AS = ", ".join(_READERS)
_BLOCK = 1 << 24  # bytes
_YEAR_2000 = 946_684_800  # in unix seconds


def _one_history(events: Sequence[Any], unit: str) -> pd.DataFrame:
    timed = any(isinstance(event, tuple) for event in events)
    wrong = [timed and not (isinstance(event, tuple) and len(event) == 2) for event in events]
    if any(wrong):
        at = wrong.index(True)
        raise DataError(
            f"history: event {at + 1}: found {shown(events[at])}; accepted: a list of items alone, or of pairs (item, time) "
            "alone. Give all events a time, or none."
        )
    step = TICKS_PER_SECOND.get(unit, 1)
    first = _YEAR_2000 * step if unit in TICKS_PER_SECOND else 0  # a date, because small numbers of ns are dates in s
    pairs = events if timed else [(item, first + step * place) for place, item in enumerate(events)]
    frame = pd.DataFrame(list(pairs), columns=[ITEM, TIME], dtype=object)
    return frame.assign(**{USER: ""})


def _named(frame: pd.DataFrame, names: Mapping[str, str], where: str) -> pd.DataFrame:
    plain = {column: str(column).partition(":")[0] for column in frame.columns}
    found = {}
    for wanted in (USER, ITEM, TIME):
        fitting = [column for column, name in plain.items() if name in (wanted, names[wanted])]
        if len(fitting) != 1:
            raise DataError(
                f"{where}: found {len(fitting)} columns for the {wanted} among {list(frame.columns)}; accepted: one named "
                f"{' or '.join(dict.fromkeys((repr(wanted), repr(names[wanted]))))}"
                f"{_apart(Path(where).suffix) if len(plain) == 1 else ''}."
            )
        found[fitting[0]] = wanted
    frame = frame.rename(columns={**plain, **found}).reset_index(drop=True)
    if not frame.columns.is_unique:
        twice = frame.columns[frame.columns.duplicated()][0]
        raise DataError(f"{where}: the column {twice!r} is there twice among {list(plain)}; leave one out.")
    return frame


def _tokens(frame: pd.DataFrame, column: str, place: Place, needed: bool) -> pd.Series:
    values = frame[column]
    none = values.isna() | (values.astype(str) == "") & needed
    if none.any():
        raise DataError(f"{place(int(none.to_numpy().argmax()) + 1)} has no {column}; mend or remove it.")
    wrong = _are_no_ids(values)
    if wrong.any():
        at = int(wrong.argmax())
        raise DataError(
            f"{place(at + 1)} has the {column} {shown(values.iloc[at])}; accepted: text, or a number that its type holds "
            "exactly, which no float64 from 2**53 on is, and no float32 from 2**24 on."
        )
    words = as_words(values)
    broken = words.str.contains("\n", regex=False).to_numpy(dtype=bool)
    if broken.any():
        at = int(broken.argmax())
        raise DataError(
            f'{place(at + 1)} has the {column} {words.iloc[at][:120]!r}, with a line break; a lone " joins lines: take it out.'
        )
    return words


def _are_no_ids(values: pd.Series) -> np.ndarray:
    """Which are lists or objects of JSON, or floats so large that another id may have become the same."""
    if pd.api.types.is_float_dtype(values):
        digits = np.finfo(getattr(values.dtype, "numpy_dtype", values.dtype)).nmant + 1
        return (values.abs() >= 2.0**digits).to_numpy(dtype=bool)
    if values.dtype != object:
        return np.zeros(len(values), dtype=bool)
    return values.map(_is_no_id).to_numpy(dtype=bool)


def _is_no_id(value: Any) -> bool:
    if isinstance(value, (float, np.floating)):
        return abs(float(value)) >= 2.0 ** (np.finfo(type(value)).nmant + 1)
    return isinstance(value, (list, dict, np.ndarray))


def missing(values: pd.Series) -> pd.Series:
    """Which fields are empty."""
    return values.isna() | (values.astype(str) == "")


def shown(value: Any) -> str:
    """A value as messages show it: in one line, cut where it is long."""
    return " ".join(repr(value).split())[:120]


def _are_truths(values: pd.Series) -> np.ndarray:
    return values.map(lambda value: isinstance(value, (bool, np.bool_))).to_numpy(dtype=bool)


def as_words(values: pd.Series) -> pd.Series:
    """Values as text: ``true``, and whole floats as whole numbers, which a missing value elsewhere has made them of."""
    text = values.astype(str)
    if not pd.api.types.is_float_dtype(values):
        whole = values.map(lambda value: isinstance(value, float) and value.is_integer()).to_numpy(dtype=bool)
        text = text.mask(whole, text.str.removesuffix(".0"))  # below 2**53, without an exponent
        return text.mask(_are_truths(values), text.str.lower())  # as JSON and `prepare` write them
    numbers = values.to_numpy(dtype=np.float64, na_value=np.nan)
    whole = (numbers % 1 == 0) & (np.abs(numbers) < 2.0**53)  # float32 writes some of them with an exponent
    return text.mask(whole, pd.Series(numbers, values.index).where(whole, 0).astype(np.int64).astype(str))


def _times(frame: pd.DataFrame, where: str, place: Place) -> pd.Series:
    values = frame[TIME]
    if values.dtype.kind in "Mmc":
        raise DataError(f"{where}: the {TIME} holds {values.dtype}; give numbers in the unit of the run's log.")
    time = pd.to_numeric(values, errors="coerce")
    rounded = time.astype("float64").to_numpy()
    wrong = ~((rounded >= 0) & (rounded < 2.0**63)) | _are_truths(values)
    if wrong.any():
        at = int(wrong.argmax())
        raise DataError(
            f"{place(at + 1)} has the {TIME} {shown(values.iloc[at])}; accepted: a finite number >= 0 and below 2**63, in the "
            "unit of the run's log."
        )
    if pd.api.types.is_integer_dtype(time):
        return time.astype("int64")
    exact = not pd.api.types.is_float_dtype(values) and rounded.max(initial=0) >= 2.0**53
    # As the loader of logs, whole times without rounding.
    time = values.map(_decimal) if exact else pd.Series(rounded, frame.index)
    return time.astype("int64" if (time % 1 == 0).all() else "float64")


def _decimal(value: Any) -> Decimal:
    return Decimal(value) if isinstance(value, float) else Decimal(str(value))
