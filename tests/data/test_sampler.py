import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from recbole_lsrec.data import sampler as module
from recbole_lsrec.data.counter_random import key_from, uniform
from recbole_lsrec.data.sampler import TimeThresholdSampler
from recbole_lsrec.data.sessions import segment_sessions
from recbole_lsrec.errors import DataError


def make_sampler(user, item, time, n_items, counted=None, threshold=10):
    user, item, time = (np.asarray(a, dtype=np.int64) for a in (user, item, time))
    counted = np.ones(len(user), dtype=bool) if counted is None else counted
    return TimeThresholdSampler(user, item, time, segment_sessions(user, time, threshold), counted, n_items)


def random_sampler(seed=0, n=3000, users=60, items=80, counted=None):
    rng = np.random.default_rng(seed)
    user = np.sort(rng.integers(1, users + 1, n))
    time = rng.integers(0, 5000, n)
    time = time[np.lexsort((time, user))]
    weight = 1 / np.arange(1, items + 1)
    item = rng.choice(np.arange(1, items + 1), n, p=weight / weight.sum())
    return make_sampler(user, item, time, items + 1, counted)


#          user 1: items 1 2 3 2      user 2: items 4 1 5
USER = [1, 1, 1, 1, 2, 2, 2]
ITEM = [1, 2, 3, 2, 4, 1, 5]
TIME = [0, 5, 30, 31, 1, 40, 41]


def test_items_of_one_second_appear_in_the_order_of_their_first_rows():
    assert make_sampler([1, 1, 2], [2, 5, 2], [0, 0, 0], 6).by_appearance.tolist() == [2, 5]


def test_pool_is_the_items_first_seen_before_the_target():
    sampler = make_sampler(USER, ITEM, TIME, 6)
    assert sampler.by_appearance.tolist() == [1, 4, 2, 3, 5]
    assert sampler.appeared.tolist() == [0, 1, 5, 30, 41]
    # Row 2 (item 3 at 30): items 1, 4, 2 were seen before, item 3 itself was not.
    assert sorted(sampler.draw([2], 3, key=1)[0].tolist()) == [1, 2, 4]


def test_a_pool_too_small_is_an_error_that_says_how_small():
    sampler = make_sampler(USER, ITEM, TIME, 6)
    # Row 6 has four, and the message names the row with the fewest.
    with pytest.raises(
        DataError, match=r"the target event 2 of the sorted log has 3 possible negatives, 5 are asked for"
    ):
        sampler.draw([6, 2], 5, key=1)


def test_fewer_pads_with_zero():
    sampler = make_sampler(USER, ITEM, TIME, 6)
    drawn = sampler.draw([2], 4, key=1, fewer=True)[0].tolist()
    assert sorted(drawn) == [0, 1, 2, 4]


@pytest.mark.parametrize("cells", [1, 1 << 22])  # a row at a time, or all at once
def test_a_short_pool_gets_nothing_of_a_longer_one_beside_it(cells, monkeypatch):
    monkeypatch.setattr(module, "_CELLS", cells)
    sampler = make_sampler([*USER, 3], [*ITEM, 1], [*TIME, 50], 6)
    # Row 3 (item 2 at 31): of 1 4 2 3. Row 7 (item 1 at 50): of 5 too.
    drawn = sampler.draw([3, 7], 5, key=1, fewer=True)
    assert np.sort(drawn).tolist() == [[0, 0, 1, 3, 4], [0, 2, 3, 4, 5]]


def test_training_widens_to_the_first_items_and_counts():
    sampler = make_sampler(USER, ITEM, TIME, 6)
    # Row 1 (item 2 at 5): only 1 and 4 were seen; the first four items are 1, 4, 2, 3.
    assert sorted(sampler.draw([1], 3, key=1, widen=True)[0].tolist()) == [1, 3, 4]
    assert sampler.widened(np.arange(7), 3) == 4  # rows 3, 5 and 6 have four items before them


def test_a_pool_is_widened_by_what_the_exclusions_can_take_and_no_more():
    counted = np.array([True, True, True, True, True, True, False])
    sampler = make_sampler(USER, ITEM, TIME, 6, counted)

    def widened(n, exclude):
        return [sampler.widened(np.array([row]), n, exclude=["positive", exclude]) for row in (3, 5)]

    # Before rows 3 and 5 the same four items of five had appeared. What can be taken beside the positive:
    assert widened(1, "history") == [1, 0]  # three events and one
    assert widened(2, "target_session") == [1, 0]  # two counted events and one
    assert widened(1, "user") == [1, 0]  # four and two


