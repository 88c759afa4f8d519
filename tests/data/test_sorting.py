import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from recbole_lsrec.data.sorting import in_order, order_by_user_and_time, whole_numbers


def test_ties_keep_their_order():
    user = np.array([2, 1, 2, 1, 1])
    time = np.array([5.0, 9.0, 5.0, 3.0, 9.0])
    assert order_by_user_and_time(user, time).tolist() == [3, 1, 4, 0, 2]


def test_nothing_to_sort():
    assert order_by_user_and_time(np.zeros(0, dtype=np.int64), np.zeros(0)).tolist() == []


@given(
    st.lists(
        st.tuples(st.integers(0, 200_000), st.sampled_from([0, 1, 65_535, 65_536, 1_580_000_000_123, 2**61])),
        max_size=50,
    ),
    st.sampled_from([0.0, 0.5]),
)
def test_equals_lexsort_for_whole_and_broken_times(rows, fraction):
    user, time = np.array(rows, dtype=np.int64).reshape(-1, 2).T
    time = time + fraction * (user % 2)
    assert order_by_user_and_time(user, time).tolist() == np.lexsort((time, user)).tolist()
    assert in_order(user, time) == (np.lexsort((time, user)).tolist() == list(range(len(user))))


def test_whole_numbers_are_exact_or_left_alone():
    assert whole_numbers(np.array([1.0, 2.0])).dtype == np.int64
    for left in (np.array([1.0, 2.5]), np.array([1.0, np.nan]), np.array([1.0, 2.0**53])):
        assert whole_numbers(left) is left
