"""What is computed once of a log, however many of its views ask."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

Found = TypeVar("Found")


def once_a_log(compute: Callable[[Any], Found]) -> Callable[[Any], Found]:
    """Keeps what a method of a dataset finds in ``found_once``, which its views share and a new log begins empty.

    Args:
        compute: a method without arguments, of the log and its split alone.
    """

    @wraps(compute)
    def found(dataset: Any) -> Found:
        kept = dataset.found_once
        if compute.__name__ not in kept:
            kept[compute.__name__] = compute(dataset)
        return kept[compute.__name__]

    return found
