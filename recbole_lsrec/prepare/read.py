"""Raw files as batches of text: nothing is guessed, and a line that does not fit is counted, with its number."""

import csv
import io
import sys
from codecs import BOM_UTF16_BE
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, Any

import pyarrow as pa
import pyarrow.csv as pa_csv

from recbole_lsrec.errors import DataError, did_you_mean, listed
from recbole_lsrec.log_checks.text import BINARY, UTF_16, lines_are_bytes
from recbole_lsrec.prepare.escapes import Escapes
from recbole_lsrec.prepare.files import Counted, RawFile
from recbole_lsrec.prepare.layout import Layout
from recbole_lsrec.prepare.ledger import Ledger, Read
from recbole_lsrec.prepare.read_json import read_lines
from recbole_lsrec.prepare.read_parquet import parquet_columns, read_parquet

BLOCK = 1 << 24
_LONGEST_HEADER = 1 << 20
_NEVER = 1 << 12  # columns of no table


def first_lines(raw: RawFile, encoding: str, count: int) -> list[str]:
    """The first lines of a text file, without line ends.

    Raises:
        DataError: they cannot be read in this encoding.
    """
    with raw.open() as stream:
        head = stream.read(_LONGEST_HEADER)
    if head.startswith(BINARY):
        raise DataError(f"{raw.name}: is a spreadsheet or an archive, no text; export it as CSV, or unpack it.")
    try:
        text = head.decode(encoding_of(head, encoding), errors="strict" if len(head) < _LONGEST_HEADER else "ignore")
    except UnicodeDecodeError as error:
        raise _not_text(
            raw, encoding, head[: error.start].count(b"\n") + 1, head[error.start : error.start + 1]
        ) from None
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")[:count]
    if "\0" in lines[0]:
        raise DataError(
            f"{raw.name}, line 1: holds NUL bytes, so it is no {encoding}; give the file's encoding, such as --encoding "
            "utf-16-le."
        )
    return lines


def encoding_of(head: bytes, encoding: str) -> str:
    """The encoding given, unless the file begins with the mark of UTF-16."""
    return "utf-16" if head.startswith(UTF_16) else encoding


def column_names(raw: RawFile, layout: Layout) -> list[str]:
    """The names of the columns: the file's own, or those of the layout.

    Raises:
        DataError: the file is empty, or names a column twice.
    """
    if layout.header is not None:
        return list(layout.header)
    if layout.form == "parquet":
        return parquet_columns(raw)
    lines = first_lines(raw, layout.encoding, 1)
    if not lines or not lines[0]:
        raise DataError(f"{raw.name}, line 1: is empty; expected the names of the columns.")
    return split_line(lines[0], layout)


def split_line(line: str, layout: Layout) -> list[str]:
    """The values of a line."""
    if len(layout.separator.encode()) > 1 or not layout.quoting:
        return line.split(layout.separator)
    return next(csv.reader([line], delimiter=layout.separator), [])


def read_raw(raw: RawFile, layout: Layout, ledger: Ledger, progress: Callable[[int], object]) -> Iterator[pa.Table]:
    """The columns that the layout needs, as text, a batch at a time; an empty text is a missing value.

    Args:
        raw: the file.
        layout: how it is laid out.
        ledger: gets what was read and refused.
        progress: is told the bytes read since it was last told.

    Raises:
        DataError: a column is missing, the text is in another encoding, or the file is damaged.
    """
    account = Read(raw.name)
    ledger.files.append(account)
    wanted = layout.raw_columns()
    if layout.form in ("csv", "parquet"):
        _check_columns(raw, layout, wanted)
    with raw.open() as stream:
        counted = Counted(stream)
        if layout.form == "csv":
            batches = _read_csv(raw, counted, layout, wanted, account, ledger)
        elif layout.form == "parquet":
            batches = read_parquet(raw, counted, layout, wanted, account)
        else:
            batches = read_lines(raw, counted, layout, wanted, account, ledger)
        told = 0
        for batch in batches:
            progress(counted.bytes - told)
            told = counted.bytes
            yield batch


