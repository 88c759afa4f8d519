"""A metric of several models over the users that they share."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from recbole_lsrec.analysis.comparable import Model
from recbole_lsrec.analysis.significance import ResampledAUC, bootstrap
from recbole_lsrec.analysis.user_metrics import Metric
from recbole_lsrec.errors import DataError


class Measured(NamedTuple):
    """A metric of ``M`` models over users.

    Attributes:
        users: how many.
        per_user: ``[M, U]`` means over the seeds; None for a pooled metric, which no user has.
        of_runs: by model the mean over users of each of its runs; None likewise.
        draws: ``[R, M]`` the metric on each draw of users.
    """

    users: int
    per_user: np.ndarray | None
    of_runs: Sequence[Sequence[float | None]]
    draws: np.ndarray


def measure(models: Sequence[Model], metric: Metric, resamples: int, generator: np.random.Generator) -> Measured:
    """Measures models that met the same instances.

    Raises:
        DataError: fewer than two users.
    """
    if metric.pooled:
        users = len(models[0].lines[0].users[0])
        nothing = [[None] * len(model.runs) for model in models]
        return Measured(users, None, nothing, _pooled_draws(models, users, resamples, generator))
    values = _user_values(models, metric)
    users = _enough(values[0].shape[1])
    per_user = np.array([of_model.mean(axis=0) for of_model in values])
    draws = bootstrap(lambda counts: counts @ per_user.T / users, users, resamples, generator)
    return Measured(users, per_user, [of_model.mean(axis=1).tolist() for of_model in values], draws)


def n_compared(models: Sequence[Model], metric: Metric) -> int:
    """How many users have a value of the metric in every run."""
    if metric.pooled:
        return len(models[0].lines[0].users[0])
    return int(_user_values(models, metric)[0].shape[1])


def _enough(n_users: int) -> int:
    if n_users < 2:
        raise DataError(f"compare: found {n_users} user; tests over users need two or more.")
    return n_users


def _user_values(models: Sequence[Model], metric: Metric) -> list[np.ndarray]:
    """Of each model the mean value of each user in each run, ``[S, U]``; users without one in any run are left out of all."""
    values = [np.array([metric.by_user(lines).values() for lines in model.lines]) for model in models]
    known = ~np.isnan(np.concatenate(values)).any(axis=0)
    return [of_model[:, known] for of_model in values]


def _pooled_draws(models: Sequence[Model], n_users: int, resamples: int, generator: np.random.Generator) -> np.ndarray:
    """Pooled AUC of each model, averaged over the seeds, on each draw of users, ``[R, M]``."""
    _, user = models[0].lines[0].users
    resampled = [[ResampledAUC(lines.scores, user) for lines in m.lines if lines.scores is not None] for m in models]

    def statistic(counts: np.ndarray) -> np.ndarray:
        return np.stack([np.mean([auc(counts) for auc in seeds], axis=0) for seeds in resampled], axis=1)

    return bootstrap(statistic, _enough(n_users), resamples, generator)