def test_training_by_popularity_widens_to_the_first_items_that_have_some():
    # Items 4 and 1 come first, both in rows that are not counted.
    counted = np.array([False, True, True, True, False, False, True])
    sampler = make_sampler(USER, ITEM, TIME, 6, counted)
    assert sampler.draw([1], 1, key=1, alpha=1.0, widen=True).tolist() == [[3]]
    assert sorted(sampler.draw([1], 2, key=1, alpha=1.0, widen=True)[0].tolist()) == [3, 5]


def test_exclusions():
    sampler = make_sampler(USER, ITEM, TIME, 6)
    # Row 6 (item 5 at 41): pool 1 4 2 3; user 2 has had 4 and 1; its session holds 1 (at 40) and 5.
    assert sorted(sampler.draw([6], 4, key=1)[0].tolist()) == [1, 2, 3, 4]
    assert sorted(sampler.draw([6], 2, key=1, exclude=["positive", "history"])[0].tolist()) == [2, 3]
    assert sorted(sampler.draw([6], 3, key=1, exclude=["positive", "target_session"])[0].tolist()) == [2, 3, 4]


def test_in_training_a_session_excludes_its_counted_events_alone():
    """Else what is never drawn would be the held-out target."""
    counted = np.array([True, True, True, True, True, True, False])
    sampler = make_sampler(USER, ITEM, TIME, 6, counted)
    # Row 5 (item 1 at 40) is of one session with row 6 (item 5), which is held out; four first items to draw two from: 1 4 2 3.
    excluded = {"exclude": ["positive", "target_session"], "widen": True}
    drawn = [set(sampler.draw([5], 4, key, **excluded)[0].tolist()) for key in range(20)]
    assert all(items == {2, 3, 4, 5} for items in drawn)
    everything = make_sampler(USER, ITEM, TIME, 6)
    with pytest.raises(DataError, match="3 possible negatives, 4 are asked for"):
        everything.draw([5], 4, 0, **excluded)


def test_user_excludes_what_the_user_has_in_training_before_or_after():
    counted = np.array([True, True, True, True, True, True, False])
    sampler = make_sampler(USER, ITEM, TIME, 6, counted)
    # Row 4 (item 4 at 1) is widened: user 2 has 4 and, later, 1 in training, and 5 not.
    assert sorted(sampler.draw([4], 3, key=1, exclude=["positive", "user"], widen=True)[0].tolist()) == [2, 3, 5]
    # Row 1 (item 2 at 5): user 1 has 1, 2 and 3.
    assert sorted(sampler.draw([1], 2, key=1, exclude=["positive", "user"], widen=True)[0].tolist()) == [4, 5]


def test_a_history_that_ends_before_its_target_excludes_no_more():
    sampler = make_sampler(USER, ITEM, TIME, 6)
    # As with GTS, targets: all, and a boundary between rows 4 and 5: the history of row 6 is row 4 alone (item 4).
    sampler.history_end = np.array([0, 1, 2, 3, 4, 5, 5])
    assert sorted(sampler.draw([6], 3, key=1, exclude=["positive", "history"])[0].tolist()) == [1, 2, 3]


def test_popularity_counts_training_rows_only():
    counted = np.array([True, True, True, True, False, False, False])
    sampler = make_sampler(USER, ITEM, TIME, 6, counted)
    # Item 4 was seen before row 6 but only in a row that is not counted.
    assert sorted(sampler.draw([6], 3, key=1, alpha=1.0)[0].tolist()) == [1, 2, 3]
    with pytest.raises(DataError, match="3 possible negatives, 4 are asked for"):
        sampler.draw([6], 4, key=1, alpha=1.0)
    assert sorted(sampler.draw([6], 4, key=1, alpha=1.0, popularity="all")[0].tolist()) == [1, 2, 3, 4]


def test_in_batch_draws_targets_of_the_batch_but_never_the_positive():
    sampler = random_sampler()
    rows = np.arange(100, 164)
    drawn = sampler.in_batch(rows, 4, key=3)
    assert set(np.unique(drawn)) <= set(sampler.item[rows])
    assert not (drawn == sampler.item[rows][:, None]).any()


def test_in_batch_of_a_part_draws_from_the_whole_batch():
    sampler = make_sampler(USER, ITEM, TIME, 6)
    drawn = sampler.in_batch(np.array([0]), 20, key=3, batch_rows=np.array([0, 2, 6]))
    assert set(drawn[0].tolist()) == {3, 5}


