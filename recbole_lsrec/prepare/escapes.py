"""Quotes that a backslash would escape elsewhere: CSV doubles them, and ends the value here."""

import io
import re
from typing import IO


class Escapes(io.RawIOBase):
    r"""A stream that counts the lines with a value such as ``"a\"b"``, which CSV reads as ``a\b"``.

    A value in quotes may end with a backslash: what counts is that neither a separator nor the end of the line follows.
    """

    def __init__(self, stream: IO[bytes], separator: bytes) -> None:
        self.stream, self.lines, self._kept = stream, 0, b""
        after = re.escape(separator)
        self._line = re.compile(rb'(?:^|%b)"[^"\n]*\\"[^"\r\n%b].*' % (after, after), re.MULTILINE)

    def readable(self) -> bool:
        """Always."""
        return True

    def read(self, size: int | None = -1) -> bytes:
        """The next bytes of the stream below."""
        block = self.stream.read(-1 if size is None else size)
        seen = self._kept + block
        end = seen.rfind(b"\n") + 1 if block else len(seen)
        if b'\\"' in seen:
            self.lines += len(self._line.findall(seen, 0, end))
        self._kept = seen[end:]
        return block
