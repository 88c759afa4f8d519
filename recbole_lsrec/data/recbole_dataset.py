"""RecBole's sequential dataset, right under pandas 2 and under pandas 3 with numpy 2.

RecBole 1.2.1 was written for pandas 1. Under pandas 3 four of its steps fail, the first of them silently:

* ``_fill_nan`` fills a copy of each column, so that missing values stay and the category of padding is no id;
* ``_remap``, ``_normalize`` and ``_discretization`` ask a column of lists for its lengths and get the column's own;
* ``_dataframe_to_interaction`` makes tensors of arrays that may not be written to.

And ``join`` looks every feature up for every batch, read or not, and the summary counts the padding.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from recbole.data.dataset import SequentialDataset
from recbole.data.interaction import Interaction
from recbole.utils import FeatureType

from recbole_lsrec.data.batch import Batch
from recbole_lsrec.errors import counted


class RecBoleDataset(SequentialDataset):
    """RecBole's dataset with the steps above; everything else is RecBole's own, and so are the results."""

    feat_name_list: list[str]
    field2type: dict[str, FeatureType]
    _flat: dict[str, list[pd.DataFrame]] | None = None  # fields of float lists while they are plain columns

    def __str__(self) -> str:
        """What the log holds; RecBole's summary counts the padding as a user and an item, and is coloured everywhere."""
        users, items, events = self.user_num - 1, self.item_num - 1, self.inter_num
        return (
            f"{self.dataset_name}: {counted(events, 'event')} of {counted(users, 'user')} and "
            f"{counted(items, 'item')}: {events / users:.1f} a user, "
            f"{events / items:.1f} an item, {events / (users * items):.4%} of all pairs\ncolumns: {', '.join(self.field2type)}"
        )

    def _fill_nan(self) -> None:
        """Missing tokens become 0 (padding), missing numbers the column's mean, missing lists empty."""
        for name in self.feat_name_list:
            feat = getattr(self, name)
            for field in feat:
                column, ftype = feat[field], self.field2type[field]
                if column.dtype != object and not column.hasnans:
                    continue
                if ftype == FeatureType.TOKEN:
                    feat[field] = column.fillna(0)
                elif ftype == FeatureType.FLOAT:
                    feat[field] = column.fillna(column.mean())
                else:
                    kind = np.int64 if ftype == FeatureType.TOKEN_SEQ else np.float64
                    feat[field] = column.map(lambda x, kind=kind: np.array([], kind) if isinstance(x, float) else x)

    # --- columns of lists, which RecBole's steps see as plain columns ---------------------------------------------------

    def _remap(self, remap_list: list[tuple[pd.DataFrame, str, FeatureType]]) -> None:
        columns = [
            (feat, field, ftype) if ftype == FeatureType.TOKEN else (_flat(feat, field), field, FeatureType.TOKEN)
            for feat, field, ftype in remap_list
        ]
        super()._remap(columns)
        for (feat, field, ftype), (flat, _, _) in zip(remap_list, columns, strict=True):
            if ftype == FeatureType.TOKEN_SEQ:
                feat[field] = _cut(flat[field].to_numpy(), feat[field])

    def _normalize(self) -> None:
        with self._float_lists_flat() as lists:
            super()._normalize()
        for field, flats in lists.items():
            for feat, flat in zip(self.field2feats(field), flats, strict=True):
                feat[field] = _cut(flat[field].to_numpy(), feat[field])

    def _discretization(self) -> None:
        with self._float_lists_flat() as lists:
            super()._discretization()
        for field, flats in lists.items():
            if field in self.config["numerical_features"]:
                for feat, flat in zip(self.field2feats(field), flats, strict=True):
                    base, index = np.array(flat[field].tolist()).reshape(-1, 2).T
                    feat[field] = list(zip(_cut(base, feat[field]), _cut(index, feat[field]), strict=True))

    @contextmanager
    def _float_lists_flat(self) -> Iterator[dict[str, list[pd.DataFrame]]]:
        """While it lasts, every field of float lists is one of floats, with the lists' elements one after another."""
        fields = [field for field, ftype in self.field2type.items() if ftype == FeatureType.FLOAT_SEQ]
        lists = {field: [_flat(feat, field) for feat in self.field2feats(field)] for field in fields}
        self._flat = lists
        self.field2type.update(dict.fromkeys(fields, FeatureType.FLOAT))
        try:
            yield lists
        finally:
            self._flat = None
            self.field2type.update(dict.fromkeys(fields, FeatureType.FLOAT_SEQ))

    def field2feats(self, field: str) -> list[pd.DataFrame]:
        """RecBole's tables that hold a field."""
        return super().field2feats(field) if self._flat is None or field not in self._flat else self._flat[field]

    # --- tensors --------------------------------------------------------------------------------------------------------

    def _dataframe_to_interaction(self, data: Any) -> Interaction:
        """RecBole's, of columns that may be written to, as tensors can."""
        return super()._dataframe_to_interaction({field: _Column(writable(data[field].to_numpy())) for field in data})

    def join(self, df: Interaction) -> Interaction:
        """RecBole's: adds the users' and the items' features to a batch; to ours when they are read."""
        if not isinstance(df, Batch):
            return super().join(df)
        for features, field in ((self.user_feat, self.uid_field), (self.item_feat, self.iid_field)):
            if features is not None and field in df:
                df.look_up(features, df[field])
        return df


class _Column(NamedTuple):
    """What RecBole reads of a column."""

    values: np.ndarray


def _flat(feat: pd.DataFrame, field: str) -> pd.DataFrame:
    """The elements of a column of lists, one after another."""
    values = np.concatenate([*feat[field], []])  # of tokens, of dtype object, and so they stay
    return pd.DataFrame({field: values}, dtype=values.dtype)


def _cut(values: np.ndarray, lists: pd.Series) -> list[np.ndarray]:
    """Values, one for each element, as lists of the lengths of ``lists``."""
    ends = np.cumsum([len(x) for x in lists], dtype=int)
    return np.split(writable(values), ends)[:-1]  # the last piece is what follows the last list


def writable(values: np.ndarray) -> np.ndarray:
    """The same memory without pandas' guard against writing, for a table that is given up; a copy where it cannot be lifted."""
    if values.flags.writeable:
        return values
    view = values.view()
    try:
        view.flags.writeable = True
    except ValueError:  # the memory is not numpy's
        return values.copy()
    return view