def test_in_batch_of_a_single_instance_falls_back_to_all_items():
    sampler = make_sampler(USER, ITEM, TIME, 6)
    drawn = sampler.in_batch(np.array([3]), 200, key=3)
    assert set(np.unique(drawn)) == {1, 3, 4, 5}


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 10_000),
    st.integers(1, 30),
    st.sampled_from([None, 0.5, 1.0]),
    st.sets(st.sampled_from(["history", "target_session"])),
)
def test_never_the_positive_no_repeat_no_future_item_nothing_excluded(key, n, alpha, exclude):
    sampler = random_sampler()
    rows = np.arange(len(sampler.user))[sampler.time > 2000]
    drawn = sampler.draw(rows, n, key, alpha=alpha, exclude={"positive", *exclude}, fewer=True)
    first_seen = np.full(sampler.n_items, np.iinfo(np.int64).max)
    np.minimum.at(first_seen, sampler.item, sampler.time)
    for row, items in zip(rows, drawn, strict=True):
        items = items[items > 0].tolist()
        assert len(set(items)) == len(items)
        assert sampler.item[row] not in items
        assert (first_seen[items] < sampler.time[row]).all()
        mine = sampler.user == sampler.user[row]
        if "history" in exclude:
            assert not set(items) & set(sampler.item[mine & (np.arange(len(mine)) < row)])
        if "target_session" in exclude:
            assert not set(items) & set(sampler.item[sampler.session == sampler.session[row]])


def test_a_row_draws_the_same_whatever_its_company():
    sampler = random_sampler()
    rows = np.flatnonzero(sampler.time > 2500)[::12]
    together = sampler.draw(rows, 40, key=5, alpha=1.0)
    alone = np.concatenate([sampler.draw(rows[i : i + 1], 40, key=5, alpha=1.0) for i in range(len(rows))])
    backwards = sampler.draw(rows[::-1], 40, key=5, alpha=1.0)[::-1]
    assert (together == alone).all()
    assert (together == backwards).all()
    assert not (together == sampler.draw(rows, 40, key=6, alpha=1.0)).all()


@pytest.mark.parametrize("alpha", [None, 1.0, 0.5])
def test_single_draws_follow_the_stated_distribution(alpha):
    sampler = random_sampler()
    row = int(np.argmax(sampler.time))
    drawn = np.array([sampler.draw([row], 1, key, alpha=alpha)[0, 0] for key in range(6000)])
    weight = np.ones(sampler.n_items) if alpha is None else sampler.popularity**alpha
    weight[[0, sampler.item[row]]] = 0
    weight[~np.isin(np.arange(len(weight)), sampler.item[sampler.time < sampler.time[row]])] = 0
    possible = weight > 0
    observed = np.bincount(drawn, minlength=sampler.n_items)
    assert observed[~possible].sum() == 0
    expected = weight[possible] / weight.sum() * len(drawn)
    assert chisquare(observed[possible], expected).pvalue > 1e-3


def test_listed_pools_follow_the_same_distribution_as_redraws():
    # Three of four possible negatives in one draw: the share of each item left out is known exactly.
    user, item = [1] * 11, [1, 2, 2, 3, 3, 3, 4, 4, 4, 4, 5]
    sampler = make_sampler(user, item, list(range(11)), 6)
    sets = np.array([sampler.draw([10], 3, key, alpha=1.0)[0] for key in range(4000)])
    observed = np.array([(~(sets == i).any(axis=1)).sum() for i in (1, 2, 3, 4)])
    weight = np.array([1, 2, 3, 4.0])
    expected = np.zeros(4)
    from itertools import permutations

    for order in permutations(range(4)):
        left, probability = weight.sum(), 1.0
        for i in order:
            probability *= weight[i] / left
            left -= weight[i]
        expected[order[-1]] += probability
    assert chisquare(observed, expected * len(sets)).pvalue > 1e-3


def test_uniform_is_a_pure_function_of_key_and_counters():
    key = key_from("a", 1)
    grid = uniform(key, np.arange(4)[:, None], np.arange(3))
    assert grid.shape == (4, 3)
    assert grid[2, 1] == uniform(key, np.array([2]), np.array([1]))[0]
    assert key_from("a", 1) != key_from("a1")
    assert 0.49 < uniform(key, np.arange(100_000)).mean() < 0.51
