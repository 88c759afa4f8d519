"""Writes the atomic files of a log in one sorted pass, measuring it on the way."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from recbole_lsrec.console import bar
from recbole_lsrec.errors import refusals_named
from recbole_lsrec.prepare.database import one
from recbole_lsrec.prepare.suggest import EDGES, RESOLUTIONS, gap_histogram
from recbole_lsrec.prepare.times import SECOND

_BATCH = 1 << 20


@dataclass
class Measured:
    """What was seen while a log was written.

    Attributes:
        events, users: counts.
        equal_times: events that share their time with another event of their user.
        gaps: histogram in the bins of :data:`~recbole_lsrec.prepare.suggest.EDGES`.
        resolution: seconds of which all distances of times are multiples, so that days of any zone are whole; 0 if there are
            fractions.
        first, last: nanoseconds.
        tests: times (ns) of the last events of users with three or more, the test targets of leave-one-out.
        valids: of the last but one of users with four or more, the validation targets.
        untrained: items of both, and of users with one event: of the events that no training sees.
    """

    events: int = 0
    users: int = 0
    equal_times: int = 0
    gaps: np.ndarray = field(default_factory=lambda: np.zeros(len(EDGES) - 1, np.int64))
    resolution: int = 0
    first: int = 0
    last: int = 0
    tests: list[np.ndarray] = field(default_factory=list)
    valids: list[np.ndarray] = field(default_factory=list)
    untrained: list[pa.Array] = field(default_factory=list)


def write_inter(connection: Any, path: Path, columns: dict[str, str], unit: str) -> Measured:
    """Writes the ``.inter`` file, sorted by user (as text) and exact time, equal times in the order of the raw files.

    Args:
        connection: with the table ``log``.
        path: of the file.
        columns: name in the file -> column of the log, all of type token, in order after user, item and time.
        unit: of the time, ``s`` or ``ms``; digits beyond it are written as a fraction.
    """
    values = "".join(f" || chr(9) || {column}" for column in columns.values())
    line = f'"user" || chr(9) || item || chr(9) || {time_sql(unit)}{values} || chr(10)'
    rows = one(connection, "SELECT count(*) FROM log")[0]
    reader = connection.sql(
        f'SELECT {line} AS line, "user", item, ns FROM log ORDER BY "user", ns, row'
    ).to_arrow_reader(_BATCH)
    names = ["user_id", "item_id", *columns]
    header = "\t".join(
        [f"{name}:token" for name in names[:2]] + ["timestamp:float"] + [f"{n}:token" for n in names[2:]]
    )
    measure = _Measure()
    with (
        refusals_named(path, "cannot be written"),
        path.open("wb") as file,
        bar(total=rows, unit="events", unit_scale=True, desc=path.name, leave=False) as progress,
    ):
        file.write(header.encode() + b"\n")
        for batch in reader:
            file.write(_bytes(batch.column(0)))
            measure.add(batch.column(1), batch.column(2), batch.column(3).to_numpy())
            progress.update(batch.num_rows)
    return measure.finish()


def write_feature(connection: Any, path: Path, query: str, names: list[str]) -> None:
    """Writes an ``.item`` or ``.user`` file: the rows of a query of texts, under names with types."""
    reader = connection.sql(f"SELECT concat_ws(chr(9), *COLUMNS(*)) || chr(10) FROM ({query})").to_arrow_reader(_BATCH)
    with refusals_named(path, "cannot be written"), path.open("wb") as file:
        file.write("\t".join(names).encode() + b"\n")
        for batch in reader:
            file.write(_bytes(batch.column(0)))


def time_sql(unit: str) -> str:
    """The exact time as a decimal number in this unit."""
    size = {"s": SECOND, "ms": 10**6}[unit]
    digits = len(str(size)) - 1
    fraction = f"rtrim(lpad(CAST(ns % {size} AS VARCHAR), {digits}, '0'), '0')"
    return f"CAST(ns // {size} AS VARCHAR) || CASE WHEN ns % {size} = 0 THEN '' ELSE '.' || {fraction} END"


def _bytes(column: pa.Array) -> memoryview:
    """The text of all values in a row, without copies."""
    column = pc.cast(column, pa.large_string())
    offsets = np.frombuffer(column.buffers()[1], np.int64)[column.offset : column.offset + len(column) + 1]
    return memoryview(column.buffers()[2])[offsets[0] : offsets[-1]] if len(column) else memoryview(b"")


class _Measure:
    """Looks at sorted batches one after the other; what a batch leaves open is decided by the next."""

    def __init__(self) -> None:
        self.found = Measured()
        self._user: str | None = None
        self._times, self._items = np.zeros(2, np.int64), pa.array(["", ""])  # of the last two events
        self._length, self._tied, self._origin = 0, False, 0
        self._divides = dict.fromkeys(RESOLUTIONS, True)

    def add(self, users: pa.Array, items: pa.Array, ns: np.ndarray) -> None:
        """Takes the next events."""
        if not len(ns):
            return
        found = self.found
        before = pa.concat_arrays([pa.array([self._user], users.type), users.slice(0, len(users) - 1)])
        starts = pc.fill_null(pc.not_equal(users, before), True).to_numpy(zero_copy_only=False)
        steps = np.diff(ns, prepend=self._times[1])
        same = ~starts & (steps == 0)
        follows = np.append(same[1:], False)  # the last event's partner is in the next batch
        found.equal_times += int((same | follows).sum())
        if same[0] and not self._tied:
            found.equal_times += 1  # the last event of the batch before
        found.gaps += gap_histogram(steps[~starts] // SECOND)
        self._origin = self._origin if found.events else int(ns[0])
        for step in RESOLUTIONS:
            self._divides[step] &= bool(((ns - self._origin) % (step * SECOND) == 0).all())
        first, last = int(ns.min()), int(ns.max())
        found.first, found.last = (min(found.first, first) if found.events else first), max(found.last, last)
        at, held = np.flatnonzero(starts), pa.concat_arrays([self._items, items.cast(pa.string())])
        times, lengths = np.append(self._times, ns), np.diff(at, prepend=0)
        if len(at):
            lengths[0] += self._length
            ends = at + 1  # just before a user's first event
            self._close(times, held, ends[lengths >= 3], at[lengths >= 4], ends[lengths == 1])
            self._length = len(ns) - int(at[-1])
        else:
            self._length += len(ns)
        found.users += len(at)
        found.events += len(ns)
        self._user, self._tied = users[-1].as_py(), bool(same[-1])
        self._times, self._items = times[-2:], held.slice(len(held) - 2)

    def _close(
        self, times: np.ndarray, items: pa.Array, tests: np.ndarray, valids: np.ndarray, lone: np.ndarray
    ) -> None:
        self.found.tests.append(times[tests])
        self.found.valids.append(times[valids])
        self.found.untrained.append(items.take(pa.array(np.concatenate([tests, valids, lone]))))

    def finish(self) -> Measured:
        """Closes the last user."""
        length, last = self._length, np.array([1])
        self._close(self._times, self._items, last[[length >= 3]], last[[length >= 4]] - 1, last[[length == 1]])
        self.found.resolution = next((step for step in RESOLUTIONS if self._divides[step]), 0)
        return self.found
