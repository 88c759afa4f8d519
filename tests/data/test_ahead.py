import threading
from collections.abc import Iterator

import pytest
import torch
from recbole.data.interaction import Interaction

from recbole_lsrec.data import batch as batch_module
from recbole_lsrec.data.ahead import made_ahead
from recbole_lsrec.data.batch import Batch


@pytest.fixture(autouse=True)
def _no_pinned_memory(monkeypatch):
    """Which a machine without a GPU has none of."""
    monkeypatch.setattr(batch_module, "_pinned", lambda column: column)


class Log:
    """What was made of ten batches, and in which thread."""

    def __init__(self) -> None:
        self.made: list[tuple[int, str]] = []
        self.threads: set[int] = set()

    def column(self, number: int, name: str) -> torch.Tensor:
        self.made.append((number, name))
        self.threads.add(threading.get_ident())
        return torch.full((2,), number)

    def batches(self) -> Iterator[Interaction]:
        for number in range(10):
            columns = {name: lambda n=number, name=name: self.column(n, name) for name in ("item", "time", "unread")}
            yield Batch(columns, 2)


def test_the_same_batches_in_their_order():
    log = Log()
    assert [int(batch["item"][0]) for batch in made_ahead(log.batches())] == list(range(10))


def test_what_the_first_was_asked_for_is_made_of_the_others_by_another_thread():
    log = Log()
    batches = made_ahead(log.batches())
    moved = next(batches).to("cpu")
    assert moved["item"].tolist() == [0, 0]
    assert moved["time"].tolist() == [0, 0]
    assert log.threads == {threading.get_ident()}
    log.threads.clear()
    for batch in batches:
        assert batch.made() == ["item", "time"]
    assert len(log.threads) == 1
    assert log.threads != {threading.get_ident()}
    assert log.made == [(number, name) for number in range(10) for name in ("item", "time")]


def test_what_was_not_asked_for_of_the_first_can_be_read():
    batches = made_ahead(Log().batches())
    next(batches)["item"]
    assert next(batches)["unread"].tolist() == [1, 1]


def test_no_more_is_made_than_two_ahead_of_the_one_at_work():
    log = Log()
    batches = made_ahead(log.batches())
    next(batches)["item"]
    next(batches)
    batches.close()  # waits for the thread
    assert max(number for number, _ in log.made) <= 3


def test_a_batch_that_cannot_be_made_raises_where_it_is_asked_for():
    def broken():
        yield Interaction({"item": torch.zeros(1)})
        yield Interaction({"item": torch.ones(1)})
        raise KeyError("third")

    batches = made_ahead(broken())
    assert next(batches)["item"] == 0
    assert next(batches)["item"] == 1
    with pytest.raises(KeyError, match="third"):
        next(batches)


def test_of_none_there_are_none():
    assert list(made_ahead(iter([]))) == []
