"""Finding raw files, in folders and archives, and opening them as streams of bytes."""

import gzip
import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path, PurePath
from typing import IO, Any

from recbole_lsrec.errors import DataError, did_you_mean

_ABOUT = re.compile(
    r"(readme|licen[cs]e|about|md5|sha256)\b.*|.*\.(md|pdf|html?|md5|sha256)$|\."  # beside a log
    r"|_(success|(committed|started)(_\d+)?|(common_)?metadata)$"  # of Spark
)


@dataclass(frozen=True)
class RawFile:
    """A file on disk, or a member of a zip archive.

    Attributes:
        path: on disk.
        member: name inside the archive, or empty.
    """

    path: Path
    member: str = ""

    @property
    def name(self) -> str:
        """For messages: ``archive.zip/events.csv``."""
        return f"{self.path}/{self.member}" if self.member else str(self.path)

    @property
    def plain_name(self) -> str:
        """Lower case, without folders and without ``.gz``: what patterns are compared with."""
        name = (self.member or self.path.name).rpartition("/")[2].lower()
        return name.removesuffix(".gz")

    @contextmanager
    def open(self) -> Iterator[IO[bytes]]:
        """The bytes of the file, unpacked.

        Raises:
            DataError: it cannot be read or is not the archive that its name says.
        """
        try:
            with self.path.open("rb") as file:
                stream: Any = file
                if self.member:
                    with zipfile.ZipFile(file) as archive, archive.open(self.member) as inside:
                        packed = self.member.lower().endswith(".gz")
                        yield gzip.GzipFile(fileobj=inside) if packed else inside  # type: ignore[misc]
                    return
                if self.path.name.lower().endswith(".gz"):
                    stream = gzip.GzipFile(fileobj=file)
                yield stream
        except (OSError, EOFError, zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
            raise DataError(
                f"{self.name}: cannot be read ({error}); it may be incomplete: download it again."
            ) from error
        except zlib.error as error:
            raise DataError(f"{self.name}: is damaged ({error}); download it again.") from error


def find_files(raw: list[Path]) -> list[RawFile]:
    """All files under the paths given: files, members of zip archives, files in folders, by name, ``log_2`` before ``log_10``.

    Raises:
        DataError: a path does not exist, holds nothing, or is an archive of a kind that is not read.
    """
    found: list[RawFile] = []
    for path in raw:
        if not path.exists():
            near = did_you_mean(path.name, (entry.name for entry in path.absolute().parent.glob("*")))
            raise DataError(f"--raw: found {str(path)!r}, which does not exist.{near} Give a file or a folder.")
        if not (path.is_file() or path.is_dir()):
            raise DataError(
                f"--raw: found {str(path)!r}, which is a pipe or a device; it is read more than once: give a file."
            )
        inside = (
            sorted((entry for entry in path.rglob("*") if entry.is_file()), key=_in_order) if path.is_dir() else [path]
        )
        if not inside:
            raise DataError(f"--raw: the folder {str(path)!r} is empty; give the file or folder of the download.")
        for file in inside:
            members = _members(file, alone=not path.is_dir())
            several = path.is_dir() or len(members) > 1
            found += [member for member in members if not (several and _ABOUT.match(member.plain_name))]
    if not found:
        raise DataError(
            f"--raw: found no log in {', '.join(map(str, raw))}, only empty archives or texts about a log; give its files."
        )
    return list(dict.fromkeys(found))


def matching(files: list[RawFile], patterns: str) -> list[RawFile]:
    """The files whose name fits one of the patterns."""
    return [file for file in files if any(fnmatch(file.plain_name, pattern) for pattern in patterns.split())]


def _in_order(path: PurePath | str) -> list[object]:
    """What sorts paths as people number them: ``log_2`` before ``log_10``; of equal numbers the one with fewer zeros first."""
    parts = [re.split("([0-9]+)", part) for part in PurePath(path).parts]
    numbers = [[(len(n := text.lstrip("0")), n) if at % 2 else text for at, text in enumerate(part)] for part in parts]
    return [numbers, len(str(path)), str(path)]


def _members(path: Path, alone: bool) -> list[RawFile]:
    name = path.name.lower()
    if alone and name.endswith((".7z", ".rar", ".tar", ".tgz", ".tar.gz", ".bz2", ".xz", ".zst")):
        raise DataError(
            f"{path}: archives of this kind are not read; accepted: zip and gz. Unpack it and give the folder with --raw."
        )
    if not name.endswith(".zip"):
        return [RawFile(path)]
    try:
        with zipfile.ZipFile(path) as archive:
            names = [entry.filename for entry in archive.infolist() if not entry.is_dir()]
    except (OSError, zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError) as error:
        raise DataError(f"{path}: is no readable zip archive ({error}); download it again.") from error
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DataError(
            f"{path}: holds {twice[0]!r} more than once; unpack it, rename one, and give the folder with --raw."
        )
    return [RawFile(path, name) for name in sorted(names, key=_in_order) if not name.startswith("__MACOSX")]


class Counted(io.RawIOBase):
    """A stream that counts the line ends that go through it."""

    def __init__(self, stream: IO[bytes]) -> None:
        self.stream, self.lines, self.bytes, self._last = stream, 0, 0, b"\n"

    def readable(self) -> bool:
        """Always."""
        return True

    def read(self, size: int | None = -1) -> bytes:
        """The next bytes of the stream below."""
        block = self.stream.read(-1 if size is None else size)
        self.lines += block.count(b"\n")
        self.bytes += len(block)
        self._last = block[-1:] or self._last
        return block

    @property
    def all_lines(self) -> int:
        """Lines so far, the last one too if nothing ends it."""
        return self.lines + (self._last != b"\n")
