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
]


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 11])
def test_a_log_is_measured_whatever_its_batches(size):
    measure = _Measure()
    for at in range(0, len(LOG), size):
        users, items, seconds = zip(*LOG[at : at + size], strict=True)
        measure.add(pa.array(users), pa.array(items), np.array(seconds) * SECOND)
    found = measure.finish()
    assert (found.events, found.users) == (11, 5)
    assert found.equal_times == 5  # two of a, three of c
    assert found.gaps.sum() == 3  # a's 60 and 120 seconds, e's 300
    assert found.resolution == 60
    assert (found.first, found.last) == (600 * SECOND, 900 * SECOND)
    assert (np.concatenate(found.tests) // SECOND).tolist() == [780, 720]  # the last of a and c
    assert (np.concatenate(found.valids) // SECOND).tolist() == [660]  # a's last but one
    assert sorted(item for part in found.untrained for item in part.to_pylist()) == ["s", "v", "w", "x", "z"]
