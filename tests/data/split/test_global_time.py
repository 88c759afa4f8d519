import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recbole_lsrec.config.global_time_settings import TARGETS, VALIDATIONS, GlobalTime
from recbole_lsrec.data.split.global_time import _some, frozen_history, global_time_split
from recbole_lsrec.data.split.phases import instance_rows
from recbole_lsrec.errors import DataError

#                 1: rows 0-5               2: rows 6-8   3: rows 9-11
USER = np.array([1, 1, 1, 1, 1, 1, 2, 2, 2, 3, 3, 3])
TIME = np.array([10, 20, 30, 40, 50, 60, 12, 33, 55, 52, 53, 54])
BUYS = np.array([0, 1, 0, 1, 1, 0, 0, 1, 0, 0, 1, 0], dtype=bool)


def _parts(given, **more):
    return [part.tolist() for part in global_time_split(USER, TIME, GlobalTime.parse(given), **more)]


def test_a_share_that_is_a_whole_number_is_not_rounded_up():
    rows, draw = np.arange(100), np.linspace(0, 1, 100)
    assert len(_some(rows, 0.07, draw)) == 7  # .07 * 100 is a hair more in floats
    assert len(_some(rows, 0.071, draw)) == 8


@pytest.mark.parametrize(
    ("targets", "valid", "test"),
    [
        ("last", [3, 7], [5, 8, 11]),
        ("first", [2, 7], [4, 8, 10]),  # row 9 is user 3's first event: it has no history
        ("successive", [2, 3, 7], [4, 5, 8, 10, 11]),
        ("all", [2, 3, 7], [4, 5, 8]),  # nothing is known of user 3 before 50
    ],
)
def test_targets_of_two_periods(targets, valid, test):
    assert _parts({"valid": 30, "test": 50, "targets": targets}) == [[1], valid, test]


def test_random_targets_are_a_function_of_seed_and_user():
    given = {"valid": 30, "test": 50, "targets": "random"}
    draws = [_parts(given, seed=seed) for seed in range(40)]
    assert draws == [_parts(given, seed=seed) for seed in range(40)]
    assert {test[0] for _, _, test in draws} == {4, 5}
    assert {test[2] for _, _, test in draws} == {10, 11}
    # These draws are part of every result.
    assert [valid[0] for _, valid, _ in draws[:8]] == [2, 2, 2, 2, 3, 2, 3, 3]
    # Another user beside does not change a user's draw.
    alone = [global_time_split(USER[:9], TIME[:9], GlobalTime.parse(given), seed=seed) for seed in range(40)]
    assert [test[0] for _, _, test in draws] == [split.test[0] for split in alone]


def test_the_boundary_itself_is_behind_it():
    parts = _parts({"valid": 30, "test": 60, "targets": "successive"})
    assert parts == [[1], [2, 3, 4, 7, 8, 10, 11], [5]]


def test_validation_on_the_last_event_before_the_test_period():
    assert _parts({"test": 50, "validation": "last_train_item"}) == [[1, 2], [3, 7], [5, 8, 11]]


def test_nothing_of_a_user_trains_after_the_validation_target():
    given = {"test": 60, "validation": "last_train_item", "target_events": ["buy"]}
    # User 1 last buys at row 4, user 2 at row 7 (row 8 follows it), user 3 at row 10. Nobody buys from 60 on.
    with pytest.raises(DataError, match=r"no event is left as a target of phase 'test'"):
        _parts(given, may_target=BUYS)
    assert _parts({**given, "test": 50}, may_target=BUYS) == [[1, 2], [3, 7], [4, 10]]
    views_follow = np.array([0, 1, 1, 0, 1, 0, 0, 1, 0, 0, 1, 0], dtype=bool)
    assert _parts({**given, "test": 50}, may_target=views_follow) == [[1], [2, 7], [4, 10]]


