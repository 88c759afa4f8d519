"""Refuses raw files that hold the same events: a download beside what was unpacked from it, or two forms of one log."""

from collections.abc import Sequence
from pathlib import Path

from recbole_lsrec.errors import DataError
from recbole_lsrec.prepare.files import RawFile
from recbole_lsrec.prepare.layout import Layout, Source
from recbole_lsrec.whole_files import file_sha256


def check_copies(source: Source, chosen: Sequence[tuple[Layout, RawFile]]) -> None:
    """Refuses files of events by which an event would be read twice.

    Args:
        source: whose layouts may be forms of one log.
        chosen: the files of events with their layouts.

    Raises:
        DataError: two files are the same, or of two forms of the log.
    """
    layout, first = chosen[0]
    other = next((raw for of, raw in chosen if of is not layout), None)
    if source.one_form and other is not None:
        raise DataError(
            f"--raw: found {first.name} and {other.name}, two forms of the log {source.name}, so that events may be read "
            "twice; accepted: files of one form. Give those alone with --raw."
        )
    named: dict[str, RawFile] = {}
    for _, raw in chosen:
        # Files of one name may be a folder or an archive a month; one packed beside one open is rather what was unpacked.
        same = named.setdefault(raw.plain_name, raw)
        if _container(same) != _container(raw):
            raise _twice(same, raw, "one name")
    known: dict[tuple[int, str], RawFile] = {}
    on_disk = [raw for _, raw in chosen if not raw.member and _has_lines(raw.path)]
    sizes = [raw.path.stat().st_size for raw in on_disk]
    for raw, size in zip(on_disk, sizes, strict=True):
        if sizes.count(size) > 1 and (same := known.setdefault((size, file_sha256(raw.path)), raw)) is not raw:
            raise _twice(same, raw, "the same content")


def _container(raw: RawFile) -> str:
    """How a file is packed: in an archive, by itself, or not."""
    return "archive" if raw.member else "gz" if raw.path.name.lower().endswith(".gz") else ""


def _has_lines(path: Path) -> bool:
    """Whether there is anything below a first line: months without events have a header each."""
    with path.open("rb") as file:
        file.readline()
        return bool(file.read(1))


def _twice(first: RawFile, second: RawFile, what: str) -> DataError:
    return DataError(
        f"--raw: found {first.name} and {second.name}, which have {what}, so that events would be read twice; give one of "
        "them with --raw, or, if they differ, unpack and rename them."
    )
