"""Any metric from saved ranks and scores, kept by user, because the instances of one user are not independent."""

import re
from dataclasses import dataclass

import numpy as np

from recbole_lsrec.analysis.saved_runs import Lines
from recbole_lsrec.errors import ConfigError, did_you_mean
from recbole_lsrec.evaluation.metrics import OWN_METRICS, RANK_METRICS, group_auc, instance_auc, pooled_auc

_PLAIN = ("mrr", "meanrank", "gauc", "gauc_user", "gauc_rows", "auc")
_FROM_SCORES = ("gauc_user", "gauc_rows", "auc")


@dataclass(frozen=True)
class Metric:
    """A metric by name.

    ``hit@k``, ``ndcg@k``, ``mrr@k``, ``precision@k``, ``recall@k``, ``map@k``, ``mrr``, ``meanrank`` and ``gauc`` (AUC of
    each instance) are means over instances. ``gauc_user`` and ``gauc_rows`` are the AUC inside each user's pooled rows,
    users alike or weighted by rows (``gauc_by`` of the settings). ``auc`` pools the rows of all users. A metric that was
    registered (:func:`recbole_lsrec.evaluation.metrics.register`) is known by its name.
    """

    name: str

    @staticmethod
    def parse(text: str) -> "Metric":
        """Reads a name in any case.

        Raises:
            ConfigError: no such metric.
        """
        name, plain = text.lower(), (*_PLAIN, *OWN_METRICS)
        match = re.fullmatch(r"([a-z]+)@([1-9]\d*)", name)
        if name not in plain and not (match and match[1] in RANK_METRICS):
            accepted = [f"{base}@k" for base in RANK_METRICS] + list(plain)
            near = did_you_mean(name, [*plain, *(f"{base}@10" for base in RANK_METRICS)])
            hint = " The protocol is an option of its own: --protocol." if "/" in name else near
            raise ConfigError(f"metric: found {text!r}; accepted: {', '.join(accepted)}.{hint}")
        return Metric(name)

    @property
    def higher_is_better(self) -> bool:
        """False for ``meanrank``; a user's own metric says it itself."""
        own = OWN_METRICS.get(self.name)
        return own.higher_is_better if own else self.name != "meanrank"

    @property
    def pooled(self) -> bool:
        """Whether the metric has no value of a single user: it compares rows of different users."""
        return self.name == "auc"

    def check_scores(self, lines: Lines, where: str) -> None:
        """Refuses a metric of scores where only ranks are kept.

        Raises:
            ConfigError: ``lines`` has no scores; ``where`` says which they are.
        """
        if self.name in _FROM_SCORES and lines.popularity is not None:
            raise ConfigError(
                f"metric: {self.name} needs scores, and of corrected ones only the ranks are kept. Choose a metric of ranks, "
                "such as gauc or ndcg@10, or run it with corrected_results: True and leave corrected out."
            )
        if self.name in _FROM_SCORES and lines.scores is None:
            raise ConfigError(
                f"metric: {self.name} needs the scores of a sampled protocol; the run folder holds ranks alone of {where}, and "
                "no scores-*.npy."
                " Choose another --protocol, such as pop99, or metric gauc."
            )

    def of_instances(self, lines: Lines) -> np.ndarray:
        """Value of each instance, ``[N]``; NaN where ``gauc`` finds no competitor. For metrics of ranks only."""
        rank = lines.instances["rank"].to_numpy(dtype=np.float64)
        base, _, k = self.name.partition("@")
        if base in OWN_METRICS:
            return OWN_METRICS[base].of_instances(rank, lines.instances["n_candidates"].to_numpy())
        if k:
            return RANK_METRICS[base](rank, int(k))
        if base == "mrr":
            return 1.0 / rank
        if base == "meanrank":
            return rank
        if base == "gauc":
            n_negatives = lines.instances["n_candidates"].to_numpy() - 1.0
            return instance_auc(rank, np.where(n_negatives > 0, n_negatives, np.nan))
        raise ValueError(f"{self.name} is no mean over instances")

    def by_user(self, lines: Lines) -> "UserTotals":
        """Sums and weights of each user, computed once of the same lines. Not for ``auc``."""
        if self.name not in lines.totals:
            lines.totals[self.name] = self._by_user(lines)
        return lines.totals[self.name]

    def _by_user(self, lines: Lines) -> "UserTotals":
        users, code = lines.users
        if self.name in _FROM_SCORES:
            assert lines.scores is not None  # check_scores
            value, n_rows = group_auc(lines.scores, code)
            weight = np.where(np.isnan(value), 0.0, n_rows if self.name == "gauc_rows" else 1.0)
            return UserTotals(users, np.nan_to_num(value) * weight, weight)
        value = self.of_instances(lines)
        known = ~np.isnan(value)
        total = np.bincount(code[known], weights=value[known], minlength=len(users))
        return UserTotals(users, total, np.bincount(code[known], minlength=len(users)).astype(np.float64))

    def of(self, lines: Lines) -> float:
        """Value over all lines, as ``result.json`` has it before rounding."""
        if self.pooled:
            assert lines.scores is not None  # check_scores
            return pooled_auc(lines.scores)
        return self.by_user(lines).mean()


@dataclass(frozen=True)
class UserTotals:
    """A metric as a ratio of sums over users.

    Attributes:
        users: ``[U]`` original tokens, increasing.
        total: ``[U]`` sum of the user's values (times rows for ``gauc_rows``).
        weight: ``[U]`` what the sums are divided by: instances, 1, or rows; 0 for a user without a value.
    """

    users: np.ndarray
    total: np.ndarray
    weight: np.ndarray

    def mean(self) -> float:
        """The metric over all users' instances; NaN if there are none."""
        return float(self.total.sum() / self.weight.sum()) if self.weight.sum() > 0 else float("nan")

    def standard_error(self) -> float:
        """Standard error of :meth:`mean` when users, not instances, are drawn (ratio estimator); NaN for one user."""
        n_users = int((self.weight > 0).sum())
        if n_users < 2:
            return float("nan")
        deviation = self.total - self.mean() * self.weight
        return float(np.sqrt(n_users / (n_users - 1) * np.square(deviation).sum()) / self.weight.sum())

    def values(self) -> np.ndarray:
        """Mean value of each user, ``[U]``; NaN for a user without any."""
        return np.divide(self.total, self.weight, out=np.full(len(self.users), np.nan), where=self.weight > 0)
