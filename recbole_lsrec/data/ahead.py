"""Batches made in a thread while a GPU works on those before."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

from recbole.data.interaction import Interaction

from recbole_lsrec.data.batch import Batch

_AHEAD = 2


def made_ahead(batches: Iterator[Interaction]) -> Iterator[Interaction]:
    """Gives the same batches in the same order; those after the first with the columns that were read of the first.

    These columns are gathered in one thread, in order, and lie in pinned memory; others are made when they are read, as ever.
    """
    first = next(batches, None)
    if first is None:
        return
    yield first
    read = first.made() if isinstance(first, Batch) else []

    def make() -> Interaction | None:
        batch = next(batches, None)
        return batch.pinned(read) if isinstance(batch, Batch) else batch

    with ThreadPoolExecutor(1, "batches") as thread:
        ahead: deque[Future[Interaction | None]] = deque(thread.submit(make) for _ in range(_AHEAD))
        while (batch := ahead.popleft().result()) is not None:
            ahead.append(thread.submit(make))
            yield batch
