import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recbole_lsrec.analysis.estimates import mean_estimate, metric_estimate
from recbole_lsrec.analysis.saved_runs import Lines
from recbole_lsrec.analysis.significance import ResampledAUC, bootstrap, paired_t
from recbole_lsrec.analysis.user_metrics import Metric
from tests.analysis.saved_run_files import table

USERS = np.array(["a", "b", "c", "d"])


def lines(user, rank, scores=None):
    return Lines(table(user, rank), scores)


def test_a_mean_and_its_error_are_those_of_the_metric():
    some = lines(["a", "a", "b", "c"], [1, 2, 1, 4])
    metric = Metric.parse("mrr")
    found = metric_estimate(metric, some, USERS)
    assert found.value == metric.of(some) == 0.6875
    assert found.standard_error() == pytest.approx(metric.by_user(some).standard_error())
    assert found.member.tolist() == [True, True, True, False]
    # (1 + .5 - 2 m) / 4, (1 - m) / 4, (.25 - m) / 4
    assert found.influence.tolist() == pytest.approx([0.03125, 0.078125, -0.109375, 0])


def test_a_paired_difference_with_one_instance_a_user_is_the_paired_t_test():
    generator = np.random.default_rng(1)
    users = np.array([f"u{number:02}" for number in range(40)])
    before, after = generator.integers(1, 20, 40), generator.integers(1, 20, 40)
    metric = Metric.parse("mrr")
    difference = metric_estimate(metric, lines(users, after), users) - metric_estimate(
        metric, lines(users, before), users
    )
    expected = paired_t(1 / after - 1 / before)
    found = difference.test()
    assert (found.t, found.df, found.p) == pytest.approx((expected.t, expected.df, expected.p))


def test_a_difference_between_groups_counts_the_users_of_both():
    metric = Metric.parse("mrr")
    found = metric_estimate(metric, lines(["a", "b"], [1, 2]), USERS) - metric_estimate(
        metric, lines(["c", "d"], [1, 4]), USERS
    )
    # .75 and .625; influences .125, -.125 and .1875, -.1875
    assert (found.value, found.test().df) == (0.125, 3)
    assert found.standard_error() == pytest.approx((4 / 3 * (2 * 0.125**2 + 2 * 0.1875**2)) ** 0.5)


def test_no_difference_is_no_error():
    metric = Metric.parse("ndcg@10")
    one = metric_estimate(metric, lines(["a", "b"], [1, 3]), USERS)
    difference = one - one
    assert (difference.value, difference.standard_error(), difference.test().p) == (0, 0, 1)


def test_two_users_who_differ_by_the_same_are_not_certain():
    metric = Metric.parse("hit@10")
    one, two = (metric_estimate(metric, lines(["a", "b"], rank), USERS) for rank in ([1, 2], [50, 60]))
    assert ((one - two).value, (one - two).test().p) == (1, 0.5)


def test_too_few_users_have_no_error():
    found = metric_estimate(Metric.parse("mrr"), lines(["a", "a"], [1, 3]), USERS)
    assert np.isnan(found.standard_error())
    assert np.isnan(found.test().p)
    nothing = metric_estimate(Metric.parse("mrr"), lines([], []), USERS)
    assert np.isnan(nothing.value)


def scored(generator, n_users=60, n=150, c=5):
    """Scores with a taste of the user's in them, so that users matter."""
    user = np.sort(generator.integers(0, n_users, n))
    level = generator.normal(size=(n_users, 1))
    scores = np.round(generator.normal(size=(n, 1 + c)) + level[user], 1)  # with ties
    scores[:, 0] += 0.5 + 0.8 * level[user, 0]
    scores[::7, 3] = np.nan
    return user, scores


def test_the_error_of_auc_is_the_bootstraps():
    user, scores = scored(np.random.default_rng(3))
    names = np.array([f"u{number:02}" for number in range(60)])
    found = metric_estimate(Metric.parse("auc"), lines(names[user], np.ones(len(user)), scores), names)
    draws = bootstrap(ResampledAUC(scores, user), 60, 2000, np.random.default_rng(4))
    assert found.value == pytest.approx(ResampledAUC(scores, user)(np.ones((1, 60)))[0])
    assert found.influence.sum() == pytest.approx(0, abs=1e-12)
    assert found.standard_error() == pytest.approx(draws.std(ddof=1), rel=0.1)


def test_the_error_of_a_difference_of_auc_is_the_bootstraps():
    generator = np.random.default_rng(5)
    user, before = scored(generator)
    after = before + generator.normal(size=before.shape)
    names = np.array([f"u{number:02}" for number in range(60)])
    metric = Metric.parse("auc")
    found = metric_estimate(metric, lines(names[user], np.ones(len(user)), after), names) - metric_estimate(
        metric, lines(names[user], np.ones(len(user)), before), names
    )
    one, two = ResampledAUC(after, user), ResampledAUC(before, user)
    draws = bootstrap(lambda counts: one(counts) - two(counts), 60, 2000, np.random.default_rng(6))
    assert found.standard_error() == pytest.approx(draws.std(ddof=1), rel=0.1)


@given(st.lists(st.tuples(st.integers(0, 5), st.floats(-10, 10)), min_size=1, max_size=30))
def test_influences_sum_to_zero_and_a_constant_has_no_error(pairs):
    user = np.array([u for u, _ in pairs])
    values = np.array([v for _, v in pairs])
    found = mean_estimate(values, user, 6)
    assert found.value == pytest.approx(values.mean())
    assert found.influence.sum() == pytest.approx(0, abs=1e-9)
    constant = mean_estimate(np.full(len(user), 0.25), user, 6)
    assert np.abs(constant.influence).max() < 1e-12
