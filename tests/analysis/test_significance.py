import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.multitest import multipletests

from recbole_lsrec.analysis import significance
from recbole_lsrec.analysis.significance import (
    ResampledAUC,
    bootstrap,
    cohen_d,
    combined_t,
    holm,
    less,
    paired_t,
    percentile_interval,
    win_tie_loss,
)
from recbole_lsrec.evaluation.metrics import ndcg, pooled_auc

A = np.array([0.9, 0.4, 0.5, 0.8, 0.3, 0.7])
B = np.array([0.6, 0.5, 0.5, 0.4, 0.2, 0.4])


def means(values: np.ndarray):
    return lambda counts: counts @ values / len(values)


# --- on fixed inputs ----------------------------------------------------------------------------------------------------


def test_a_small_difference_is_one_and_rounding_is_none():
    found = less(np.array([0.5 + 1e-9, 0.1 + 0.2]), np.array([0.5, 0.3]))
    assert found.tolist() == [pytest.approx(1e-9, rel=1e-6), 0]


def test_paired_t_equals_scipy():
    expected = stats.ttest_rel(A, B)
    assert paired_t(A - B) == pytest.approx((expected.statistic, expected.df, expected.pvalue))
    # By hand: differences .3, -.1, 0, .4, .1, .3 have mean 1/6 and variance (.36 - 1/6) / 5.
    assert cohen_d(A - B) == pytest.approx((1 / 6) / np.sqrt((0.36 - 1 / 6) / 5))
    assert paired_t(A - B).t == pytest.approx(cohen_d(A - B) * np.sqrt(6))


def test_cohen_d_is_the_mean_over_the_standard_deviation_of_the_differences():
    assert cohen_d(np.array([1.0, 2.0, 3.0])) == 2.0
    assert cohen_d(np.array([-1.0, 1.0])) == 0.0


def test_no_difference_at_all():
    zeros = np.zeros(5)
    assert paired_t(zeros) == (0.0, 4.0, 1.0)
    assert cohen_d(zeros) == 0.0
    assert combined_t(0.0, (0.0, 4.0)).p == 1.0


@pytest.mark.parametrize(("n_users", "p"), [(2, 0.5), (5, 0.0625), (6, 0.03125)])
@pytest.mark.parametrize("rounding", [0.0, 1e-16])
def test_users_who_all_differ_by_the_same_are_as_certain_as_their_signs(n_users, p, rounding):
    difference = np.full(n_users, -0.1)
    difference[0] += rounding
    assert paired_t(difference) == (-np.inf, n_users - 1, p)
    assert cohen_d(difference) is None
    assert combined_t(-0.1, (0.0, n_users - 1.0)) == (-np.inf, np.inf, p)
    # Seeds that differ by little do not make more of the users.
    assert combined_t(-0.1, (0.0, n_users - 1.0), (1e-12, 2.0)).p == p
    assert combined_t(-0.1, (0.0, n_users - 1.0), (1.0, 2.0)).p == pytest.approx(2 * stats.t.sf(0.1, 2))


def test_combined_t_of_one_source_is_the_paired_t():
    difference = A - B
    found = combined_t(difference.mean(), (difference.var(ddof=1) / 6, 5.0))
    assert found == pytest.approx(paired_t(difference))


def test_combined_t_of_two_sources_is_welchs_t():
    x, y = A, B[:4]
    expected = stats.ttest_ind(x, y, equal_var=False)
    found = combined_t(x.mean() - y.mean(), (x.var(ddof=1) / 6, 5.0), (y.var(ddof=1) / 4, 3.0))
    assert (found.t, found.p) == pytest.approx((expected.statistic, expected.pvalue))  # p pins the degrees of freedom


def test_wins_are_users_for_whom_the_first_is_better():
    difference = np.array([0.3, -0.1, 0.0, 1e-17, 0.4])
    assert win_tie_loss(difference) == (2, 2, 1)
    assert win_tie_loss(difference, higher_is_better=False) == (1, 2, 2)


def test_holm_by_hand():
    # .01 * 4, .02 * 3 = .06, .03 * 2 = .06, .5 * 1
    assert holm(np.array([0.03, 0.01, 0.5, 0.02])) == pytest.approx([0.06, 0.04, 0.5, 0.06])
    assert holm(np.array([0.9, 0.4])) == pytest.approx([0.9, 0.8])
    assert holm(np.array([])).tolist() == []


@pytest.mark.parametrize("n", [1, 2, 3, 10, 28])
def test_holm_equals_statsmodels(n):
    p = np.random.default_rng(n).beta(0.3, 1, n).round(2)  # small ones, and ties
    assert holm(p) == pytest.approx(multipletests(p, method="holm")[1])


def test_the_bootstrap_interval_equals_scipys():
    difference = np.random.default_rng(3).normal(0.1, 1, 80)
    expected = stats.bootstrap(
        (difference,),
        np.mean,
        n_resamples=999,
        confidence_level=0.9,
        method="percentile",
        random_state=np.random.default_rng(5),
    )
    draws = bootstrap(means(difference), 80, 999, np.random.default_rng(5))
    assert percentile_interval(draws, 0.9) == pytest.approx(tuple(expected.confidence_interval), rel=1e-10)
    assert draws == pytest.approx(expected.bootstrap_distribution, abs=1e-12)


