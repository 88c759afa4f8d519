"""The tables of a data set as plain columns, and back."""

from typing import Any

import numpy as np
import pandas as pd
from recbole.utils import FeatureSource, FeatureType

from recbole_lsrec.data.log_cache import Tables

# Attributes of RecBole's dataset that say what the tables hold, as JSON takes them.
_PLAIN = ("field2seqlen", "field2bucketnum", "feat_name_list", "file_size_list", "filter_report", "remarks")


def tables_of(dataset: Any) -> Tables | None:
    """What reading, filtering and numbering made of the files; None where a column is neither numbers nor lists of them.

    Args:
        dataset: a :class:`~recbole_lsrec.data.filtered.FilteredDataset` before ``build``.
    """
    columns: dict[str, np.ndarray] = {}
    fields = {name: list(getattr(dataset, name)) for name in dataset.feat_name_list}
    for name in fields:
        for place, field in enumerate(fields[name]):  # a field may have any name, so columns go by its place
            values = getattr(dataset, name)[field].to_numpy()
            if values.dtype == object:
                if not all(isinstance(entry, np.ndarray) and entry.ndim == 1 for entry in values):
                    return None
                columns[f"{name}/{place}/ends"] = np.cumsum([len(entry) for entry in values], dtype=np.int64)
                values = np.concatenate(values)
            columns[f"{name}/{place}"] = values
    tokens: dict[str, str] = {}  # fields that share ids share the column
    for field, names in dataset.field2id_token.items():
        same = next((other for other in tokens if dataset.field2id_token[other] is names), field)
        tokens[field] = tokens.get(same, same)
        columns[f"tokens/{tokens[field]}"] = names
    if dataset.pre_split:
        columns["origin"] = dataset._origin
    if any(values.dtype == object for values in columns.values()):
        return None
    facts = {name: getattr(dataset, name) for name in _PLAIN}
    facts["fields"] = fields
    facts["types"] = {field: ftype.value for field, ftype in dataset.field2type.items()}
    facts["sources"] = {
        field: [isinstance(source, FeatureSource), getattr(source, "value", source)]
        for field, source in dataset.field2source.items()
    }
    facts["tokens"] = tokens
    facts["alias"] = {name: list(map(str, fields)) for name, fields in dataset.alias.items()}
    facts["rest_fields"] = list(map(str, dataset._rest_fields))
    return Tables(columns, facts)


def restore(dataset: Any, tables: Tables) -> None:
    """Gives a data set what :func:`tables_of` took from another."""
    columns, facts = tables
    for name in _PLAIN:
        setattr(dataset, name, facts[name])
    dataset.remarks = [(level, text) for level, text in facts["remarks"]]
    dataset.field2type = {field: FeatureType(value) for field, value in facts["types"].items()}
    dataset.field2source = {
        field: FeatureSource(value) if is_enum else value for field, (is_enum, value) in facts["sources"].items()
    }
    numbers = {
        field: {t: i for i, t in enumerate(columns[f"tokens/{field}"].tolist())}
        for field in set(facts["tokens"].values())
    }
    dataset.field2id_token = {field: columns[f"tokens/{own}"] for field, own in facts["tokens"].items()}
    dataset.field2token_id = {field: numbers[own] for field, own in facts["tokens"].items()}
    dataset.alias = {name: np.array(fields) for name, fields in facts["alias"].items()}
    dataset._rest_fields = np.array(facts["rest_fields"])
    dataset.user_feat = dataset.item_feat = None
    for name, fields in facts["fields"].items():
        setattr(dataset, name, _table(name, fields, columns))
    if "origin" in columns:
        dataset._origin = columns["origin"]


def _table(name: str, fields: list[str], columns: dict[str, np.ndarray]) -> pd.DataFrame:
    table: dict[str, Any] = {}
    for place, field in enumerate(fields):
        values, ends = columns[f"{name}/{place}"], columns.get(f"{name}/{place}/ends")
        table[field] = values
        if ends is not None:
            lists = np.empty(len(ends), dtype=object)
            lists[:] = np.split(values, ends)[: len(ends)]
            table[field] = lists
    return pd.DataFrame(table, copy=False)
