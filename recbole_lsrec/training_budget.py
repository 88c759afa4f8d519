"""A training cut off where its budget of steps or seconds is spent."""

from collections.abc import Callable, Iterator
from itertools import islice
from math import inf
from time import perf_counter
from typing import Any

from recbole.data.interaction import Interaction


class BudgetSpent(Exception):
    """Leaves RecBole's loop over epochs when no training time is left."""


class FirstBatches:
    """The first ``count`` batches of a loader, until ``seconds`` have passed but at least one; its length is an upper bound."""

    def __init__(self, loader: Any, count: int, seconds: float = inf, now: Callable[[], float] = perf_counter) -> None:
        self.loader = loader
        self.count = min(count, len(loader))
        self.seconds = seconds
        self.now = now
        self.given = 0

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[Interaction]:
        started = self.now()
        for batch in islice(iter(self.loader), self.count):
            self.given += 1
            yield batch
            if self.now() - started >= self.seconds:
                return