def test_the_bootstrap_does_not_depend_on_how_many_draws_are_held_at_a_time(monkeypatch):
    def drawn(counts):  # a mean's last digit depends on how BLAS cuts the product
        return counts

    whole = bootstrap(drawn, 6, 50, np.random.default_rng(1))
    assert whole.shape == (50, 6)
    monkeypatch.setattr(significance, "_BLOCK", 6 * 7)
    assert bootstrap(drawn, 6, 50, np.random.default_rng(1)).tolist() == whole.tolist()


@given(st.integers(0, 2**32 - 1))
def test_resampled_auc_is_the_auc_of_the_repeated_rows(seed):
    generator = np.random.default_rng(seed)
    scores = generator.integers(0, 5, (12, 4)).astype(float)
    scores[2, 3] = np.nan
    user = generator.integers(0, 5, 12)
    counts = generator.integers(0, 3, 5)
    counts[user[0]] = 1
    auc = ResampledAUC(scores, user)
    assert auc(np.ones((1, 5))) == pytest.approx(pooled_auc(scores))
    assert auc(counts[None].astype(float)) == pytest.approx(pooled_auc(np.repeat(scores, counts[user], axis=0)))


# --- how often equal models are called different ------------------------------------------------------------------------

REPETITIONS, ALPHA, N_USERS = 200, 0.05, 120
# All but 1 % of the counts of a fair test lie in here: 3 to 19 of 200.
BAND = stats.binom.ppf([0.005, 0.995], REPETITIONS, ALPHA)


def ranks(
    generator: np.random.Generator, n_sides: int, user: np.ndarray, seed_sd: float = 0.0, n_seeds: int = 1
) -> np.ndarray:
    """Ranks 1..100, ``[sides, seeds, N]``; the sides are exchangeable, the instances of a user alike.

    What a user's instances share: a taste met by every side, and one met better by one side or the other.
    """
    shape = (n_sides, n_seeds)
    score = generator.normal(0, 0.7, N_USERS)[user]
    score = score + generator.normal(0, 0.7, (n_sides, 1, N_USERS))[:, :, user]
    score = score + generator.normal(0, 0.3, (*shape, N_USERS))[:, :, user]
    score = score + generator.normal(0, 1, (*shape, len(user))) + seed_sd * generator.normal(0, 1, (*shape, 1))
    return 1.0 + np.floor(99.0 * stats.norm.sf(score / 1.4))


def draw_values(generator: np.random.Generator, n_sides: int, **options) -> tuple[np.ndarray, np.ndarray]:
    """nDCG@10 of each user ``[sides, seeds, U]`` and instance ``[sides, seeds, N]``; users have 1 to 20 instances."""
    count = generator.integers(1, 21, N_USERS)
    values = ndcg(ranks(generator, n_sides, np.repeat(np.arange(N_USERS), count), **options), 10)
    return np.add.reduceat(values, np.cumsum(count) - count, axis=-1) / count, values


def test_equal_models_differ_as_often_as_alpha_says_when_users_are_the_unit():
    generator = np.random.default_rng(11)
    over_users = over_instances = outside = 0
    for _ in range(REPETITIONS):
        by_user, by_instance = draw_values(generator, 2)
        difference = by_user[0, 0] - by_user[1, 0]
        over_users += paired_t(difference).p <= ALPHA
        over_instances += paired_t(by_instance[0, 0] - by_instance[1, 0]).p <= ALPHA
        low, high = percentile_interval(bootstrap(means(difference), N_USERS, 500, generator), 1 - ALPHA)
        outside += not low <= 0 <= high
    assert BAND[0] <= over_users <= BAND[1]
    assert BAND[0] <= outside <= BAND[1]
    assert over_instances > 2 * BAND[1]  # the reason for all this


def test_holm_keeps_the_chance_of_any_false_difference_among_four_models():
    generator = np.random.default_rng(12)
    first, second = np.triu_indices(4, 1)
    plain = adjusted = 0
    for _ in range(REPETITIONS):
        by_user = draw_values(generator, 4)[0][:, 0]
        p = np.array([paired_t(by_user[a] - by_user[b]).p for a, b in zip(first, second, strict=True)])
        plain += p.min() <= ALPHA
        adjusted += holm(p).min() <= ALPHA
    assert adjusted <= BAND[1]
    assert plain > BAND[1]


def test_a_claim_about_models_must_count_the_seeds():
    generator = np.random.default_rng(13)
    users_alone = with_seeds = 0
    for _ in range(REPETITIONS):
        by_user, _ = draw_values(generator, 2, seed_sd=0.3, n_seeds=3)
        difference = by_user[0].mean(0) - by_user[1].mean(0)
        seeds = [(side.mean(1).var(ddof=1) / 3, 2.0) for side in by_user]
        users_alone += paired_t(difference).p <= ALPHA
        with_seeds += (
            combined_t(difference.mean(), (difference.var(ddof=1) / N_USERS, N_USERS - 1.0), *seeds).p <= ALPHA
        )
    assert BAND[0] <= with_seeds <= BAND[1]
    assert users_alone > 2 * BAND[1]
