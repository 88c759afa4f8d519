"""The run's filters of single events, applied to histories: the model reads what it would have read of its log."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from recbole_lsrec.config import Config
from recbole_lsrec.config.intervals import parse_intervals, within
from recbole_lsrec.data.loading import EVENT_TYPE
from recbole_lsrec.item_catalogue import Catalogue
from recbole_lsrec.recommend.read_histories import ITEM, TIME, USER, as_words, missing


def kept_by_filters(config: Config, catalogue: Catalogue, events: pd.DataFrame) -> np.ndarray:
    """Which events ``[n]`` the run's filters keep, in the order of the log's; a column that a user's history lacks filters none.

    A range of times is passed over, as it says what was trained on, and events come after it. So are filters of whole
    items and users: items that they took are unknown, and users need not be known.

    Args:
        config: of the run.
        catalogue: of the run.
        events: of :func:`~recbole_lsrec.recommend.read_histories.read_histories`, with an index of places.
    """
    kept = events
    if config["benchmark_filename"]:  # no filter was applied
        return np.ones(len(events), dtype=bool)
    if config["keep_events"] is not None and EVENT_TYPE in kept:
        kept = kept[_lacks(events, kept, EVENT_TYPE) | _one_of(kept[EVENT_TYPE], config["keep_events"])]
    if config["rm_exact_duplicates"]:
        kept = kept.drop_duplicates([USER, ITEM, TIME])
    if config["rm_dup_inter"] is not None:
        kept = kept.sort_values(TIME, kind="stable").drop_duplicates([USER, ITEM], keep=config["rm_dup_inter"])
    for field, wanted in (config["val_interval"] or {}).items():
        of_events = catalogue.fields.get(field, {}).get("source", "inter") == "inter"
        if field in kept and of_events and field not in (USER, ITEM, TIME):
            kept = kept[_lacks(events, kept, field) | _has_value(kept[field], wanted)]
    return events.index.isin(kept.index)


def _lacks(events: pd.DataFrame, kept: pd.DataFrame, field: str) -> np.ndarray:
    """Of the kept events, those of users none of whose events has it, so that no list depends on who else is asked."""
    lacks = missing(events[field]).groupby(events[USER]).transform("all")
    return lacks.loc[kept.index].to_numpy(dtype=bool)


def _has_value(values: pd.Series, wanted: str | Sequence[object]) -> np.ndarray:
    if not isinstance(wanted, str):
        return _one_of(values, [str(word) for word in wanted])
    numbers = pd.to_numeric(values.astype(str), errors="coerce")  # what is no number is in no range
    return within(numbers.to_numpy(), parse_intervals(wanted))


def _one_of(values: pd.Series, words: Sequence[str]) -> np.ndarray:
    return (values.astype(str).isin(words) | as_words(values).isin(words)).to_numpy()
