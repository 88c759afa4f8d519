"""Whether a difference is more than chance, with users as the unit: pure functions on arrays.

The instances of one user share the user's taste and habits. Tests that count them as independent reject far too often
(tests/analysis/test_significance.py measures it), so a user enters with one number.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

_BLOCK = 5_000_000  # counts held at a time while resampling; 120 MB with what they are made from


class TTest(NamedTuple):
    """A two-sided t test."""

    t: float
    df: float
    p: float


def less(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """``a - b``, 0 where they differ by rounding alone: a test would take that for a small, but most certain difference.

    Means of equal values over other numbers of seeds differ so.
    """
    return np.where(np.isclose(a, b, rtol=1e-12, atol=1e-12), 0.0, a - b)


def variance(values: np.ndarray) -> float:
    """Sample variance, 0 where the values differ by rounding alone."""
    return float(values.var(ddof=1)) if less(values, values[0]).any() else 0.0


def paired_t(difference: np.ndarray) -> TTest:
    """Paired t test over users: is the mean of the differences 0?

    Args:
        difference: ``[U]``, one number a user; ``scipy.stats.ttest_rel`` of the two sides gives the same.

    Returns:
        ``t`` 0 and ``p`` 1 where all differences are 0, which scipy leaves undefined; where they are one other number, see
        :func:`combined_t`.
    """
    df = len(difference) - 1.0
    if variance(difference) == 0:
        return combined_t(float(difference[0]), (0.0, df))._replace(df=df)
    from scipy import stats  # half a second, which reading runs need not wait for

    result = stats.ttest_1samp(difference, 0.0)
    return TTest(float(result.statistic), float(result.df), float(result.pvalue))


def combined_t(mean: float, *sources: tuple[float, float]) -> TTest:
    """t test of a mean whose error has several independent sources, each with its own degrees of freedom.

    With users and the seeds of both models as sources, the claim covers other users and other seeds: the paired t test
    alone takes the trained weights as given, and would call two models different that differ only by luck of training.

    A variance of 0 says that the n values of a source were alike, not that the next would be: no t test can tell then. What
    is left are signs, and n of them are alike by chance in ``2^(1-n)`` of all cases; ``p`` is at least that.

    Args:
        mean: the estimate.
        sources: ``(variance of the estimate, degrees of freedom)``.

    Returns:
        Degrees of freedom after Welch and Satterthwaite (Biometrics Bulletin 2, 1946). Without any error ``t`` is infinite;
        for a mean of 0 it is 0 and ``p`` 1.
    """
    from scipy import stats  # as above

    total = sum(part for part, _ in sources)
    least = max((2.0**-df for part, df in sources if part == 0), default=0.0)
    if total == 0:
        return TTest(0.0, np.inf, 1.0) if mean == 0 else TTest(float(np.copysign(np.inf, mean)), np.inf, least)
    df = total**2 / sum(part**2 / df for part, df in sources)
    t = mean / np.sqrt(total)
    return TTest(float(t), float(df), max(float(2 * stats.t.sf(abs(t), df)), least))


def cohen_d(difference: np.ndarray) -> float | None:
    """Cohen's d of paired values, d_z: mean of the differences over their standard deviation, which is t / sqrt(U).

    0 where all differences are 0, None where they are one other number.
    """
    if not difference.any():
        return 0.0
    return float(difference.mean() / difference.std(ddof=1)) if variance(difference) else None


def win_tie_loss(difference: np.ndarray, higher_is_better: bool = True) -> tuple[int, int, int]:
    """Users for whom the first side is better, equal (to 1e-12: means of equal values may differ by rounding), worse."""
    sign = np.where(np.abs(difference) <= 1e-12, 0, np.sign(difference)) * (1 if higher_is_better else -1)
    return int((sign > 0).sum()), int((sign == 0).sum()), int((sign < 0).sum())


def holm(p: np.ndarray) -> np.ndarray:
    """p values adjusted for a family of tests (Holm, Scandinavian Journal of Statistics 6, 1979).

    Rejecting where the adjusted value is at most alpha keeps the chance of any false rejection at alpha, whatever the
    dependence between the tests.

    Args:
        p: ``[m]``, in any order.
    """
    order = np.argsort(p)
    stepped = np.maximum.accumulate(p[order] * (len(p) - np.arange(len(p))))
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted


def bootstrap(
    statistic: Callable[[np.ndarray], np.ndarray], n_users: int, n_resamples: int, generator: np.random.Generator
) -> np.ndarray:
    """Draws users with replacement and recomputes a statistic.

    Every number that ``statistic`` returns is computed on the same draws, so that differences of them are paired.

    Args:
        statistic: from ``[R, U]``, how often each user was drawn, to ``[R, ...]``.
        n_users: ``U``.
        n_resamples: number of draws; the indices are those that ``scipy.stats.bootstrap`` draws.
        generator: source of the draws.

    Returns:
        ``[n_resamples, ...]``.
    """
    return np.concatenate([statistic(counts) for counts in _draws(n_users, n_resamples, generator)])


def _draws(n_users: int, n_resamples: int, generator: np.random.Generator) -> Iterator[np.ndarray]:
    at_a_time = max(1, _BLOCK // n_users)
    for done in range(0, n_resamples, at_a_time):
        n = min(at_a_time, n_resamples - done)
        index = generator.integers(0, n_users, (n, n_users)) + np.arange(n)[:, None] * n_users
        yield np.bincount(index.ravel(), minlength=n * n_users).reshape(n, n_users).astype(np.float64)


def percentile_interval(draws: np.ndarray, confidence: float) -> tuple[float, float]:
    """Percentile interval of bootstrap draws ``[R]``; at hundreds of users and more, BCa intervals are the same."""
    low, high = np.percentile(draws, [50 * (1 - confidence), 50 * (1 + confidence)])
    return float(low), float(high)


class ResampledAUC:
    """Pooled AUC when users are drawn with replacement: a user drawn twice brings all its rows twice.

    Sorting is done once; a draw costs one pass over the rows.

    Args:
        scores: ``[N, 1 + C]``, the target's first; NaN is no row.
        user: ``[N]`` number of each instance's user, ``0 .. U-1``.
    """

    def __init__(self, scores: np.ndarray, user: np.ndarray) -> None:
        negative = scores[:, 1:]
        real = ~np.isnan(negative)
        order = np.argsort(negative[real], kind="stable")
        ordered = negative[real][order]
        self.owner = np.broadcast_to(user[:, None], negative.shape)[real][order]  # of each negative, by score
        self.user = user
        self.left = np.searchsorted(ordered, scores[:, 0], "left")
        self.right = np.searchsorted(ordered, scores[:, 0], "right")

    def __call__(self, counts: np.ndarray) -> np.ndarray:
        """AUC ``[R]`` for ``counts`` ``[R, U]``; ones give the plain AUC, ties counting half."""
        return np.array([self._weighted(weight) for weight in counts])

    def _weighted(self, weight: np.ndarray) -> float:
        negatives = np.concatenate([[0.0], np.cumsum(weight[self.owner])])
        positive = weight[self.user]
        below = (negatives[self.left] + negatives[self.right]) / 2
        return float(positive @ below / (positive.sum() * negatives[-1]))
