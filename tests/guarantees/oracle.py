"""What the guarantees say, worked out from the lines of the file alone, event by event, with nothing of the package.

The log is made so that a leak shows: many users act in the same second, items appear all along the way and often in the very
second of another user's target, ``hit`` is most of training and ``fad`` most of what is held out.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np

STEP = 10  # seconds: every time is a multiple, so that times are equal often
GAP = 45  # session_threshold
HEADER = "user_id:token\titem_id:token\ttimestamp:float\tevent_type:token"


class Event(NamedTuple):
    """One line of the file."""

    user: str
    item: str
    time: int
    kind: str


def events(seed: int = 11, n_users: int = 26) -> list[Event]:
    """Lines in the order of the file, which is not that of time."""
    rng = np.random.default_rng(seed)
    lines = [Event("lone", "i0", 0, "view"), Event("pair", "i1", 50, "view"), Event("pair", "i2", 90, "buy")]
    for user in range(n_users):
        start, n = int(rng.integers(0, 12)), int(rng.integers(5, 15))
        time = np.sort(start + rng.integers(0, 40, n)) * STEP
        for place, at in enumerate(time.tolist()):
            newest = 3 + at // (2 * STEP)  # item k appears about the second 20 (k - 3)
            item = f"i{max(0, newest - int(rng.geometric(0.3)) + 1)}"
            if place < n - 2 and rng.random() < 0.35:
                item = "hit"
            if place >= n - 2 and rng.random() < 0.5:
                item = "fad"
            lines.append(Event(f"u{user}", item, at, "buy" if rng.random() < 0.4 else "view"))
    lines.append(Event("u3", "fad", 0, "view"))  # seen from the start, once in training
    return [lines[at] for at in rng.permutation(len(lines))]


def write(folder: Path, lines: Iterable[Event], name: str = "log") -> None:
    """Writes the atomic file."""
    (folder / "log").mkdir(parents=True, exist_ok=True)
    text = "\n".join("\t".join(map(str, line)) for line in lines)
    (folder / "log" / f"{name}.inter").write_text(f"{HEADER}\n{text}\n")


class Row(NamedTuple):
    """An event in its place: ``number`` in the log sorted by user, time and line."""

    number: int
    user: str
    item: str
    time: int
    kind: str


class Log:
    """The lines by user, users in the order of their first line, events of a user by time, then by line."""

    def __init__(self, lines: Iterable[Event]) -> None:
        lines = list(lines)
        self.users: dict[str, list[Row]] = {user: [] for user in dict.fromkeys(line.user for line in lines)}
        number = 0
        for user, rows in self.users.items():
            for line in sorted((line for line in lines if line.user == user), key=lambda line: line.time):
                rows.append(Row(number, *line))
                number += 1
        self.rows = [row for rows in self.users.values() for row in rows]
        self.first_seen: dict[str, int] = {}
        for row in self.rows:
            self.first_seen[row.item] = min(row.time, self.first_seen.get(row.item, row.time))

    def before(self, number: int, boundary: float = float("inf")) -> list[Row]:
        """The user's events before a target's place that also happened before a boundary in time, oldest first."""
        row = self.rows[number]
        return [other for other in self.users[row.user] if other.number < number and other.time < boundary]

    def instances(self) -> list[Row]:
        """Every event with an earlier one of its user."""
        return [row for rows in self.users.values() for row in rows[1:]]

    def appeared(self, time: int) -> set[str]:
        """Items first seen strictly before a second."""
        return {item for item, first in self.first_seen.items() if first < time}

    def session(self, number: int) -> list[Row]:
        """The session an event is in: the user's events without a pause longer than ``GAP`` between neighbours."""
        sessions: list[list[Row]] = []
        for row in self.users[self.rows[number].user]:
            if not sessions or row.time - sessions[-1][-1].time > GAP:
                sessions.append([])
            sessions[-1].append(row)
        return next(session for session in sessions if self.rows[number] in session)

    def leave_one_out(self) -> tuple[list[int], list[int], list[int]]:
        """Each user's last instance tests and the one before validates; the first always trains."""
        train, valid, test = [], [], []
        for rows in self.users.values():
            numbers = [row.number for row in rows[1:]]
            test += numbers[-1:] if len(numbers) > 1 else []
            valid += numbers[-2:-1] if len(numbers) > 2 else []
            train += numbers[:1] + numbers[1:-2]
        return sorted(train), sorted(valid), sorted(test)

    def trained_on(self, train: Iterable[int], held_out: Iterable[int]) -> set[int]:
        """Events that training sees: its targets and all of their users before them, never a target held out."""
        seen = {number for target in train for number in [target, *(row.number for row in self.before(target))]}
        return seen - set(held_out)
