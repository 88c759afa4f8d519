"""The tables after the filters, each of which is counted, with ids for tokens and the log in order."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import recbole
from recbole.config import Config
from recbole.utils import FeatureType, dataset_arguments

from recbole_lsrec.config.intervals import parse_intervals, within
from recbole_lsrec.config.values import plain_types
from recbole_lsrec.data.event_types import check_event_types
from recbole_lsrec.data.filtering import k_core, of_several, repeated
from recbole_lsrec.data.kept_tables import restore, tables_of
from recbole_lsrec.data.loading import EVENT_TYPE, CheckedDataset
from recbole_lsrec.data.log_cache import Tables, cached, key_of
from recbole_lsrec.data.preloaded import preload_remarks
from recbole_lsrec.data.sorting import in_order, order_by_user_and_time, whole_numbers
from recbole_lsrec.data.token_ids import number_tokens
from recbole_lsrec.errors import DataError, counted, did_you_mean, listed
from recbole_lsrec.log_checks.times import ORDER, of_the_future, unit_problem
from recbole_lsrec.whole_files import code_sha256

# Settings that decide what the tables hold before ``build``.
READ_FOR_TABLES = sorted(
    ({*dataset_arguments} - {"MAX_ITEM_LIST_LENGTH"})
    | {"encoding", "numerical_features", "discretization", "timestamp_unit", "rm_exact_duplicates", "SESSION_ID_FIELD"}
    | {"CATEGORY_FIELD", "keep_events", "rm_ambiguous_items", "k_core"}
)
# Bytes of files that are read faster than found.
_WORTH_KEEPING = 1 << 22


class FilteredDataset(CheckedDataset):
    """RecBole's filters and ids on whole columns, with a count for every filter; the log is sorted and its times checked.

    Attributes:
        filter_report: what each filter removed: ``filter``, ``rows``, ``users``, ``items``.

    Raises:
        DataError: as :class:`CheckedDataset`; also: a time is not finite or negative, the times are in another unit than
            told, a filter does not fit its column, or nothing is left.
    """

    _origin: np.ndarray  # [n] pre-split files: which of the three files a row came from

    def __init__(self, config: Config) -> None:
        self.filter_report: list[dict[str, int | str]] = []
        super().__init__(config)

    def _from_scratch(self) -> None:
        self._get_preset()
        self._get_field_from_config()
        files = self._look_at_files(self.config["dataset"], self.config["data_path"])
        if self.config["dry_run"] or sum(Path(file).stat().st_size for file in files) < _WORTH_KEEPING:
            super()._from_scratch()
            return
        folder = Path(self.config["data_cache"] or Path(self.config["run_dir"]) / ".logs")
        found = cached(folder, self.dataset_name, key_of(self._depends_on(files)), self._read)
        if found is not None:
            restore(self, found)
            for level, text in self.remarks:
                self.logger.log(level, text)

    def _read(self) -> Tables | None:
        super()._from_scratch()
        return None if self.config["preload_weight"] else tables_of(self)

    def _depends_on(self, files: Mapping[str, str]) -> dict[str, Any]:
        """Everything that decides what the tables hold."""
        return {
            "files": {Path(file).name: sha256 for file, sha256 in files.items()},
            "settings": {key: plain_types(self.config[key]) for key in READ_FOR_TABLES},
            "unit is stated": "timestamp_unit" in self.config.stated,
            "class": f"{type(self).__module__}.{type(self).__qualname__}",
            "code": _loading_code(),
            "versions": [recbole.__version__, pd.__version__, pa.__version__],
        }

    def _data_processing(self) -> None:
        super()._data_processing()
        columns = {field: column.to_numpy() for field, column in self.inter_feat.items()}
        self.inter_feat = None  # of a long log, no column is held twice
        columns[self.time_field] = whole_numbers(columns[self.time_field])
        if self.pre_split:
            columns[""] = np.repeat(np.arange(len(self.file_size_list)), self.file_size_list)
        keys = self.uid_field, self.time_field
        if not in_order(*(columns[key] for key in keys)):
            order = order_by_user_and_time(*(columns[key] for key in keys))  # ties keep the order of the file
            for field in columns:
                columns[field] = columns[field][order]
        if self.pre_split:
            self._origin = columns.pop("")
        self.inter_feat = pd.DataFrame(columns, copy=False)
        self._check_unit()

    def _preload_weight_matrix(self) -> None:
        super()._preload_weight_matrix()
        for ids, vectors in (self.config["preload_weight"] or {}).items():
            feat = self.field2feats(ids)[0]
            if self.field2type[vectors] == FeatureType.FLOAT_SEQ:
                for text in preload_remarks(feat[ids].to_numpy(), feat[vectors].to_list(), self.num(ids)):
                    self.remark(30, f"preload_weight: {ids}: {text}")
            self._preloaded_weight[ids][0] = 0  # of the padding, which RecBole gives the vector of a line without an id

    def _check_unit(self) -> None:
        user, time = (self.inter_feat[field].to_numpy() for field in (self.uid_field, self.time_field))
        unit = self.config["timestamp_unit"]
        problem = None if unit == ORDER else unit_problem(user, time, unit)
        if problem is None:
            if unit != ORDER and (text := of_the_future(time, unit)):
                self.remark(30, f"{self.files_in_words()}, column {self.time_field!r}: {text}")
            return
        text = f"{self.files_in_words()}, column {self.time_field!r}: {problem.text}."
        # Whoever states the unit may know of times that count from another day, or of a log of long ago.
        if problem.certain:
            raise DataError(text)
        if "timestamp_unit" not in self.config.stated:
            raise DataError(f"{text} If {unit} is right all the same, state timestamp_unit: {unit}.")
        self.remark(30, text)

    # --- filters ------------------------------------------------------------------------------------------------------

    def _data_filtering(self) -> None:
        get = self.config.__getitem__
        users, items = get("user_inter_num_interval"), get("item_inter_num_interval")
        only_known = bool(get("filter_inter_by_user_or_item")) and not (
            self.user_feat is None and self.item_feat is None
        )
        for name, asked, step in (
            ("missing user or item", False, self._remove_missing),
            (f"event types (keep_events={get('keep_events')})", get("keep_events"), self._keep_event_types),
            ("exact duplicates (rm_exact_duplicates)", get("rm_exact_duplicates"), self._remove_exact_duplicates),
            (f"duplicates (rm_dup_inter={get('rm_dup_inter')})", get("rm_dup_inter"), self._remove_duplication),
            (f"field ranges (val_interval={get('val_interval')})", get("val_interval"), self._filter_by_field_value),
            ("items of several categories (rm_ambiguous_items)", get("rm_ambiguous_items"), self._remove_ambiguous),
            ("user or item not in its file (filter_inter_by_user_or_item)", only_known, self._keep_known),
            (
                f"k-core (user_inter_num_interval={users}, item_inter_num_interval={items}"
                f"{', one pass' if get('k_core') == 'once' else ''})",
                {users, items} - {None, "[0,inf)"},  # what keeps all
                self._filter_by_inter_num,
            ),
        ):
            self._counted(name, bool(asked), step)
        if self.inter_feat.empty:
            raise DataError(
                f"{self.dataset_name}.inter: no interaction is left after the filters: {self._filters_in_words()}. "
                "Check the file, load_col and the filters named."
            )
        for name in self.feat_name_list:
            table = getattr(self, name)
            if table.empty:
                raise DataError(
                    f"{self.dataset_name}.{name.removesuffix('_feat')}: no line is left after the filters; check the file, "
                    "val_interval and load_col, or leave the file out of load_col."
                )
            if not isinstance(table.index, pd.RangeIndex):  # which a table has that nothing was removed from
                setattr(self, name, table.reset_index(drop=True))
        self._check_times()

    def _counted(self, name: str, asked: bool, step: Callable[[], None]) -> None:
        before = self.inter_feat
        step()
        removed = dict.fromkeys(("rows", "users", "items"), 0)
        if len(self.inter_feat) < len(before):
            was, now = self._sizes(before), self._sizes(self.inter_feat)
            removed = {what: was[what] - now[what] for what in was}
        self.filter_report.append({"filter": name, **removed})
        found = "removes nothing"
        if removed["rows"]:
            found = (
                f"removed {counted(removed['rows'], 'row')}, {counted(removed['users'], 'user')}, "
                f"{counted(removed['items'], 'item')}"
            )
        if asked or removed["rows"]:
            self.remark(20, f"Filter {name}: {found}")

    def _sizes(self, frame: pd.DataFrame) -> dict[str, int]:
        codes = (pd.unique(frame[field].cat.codes) for field in (self.uid_field, self.iid_field))
        users, items = (int((found >= 0).sum()) for found in codes)  # -1 is a missing one
        return {"rows": len(frame), "users": users, "items": items}

    def _filters_in_words(self) -> str:
        removed = [
            f"{entry['filter']} removed {counted(int(entry['rows']), 'row')}"
            for entry in self.filter_report
            if entry["rows"]
        ]
        return "; ".join(removed) or "there was none before them"

    def _keep_events(self, kept: np.ndarray) -> None:
        if not kept.all():  # a log of which all stays is not copied
            self.inter_feat = self.inter_feat[kept]

    def _remove_missing(self) -> None:
        for field in (self.uid_field, self.iid_field):
            missing = self.inter_feat[field].isna().to_numpy()
            if missing.any():
                rows = self.inter_feat.index[missing].to_numpy()  # the index still is that of the file
                self._tell_of_lines(f"{self.dataset_name}.inter", rows, f"has no {field}; removed")
                self._keep_events(~missing)

    def _keep_event_types(self) -> None:
        wanted = self.config["keep_events"]
        if wanted is None:
            return
        types = self.inter_feat[EVENT_TYPE].cat.categories.tolist() if self._has_event_types(self.inter_feat) else None
        check_event_types("keep_events", wanted, types, f"{self.dataset_name}.inter", self.inter_feat.columns)
        self._keep_events(self.inter_feat[EVENT_TYPE].isin(wanted).to_numpy())

    def _has_event_types(self, log: Any) -> bool:
        return bool(EVENT_TYPE in log.columns and self.field2type[EVENT_TYPE] == FeatureType.TOKEN)

    def _remove_exact_duplicates(self) -> None:
        if self.config["rm_exact_duplicates"]:
            user, item = self._codes()
            self._keep_events(~repeated(user, item, self.inter_feat[self.time_field].to_numpy()))

    def _remove_duplication(self) -> None:
        """RecBole's, but events of one time stay in file order (its sort is not stable)."""
        keep = self.config["rm_dup_inter"]
        if keep is not None:
            frame = self.inter_feat.sort_values(by=self.time_field, kind="stable")
            self.inter_feat = frame.drop_duplicates(subset=[self.uid_field, self.iid_field], keep=keep)

    def _filter_by_field_value(self) -> None:
        for field, wanted in (self.config["val_interval"] or {}).items():
            for name in self._tables_with(field):
                table = getattr(self, name)
                kept = table[self._has_value(field, wanted, table[field])]
                if name != "inter_feat" and len(kept) < len(table):
                    file = f"{self.dataset_name}.{name.removesuffix('_feat')}"
                    self.remark(
                        20, f"val_interval {field}: removed {counted(len(table) - len(kept), 'line')} of {file}"
                    )
                setattr(self, name, kept)

    def _tables_with(self, field: str) -> list[str]:
        names = [name for name in self.feat_name_list if field in getattr(self, name)]
        if not names:
            raise DataError(
                f"val_interval: found {field!r}, which is not loaded (loaded: {sorted(self.field2type)}); add it to load_col."
                f"{did_you_mean(field, self.field2type)}"
            )
        return names

    def _has_value(self, field: str, wanted: object, column: pd.Series) -> np.ndarray:
        ftype = self.field2type[field]
        if ftype == FeatureType.FLOAT and isinstance(wanted, str):
            return within(column.to_numpy(), parse_intervals(wanted))
        if ftype == FeatureType.TOKEN and isinstance(wanted, list):
            tokens = [str(token) for token in wanted]
            self._remark_unknown(field, [token for token in tokens if token not in column.cat.categories], column)
            return column.isin(tokens).to_numpy()
        accepted = {FeatureType.FLOAT: "an interval such as '[5,inf)'", FeatureType.TOKEN: "a list of tokens"}
        raise DataError(
            f"val_interval: {field!r} is a column of type {ftype.value!r}, found {wanted!r}; "
            f"accepted: {accepted.get(ftype, 'columns of type float or token only')}."
        )

    def _remark_unknown(self, field: str, unknown: list[str], column: pd.Series) -> None:
        """A list may serve several logs, so names that this one has not are no error."""
        if unknown:
            near = did_you_mean(unknown[0], column.cat.categories)
            self.remark(
                30,
                f"val_interval {field}: no line of {self.dataset_name} has {listed([*map(repr, unknown)], 5)}.{near}",
            )

    def _remove_ambiguous(self) -> None:
        if not self.config["rm_ambiguous_items"]:
            return
        field = self.config["CATEGORY_FIELD"]
        if self.item_feat is not None and field in self.item_feat:
            self.remark(
                30,
                f"rm_ambiguous_items: {self.dataset_name}.item gives each item one category, so none is known to have several "
                "and none is removed; a recipe of `recbole-lsrec prepare` removes them from the raw log.",
            )
            return
        if field not in self.inter_feat or self.field2type[field] != FeatureType.TOKEN:
            raise DataError(
                f"rm_ambiguous_items: found True, but {self.dataset_name}.inter has no category of each event (CATEGORY_FIELD: "
                f"{field!r}, a token column of load_col); set it to False, or name that column."
            )
        self._keep_events(~of_several(self._codes()[1], self.inter_feat[field].cat.codes.to_numpy()))

    def _keep_known(self) -> None:
        if not self.config["filter_inter_by_user_or_item"]:
            return
        for field, table in ((self.uid_field, self.user_feat), (self.iid_field, self.item_feat)):
            if table is not None:
                self._keep_events(self.inter_feat[field].isin(np.asarray(table[field])).to_numpy())

    def _filter_by_inter_num(self) -> None:
        fields, tables = (self.uid_field, self.iid_field), ("user_feat", "item_feat")
        keys = ("user_inter_num_interval", "item_inter_num_interval")
        wanted = [None if self.config[key] in (None, "[0,inf)") else parse_intervals(self.config[key]) for key in keys]
        tokens = [self.inter_feat[field].cat.categories for field in fields]
        user, item = self._codes()
        once = self.config["k_core"] == "once"
        kept, *removed = k_core(user, item, len(tokens[0]), len(tokens[1]), wanted[0], wanted[1], once)
        self._keep_events(kept)
        for field, table_name, intervals, names, gone in zip(fields, tables, wanted, tokens, removed, strict=True):
            table = getattr(self, table_name)
            if table is None or intervals is None:
                continue
            # As in RecBole: lines of the user or item file go with their events, or for having fewer than the lower end.
            count = np.bincount(self.inter_feat[field].cat.codes, minlength=len(names))
            low = min(interval.low for interval in intervals)
            few = count < low
            stay = ~table[field].isin(names[gone | few]).to_numpy()
            if low > 0:
                stay &= table[field].isin(names).to_numpy()
            setattr(self, table_name, table[stay])

    def _codes(self) -> tuple[np.ndarray, np.ndarray]:
        user, item = (self.inter_feat[field].cat.codes.to_numpy() for field in (self.uid_field, self.iid_field))
        return user, item

    # --- ids ----------------------------------------------------------------------------------------------------------

    def _remap(self, remap_list: list[tuple[pd.DataFrame, str, FeatureType]]) -> None:
        """RecBole's numbers, from the categories instead of the texts of every line."""
        if any(ftype != FeatureType.TOKEN for _, _, ftype in remap_list) or not remap_list:
            super()._remap(remap_list)
            return
        ids, tokens = number_tokens([table[field].array for table, field, _ in remap_list])
        numbers = {token: number for number, token in enumerate(tokens)}
        for (table, field, _), column in zip(remap_list, ids, strict=True):
            if field not in self.field2id_token:
                self.field2id_token[field], self.field2token_id[field] = tokens, numbers
            table[field] = column

    def _normalize(self) -> None:
        """RecBole's, but never the time: sessions, order and intervals need its exact value."""
        if self.config["normalize_field"] or self.config["normalize_all"]:
            exact = self.inter_feat[self.time_field].copy()
            super()._normalize()
            self.inter_feat[self.time_field] = exact


@lru_cache(maxsize=1)
def _loading_code() -> str:
    """Hash of the modules that make the tables: those of older code are not taken for today's."""
    package = Path(__file__).parent.parent
    return code_sha256(file for folder in ("data", "log_checks", "config") for file in (package / folder).glob("*.py"))
