"""Numbers over users that can be subtracted from each other, with the error that the choice of users gives the difference.

Two numbers about the same users are not independent. Each carries what every user adds to it (its influence), so that the
error of a difference, paired or between groups that share users, follows from the difference of the influences.
"""

from dataclasses import dataclass

import numpy as np

from recbole_lsrec.analysis.saved_runs import Lines
from recbole_lsrec.analysis.significance import TTest, combined_t, less
from recbole_lsrec.analysis.user_metrics import Metric
from recbole_lsrec.evaluation.metrics import pooled_auc, twice_below


@dataclass(frozen=True)
class Estimate:
    """A number, to first order its expectation plus the sum of the influences.

    Attributes:
        value: the number; NaN if there is nothing to compute it from.
        influence: ``[U]`` of each user; 0 for users who have no part in it.
        member: boolean ``[U]``, users who have.
    """

    value: float
    influence: np.ndarray
    member: np.ndarray

    def __sub__(self, other: "Estimate") -> "Estimate":
        return Estimate(self.value - other.value, self.influence - other.influence, self.member | other.member)

    def standard_error(self) -> float:
        """When users, not instances, are drawn; NaN for fewer than two."""
        n = int(self.member.sum())
        return float(np.sqrt(n / (n - 1) * np.square(self.influence).sum())) if n > 1 else float("nan")

    def test(self) -> TTest:
        """Two-sided t test: is the number 0? NaN for fewer than two users."""
        n = int(self.member.sum())
        value, error = less(np.array([self.value, self.standard_error()]), np.zeros(2)).tolist()
        if np.isnan(error) or np.isnan(value):
            return TTest(float("nan"), n - 1.0, float("nan"))
        return combined_t(value, (error**2, n - 1.0))


def metric_estimate(metric: Metric, lines: Lines, users: np.ndarray) -> Estimate:
    """A metric over instances, as :meth:`Metric.of` has it.

    Args:
        metric: :meth:`Metric.check_scores` has been asked.
        lines: instances, any number.
        users: ``[U]`` original tokens, increasing; all users of ``lines`` and maybe more.
    """
    if not len(lines.instances):
        return _nothing(len(users))
    if metric.pooled:
        assert lines.scores is not None  # check_scores
        tokens, user = lines.users
        user = np.searchsorted(users, tokens)[user]
        return _auc_estimate(lines.scores, user, len(users))
    totals = metric.by_user(lines)
    at = np.searchsorted(users, totals.users)
    total, weight = np.zeros(len(users)), np.zeros(len(users))
    total[at], weight[at] = totals.total, totals.weight
    return _ratio_estimate(total, weight)


def mean_estimate(values: np.ndarray, user: np.ndarray, n_users: int) -> Estimate:
    """Mean over instances.

    Args:
        values: ``[N]``.
        user: ``[N]`` number of each instance's user, less than ``n_users``.
        n_users: ``U``.
    """
    total = np.bincount(user, weights=values, minlength=n_users)
    return _ratio_estimate(total, np.bincount(user, minlength=n_users).astype(np.float64))


def _ratio_estimate(total: np.ndarray, weight: np.ndarray) -> Estimate:
    """Sum of totals over sum of weights; its error is :meth:`UserTotals.standard_error`."""
    if weight.sum() <= 0:
        return _nothing(len(total))
    value = float(total.sum() / weight.sum())
    return Estimate(value, (total - value * weight) / weight.sum(), weight > 0)


def _auc_estimate(scores: np.ndarray, user: np.ndarray, n_users: int) -> Estimate:
    """Pooled AUC with DeLong's components summed by user (Obuchowski, Biometrics 53, 1997).

    Args:
        scores: ``[N, 1 + C]``, the target's first; NaN is no row.
        user: ``[N]`` number of each instance's user.
        n_users: ``U``.
    """
    positive, negative = scores[:, 0], scores[:, 1:]
    real = ~np.isnan(negative)
    rivals = negative[real]
    member = np.bincount(user, minlength=n_users) > 0
    if not len(rivals):
        return Estimate(float("nan"), np.zeros(n_users), member)
    area = pooled_auc(scores)
    wins = _share_below(positive, np.sort(rivals))  # of each target
    losses = 1.0 - _share_below(rivals, np.sort(positive))  # of each competitor: share of the targets above it
    owner = np.broadcast_to(user[:, None], negative.shape)[real]
    influence = np.bincount(user, weights=(wins - area) / len(positive), minlength=n_users)
    influence += np.bincount(owner, weights=(losses - area) / len(rivals), minlength=n_users)
    return Estimate(area, influence, member)


def _share_below(values: np.ndarray, ordered: np.ndarray) -> np.ndarray:
    """Share of ``ordered`` that is less than each value, equals counting half."""
    return twice_below(values, ordered) / (2.0 * len(ordered))


def _nothing(n_users: int) -> Estimate:
    return Estimate(float("nan"), np.zeros(n_users), np.zeros(n_users, dtype=bool))
