"""Files with one JSON object, or one Python dict, a line."""

import ast
import json
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import pyarrow as pa

from recbole_lsrec.errors import DataError
from recbole_lsrec.prepare.files import Counted, RawFile
from recbole_lsrec.prepare.layout import Layout
from recbole_lsrec.prepare.ledger import Ledger, Read

LIST = "\x1f"  # between the elements of a list; no text of a log has this control character
_BATCH = 100_000


def read_lines(
    raw: RawFile, stream: Counted, layout: Layout, wanted: list[str], account: Read, ledger: Ledger
) -> Iterator[pa.Table]:
    """The wanted keys of every object as text; numbers as they are written, a key that is not there as an empty text.

    Raises:
        DataError: the file is one JSON array, or is in another encoding.
    """
    parse: Callable[[str], Any] = ast.literal_eval if layout.form == "literal" else _json
    rows: list[list[str]] = []
    apart = layout.sequences
    for number, line in enumerate(_lines(stream), start=1):
        try:
            text = line.decode(layout.encoding).removeprefix("\ufeff").strip()
        except UnicodeDecodeError as error:
            raise DataError(
                f"{raw.name}, line {number}: is no {layout.encoding} ({error.reason}); give --encoding."
            ) from None
        if not text:
            continue
        if number == 1 and text.startswith("["):
            raise DataError(
                f"{raw.name}, line 1: a JSON array; accepted: one object a line (jq -c '.[]' writes it so)."
            )
        try:
            row = parse(text)
            if not isinstance(row, dict):
                raise ValueError("no object")
        except (ValueError, SyntaxError, RecursionError, MemoryError) as error:
            account.refused += 1
            ledger.refuse("no JSON object", f"{raw.name}, line {number}: {str(error).splitlines()[0]}")
            continue
        values = [as_elements(row.get(key)) if key in apart else as_text(row.get(key)) for key in wanted]
        if "\\" in text and not _encodable(values):
            account.refused += 1
            ledger.refuse("half a surrogate pair, which is no text", f"{raw.name}, line {number}")
            continue
        account.rows += 1
        rows.append(values)
        if len(rows) == _BATCH:
            yield _table(rows, wanted)
            rows = []
    if rows:
        yield _table(rows, wanted)


def keys(raw: RawFile, encoding: str) -> list[str]:
    """The keys of the first objects of a file, of which one alone may lack some.

    Raises:
        DataError: the first line is none.
    """
    names: dict[str, None] = {}
    with raw.open() as stream:
        for number, line in enumerate(islice(stream, 100), start=1):
            try:
                row = _json(line.decode(encoding).removeprefix("\ufeff"))
            except ValueError as error:
                if number > 1:  # what is damaged further on is refused line by line
                    continue
                raise DataError(f"{raw.name}, line 1: is no JSON object ({error}).") from None
            if isinstance(row, dict):
                names |= dict.fromkeys(key for key in row if _encodable([key]))
            elif number == 1:
                raise DataError(
                    f"{raw.name}, line 1: is no JSON object; accepted: one object a line (jq -c '.[]' writes it so)."
                )
    return list(names)


def as_text(value: Any) -> str:
    """A value as text: nothing as an empty one, lists with all their elements, whatever nests them."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return LIST.join(text for element in value if (text := as_text(element)))
    return json.dumps(value) if isinstance(value, dict) else str(value)


def as_elements(value: Any) -> str:
    """A list as text, each element with its end, so that a list of one is no plain text; anything else as :func:`as_text`."""
    if not isinstance(value, list | tuple):
        return as_text(value)
    return "".join(text + LIST for element in value if (text := as_text(element)))


def _encodable(values: list[str]) -> bool:
    """Whether texts can be written; an escape such as ``\\ud800`` alone cannot."""
    try:
        "".join(values).encode()
    except UnicodeEncodeError:
        return False
    return True


def _json(text: str) -> Any:
    return json.loads(text, parse_int=str, parse_float=str, parse_constant=str)


def _lines(stream: Counted) -> Iterator[bytes]:
    kept = b""
    while block := stream.read(1 << 22):
        *whole, kept = (kept + block).split(b"\n")
        yield from whole
    if kept:
        yield kept


def _table(rows: list[list[str]], names: list[str]) -> pa.Table:
    return pa.table(
        {name: pa.array(column, pa.string()) for name, column in zip(names, zip(*rows, strict=True), strict=True)}
    )
