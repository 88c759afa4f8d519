"""The metrics a table shows: those the runs were asked for, without those that repeat another."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from recbole_lsrec.analysis.user_metrics import Metric
from recbole_lsrec.errors import ConfigError
from recbole_lsrec.evaluation.repeats import without_repeats


@dataclass(frozen=True)
class Column:
    """A metric of ``result.json``.

    Attributes:
        key: its name there, without the protocol.
        title: as shown; AUC says what it pools.
        metric: to be computed by user; None for a metric of whole lists (coverage, Gini), which is shown but not tested.
    """

    key: str
    title: str
    metric: Metric | None

    @property
    def higher_is_better(self) -> bool | None:
        """None where the metric has no better side."""
        return self.metric.higher_is_better if self.metric else None


def columns(test_result: Mapping[str, float], prefix: str, config: Mapping[str, Any]) -> list[Column]:
    """The columns of one protocol.

    Args:
        test_result: of ``result.json``.
        prefix: of the protocol's keys: "" for the first, else such as ``full/``.
        config: of the run; ``gauc_by`` tells what its ``gauc`` is.
    """
    keys = [key.removeprefix(prefix) for key in test_result if key.startswith(prefix) and "/" not in key[len(prefix) :]]
    return [_column(key, config.get("gauc_by") or "instance") for key in without_repeats(keys)]


def _column(key: str, gauc_by: str) -> Column:
    name = f"gauc_{gauc_by}" if key == "gauc" and gauc_by != "instance" else key
    try:
        return Column(key, name, Metric.parse(name))
    except ConfigError:
        return Column(key, name, None)
