"""A training cut off where its budget of steps or seconds is spent, and how far it has come."""

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from math import inf
from time import perf_counter
from typing import Any

from recbole.data.interaction import Interaction

from recbole_lsrec.errors import CheckpointError, counted
from recbole_lsrec.processes import group


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
            if self.seconds < inf and group.as_first(self.now() - started >= self.seconds):
                return


class Paced:
    """All batches of a loader; says once how long one takes, by the wall clock, as soon as some have shown it.

    Args:
        batches: sized iterable.
        tell: called with the seconds of a batch, two seconds after the first, which pays for what is made once, or at
            the end.
    """

    SECONDS = 2.0

    def __init__(self, batches: Any, tell: Callable[[float], None]) -> None:
        self.batches, self.tell = batches, tell

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator[Interaction]:
        begun, told = perf_counter(), False
        seconds = 0.0  # of a batch
        for number, batch in enumerate(self.batches):
            yield batch
            spent = perf_counter() - begun
            seconds = spent / max(number, 1)
            if number == 0:
                begun = perf_counter()
            elif spent >= self.SECONDS and not told:
                told = True
                self.tell(seconds)
        if not told:
            self.tell(seconds)


def check_patience(config: Mapping[str, Any], before: Mapping[str, Any], named: str) -> None:
    """A run that is taken up with another ``stopping_step`` has not trained on where that would have ended it.

    Args:
        config: of the run, with its ``stopping_step`` now, which nothing reads where ``eval_step`` is 0.
        before: that of the checkpoint.
        named: the checkpoint.

    Raises:
        CheckpointError: early stopping had more patience.
    """
    if config["eval_step"] and config["stopping_step"] < before["stopping_step"]:
        raise CheckpointError(
            f"{named}: found --stopping_step={config['stopping_step']}, with which it might have ended sooner: it has trained "
            f"with {before['stopping_step']}; resume with --stopping_step={before['stopping_step']} or more, or start a new run."
        )


def check_epochs(config: Mapping[str, Any], before: Mapping[str, Any], trained: int, named: str) -> None:
    """A run that is taken up with other ``epochs`` is what one run with them would have been, so far.

    Args:
        config: of the run, with its ``epochs`` now; where a budget replaces epochs they do not count.
        before: that of the checkpoint.
        trained: how many have been.
        named: the checkpoint.

    Raises:
        CheckpointError: there were more epochs, or they were validated at other times.
    """
    if not (config.get("train_steps") is config.get("train_seconds") is None):
        return
    if config["epochs"] < trained:
        raise CheckpointError(
            f"{named}: found --epochs={config['epochs']}, but it has trained {counted(trained, 'epoch')}; "
            f"resume with --epochs={trained} or more, or start a new run without --resume."
        )
    was, now = (min(one["eval_step"], one["epochs"]) for one in (before, config))
    if was != now:
        raise CheckpointError(
            f"{named}: found --epochs={config['epochs']}, under which every {now} epochs are validated (eval_step, at most "
            f"epochs), but it has validated every {was}; resume with --epochs={before['epochs']}, or start a new run."
        )


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
