"""The three phases of a run, and which rows of a log can be targets."""

from typing import NamedTuple

import numpy as np

PHASES = ("train", "valid", "test")


class Split(NamedTuple):
    """Row numbers of the targets of each phase, int64 and increasing."""

    train: np.ndarray
    valid: np.ndarray
    test: np.ndarray


def instance_rows(user: np.ndarray) -> np.ndarray:
    """Rows of a log sorted by user that have a history: all but each user's first."""
    return np.flatnonzero(user[1:] == user[:-1]) + 1


def stretches(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where each stretch of equal values begins, and how long it is."""
    starts = np.flatnonzero(np.append(True, values[1:] != values[:-1])[: len(values)])
    return starts, np.diff(np.append(starts, len(values)))