def _check_columns(raw: RawFile, layout: Layout, wanted: list[str]) -> None:
    names = column_names(raw, layout)
    for name in wanted:
        if names.count(name) != 1:
            found = "is not among the columns" if name not in names else "is there more than once in"
            near = did_you_mean(name, names) if name not in names else ""
            raise DataError(
                f"{raw.name}, line 1: {name!r} {found} {listed(names)} (separated by {layout.separator!r})."
                f"{near} Name the columns with --user, --item, --time, ... as all files have them, or give the file as "
                "downloaded."
            )


def _read_csv(
    raw: RawFile, counted: Counted, layout: Layout, wanted: list[str], account: Read, ledger: Ledger
) -> Iterator[pa.Table]:
    with raw.open() as stream:
        head = stream.read(2)
    encoding = encoding_of(head, layout.encoding)
    text, separator = _separated_by_one_byte(raw, counted, layout.separator, encoding)
    plain = lines_are_bytes(encoding)
    escapes = Escapes(text, separator.encode()) if plain and layout.quoting else None
    refused = _Refused(raw, separator * _NEVER, account, ledger)
    text = _Ended(escapes or text, _piece(f"\n{refused.end}\n", encoding, head))  # type: ignore[assignment, arg-type]
    try:
        reader = _csv_reader(text, separator, encoding, layout, wanted, refused)
        while (batch := _next(reader)) is not None:
            account.rows += batch.num_rows
            yield pa.table(batch)
    except (pa.ArrowInvalid, pa.ArrowKeyError, UnicodeError) as error:
        alone = counted.bytes < _LONGEST_HEADER and len(first_lines(raw, layout.encoding, 2)) == 1
        if "Empty CSV" in str(error) and layout.header is None and alone:
            return  # a line of names that nothing ends
        raise _damaged(raw, layout, encoding, error) from None
    if not refused.closed:
        row = refused.opened or account.rows + refused.rows + (layout.header is None)
        raise DataError(
            f'{raw.name}, row {row}: a " opens a value that nothing closes, so that all lines from there to the end are one '
            "value; take it out, or double it."
        )
    if escapes and escapes.lines:
        ledger.notes.append(
            f'{raw.name}: {escapes.lines} lines have \\" inside a value in quotes, as "a\\"b", which is read as a\\b"; '
            'where it stands for a quote, write "" instead'
        )
    if layout.quoting and plain:
        known = account.rows + account.refused + (layout.header is None)
        account.inside_quotes = max(0, counted.all_lines - known - _blank_lines(raw, counted.all_lines - known))


class _Refused:
    """Takes the rows of another number of columns than the first has, and the end of the file, which is one of them.

    Attributes:
        end: the row behind the file's own.
        rows: how many were refused.
        closed: whether the end was met as a row of its own.
        opened: the number of the row that holds the end, because a quote before it is open; 0 where it is not known.
    """

    def __init__(self, raw: RawFile, end: str, account: Read, ledger: Ledger) -> None:
        self.end = end
        self.rows = self.opened = 0
        self.closed = False
        self._file, self._account, self._ledger = raw.name, account, ledger

    def __call__(self, row: Any) -> str:
        """What pyarrow is to do with a row."""
        if row.text.endswith(self.end):
            self.closed, self.opened = row.text == self.end, row.number or 0
            return "skip"
        lines = row.text.count("\n") + 1
        self.rows += 1
        self._account.refused += lines
        found = f"{row.actual_columns} columns, the first line has {row.expected_columns}"
        self._ledger.refuse("another number of columns", f"{self._file}, row {row.number or '?'}: {found}", lines)
        return "skip"


def _separated_by_one_byte(raw: RawFile, text: Any, separator: str, encoding: str) -> tuple[IO[bytes], str]:
    """The text and its separator, as pyarrow takes it."""
    if len(separator.encode()) <= 1:
        return text, separator
    if not lines_are_bytes(encoding):
        raise DataError(
            f"{raw.name}: is {encoding} and has a separator of several bytes, {separator!r}; save it as UTF-8."
        )
    replaced: Any = _Replaced(text, separator.encode(encoding))
    return replaced, "\t"


