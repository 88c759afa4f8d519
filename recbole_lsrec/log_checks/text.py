"""Whether a file is the text it should be: encodings, compressed files, lines that do not fit."""

import codecs
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from recbole_lsrec.errors import DataError

UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
# What a file begins with: what it then is, the value of `encoding` that reads it, what else to do.
_STARTS = (
    (b"\x1f\x8b", "is compressed (gzip)", "", "unpack it first"),
    (b"BZh", "is compressed (bzip2)", "", "unpack it first"),
    (b"\xfd7zX", "is compressed (xz)", "", "unpack it first"),
    (b"\x28\xb5\x2f\xfd", "is compressed (zstd)", "", "unpack it first"),
    (b"7z\xbc\xaf", "is an archive (7z)", "", "unpack it first"),
    (b"PK\x03\x04", "is a zip archive (or a spreadsheet)", "", "unpack or export it first"),
    (b"\xd0\xcf\x11\xe0", "is a spreadsheet (xls)", "", "export it first"),
    (b"PAR1", "is a parquet file", "", "accepted here is text"),
    (codecs.BOM_UTF8, "begins with a byte order mark", "utf-8-sig", "save it as UTF-8 without the mark"),
    (codecs.BOM_UTF32_LE, "is UTF-32", "utf-32", "save it as UTF-8"),  # begins as UTF-16 does
    (codecs.BOM_UTF16_LE, "is UTF-16", "utf-16", "save it as UTF-8"),
    (codecs.BOM_UTF16_BE, "is UTF-16", "utf-16", "save it as UTF-8"),
)
BINARY = tuple(start for start, _, reads_it, _ in _STARTS if not reads_it)
"""What files that are no text begin with."""
_BLOCK = 1 << 22
_MARK = "\udcff"  # no text holds half a surrogate pair
codecs.register_error("lsrec-mark", lambda error: (_MARK, getattr(error, "end", 1)))


def codec_name(key: str, encoding: str) -> str:
    """Python's own name of an encoding of text that can be read piece by piece.

    Args:
        key: the setting or option, for the message.
        encoding: a name that Python knows.

    Raises:
        DataError: it is none, or one of bytes, as base64, or of single words, as idna.
    """
    try:
        decoder, sample = codecs.getincrementaldecoder(encoding)(), "a,b\n".encode(encoding)
        if "".join(decoder.decode(sample[at : at + 1]) for at in range(len(sample))) != "a,b\n":
            raise LookupError
        return codecs.lookup(encoding).name
    except (LookupError, ValueError):
        raise DataError(
            f"{key}: found {encoding!r}; accepted: an encoding of text that Python knows, such as utf-8."
        ) from None


def lines_are_bytes(encoding: str) -> bool:
    """Whether a line ends with the byte with which it ends in ASCII, as it does not in UTF-16."""
    return "\n\n".encode(encoding).endswith(b"\n\n")


def check_text(path: Path, encoding: str) -> None:
    """Refuses a file that is something else than text in the encoding, as far as its first bytes and NUL bytes tell.

    Args:
        path: the file.
        encoding: a name that Python knows.

    Raises:
        DataError: names the file, the line, ``encoding`` where that helps, and what to do.
    """
    name = codec_name("encoding", encoding)
    with path.open("rb") as file:
        start = file.read(4)
        for mark, problem, reads_it, remedy in _STARTS:
            if start.startswith(mark) and not (reads_it == "utf-8-sig" and name != "utf-8"):
                if reads_it and name.startswith(reads_it):
                    break
                raise DataError(
                    f"{path}, line 1: {problem}; {f'set encoding: {reads_it}, or ' if reads_it else ''}{remedy}."
                )
        if name.startswith(("utf-16", "utf-32")):
            return
    content = np.memmap(path, dtype=np.uint8, mode="r") if path.stat().st_size else np.zeros(0, dtype=np.uint8)
    for at in range(0, len(content), _BLOCK):
        block = content[at : at + _BLOCK]
        if not block.all():
            line = 1 + np.count_nonzero(content[: at + int(np.argmin(block))] == ord("\n"))
            raise DataError(
                f"{path}, line {line}: holds a NUL byte, so it is no {encoding} text; set encoding (utf-16, perhaps), or "
                "mend the line."
            )


def check_utf8(path: Path) -> None:
    """Refuses a file that no setting makes another encoding of than UTF-8, with a byte order mark or without, if it is none.

    Raises:
        DataError: names the file, the line and what to do.
    """
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            for mark, problem, reads_it, remedy in _STARTS if number == 1 else ():
                if line.startswith(mark) and reads_it != "utf-8-sig":
                    raise DataError(f"{path}, line 1: {problem}; {remedy}.")
            try:
                line.decode()
            except UnicodeDecodeError:
                raise DataError(f"{path}, line {number}: is no UTF-8 text; save it as UTF-8.") from None
            if b"\0" in line:
                raise DataError(f"{path}, line {number}: holds a NUL byte, which no text has; mend the line.")


def numbered_lines(path: Path, encoding: str) -> Iterator[tuple[int, str]]:
    """The lines that are not empty, with their numbers from 1 on, without line ends.

    Raises:
        DataError: a line cannot be read in the encoding.
    """
    number = 0

    def no_text() -> DataError:
        return DataError(
            f"{path}, line {number}: is no {encoding} text; set encoding to the file's, such as gbk, latin-1 or cp1252, or "
            "save it as UTF-8."
        )

    with path.open(encoding=encoding, errors="lsrec-mark") as file:
        try:
            for number, line in enumerate(file, start=1):
                if _MARK in line:
                    raise no_text()
                if text := line.rstrip("\r\n"):
                    yield number, text
        except UnicodeError as error:  # of a codec that no error handler is asked by: UTF-16 without its mark
            number += 1
            raise no_text() from error
