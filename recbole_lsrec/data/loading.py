"""From atomic files to filtered columns: everything checked, everything removed counted."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from recbole.config import Config
from recbole.utils import FeatureSource, FeatureType, set_color

from recbole_lsrec.data.atomic import read_atomic
from recbole_lsrec.data.recbole_dataset import RecBoleDataset
from recbole_lsrec.errors import DataError
from recbole_lsrec.simulated.generate import SIMULATED_NOTICE, ensure_cosmetics, is_simulated


class CheckedDataset(RecBoleDataset):
    """RecBole's loading and filters, with errors that name file and line, and a count for every filter.

    Attributes:
        filter_report: what each filter removed: ``filter``, ``rows``, ``users``, ``items``.
        simulated: whether the files come from the project's simulator.

    Raises:
        DataError: an input file is missing or malformed, a field is missing, a time is not finite or negative, or
            nothing is left.
    """

    benchmark_filename_list: list[str] | None
    field2seqlen: dict[str, int]
    inter_feat: Any
    item_feat: Any

    def __init__(self, config: Config) -> None:
        self.filter_report: list[dict[str, int | str]] = []
        super().__init__(config)

    def _load_data(self, token: str, dataset_path: str) -> None:
        if token == "cosmetics":
            ensure_cosmetics(Path(dataset_path))
        self.simulated = is_simulated(Path(dataset_path), token)
        if self.simulated:
            self.logger.warning(set_color(SIMULATED_NOTICE, "red"))
        if not Path(dataset_path).is_dir():
            raise DataError(
                f"{dataset_path}: no such folder; it must hold {token}.inter (`data_path` names its parent)."
            )
        self._load_inter_feat(token, dataset_path)
        in_log = set(self.inter_feat.columns)
        self.user_feat = self._load_user_or_item_feat(token, dataset_path, FeatureSource.USER, "uid_field")
        self.item_feat = self._load_user_or_item_feat(token, dataset_path, FeatureSource.ITEM, "iid_field")
        self._load_additional_feat(token, dataset_path)
        self._check_columns(token, in_log)
        if self.pre_split:
            self._check_pre_split()

    @property
    def pre_split(self) -> bool:
        """Whether the phases come from three files (``benchmark_filename``)."""
        return self.benchmark_filename_list is not None

    def files_in_words(self) -> str:
        """The log's file or files, for messages."""
        return ", ".join(f"{name}.inter" for name in self._log_names(self.dataset_name))

    def _log_names(self, token: str) -> list[str]:
        parts = self.benchmark_filename_list
        return [token] if parts is None else [f"{token}.{part}" for part in parts]

    def _load_inter_feat(self, token: str, dataset_path: str) -> None:
        files = [Path(dataset_path) / f"{name}.inter" for name in self._log_names(token)]
        frames: list[pd.DataFrame] = []
        widths: list[dict[str, int]] = []
        for path in files:
            frame = self._load_feat(str(path), FeatureSource.INTERACTION)
            assert frame is not None  # load_col has columns of the log, see Config
            frames.append(frame)
            widths.append(dict(self.field2seqlen))
            if set(frames[-1]) != set(frames[0]):
                raise DataError(
                    f"{path}, line 1: has the columns {sorted(frames[-1])}, {files[0].name} has {sorted(frames[0])}; "
                    "pre-split files need the same columns, or a load_col that names those they share."
                )
        self.inter_feat = pd.concat(frames, ignore_index=True)
        self.field2seqlen = {field: max(width[field] for width in widths) for field in widths[0]}
        self.file_size_list = [len(frame) for frame in frames]

    def _benchmark_presets(self) -> None:
        """RecBole's reads ready-made lists; here histories are made from the events, pre-split or not."""

    def _load_feat(self, filepath: str, source: FeatureSource | str) -> pd.DataFrame | None:
        load_col, unload_col = self._get_load_and_unload_col(source)
        if load_col == set():
            return None
        frame, types = read_atomic(
            Path(filepath),
            load_col,
            unload_col,
            field_separator=self.config["field_separator"],
            seq_separator=self.config["seq_separator"],
            encoding=self.config["encoding"],
        )
        for field, ftype in types.items() if source != "link" else ():
            self.field2source[field], self.field2type[field] = source, ftype
            self.field2seqlen[field] = 1
            if ftype in (FeatureType.TOKEN_SEQ, FeatureType.FLOAT_SEQ):
                longest = max(map(len, frame[field]), default=0)
                limit = (self.config["seq_len"] or {}).get(field, longest)
                frame[field] = frame[field].map(lambda values, limit=limit: values[:limit])
                self.field2seqlen[field] = min(limit, longest)
            if ftype in (FeatureType.FLOAT, FeatureType.FLOAT_SEQ):
                self.field2bucketnum[field] = 2
        return frame

    def _check_columns(self, token: str, in_log: set[str]) -> None:
        """Every field the settings name must be in a file, with a type that fits, once."""
        for key, accepted in (
            ("USER_ID_FIELD", (FeatureType.TOKEN,)),
            ("ITEM_ID_FIELD", (FeatureType.TOKEN,)),
            ("TIME_FIELD", (FeatureType.FLOAT,)),
        ):
            field = self.config[key]
            if field not in in_log:
                raise DataError(
                    f"{token}.inter: field {field!r} ({key}) is not among the columns loaded: {sorted(in_log)}; "
                    f"add it to the file and to load_col, or set {key} to the column that holds it."
                )
            if self.field2type[field] not in accepted:
                raise DataError(
                    f"{token}.inter, line 1: field {field!r} ({key}) has type {self.field2type[field].value!r}; "
                    f"accepted: {accepted[0].value!r}."
                )
        if self.time_field in (self.config["numerical_features"] or []):
            raise DataError(
                f"numerical_features: {self.time_field!r} is the TIME_FIELD; times are kept as exact seconds."
            )
        suffix = self.config["LIST_SUFFIX"]
        made = {f"{field}{suffix}" for field in (*in_log, self.config["SESSION_ID_FIELD"])}
        ready = sorted(in_log & (made | {self.item_list_length_field}))
        if ready:
            raise DataError(
                f"{self._log_names(token)[0]}.inter: {ready} are ready-made lists, but histories are made here from the "
                "events. Leave these columns out of load_col, and give each event a line of its own (user, item, time), "
                "the first of each user too: an event that is only in a list is in no history."
            )
        twice = (in_log - {self.uid_field, self.iid_field}) & (set() if self.item_feat is None else set(self.item_feat))
        if twice:
            raise DataError(
                f"load_col: {sorted(twice)} is loaded from both {token}.inter and {token}.item; keep one of them."
            )

    def _check_pre_split(self) -> None:
        """What the filters, which pre-split files do not pass, would otherwise remove or refuse."""
        missing = self.inter_feat[[self.uid_field, self.iid_field]].isna().any(axis=1).to_numpy()
        if missing.any():
            at = int(np.flatnonzero(missing)[0])
            part = int(np.searchsorted(np.cumsum(self.file_size_list), at, side="right"))
            line = at - sum(self.file_size_list[:part]) + 2
            raise DataError(
                f"{self._log_names(self.dataset_name)[part]}.inter, line {line}: has no user or no item ({missing.sum()} "
                "such lines in all files); pre-split files are not filtered, so mend or remove them."
            )
        if self.inter_feat.empty:
            raise DataError(f"{self.files_in_words()}: no event in any of the files; check them and load_col.")
        self._check_times()
        self._warn_of_lists_not_read()
        self.logger.info(
            set_color("Pre-split", "yellow")
            + f" {self.files_in_words()}: the phase of an event is its file; eval_args: split and the filters (rm_dup_inter, "
            "val_interval, filter_inter_by_user_or_item, user_inter_num_interval, item_inter_num_interval) are not applied"
        )

    def _warn_of_lists_not_read(self) -> None:
        column = self.iid_field + self.config["LIST_SUFFIX"]
        for name in self._log_names(self.dataset_name):
            with (Path(self.dataset_path) / f"{name}.inter").open(encoding=self.config["encoding"]) as file:
                columns = [field.partition(":")[0] for field in file.readline().split(self.config["field_separator"])]
            if column in columns:
                self.logger.warning(
                    f"{name}.inter: the ready-made lists in {column!r} are not read; a history is the user's earlier events "
                    "that have a line of their own, in any of the files"
                )

    # --- filters, each counted --------------------------------------------------------------------------------------

    def _data_filtering(self) -> None:
        for name, step in (
            ("missing user or item (NaN)", self._filter_nan_user_or_item),
            (f"duplicates (rm_dup_inter={self.config['rm_dup_inter']})", self._remove_duplication),
            (f"field ranges (val_interval={self.config['val_interval']})", self._filter_by_field_value),
            ("user or item not in its file (filter_inter_by_user_or_item)", self._filter_inter_by_user_or_item),
            (
                f"k-core (user_inter_num_interval={self.config['user_inter_num_interval']}, "
                f"item_inter_num_interval={self.config['item_inter_num_interval']})",
                self._filter_by_inter_num,
            ),
        ):
            self._counted(name, step)
        if self.inter_feat.empty:
            raise DataError(
                f"{self.dataset_name}.inter: no interaction is left after the filters: {self._filters_in_words()}. "
                "Check the file, load_col and the filters named."
            )
        self._reset_index()
        self._check_times()

    def _counted(self, name: str, step: Callable[[], None]) -> None:
        before = self._sizes()
        step()
        after = self._sizes()
        removed = {what: before[what] - after[what] for what in before}
        self.filter_report.append({"filter": name, **removed})
        if any(removed.values()):
            self.logger.info(
                set_color("Filter", "yellow")
                + f" {name}: removed {removed['rows']} rows, {removed['users']} users, {removed['items']} items"
            )

    def _sizes(self) -> dict[str, int]:
        frame = self.inter_feat
        return {"rows": len(frame), "users": frame[self.uid_field].nunique(), "items": frame[self.iid_field].nunique()}

    def _filters_in_words(self) -> str:
        return "; ".join(f"{entry['filter']} removed {entry['rows']} rows" for entry in self.filter_report)

    def _remove_duplication(self) -> None:
        """RecBole's, but events of one time stay in file order (its sort is not stable)."""
        keep = self.config["rm_dup_inter"]
        if keep is None:
            return
        self.inter_feat.sort_values(by=self.time_field, kind="stable", inplace=True)
        self.inter_feat.drop_duplicates(subset=[self.uid_field, self.iid_field], keep=keep, inplace=True)

    def _check_times(self) -> None:
        time = self.inter_feat[self.time_field].to_numpy()
        wrong = np.flatnonzero(~np.isfinite(time) | (time < 0))
        if len(wrong):
            row = self.inter_feat.iloc[wrong[0]]
            raise DataError(
                f"{self.files_in_words()}: {len(wrong)} rows have a {self.time_field!r} that is not a finite number >= 0; "
                f"the first: user {row[self.uid_field]}, item {row[self.iid_field]}, time {row[self.time_field]}. "
                f"Mend or remove them, or keep a range with val_interval: {{{self.time_field}: '[0,inf)'}}."
            )

    def _normalize(self) -> None:
        """RecBole's, but never the time: sessions, order and intervals need its exact value."""
        exact = self.inter_feat[self.time_field].copy()
        super()._normalize()
        self.inter_feat[self.time_field] = exact
