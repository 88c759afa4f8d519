"""The names of metrics: what settings accept. What they compute stands in ``evaluation/metrics.py`` and ``lists.py``."""

import re

from recbole_lsrec.errors import ConfigError

AT_K = ("Hit", "NDCG", "MRR", "Precision", "Recall", "MAP")
OF_LISTS = ("ItemCoverage", "GiniIndex", "AveragePopularity", "TailPercentage", "ShannonEntropy")
METRICS = {name.lower(): name for name in (*AT_K, "AUC", "GAUC", "MeanRank", *OF_LISTS)}
WITHOUT_K = ("auc", "gauc", "meanrank")  # these never have a cut-off; MRR may
ALWAYS = ("mrr", "meanrank")  # without a cut-off, computed whatever ``metrics`` says
OWN_METRICS: dict[str, bool] = {}  # name -> whether more of it is better
_SMALLER_IS_BETTER = ("meanrank", "giniindex", "averagepopularity")


def accept_metric(name: str, higher_is_better: bool) -> None:
    """Accepts a user's metric in ``metrics`` and ``valid_metric``; see :func:`recbole_lsrec.evaluation.metrics.register`.

    Raises:
        ConfigError: the name is none, or is taken.
    """
    if not isinstance(higher_is_better, bool):
        raise ConfigError(f"metric: higher_is_better: found {higher_is_better!r}; accepted: True or False.")
    if not isinstance(name, str) or not re.fullmatch(r"[a-z]\w*", name) or name != name.lower():
        raise ConfigError(f"metric: found {name!r}; accepted: a name of lower-case letters, digits and underscores.")
    if name in METRICS and name not in OWN_METRICS:
        raise ConfigError(f"metric: {name!r} is {METRICS[name]}, which is there already; give yours another name.")
    METRICS[name], OWN_METRICS[name] = name, higher_is_better


def bigger_is_better(metric: str) -> bool:
    """Whether more of a metric is better; ``metric`` is its lower-case name without protocol and cut-off."""
    return OWN_METRICS.get(metric, metric not in _SMALLER_IS_BETTER)
