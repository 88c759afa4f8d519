"""Any metric by what is known of the instances: for whom, and when, a model is good."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from recbole_lsrec.analysis.saved_runs import Lines
from recbole_lsrec.analysis.user_metrics import Metric
from recbole_lsrec.errors import ConfigError, DataError, did_you_mean

UNKNOWN = "unknown"
FEW_USERS = 30  # below this many users a standard error is itself a guess


@dataclass(frozen=True)
class Stratum:
    """A way to cut the instances.

    The edges are fixed, not quantiles, so that tables of two runs or two logs can be laid side by side.

    Attributes:
        column: of ``instances.parquet``.
        title: what the column holds, in words.
        names: the groups in order.
        edges: largest value of each group but the last, for a column of numbers; None for one of classes.
        classes: the column's value for each name, for a column of classes.
        of_features: whether it depends on how a run cut sessions or read categories, and not on the log alone.
    """

    column: str
    title: str
    names: tuple[str, ...]
    edges: tuple[float, ...] | None = None
    classes: tuple[object, ...] = ()
    of_features: bool = False

    def groups(self, values: pd.Series) -> np.ndarray:
        """Number of each instance's group, int64 ``[N]``; ``len(names)`` where the value is missing.

        Raises:
            DataError: a value of a class that is not known.
        """
        missing = values.isna().to_numpy()
        if self.edges is not None:
            group = np.searchsorted(self.edges, values.to_numpy(dtype=np.float64, na_value=np.nan), side="left")
        else:
            group = pd.Index(self.classes, dtype=object).get_indexer(values.astype(object))
            foreign = values[(group < 0) & ~missing]
            if len(foreign):
                raise DataError(
                    f"instances.parquet: {self.column} holds {foreign.iloc[0]!r}; accepted: {list(self.classes)} or missing."
                )
        return np.where(missing, len(self.names), group)


MINUTE, DAY = 60, 86_400
STRATA = {
    stratum.column: stratum
    for stratum in (
        Stratum(
            "history_length",
            "history length (earlier events of the user)",
            ("1-4", "5-9", "10-19", "20-49", "50-99", "100-199", "200 and more"),
            (4, 9, 19, 49, 99, 199),
        ),
        Stratum(
            "n_sessions",
            "sessions in the history",
            ("1", "2", "3-4", "5-9", "10 and more"),
            (1, 2, 4, 9),
            of_features=True,
        ),
        Stratum(
            "session_length",
            "events of the current session",
            ("1", "2", "3-4", "5-9", "10 and more"),
            (1, 2, 4, 9),
            of_features=True,
        ),
        Stratum(
            "gap_s",
            "gap since the user's last event",
            ("up to 1 min", "1 to 30 min", "30 min to 1 day", "1 to 7 days", "7 to 30 days", "over 30 days"),
            (MINUTE, 30 * MINUTE, DAY, 7 * DAY, 30 * DAY),
        ),
        Stratum(
            "item_pop_third",
            "popularity of the target (thirds of the items by training events)",
            ("low", "middle", "high"),
            classes=("low", "middle", "high"),
        ),
        Stratum(
            "item_events",
            "training events of the target",
            ("none", "1-4", "5-9", "10-49", "50 and more"),
            (0, 4, 9, 49),
        ),
        Stratum("in_history", "target met before", ("in history", "not in history"), classes=(True, False)),
        Stratum(
            "same_category",
            "category of the target, and those of the current session",
            ("same", "different"),
            classes=(True, False),
            of_features=True,
        ),
    )
}


def choose_strata(columns: Sequence[str] = ()) -> list[Stratum]:
    """The strata of the given columns; all without any.

    Raises:
        ConfigError: a column that nothing is cut by.
    """
    for column in columns:
        if column not in STRATA:
            raise ConfigError(f"by: found {column!r}; accepted: {', '.join(STRATA)}.{did_you_mean(column, STRATA)}")
    return [STRATA[column] for column in dict.fromkeys(columns or STRATA)]


def strata_table(lines: Lines, metrics: Sequence[Metric], strata: Sequence[Stratum]) -> pd.DataFrame:
    """Metrics of each group of each stratum.

    Args:
        lines: instances of one phase and protocol.
        metrics: names of the columns; :meth:`Metric.check_scores` has been asked.
        strata: in the order of the table.

    Returns:
        One line per group that has instances: ``by`` (column), ``group``, ``instances``, ``users``, ``share`` (of the
        instances), ``few`` (fewer than 30 users) and, for each metric, its value and ``<metric>_se``, the standard error
        over users (NaN for ``auc`` and for one user). Instances whose value is missing are the group ``unknown``, last.
    """
    records = []
    for stratum in strata:
        group = stratum.groups(lines.instances[stratum.column])
        for number, name in enumerate((*stratum.names, UNKNOWN)):
            part = lines.part(group == number)
            if len(part.instances):
                records.append({"by": stratum.column, "group": name, **_describe(part, len(group), metrics)})
    return pd.DataFrame(records)


def _describe(part: Lines, n_all: int, metrics: Sequence[Metric]) -> dict[str, object]:
    n_users = len(part.users[0])
    line: dict[str, object] = {
        "instances": len(part.instances),
        "users": n_users,
        "share": len(part.instances) / n_all,
        "few": n_users < FEW_USERS,
    }
    for metric in metrics:
        line[metric.name] = metric.of(part)
        line[f"{metric.name}_se"] = float("nan") if metric.pooled else metric.by_user(part).standard_error()
    return line
