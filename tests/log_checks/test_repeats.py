import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from recbole_lsrec.log_checks.repeats import at_one_time, copies, in_both

#                user item time
LOG = np.array([(0, 5, 1), (0, 6, 1), (0, 5, 1), (0, 5, 2), (1, 5, 2), (1, 7, 3), (1, 7, 3)]).T


def test_equal_times_are_those_of_one_user():
    assert at_one_time(LOG[0], LOG[2]).tolist() == [True, True, True, False, False, True, True]


def test_a_copy_has_an_earlier_line_with_its_user_item_and_time():
    assert copies(*LOG).tolist() == [False, False, True, False, False, False, True]


def test_held_out_events_that_are_among_the_others():
    assert in_both(*LOG, held_out=np.array([0, 0, 1, 1, 0, 0, 0], dtype=bool)) == 1
    assert in_both(*LOG, held_out=np.array([1, 0, 1, 0, 0, 1, 1], dtype=bool)) == 0


def test_a_log_without_events():
    nothing = np.zeros(0, dtype=np.int64)
    assert len(at_one_time(nothing, nothing)) == len(copies(nothing, nothing, nothing)) == 0


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(0, 3)), min_size=1, max_size=30))
def test_as_counted_line_by_line(events):
    rows = sorted(events, key=lambda event: (event[0], event[2]))
    user, item, time = (np.array(column) for column in zip(*rows, strict=True))
    assert copies(user, item, time).tolist() == [row in rows[:n] for n, row in enumerate(rows)]
    moments = [(u, t) for u, _, t in rows]
    assert at_one_time(user, time).tolist() == [moments.count(moment) > 1 for moment in moments]