def test_users_who_validate_do_not_train():
    given = {"test": 50, "validation": "by_user", "valid_users": 1}
    found = {str(_parts(given, seed=seed)[:2]) for seed in range(20)}
    assert found == {"[[7], [3]]", "[[1, 2, 3], [7]]"}
    assert _parts({**given, "valid_users": 0.4}, seed=1) == _parts(given, seed=1)  # 0.8 users, rounded up


def test_too_many_users_to_validate():
    with pytest.raises(DataError, match=r"9 users are to validate, but 2 have a target before"):
        _parts({"test": 50, "validation": "by_user", "valid_users": 9})


def test_event_types_restrict_targets_and_leave_histories_alone():
    given = {"valid": 30, "test": 50, "targets": "last"}
    assert _parts(given, may_target=BUYS) == [[1], [3, 7], [4, 10]]
    assert _parts({**given, "valid": 40}, may_train=BUYS)[0] == [1, 7]  # not the view of row 2
    with pytest.raises(DataError, match="phase 'train'"):
        _parts(given, may_train=~BUYS)


def test_quantiles_and_the_default_validation():
    # In time: 10 12 20 30 33 40 50 52 53 54 55 60; the 0.6 quantile is at 6.6, so the 8th: 52.
    assert GlobalTime.parse({"test": 0.6}).boundaries(TIME) == (50, 52)  # 0.9 of the 7 before: the last of them
    assert GlobalTime.parse({"valid": 0.2, "test": 0.6}).boundaries(TIME) == (30, 52)
    assert GlobalTime.parse({"test": 0.6, "validation": "by_user"}).boundaries(TIME) == (None, 52)


def test_validation_must_begin_before_test_in_the_log():
    with pytest.raises(DataError, match=r"valid: 0\.9 is second 55 and test: 50 is 50"):
        _parts({"valid": 0.9, "test": 50})


def test_frozen_histories_end_at_the_boundary():
    assert frozen_history(USER, TIME, 50).tolist() == [4] * 6 + [8] * 3 + [9] * 3


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (None, "^found None; accepted: a dict with test"),
        ({"valid": 0.8}, "^found .*; accepted: a dict with test"),
        ({"tset": 0.8, "test": 0.9}, "^found the part 'tset', .* Did you mean 'test'"),
        ({"test": 1.5}, "^test: found 1.5; accepted: a date"),
        ({"test": "2020-02-01"}, "^test: found the date '2020-02-01' without a time zone"),
        ({"test": 0.9, "tz": "Mars/Base"}, "^tz: found 'Mars/Base'; accepted: a time zone"),
        ({"test": 0.9, "tz": 1}, "^tz: found 1; accepted: a time zone"),
        ({"test": 0.8, "valid": 0.9}, "^valid: found 0.9, which is not before test, 0.8"),
        ({"test": "2020-02-01", "valid": 1_580_515_200, "tz": "UTC"}, "^valid: found 1580515200, which is not before"),
        ({"test": 0.9, "targets": "lsat"}, "^targets: found 'lsat'; accepted: one of last, .* Did you mean 'last'"),
        ({"test": 0.9, "validation": "by_item"}, "^validation: found 'by_item'; accepted: one of by_time, last_train"),
        ({"test": 0.9, "valid": 0.8, "validation": "by_user"}, "^valid: found 0.8 beside validation: by_user"),
        ({"test": 0.9, "valid_users": 5}, "^valid_users: found beside validation: by_time; it belongs to by_user"),
        ({"test": 0.9, "validation": "by_user", "valid_users": 0}, "^valid_users: found 0; accepted: a share"),
        ({"test": 0.9, "validation": "by_user", "valid_users": 1.5}, "^valid_users: found 1.5; accepted: a share"),
        ({"test": 0.9, "train_events": []}, r"^train_events: found \[\]; accepted: an event type or a list"),
        ({"test": 0.9, "target_events": [1]}, r"^target_events: found \[1\]; accepted: an event type or a list"),
    ],
)
def test_wrong_parts_are_refused_by_name(given, message):
    with pytest.raises(ValueError, match=message):
        GlobalTime.parse(given)


