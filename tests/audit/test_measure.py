"""Every number of an audit against a computation of its own, in plain loops, on small logs."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recbole_lsrec.audit import items
from recbole_lsrec.audit.log import Log
from recbole_lsrec.audit.order import ask_order
from recbole_lsrec.audit.sessions import cut_at
from recbole_lsrec.audit.users import activity
from recbole_lsrec.data.sessions import segment_sessions
from recbole_lsrec.log_checks.repeats import at_one_time, copies

THRESHOLD = 10


def log_of(rows):
    """A log of (user, item, time) rows; item 1, 2 are of category 1, others of 2, item 5 of none."""
    rows = sorted(rows, key=lambda row: (row[0], row[2]))
    user, item, time = (np.array(column, dtype=np.int64) for column in zip(*rows, strict=True))
    category = np.where(item == 5, 0, np.where(item <= 2, 1, 2))
    session = segment_sessions(user, time, THRESHOLD)
    return Log(user, item, time, session, category, at_one_time(user, time), copies(user, item, time))


def by_user(log):
    users: dict[int, list[tuple[int, int]]] = {}
    for user, item, time in zip(log.user.tolist(), log.item.tolist(), log.time.tolist(), strict=True):
        users.setdefault(user, []).append((item, time))
    return users


LOGS = st.lists(st.tuples(st.integers(1, 4), st.integers(1, 5), st.integers(0, 60)), min_size=1, max_size=40)


@settings(max_examples=60, deadline=None)
@given(LOGS, st.sampled_from([None, 1, 10, 30]))
def test_sessions_against_loops(rows, threshold):
    log = log_of(rows)
    found = cut_at(log, threshold)
    lengths, per_user, both = [], [], []
    for events in by_user(log).values():
        sessions = [[events[0]]]
        numbers = [0]
        for before, now in pairwise(events):
            if now[1] - before[1] > (threshold or THRESHOLD):
                sessions.append([])
            sessions[-1].append(now)
            numbers.append(len(sessions) - 1)
        lengths += [len(session) for session in sessions]
        per_user.append(len(sessions))
        if len(events) >= 3:
            both.append(numbers[-2] > 0)
    assert found.sessions == len(lengths)
    assert found.per_user == pytest.approx(np.mean(per_user))
    assert found.one_session_users == pytest.approx(np.mean([n == 1 for n in per_user]))
    assert found.events == pytest.approx(np.mean(lengths))
    assert found.single == pytest.approx(np.mean([n == 1 for n in lengths]))
    assert found.with_both == pytest.approx(np.mean(both) if both else 0)


@settings(max_examples=60, deadline=None)
@given(LOGS)
def test_repeats_and_categories_against_loops(rows):
    log = log_of(rows)
    category = {item: 0 if item == 5 else 1 if item <= 2 else 2 for item in range(1, 6)}
    ever = in_session = just = same = known = 0
    for events in by_user(log).values():
        session_start = 0
        for at, (item, time) in enumerate(events):
            if at and time - events[at - 1][1] > THRESHOLD:
                session_start = at
            ever += item in [e[0] for e in events[:at]]
            in_session += item in [e[0] for e in events[session_start:at]]
            if at:
                before = events[at - 1][0]
                just += item == before
                if category[item] and category[before]:
                    known += 1
                    same += category[item] == category[before]
    found = items.repeats(log)
    n = len(log.item)
    assert (found["ever"], found["in_session"], found["just_before"]) == pytest.approx(
        (ever / n, in_session / n, just / n)
    )
    assert items.same_category(log)["at_all"] == pytest.approx(same / known if known else 0)


@settings(max_examples=40, deadline=None)
@given(LOGS)
def test_unseen_items_against_loops(rows):
    log = log_of(rows)
    training, targets = Counter(), []
    for events in by_user(log).values():
        held = 0 if len(events) < 3 else 1 if len(events) == 3 else 2
        training.update(item for item, _ in events[: len(events) - held])
        targets += [events[-1]] * bool(held)
    first: dict[int, int] = {}
    for item, time in zip(log.item.tolist(), log.time.tolist(), strict=True):
        first[item] = min(time, first.get(item, time))
    cold = [training[item] == 0 for item, _ in targets]
    pools = [[item for item, seen in first.items() if seen < time and item != target] for target, time in targets]
    uniform = [np.mean([training[item] == 0 for item in pool]) for pool in pools if pool]
    found = items.unseen(log)
    assert found["targets"] == pytest.approx(np.mean(cold) if cold else 0)
    assert found["uniform_negatives"] == pytest.approx(np.mean(uniform) if uniform else 0)


def test_popularity_of_a_log_worked_out_by_hand():
    found = items.popularity(np.array([1] * 7 + [2, 3, 4]))
    assert found["top_10"] == pytest.approx(0.7)  # one item of four
    # Lorenz: cumulated shares .1 .2 .3 1; gini = 1 - (2 * (.1 + .2 + .3 + 1) - 1) / 4
    assert found["gini"] == pytest.approx(1 - (2 * 1.6 - 1) / 4)


def test_drift_of_a_log_worked_out_by_hand():
    rows = [
        (1, 1, 0),
        (1, 1, 1),
        (1, 1, 2),
        (1, 2, 3),
        (1, 2, 4),
        (1, 2, 5),
        (1, 1, 6),
        (1, 1, 7),
        (1, 3, 8),
        (1, 3, 9),
    ]
    found = items.drift(log_of(rows))  # fifths: 11 12 22 11 33
    assert [period.get("new") for period in found] == [None, 0.5, 0.0, 0.0, 1.0]
    assert [period.get("moved") for period in found] == [None, 0.5, 0.5, 1.0, 1.0]
    assert [period.get("top") for period in found] == [None, 1, 1, 0, 0]


def test_a_log_of_three_events_has_three_periods():
    assert [period["events"] for period in items.drift(log_of([(1, 1, 0), (1, 2, 1), (1, 1, 2)]))] == [1, 1, 1]


def test_held_out_events_are_those_of_leave_one_out():
    train, last = log_of([(1, 1, 0), (1, 2, 1), (1, 3, 2), (1, 4, 3), (2, 1, 0), (2, 2, 1)]).held_out()
    assert train.tolist() == [True, True, False, False, True, True]
    assert last.tolist() == [False, False, False, True, False, False]


def cycles(users, length, seed):
    """Users who go round 30 items, each from a place of his own: the last item says the next."""
    rng = np.random.default_rng(seed)
    return [
        (u, 1 + (start + k) % 30, 100 * k)
        for u, start in enumerate(rng.integers(0, 30, users), 1)
        for k in range(length)
    ]


def test_where_order_decides_shuffling_takes_it_away():
    found = ask_order(log_of(cycles(60, 12, 1)), seed=1)
    assert found.markov == 1.0
    assert found.markov_shuffled < 0.8


def test_where_order_is_none_shuffling_takes_nothing():
    rng = np.random.default_rng(1)
    rows = [(u, int(i), 10 * k) for u in range(1, 200) for k, i in enumerate(rng.integers(1, 60, 20))]
    found = ask_order(log_of(rows), seed=1)
    assert abs(found.markov - found.markov_shuffled) < 0.07


def test_popularity_hits_at_ten_by_hand_and_equal_items_share_the_places():
    rows = [(u, item, item) for u in (1, 2) for item in range(1, 13)]  # items 1 to 10 have two training events each
    found = ask_order(log_of(rows), seed=1)
    assert found.popular == 0.0  # item 12, the target, has none, and ten others have some
    assert ask_order(log_of([(1, 1, 0), (1, 2, 1), (1, 3, 2)]), seed=1).popular == 1.0  # three items, ten places


def test_the_same_seed_gives_the_same_answer():
    log = log_of(cycles(40, 8, 3))
    assert ask_order(log, seed=5) == ask_order(log, seed=5)


def test_users_with_far_more_events_than_the_median():
    rows = [(user, 1, time) for user in (1, 2, 4) for time in range(2)] + [(3, 2, time) for time in range(201)]
    found = activity(log_of(rows), ["[PAD]", "a", "b", "robot", "d"])
    assert (found.busiest, found.most, found.bound, found.beyond) == ("robot", 201, 200, 1)
    assert found.beyond_events == found.top_1 == 201 / 207
    exactly = activity(log_of([row for row in rows if row != (3, 2, 200)]), ["[PAD]", "a", "b", "robot", "d"])
    assert (exactly.most, exactly.beyond, exactly.beyond_events) == (200, 0, 0.0)
