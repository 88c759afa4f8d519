"""When users are asked about."""

import numpy as np
import pytest

from recbole_lsrec.errors import DataError
from recbole_lsrec.recommend.moments import asked_at


def test_who_has_no_time_is_asked_at_the_last_event_that_the_filters_keep():
    users, last, usual = np.array(["a", "b"]), np.array([5.0, 7.0]), np.array([4.0, 6.0])
    assert asked_at(users, last, usual, {"a": None, "b": 9}, "order").tolist() == [4, 9]


def test_the_moment_of_the_last_event_is_not_before_it():
    users, last, usual = np.array(["a", "b"]), np.array([5.0, 7.0]), np.array([4.0, 6.0])
    assert asked_at(users, last, usual, {"a": 5, "b": 7}, "order").tolist() == [5, 7]
    with pytest.raises(DataError, match=r"now: user 'b' has an event at 7, after now \(6\)"):
        asked_at(users, last, usual, {"a": 5, "b": 6}, "order")


def test_whole_times_are_exact():
    first = 1_600_000_000_000_000_001
    users, last, usual = np.array(["a", "b"]), np.array([first, first]), np.array([first, first - 1])
    for now, expected in (
        (None, [first, first - 1]),
        (first, [first] * 2),
        ({"a": first + 1, "b": None}, [first + 1, first - 1]),
    ):
        asked = asked_at(users, last, usual, now, "ns")
        assert (asked.dtype, asked.tolist()) == (np.int64, expected)
    with pytest.raises(DataError, match=rf"event at {first}, after now \({first - 1}\)"):
        asked_at(users, last, usual, first - 1, "ns")
    assert asked_at(users[:1], np.array([5]), np.array([5]), 5.5, "s").tolist() == [5.5]
