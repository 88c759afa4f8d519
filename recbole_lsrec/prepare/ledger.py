"""The account of every row: read, refused, removed by a step, written."""

from dataclasses import asdict, dataclass, field
from typing import Any

EXAMPLES = 5


@dataclass
class Refused:
    """Rows that cannot be used, with the first few as ``file, line, value``."""

    reason: str
    rows: int = 0
    examples: list[str] = field(default_factory=list)


@dataclass
class Step:
    """What one step left."""

    step: str
    rows: int
    users: int
    items: int
    removed_rows: int
    note: str = ""


@dataclass
class Read:
    """What one raw file held, in lines of data.

    ``inside_quotes`` are lines that go on in a quoted value, ``late_keys`` keys that none of the first objects has.
    """

    file: str
    rows: int = 0
    refused: int = 0
    inside_quotes: int = 0
    late_keys: list[str] = field(default_factory=list)


@dataclass
class Ledger:
    """Collects the account while a log is prepared."""

    files: list[Read] = field(default_factory=list)
    refusals: dict[str, Refused] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def refuse(self, reason: str, example: str, rows: int = 1) -> None:
        """Counts rows that cannot be used."""
        entry = self.refusals.setdefault(reason, Refused(reason))
        entry.rows += rows
        if len(entry.examples) < EXAMPLES:
            entry.examples.append(example)

    def step(self, name: str, sizes: tuple[int, int, int], note: str = "") -> None:
        """Counts what a step left; the first entry is what was read."""
        before = self.steps[-1].rows if self.steps else sizes[0]
        self.steps.append(Step(name, *sizes, before - sizes[0], note))

    @property
    def refused(self) -> int:
        """Rows refused so far."""
        return sum(entry.rows for entry in self.refusals.values())

    @property
    def rows_in(self) -> int:
        """Rows of data in all files of events."""
        return sum(file.rows + file.refused for file in self.files)

    def to_dict(self) -> dict[str, Any]:
        """For the meta file."""
        return {
            "rows_read": self.rows_in,
            "files": [asdict(file) for file in self.files],
            "refused": [asdict(entry) for entry in self.refusals.values()],
            "steps": [asdict(step) for step in self.steps],
            "notes": self.notes,
        }
