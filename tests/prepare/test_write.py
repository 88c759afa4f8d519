"""What is seen of a log while it is written, wherever its batches are cut."""

import numpy as np
import pyarrow as pa
import pytest

from recbole_lsrec.prepare.times import SECOND
from recbole_lsrec.prepare.write import _Measure

# Sorted by user and time, as it is written.
LOG = [
    *(("a", "x", 600), ("a", "y", 600), ("a", "z", 660), ("a", "w", 780)),
    ("b", "v", 660),
    *(("c", "u", 720), ("c", "t", 720), ("c", "s", 720)),
    ("d", "x", 840),
    *(("e", "r", 600), ("e", "q", 900)),
    *(("f", "p", 900), ("f", "o", 960), ("f", "n", 960), ("f", "m", 1080)),
]


def measured(log, size):
    """What is seen of a log in batches of a size."""
    measure = _Measure()
    for at in range(0, len(log), size):
        users, items, seconds = zip(*log[at : at + size], strict=True)
        measure.add(pa.array(users), pa.array(items), np.array(seconds) * SECOND)
    return measure.finish()


def untrained(found):
    return sorted(item for part in found.untrained for item in part.to_pylist())


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 15])
def test_a_log_is_measured_whatever_its_batches(size):
    found = measured(LOG, size)
    assert (found.events, found.users) == (15, 6)
    assert found.equal_times == 7  # two of a, three of c, two of f
    assert found.gaps.sum() == 5  # 60 and 120 seconds of a and f, e's 300
    assert found.resolution == 60
    assert (found.first, found.last) == (600 * SECOND, 1080 * SECOND)
    assert (np.concatenate(found.tests) // SECOND).tolist() == [780, 720, 1080]  # the last of a, c and f
    assert (np.concatenate(found.valids) // SECOND).tolist() == [660, 960]  # the last but one of a and f
    assert untrained(found) == ["m", "n", "s", "v", "w", "x", "z"]


@pytest.mark.parametrize("size", [1, 2])
def test_a_lone_event_is_seen_at_the_end_too(size):
    assert untrained(measured([("a", "x", 600), ("b", "v", 660)], size)) == ["v", "x"]
