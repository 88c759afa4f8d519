"""A training cut off where its budget of steps or seconds is spent, and how far it has come."""

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


def tell_progress(history: list[dict[str, Any]], epochs: int, train_seconds: float | None) -> None:
    """Sets every epoch's ``progress``, a share of the whole: a run that was taken up may have been given more since.

    Args:
        history: the epochs so far, changed in place.
        epochs: those that the run may take; under a budget of steps, those that the steps make.
        train_seconds: the budget by the clock, or None.
    """
    seconds = 0.0
    for entry in history:
        seconds += entry["train_seconds"]
        entry["progress"] = (
            (entry["epoch"] + 1) / epochs if train_seconds is None else min(1.0, seconds / train_seconds)
        )