def test_parts_set_to_none_are_as_if_left_out():
    given = {"test": 0.9, "valid": None, "tz": None, "train_events": None}
    assert GlobalTime.parse(given) == GlobalTime.parse({"test": 0.9})
    assert GlobalTime.parse({"test": 0.9, "train_events": "buy"}).train_events == ("buy",)


@st.composite
def _logs(draw):
    """A shuffled log of (user, time), sorted as a data set sorts it, and where each row came from."""
    rows = draw(st.lists(st.tuples(st.integers(1, 6), st.integers(0, 50)), min_size=2, max_size=60))
    user, time = np.array(rows).T
    order = np.lexsort((time, user))
    return user[order], time[order], order


@settings(max_examples=300, deadline=None)
@given(_logs(), st.sampled_from(TARGETS), st.sampled_from(VALIDATIONS), st.data())
def test_invariants(log, targets, validation, data):
    user, time, _ = log
    given = {"test": data.draw(st.integers(2, 50)), "targets": targets, "validation": validation}
    if validation == "by_time" and data.draw(st.booleans()):
        given["valid"] = (
            data.draw(st.integers(2, 50).filter(lambda at: at < given["test"])) if given["test"] > 2 else 0.1
        )
    parts = GlobalTime.parse(given)
    try:
        valid_at, test_at = parts.boundaries(time)
        split = global_time_split(user, time, parts, seed=3)
    except DataError:
        return  # a boundary outside the log, or a phase without a target
    train, valid, test = split
    first_boundary = test_at if valid_at is None else valid_at
    assert (time[train] < first_boundary).all()
    assert (time[valid] < test_at).all()
    assert (time[valid] >= (valid_at or 0)).all()
    assert (time[test] >= test_at).all()
    together = np.concatenate(split)
    assert len(np.unique(together)) == len(together)
    assert set(together) <= set(instance_rows(user))
    assert all((np.diff(part) > 0).all() for part in split)
    for phase, boundary in ((valid, valid_at), (test, test_at)):
        end = phase
        if targets == "all" and boundary is not None:
            end = frozen_history(user, time, boundary)[phase]
            assert (time[end - 1] < boundary).all()
        assert (end > np.searchsorted(user, user[phase])).all()  # a history is not empty
        assert (end <= phase).all()  # and lies before its target
        assert (user[end - 1] == user[phase]).all()
        if targets in ("last", "first", "random") or boundary is None:
            assert len(np.unique(user[phase])) == len(phase)
    if targets == "successive" and validation == "by_time":
        assert len(together) == len(instance_rows(user))
    if validation != "by_time":
        latest_train = {u: train[user[train] == u].max(initial=-1) for u in np.unique(user)}
        assert all(latest_train[user[row]] < row for row in valid)
    if validation == "by_user":
        assert not set(user[valid]) & set(user[train])


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 6), st.integers(0, 500)), min_size=4, max_size=40, unique_by=lambda row: row[1]),
    st.sampled_from(TARGETS),
    st.randoms(use_true_random=False),
)
def test_shuffled_input_gives_the_same_result(rows, targets, random):
    def split(rows):
        user, time = np.array(rows).T
        order = np.lexsort((time, user))
        asked = GlobalTime.parse({"test": 0.6, "targets": targets})
        parts = global_time_split(user[order], time[order], asked, seed=1)
        return [[rows[order[row]] for row in part] for part in parts]

    shuffled = random.sample(rows, len(rows))
    try:
        expected = split(rows)
    except DataError:
        with pytest.raises(DataError, match=r"^GTS"):
            split(shuffled)
        return
    assert split(shuffled) == expected


def test_inputs_are_not_changed():
    user, time = USER.copy(), TIME.copy()
    global_time_split(user, time, GlobalTime.parse({"test": 50, "validation": "by_user"}))
    assert (user == USER).all()
    assert (time == TIME).all()
