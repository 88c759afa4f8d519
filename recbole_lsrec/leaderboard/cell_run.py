"""What a worker hands back."""

from typing import NamedTuple


class CellRun(NamedTuple):
    """What came of a cell.

    The files travel through Ray's object store, so that the nodes of a cluster need no common disk.

    Attributes:
        folder: name of the run folder; empty if it was not reached.
        files: name -> bytes of the files in it; of a failed cell what there was, and ``error.txt``.
        seconds: spent in the worker.
        error: one line for the table; None for a finished run.
    """

    folder: str
    files: dict[str, bytes]
    seconds: float
    error: str | None
