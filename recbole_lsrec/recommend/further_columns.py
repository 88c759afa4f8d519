"""Columns of histories beside user, item and time that the run's model reads: own sessions, what else its log held."""

import numpy as np
import pandas as pd
from recbole.utils import FeatureType

from recbole_lsrec.config import Config
from recbole_lsrec.errors import DataError
from recbole_lsrec.item_catalogue import Catalogue, CatalogueDataset


def further_columns(
    config: Config, catalogue: Catalogue, dataset: CatalogueDataset, events: pd.DataFrame
) -> dict[str, np.ndarray]:
    """Numbers as the model reads them, by field; 0 where the histories have none, or a word that it does not know.

    Raises:
        DataError: the run has its sessions from a column that the histories lack.
    """
    found = {}
    if (own := _own_session(config, events)) is not None:
        found[own] = pd.factorize(events[own])[0] + 1
    for field in _other_columns(config, catalogue):
        if field not in events:
            found[field] = np.zeros(len(events))
        elif catalogue.fields[field]["type"] == FeatureType.FLOAT.value:
            found[field] = pd.to_numeric(events[field], errors="coerce").fillna(0).to_numpy()
        else:
            found[field] = events[field].astype(str).map(dataset.field2token_id[field]).fillna(0).to_numpy()
    return found


def _own_session(config: Config, events: pd.DataFrame) -> str | None:
    """The column of the log's own sessions, where the run had one."""
    field, columns = config["SESSION_ID_FIELD"], (config["load_col"] or {}).get("inter", [])
    if columns == "*" or field not in columns:
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
