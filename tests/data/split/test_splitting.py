import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recbole_lsrec.data.split.phases import instance_rows
from recbole_lsrec.data.split.splitting import leave_one_out, ratio_split, split_by_origin, split_log, time_based_split

#                 a: 5 events     b: 3        c: 2   d: 1
USER = np.array([1, 1, 1, 1, 1, 2, 2, 2, 3, 3, 4])


def test_an_instance_needs_an_earlier_event():
    assert instance_rows(USER).tolist() == [1, 2, 3, 4, 6, 7, 9]


@pytest.mark.parametrize(
    ("mode", "train", "valid", "test"),
    [
        # User 2 has two instances: one trains, the other tests. User 3 has one: it trains. User 4 has none.
        ("valid_and_test", [1, 2, 6, 9], [3], [4, 7]),
        ("valid_only", [1, 2, 3, 6, 9], [4, 7], []),
        ("test_only", [1, 2, 3, 6, 9], [], [4, 7]),
    ],
)
def test_leave_one_out_as_recbole(mode, train, valid, test):
    split = leave_one_out(USER, instance_rows(USER), mode)
    assert [part.tolist() for part in split] == [train, valid, test]


def test_leave_one_out_refuses_another_mode():
    with pytest.raises(ValueError, match="accepted: 'valid_and_test', 'valid_only', 'test_only'"):
        leave_one_out(USER, instance_rows(USER), "last")


def test_ratio_split_by_user():
    split = split_log(USER, np.arange(11), {"RS": [0.5, 0.25, 0.25]}, "user")
    # User 1: 4 instances in 2, 1, 1. User 2: two, the test part is lifted to one. User 3: its only one trains.
    assert [part.tolist() for part in split] == [[1, 2, 6, 9], [3], [4, 7]]


def test_ratio_split_over_global_time():
    time = np.array([0, 90, 91, 92, 93, 0, 10, 20, 0, 30, 0])
    split = split_log(USER, time, {"RS": [0.6, 0.2, 0.2]}, "none")
    # In time: rows 6 (10), 7 (20), 9 (30), 1 (90), 2, 3, 4; 7 * .2 is rounded down to 1.
    assert [part.tolist() for part in split] == [[1, 2, 6, 7, 9], [3], [4]]


@pytest.mark.parametrize("ratios", [[0.8, 0.2], [1, -1, 1], [0, 0, 0]])
def test_ratio_split_refuses_impossible_shares(ratios):
    with pytest.raises(ValueError, match="accepted: three shares"):
        ratio_split(np.zeros(3), np.arange(3), ratios)


def _recbole_counts(total, ratios):
    count = [int(r * total) for r in ratios]
    count[0] = total - sum(count[1:])
    for i in range(1, len(ratios)):
        if count[0] <= 1:
            break
        if 0 < ratios[-i] * total < 1:
            count[-i] += 1
            count[0] -= 1
    return count


@given(st.integers(1, 60), st.tuples(*[st.floats(0, 1)] * 3).filter(lambda r: sum(r) > 0.01))
def test_ratio_counts_equal_recboles_rule(total, ratios):
    share = np.asarray(ratios) / sum(ratios)
    split = ratio_split(np.zeros(total), np.arange(total), ratios)
    assert [len(part) for part in split] == _recbole_counts(total, share.tolist())


@given(st.lists(st.integers(1, 6), min_size=1, max_size=60), st.sampled_from(["LS", "RS"]))
def test_every_instance_is_in_exactly_one_part_and_parts_follow_in_time(users, kind):
    user = np.sort(np.array(users))
    value = "valid_and_test" if kind == "LS" else [0.6, 0.2, 0.2]
    split = split_log(user, np.arange(len(user)), {kind: value}, "user")
    assert sorted(np.concatenate(split).tolist()) == instance_rows(user).tolist()
    for u in set(users):
        train, valid, test = ([r for r in part if user[r] == u] for part in split)
        assert train == sorted(train)
        assert [*train, *valid, *test] == sorted([*train, *valid, *test])


def test_time_based_split_holds_out_after_one_time_and_validates_on_each_users_last_share():
    user = np.array([1, 1, 1, 1, 1, 2, 2, 2, 3, 3, 4])
    time = np.array([0, 10, 20, 30, 40, 0, 15, 50, 0, 60, 5])
    split = split_log(user, time, {"TS": [0.5, 0.25, 0.25]}, "user")
    # Instances at 10 20 30 40 15 50 60: the 75th percentile is 45. User 1 keeps four: int(4 * 2/3) = 2 train, 2 validate;
    # user 2 keeps one: int(2/3) = 0 train, as in RecBole.
    assert [part.tolist() for part in split] == [[1, 2], [3, 4, 6], [7, 9]]


def test_nothing_is_split_by_time_where_there_is_no_instance():
    split = split_log(np.array([1, 2]), np.array([5, 6]), {"TS": [0.5, 0.25, 0.25]}, "user")
    assert [len(rows) for rows in split] == [0, 0, 0]


def test_an_instance_at_the_boundary_of_time_based_split_is_before_it():
    user, time = np.array([1, 1, 1, 1, 1, 1]), np.array([0, 1, 2, 3, 4, 5])
    split = time_based_split(user, time, instance_rows(user), [0.5, 0, 0.5])
    assert [part.tolist() for part in split] == [[1, 2, 3], [], [4, 5]]


@pytest.mark.parametrize("ratios", [[0.8, 0.2], [0.8, -0.1, 0.3], [0, 0.5, 0.5]])
def test_time_based_split_refuses_impossible_shares(ratios):
    with pytest.raises(ValueError, match=r"^TS: found .* accepted: three shares"):
        time_based_split(USER, np.arange(11), instance_rows(USER), ratios)


def test_pre_split_rows_go_where_their_file_says():
    origin = np.array([0, 0, 1, 2, 2, 1, 0, 2, 0, 1, 2])
    # Rows 0, 5, 8 and 10 are their users' first events: no instance.
    assert [part.tolist() for part in split_by_origin(USER, origin)] == [[1, 6], [2, 9], [3, 4, 7]]


def test_an_unknown_split_is_refused():
    with pytest.raises(ValueError, match=r"accepted: {'LS': mode}, .* or {'GTS'"):
        split_log(USER, np.arange(11), {"XS": 1}, "user")
