"""Files with one JSON object, or one Python dict, a line."""

import ast
import json
from collections.abc import Callable, Collection, Iterator
from decimal import Decimal
from typing import Any

import pyarrow as pa

from recbole_lsrec.errors import DataError
from recbole_lsrec.log_checks.text import UTF_16, lines_are_bytes
from recbole_lsrec.prepare.files import Counted, RawFile
from recbole_lsrec.prepare.layout import Layout
from recbole_lsrec.prepare.ledger import Ledger, Read

LIST = "\x1f"  # between the elements of a list; no text of a log has this control character
_ONE_A_LINE = (
    "accepted: one object a line, as jq -c '.[]' writes it of an array and jq -c . of objects over several lines"
)
_BATCH = 100_000
_EXACT = 2.0**53  # up to here floats hold every whole number
_SMALL = 1e-9  # what is smaller is kept as it is written
_FIRST = 100  # lines that tell which keys there are


def read_lines(
    raw: RawFile, stream: Counted, layout: Layout, wanted: list[str], account: Read, ledger: Ledger
) -> Iterator[pa.Table]:
    """The wanted keys of every object as text, whole numbers without fraction and exponent, a key not there as an empty text.

    Raises:
        DataError: the file is one JSON array, or is in another encoding.
    """
    parse: Callable[[str], Any] = ast.literal_eval if layout.form == "literal" else _json
    rows: list[list[str]] = []
    known: set[str] = set()
    apart = layout.sequences
    for number, line in enumerate(_lines(stream), start=1):
        text = _decoded(raw, number, line, layout.encoding)
        if not text:
            continue
        if number == 1 and text.startswith("["):
            raise DataError(f"{raw.name}, line 1: a JSON array; {_ONE_A_LINE}.")
        try:
            row = parse(text)
            if not isinstance(row, dict):
                raise ValueError("no object")
        except (ValueError, SyntaxError, RecursionError, MemoryError) as error:
            account.refused += 1
            ledger.refuse("no JSON object", f"{raw.name}, line {number}: {str(error).splitlines()[0]}")
            continue
        if reason := _no_id(row, layout):
            account.refused += 1
            ledger.refuse(reason, f"{raw.name}, line {number}: {text[:120]}")
            continue
        values = [as_elements(row.get(key)) if key in apart else as_text(row.get(key)) for key in wanted]
        if "\\" in text and not _encodable(values):
            account.refused += 1
            ledger.refuse("half a surrogate pair, which is no text", f"{raw.name}, line {number}")
            continue
        account.rows += 1
        rows.append(values)
        if not row.keys() <= known:
            account.late_keys += sorted(row.keys() - known - set(wanted)) if number > _FIRST else []
            known |= row.keys()
        if len(rows) == _BATCH:
            yield _table(rows, wanted)
            rows = []
    if rows:
        yield _table(rows, wanted)


def keys(raw: RawFile, encoding: str, wanted: Collection[str]) -> list[str]:
    """The keys of the first objects of a file, of which one alone may lack some; those wanted are looked for to its end.

    Raises:
        DataError: the first line is none.
    """
    names: dict[str, None] = {}
    with raw.open() as stream:
        for number, line in enumerate(stream, start=1):
            if number > _FIRST and names.keys() >= set(wanted):
                break
            text = _decoded(raw, number, line, encoding)
            try:
                row = _json(text) if text else {}
                if not isinstance(row, dict):
                    raise ValueError(f"but a {type(row).__name__}")
            except (ValueError, RecursionError) as error:
                if names:  # what is damaged further on is refused line by line
                    continue
                raise DataError(f"{raw.name}, line {number}: is no JSON object ({error}); {_ONE_A_LINE}.") from None
            names |= dict.fromkeys(key for key in row if _encodable([key]))
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


def _decoded(raw: RawFile, number: int, line: bytes, encoding: str) -> str:
    if number == 1 and (line.startswith(UTF_16) or not lines_are_bytes(encoding)):
        raise DataError(f"{raw.name}: is UTF-16 or of its kind; JSON lines are read in others: save it as UTF-8.")
    try:
        return line.decode(encoding).removeprefix("\ufeff").strip()
    except UnicodeDecodeError as error:
        raise DataError(
            f"{raw.name}, line {number}: is no {encoding} ({error.reason}); give --encoding, such as latin-1 or gb18030."
        ) from None


def _no_id(row: dict[str, Any], layout: Layout) -> str:
    """Why a row cannot be used, whose ids or time are none; "" if they are."""
    if any(isinstance(row.get(layout.columns.get(role, "")), dict | list) for role in ("user", "item")):
        return "an id is a list or an object"
    if any(isinstance(row.get(column), float) for column in layout.columns.values()):
        return "a number too large to be exact (2**53 and more, with a fraction or an exponent)"
    return ""


def _json(text: str) -> Any:
    return json.loads(text, parse_int=str, parse_float=_number, parse_constant=_constant, object_pairs_hook=_object)


def _number(text: str) -> str | float:
    """A number with a fraction or an exponent as text, 2 for 2.0 and 2e0; a float where another may have become the same."""
    number = float(text)
    if abs(number) >= _EXACT:
        return number
    if abs(number) < _SMALL:
        return text if number else "0"
    plain = format(Decimal(text), "f")
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def _constant(word: str) -> float | None:
    """``NaN``, which Python writes for a number that is missing, or an infinite one."""
    return None if word == "NaN" else float(word)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    row = dict(pairs)
    if len(row) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"the key {next(name for name in row if names.count(name) > 1)!r} is there twice")
    return row


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
