"""Columns of histories beside user, item and time that the run's model reads: own sessions, what else its log held."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from recbole.utils import FeatureType

from recbole_lsrec.config import Config
from recbole_lsrec.errors import ConfigError, DataError
from recbole_lsrec.item_catalogue import Catalogue, CatalogueDataset
from recbole_lsrec.recommend.read_histories import ITEM, USER, as_words, missing


class Further(NamedTuple):
    """What the model reads of further columns.

    Attributes:
        values: field -> a number for each event; where the histories have none, as in training the mean of the log's column,
            and 0 for a word that is missing or that the log lacks.
        counts: ``unknown_words``: such words of the histories; ``not_normalised``: numbers read as they stand, of columns that
            the run normalised by bounds that it does not keep.
    """

    values: dict[str, np.ndarray]
    counts: dict[str, int]


def further_columns(config: Config, catalogue: Catalogue, dataset: CatalogueDataset, events: pd.DataFrame) -> Further:
    """The further columns of histories, as the model reads them; none of a model that knows users alone.

    Raises:
        ConfigError: the run discretized a column.
        DataError: the run has its sessions from a column that the histories lack, or a column of numbers holds a word.
    """
    found: dict[str, np.ndarray] = {}
    counts = dict.fromkeys(("unknown_words", "not_normalised"), 0)
    if catalogue.pairs is not None:
        return Further(found, counts)
    if (own := _own_session(config, catalogue, events)) is not None:
        found[own] = pd.factorize(as_words(events[own]).mask(missing(events[own])))[0] + 1  # 0: names none
    for field in _other_columns(config, catalogue):
        if field in (config["discretization"] or ()):
            raise ConfigError(
                f"discretization: the run put {field!r} into buckets, by bounds that a run folder does not keep, so histories "
                "cannot be read as in training; train without it, or use load_run where the data are."
            )
        if field not in events:
            found[field] = np.full(len(events), catalogue.means.get(field, 0.0))
        elif catalogue.fields[field]["type"] == FeatureType.FLOAT.value:
            found[field] = _numbers(events, field, catalogue.means.get(field, 0.0))
            if config["normalize_all"] or field in (config["normalize_field"] or ()):
                counts["not_normalised"] += int((~missing(events[field])).sum())
        else:
            known = dataset.field2token_id[field]
            # A log that was written with floats has the word "1.0", others "1".
            ids = events[field].astype(str).map(known).fillna(as_words(events[field]).map(known))
            counts["unknown_words"] += int((ids.isna() & ~missing(events[field])).sum())
            found[field] = ids.fillna(0).to_numpy(dtype=np.int64)
    return Further(found, counts)


def _numbers(events: pd.DataFrame, field: str, if_missing: float) -> np.ndarray:
    values = events[field]
    numbers = pd.to_numeric(values.astype(str), errors="coerce")
    wrong = (~np.isfinite(numbers) & ~missing(values)).to_numpy()
    if wrong.any():
        event = events.iloc[int(wrong.argmax())]
        raise DataError(
            f"histories: user {event[USER]!r}, item {event[ITEM]!r}: the column {field!r} holds {event[field]!r}; accepted: "
            "a number that is finite (an empty field is missing), as in the run's log."
        )
    return numbers.fillna(if_missing).to_numpy()


def _own_session(config: Config, catalogue: Catalogue, events: pd.DataFrame) -> str | None:
    """The column of the log's own sessions, where the run had one."""
    field = config["SESSION_ID_FIELD"]
    if not catalogue.own_sessions:
        return None
    if field not in events:
        raise DataError(
            f"histories: lack the column {field!r} (SESSION_ID_FIELD), from which the run has its sessions."
        )
    return field


def _other_columns(config: Config, catalogue: Catalogue) -> list[str]:
    """Further columns of the run's log, which its windows hold too."""
    suffix = config["LIST_SUFFIX"]
    named = {config[key] for key in ("USER_ID_FIELD", "ITEM_ID_FIELD", "TIME_FIELD")}
    return [
        field
        for field, held in catalogue.fields.items()
        if held["source"] == "inter"
        and field + suffix in catalogue.fields
        and field not in named
        and held["type"] in (FeatureType.TOKEN.value, FeatureType.FLOAT.value)
        and not field.startswith(config["NEG_PREFIX"])
    ]