def _csv_reader(
    text: IO[bytes], separator: str, encoding: str, layout: Layout, wanted: list[str], refused: _Refused
) -> pa_csv.CSVStreamingReader:
    with _one_error():
        return pa_csv.open_csv(
            pa.PythonFile(text, "r"),
            read_options=pa_csv.ReadOptions(
                use_threads=False, block_size=BLOCK, encoding=encoding, column_names=layout.header
            ),
            parse_options=pa_csv.ParseOptions(
                delimiter=separator,
                quote_char='"' if layout.quoting else False,
                newlines_in_values=layout.quoting,
                invalid_row_handler=refused,
            ),
            convert_options=pa_csv.ConvertOptions(
                include_columns=wanted,
                column_types={name: pa.string() for name in wanted},
                null_values=[],
                strings_can_be_null=False,
            ),
        )


def _piece(text: str, encoding: str, head: bytes) -> bytes:
    """Text to be put behind more of it: without the mark with which a file of UTF-16 begins, in that file's order of bytes."""
    codec = "utf-16-be" if encoding == "utf-16" and head.startswith(BOM_UTF16_BE) else encoding
    return text.encode(codec).removeprefix("".encode(codec))


@contextmanager
def _one_error() -> Iterator[None]:
    """Where a line to be refused is no text, pyarrow stops with an error; Python would print another beside it."""
    usual, sys.unraisablehook = sys.unraisablehook, lambda _: None
    try:
        yield
    finally:
        sys.unraisablehook = usual


def _next(reader: Any) -> pa.RecordBatch | None:
    with _one_error():
        try:
            return reader.read_next_batch()
        except StopIteration:
            return None


def _blank_lines(raw: RawFile, missing: int) -> int:
    """Empty lines, which are no rows; looked for only if lines are not accounted for."""
    if missing <= 0:
        return 0
    with raw.open() as stream:
        return sum(1 for line in stream if not line.strip(b"\r\n"))


def _damaged(raw: RawFile, layout: Layout, encoding: str, error: Exception) -> DataError:
    said = str(error)
    if isinstance(error, UnicodeError) or "UTF8" in said or "CSV parse error" in said:
        with raw.open() as stream:
            for number, line in enumerate(stream, start=1):
                try:
                    line.decode(encoding)
                except UnicodeDecodeError as wrong:
                    return _not_text(raw, encoding, number, line[wrong.start : wrong.start + 1])
        if "CSV parse error" not in said:
            return _not_text(raw, encoding, 1, b"")
    if "Empty CSV" in said:
        return DataError(
            f'{raw.name}: is empty, or a " in its first line is not closed; expected a line for each event.'
        )
    if "straddl" in said or "out of sync" in said:
        return DataError(
            f'{raw.name}: a quoted value is not closed within {BLOCK >> 20} MB; look for a lone " at the start of a value '
            "and remove it."
        )
    return DataError(
        f"{raw.name}: cannot be read as columns separated by {layout.separator!r} ({said.splitlines()[0]})."
    )


def _not_text(raw: RawFile, encoding: str, line: int, byte: bytes) -> DataError:
    shown = f"byte 0x{byte.hex()}" if byte else "bytes"
    return DataError(
        f"{raw.name}, line {line}: found {shown}, which is no {encoding}; give the file's encoding, such as "
        "--encoding latin-1, cp1252, gb18030 or utf-16."
    )


class _Ended(io.RawIOBase):
    """A stream with a row behind it that no table has: where it is not met again, a quote before it is open."""

    def __init__(self, stream: IO[bytes], end: bytes) -> None:
        self.stream, self._end = stream, end

    def readable(self) -> bool:
        """Always."""
        return True

    def read(self, size: int | None = -1) -> bytes:
        """The next bytes of the stream below, then the end."""
        block = self.stream.read(-1 if size is None else size)
        if not block:
            block, self._end = self._end, b""
        return block


class _Replaced(io.RawIOBase):
    """A stream in which a separator of several bytes is a tab."""

    def __init__(self, stream: IO[bytes], separator: bytes) -> None:
        self.stream, self.separator, self._kept = stream, separator, b""

    def readable(self) -> bool:
        """Always."""
        return True

    def read(self, size: int | None = -1) -> bytes:
        """The next bytes, whole lines where there are any."""
        block = self.stream.read(BLOCK if size is None or size < 0 else size)
        if not block:
            last, self._kept = self._kept, b""
            return last.replace(self.separator, b"\t")
        whole, end, rest = (self._kept + block).rpartition(b"\n")
        if not end:
            self._kept = rest
            return self.read(size)
        self._kept = rest
        return (whole + end).replace(self.separator, b"\t")
