import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recbole_lsrec.data.sessions import segment_sessions


def test_a_pause_of_exactly_the_threshold_stays_in_and_one_more_cuts():
    user = np.array([1, 1, 1, 1, 2])
    time = np.array([0, 1800, 3601, 3601, 3602])
    assert segment_sessions(user, time, 1800).tolist() == [0, 0, 1, 1, 2]
    assert segment_sessions(user, time, 1800, gap="lt").tolist() == [0, 1, 2, 2, 3]


def test_no_events_no_sessions():
    none = segment_sessions(np.array([]), np.array([]), 1)
    assert (none.tolist(), none.dtype) == ([], np.int64)


@pytest.mark.parametrize("threshold", [0, -1])
def test_threshold_must_be_positive(threshold):
    with pytest.raises(ValueError, match=r"threshold: found .*; accepted: a positive number"):
        segment_sessions(np.array([1]), np.array([0]), threshold)


def test_unsorted_time_is_refused():
    with pytest.raises(ValueError, match="not sorted by time"):
        segment_sessions(np.array([1, 1]), np.array([5, 4]), 10)


def test_unknown_gap_rule_is_refused():
    with pytest.raises(ValueError, match="accepted: 'le' or 'lt'"):
        segment_sessions(np.array([1]), np.array([0]), 1, gap="leq")


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 50)), min_size=1), st.integers(1, 20))
def test_equals_the_plain_loop(events, threshold):
    events = sorted(events)
    user, time = np.array(events).T
    expected, number = [], 0
    for i in range(len(events)):
        if i and (user[i] != user[i - 1] or time[i] - time[i - 1] > threshold):
            number += 1
        expected.append(number)
    assert segment_sessions(user, time, threshold).tolist() == expected
