"""Groups of targets that interests should matter differently for: by event type, by planted cause, or by a stratum."""

from collections.abc import Sequence
from logging import getLogger
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from recbole_lsrec.analysis.strata import STRATA, UNKNOWN
from recbole_lsrec.data.dataset import SessionDataset
from recbole_lsrec.errors import ConfigError, DataError, did_you_mean
from recbole_lsrec.run_files import read_table

EVENT_TYPE, PLANTED = "event_type", "planted"
TITLES = {
    "all": "all targets",
    EVENT_TYPE: "type of the target's event",
    PLANTED: "what caused the target (planted truth of the simulated log)",
    **{column: stratum.title for column, stratum in STRATA.items()},
}


class Group(NamedTuple):
    """Some of the instances."""

    by: str
    name: str
    chosen: np.ndarray  # boolean [N]


def make_groups(instances: pd.DataFrame, dataset: SessionDataset, by: Sequence[str]) -> list[Group]:
    """All instances, then each group of each way to cut them that has any.

    Args:
        instances: of one phase and protocol.
        dataset: the log they come from.
        by: ``event_type``, ``planted`` or columns of :data:`STRATA`; by default the first two, where they are known. A
            planted truth that does not fit the log, because filters left events out of it, is then said and not used.

    Raises:
        ConfigError: nothing is cut by such a name.
        DataError: the log has no event types or no planted truth, or the truth belongs to another log.
    """
    accepted = [EVENT_TYPE, PLANTED, *STRATA]
    for name in by:
        if name not in accepted:
            raise ConfigError(f"by: found {name!r}; accepted: {', '.join(accepted)}.{did_you_mean(name, accepted)}")
    known = {EVENT_TYPE: bool(instances[EVENT_TYPE].notna().any()), PLANTED: planted_file(dataset).is_file()}
    groups = [Group("all", "all", np.ones(len(instances), dtype=bool))]
    if not by and known[PLANTED]:
        try:
            planted_truth(dataset)
        except DataError as error:
            getLogger().warning(str(error))
            known[PLANTED] = False
    for name in dict.fromkeys(by) or [name for name, is_known in known.items() if is_known]:
        if not known.get(name, True):
            lacks = f"no {planted_file(dataset).name} beside it" if name == PLANTED else "no loaded column event_type"
            raise DataError(f"by: found {name!r}, but {dataset.dataset_name} has {lacks}; leave it out.")
        groups += [Group(name, *part) for part in _cut(instances, dataset, name)]
    return groups


def _cut(instances: pd.DataFrame, dataset: SessionDataset, by: str) -> list[tuple[str, np.ndarray]]:
    if by == EVENT_TYPE:
        values = instances[EVENT_TYPE].fillna(UNKNOWN).to_numpy(dtype=str)
        frequent = pd.Series(values).value_counts().index.tolist()  # as a click log tells them: most frequent first
        return [(name, values == name) for name in frequent]
    if by == PLANTED:
        long_driven = planted_truth(dataset)[instances["row"].to_numpy()]
        parts = [("short-driven", ~long_driven), ("long-driven", long_driven)]
    else:
        group = STRATA[by].groups(instances[by])
        parts = [(name, group == number) for number, name in enumerate((*STRATA[by].names, UNKNOWN))]
    return [(name, chosen) for name, chosen in parts if chosen.any()]


def planted_file(dataset: SessionDataset) -> Path:
    """Where the planted truth of a simulated log is, beside its ``.inter``."""
    return Path(dataset.dataset_path) / f"{dataset.dataset_name}.planted.parquet"


def planted_truth(dataset: SessionDataset) -> np.ndarray:
    """Whether each event of the log, as sorted, was caused by a long-term taste, boolean ``[n]``.

    Raises:
        DataError: the file's events are not those of the log as loaded.
    """
    path = planted_file(dataset)
    planted = read_table(path, ["user_id", "item_id", "timestamp", "long_driven"])
    mine = {
        "user_id": dataset.field2id_token[dataset.uid_field][dataset.user],
        "item_id": dataset.field2id_token[dataset.iid_field][dataset.item],
        "timestamp": dataset.time,
    }
    if len(planted) != len(dataset.user) or any((planted[name] != column).any() for name, column in mine.items()):
        raise DataError(
            f"{path}: describes {len(planted)} events that are not, line by line, the {len(dataset.user)} of the log as "
            f"loaded (do filters leave some out?); choose --by without {PLANTED}."
        )
    return planted["long_driven"].to_numpy() == 1
