"""A click log kept once, flat and sorted; histories are gathered when a batch is made."""

import copy
import hashlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from recbole.config import Config
from recbole.data.dataset import Dataset, SequentialDataset
from recbole.data.interaction import Interaction
from recbole.utils import FeatureSource, FeatureType, set_color

from recbole_lsrec.data.atomic import read_atomic
from recbole_lsrec.data.category import categories_from_items, categories_from_log
from recbole_lsrec.data.sessions import segment_sessions
from recbole_lsrec.data.simulate import SIMULATED_NOTICE, ensure_cosmetics, is_simulated
from recbole_lsrec.data.splitting import PHASES, Split, split_log
from recbole_lsrec.errors import DataError

TICKS_PER_SECOND = {"s": 1, "ms": 1000}


class SessionDataset(SequentialDataset):
    """RecBole's sequential dataset with exact times, sessions, categories and lazy windows.

    After :meth:`build` the log is sorted by (user, time, order in the file) and held once, as RecBole's columns plus:

    Attributes:
        user: int64 ``[n]`` user of each row.
        item: int64 ``[n]`` item of each row.
        time: int64 ``[n]`` seconds, rounded down when the file holds fractions or milliseconds.
        session: int64 ``[n]`` session number of each row, cut on the exact times by ``session_threshold``.
        start: int64 ``[n_users + 1]`` first row of each user id (0 is padding and has none).
        item_category: int64 tensor ``[n_items]``, 0 for padding and unknown; None without ``CATEGORY_FIELD``.
        n_categories: number of category ids, 0 included; 0 without ``CATEGORY_FIELD``.
        split: the row numbers of each phase.
        filter_report: what each filter removed.
        simulated: whether the files come from the project's simulator.
        rows: the instances of this view of the log (one of the phases); None for the whole log.

    An instance is the row number of its target; its history is the rows of the same user just before it. The three
    datasets that :meth:`build` returns share one log and differ in ``rows`` alone.

    Raises:
        DataError: an input file is missing or malformed, a field is missing, a time is not finite or negative, or
            nothing is left to split.
    """

    rows: np.ndarray | None = None
    item_category: torch.Tensor | None = None
    n_categories: int = 0

    def __init__(self, config: Config) -> None:
        self.filter_report: list[dict[str, int | str]] = []
        super().__init__(config)

    # --- loading ------------------------------------------------------------------------------------------------

    def _load_data(self, token: str, dataset_path: str) -> None:
        if token == "cosmetics":
            ensure_cosmetics(Path(dataset_path))
        self.simulated = is_simulated(Path(dataset_path), token)
        if self.simulated:
            self.logger.warning(set_color(SIMULATED_NOTICE, "red"))
        if not Path(dataset_path).is_dir():
            raise DataError(f"{dataset_path}: no such folder; it must hold {token}.inter (`data_path` names its parent).")
        self._load_inter_feat(token, dataset_path)
        in_log = set(self.inter_feat.columns)
        self.user_feat = self._load_user_or_item_feat(token, dataset_path, FeatureSource.USER, "uid_field")
        self.item_feat = self._load_user_or_item_feat(token, dataset_path, FeatureSource.ITEM, "iid_field")
        self._load_additional_feat(token, dataset_path)
        self._check_columns(token, in_log)

    def _load_inter_feat(self, token: str, dataset_path: str) -> None:
        self.inter_feat = self._load_feat(str(Path(dataset_path) / f"{token}.inter"), FeatureSource.INTERACTION)

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
                longest = int(frame[field].map(len).max())
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
            raise DataError(f"numerical_features: {self.time_field!r} is the TIME_FIELD; times are kept as exact seconds.")
        twice = (in_log - {self.uid_field, self.iid_field}) & (set() if self.item_feat is None else set(self.item_feat))
        if twice:
            raise DataError(f"load_col: {sorted(twice)} is loaded from both {token}.inter and {token}.item; keep one of them.")

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
                f"{self.dataset_name}.inter: {len(wrong)} rows have a {self.time_field!r} that is not a finite number >= 0; "
                f"the first: user {row[self.uid_field]}, item {row[self.iid_field]}, time {row[self.time_field]}. "
                f"Mend or remove them, or keep a range with val_interval: {{{self.time_field}: '[0,inf)'}}."
            )

    def _normalize(self) -> None:
        """RecBole's, but never the time: sessions, order and intervals need its exact value."""
        exact = self.inter_feat[self.time_field].copy()
        super()._normalize()
        self.inter_feat[self.time_field] = exact

    # --- the flat log -------------------------------------------------------------------------------------------------

    def _change_feat_format(self) -> None:
        frame = self.inter_feat
        exact = frame[self.time_field].to_numpy(dtype=np.float64)
        order = np.lexsort((exact, frame[self.uid_field].to_numpy()))  # stable: ties keep the order of the file
        frame = frame.iloc[order].reset_index(drop=True)
        exact = exact[order]
        self.user = frame[self.uid_field].to_numpy(dtype=np.int64)
        self.item = frame[self.iid_field].to_numpy(dtype=np.int64)
        ticks = TICKS_PER_SECOND[self.config["timestamp_unit"]]
        threshold = self.config["session_threshold"] * ticks
        self.session = segment_sessions(self.user, exact, threshold, self.config["session_gap"])
        self.time = np.floor(exact / ticks).astype(np.int64)
        self.start = np.searchsorted(self.user, np.arange(self.user_num + 1))
        self._set_categories(frame)
        # RecBole's float32 would round the time to 128 s; models get whole seconds, and their differences, exactly.
        self.inter_feat = frame.drop(columns=self.time_field)
        Dataset._change_feat_format(self)
        columns = {field: self.inter_feat[field] if field in self.inter_feat else None for field in frame.columns}
        columns[self.time_field] = torch.from_numpy(self.time)
        columns[self.uid_field], columns[self.iid_field] = torch.from_numpy(self.user), torch.from_numpy(self.item)
        self.inter_feat = Interaction(columns)
        self._aug_presets()
        self._session_list_field = self.config["SESSION_ID_FIELD"] + self.config["LIST_SUFFIX"]
        self.set_field_property(
            self._session_list_field, FeatureType.TOKEN_SEQ, FeatureSource.INTERACTION, self.max_item_list_len
        )

    def _set_categories(self, frame: pd.DataFrame) -> None:
        field = self.config["CATEGORY_FIELD"]
        if field is None:
            return
        if self.item_feat is not None and field in self.item_feat:
            self.item_category = torch.from_numpy(categories_from_items(self.item_feat[field], self.item_num))
        elif field in frame and self.field2type[field] == FeatureType.TOKEN:
            category, conflicts = categories_from_log(self.item, frame[field].to_numpy(), self.time, self.item_num)
            self.item_category = torch.from_numpy(category)
            if conflicts:
                self.logger.warning(
                    f"CATEGORY_FIELD {field!r}: {conflicts} items have several categories in {self.dataset_name}.inter; "
                    "the most frequent is taken, of equals the latest"
                )
        else:
            raise DataError(
                f"CATEGORY_FIELD: {field!r} is not a token column loaded from {self.dataset_name}.item or "
                f"{self.dataset_name}.inter (loaded: {sorted(self.field2type)}); add it to load_col, or set "
                "CATEGORY_FIELD to none."
            )
        self.n_categories = self.num(field)
        known = int((self.item_category[1:] > 0).sum())
        distinct = len(torch.unique(self.item_category[self.item_category > 0]))
        self.logger.info(f"Categories: {known} of {self.item_num - 1} items have one of {distinct} categories")
        if distinct <= 1:
            self.logger.warning(
                f"CATEGORY_FIELD {field!r}: all items are in {distinct} categories, so it tells a model nothing; "
                "set CATEGORY_FIELD to none, or name another field."
            )

    # --- splits and views ---------------------------------------------------------------------------------------------

    def build(self) -> list["SessionDataset"]:
        """Sorts the log, cuts the sessions, splits the instances.

        Returns:
            Three views of one log: training, validation, test.
        """
        self._change_feat_format()
        arguments = self.config["eval_args"]
        group_by = str(arguments["group_by"]).lower()
        self.split: Split = split_log(self.user, self.time, arguments["split"], group_by)
        n_instances = sum(map(len, self.split))
        if len(self.split.train) == 0:
            raise DataError(
                f"{self.dataset_name}.inter: {len(self.user)} events of {self.user_num - 1} users give {n_instances} "
                "instances and none to train on; an instance needs a user with an earlier event."
            )
        alone = int((np.diff(np.append(self.start[1:], len(self.user))) == 1).sum()) if self.user_num > 1 else 0
        self.logger.info(
            f"Log: {len(self.user)} events, {self.user_num - 1} users ({alone} with one event, so without an instance), "
            f"{self.item_num - 1} items, {self.session[-1] + 1} sessions; "
            + ", ".join(f"{phase} {len(rows)}" for phase, rows in zip(PHASES, self.split, strict=True))
        )
        self._drop_unused_col()
        return [self.view(rows) for rows in self.split]

    def view(self, rows: np.ndarray) -> "SessionDataset":
        """The same log seen through some of its instances."""
        other = copy.copy(self)
        other.rows = rows
        other._instances = None
        return other

    @property
    def inter_feat(self) -> Interaction | pd.DataFrame:
        """RecBole's table: the log, or of a view its instances with their windows (made on first use, then kept)."""
        if self.rows is None:
            return self._log
        if self._instances is None:
            self._instances = self.windows(self.rows)
        return self._instances

    @inter_feat.setter
    def inter_feat(self, feat: Interaction | pd.DataFrame) -> None:
        self._log, self.rows = feat, None

    def __len__(self) -> int:
        return len(self._log) if self.rows is None else len(self.rows)

    @property
    def inter_num(self) -> int:
        """Number of events, or of instances in a view."""
        return len(self)

    def counter(self, field: str) -> Counter:
        """RecBole's counter of one column, without making any window."""
        column = self._log[field] if self.rows is None else self._log[field][self.rows]
        return Counter(np.asarray(column).tolist())

    def windows(self, rows: np.ndarray) -> Interaction:
        """Gathers instances: the target's fields and, right-padded with 0, every ``*_list`` field of its history.

        Args:
            rows: ``[B]`` rows of the targets.

        Returns:
            Interaction with RecBole's fields; lists are ``[B, L, ...]`` with the most recent ``L`` events, oldest first.
            ``session_id_list`` counts the sessions of the window from 1.
        """
        index = torch.as_tensor(rows, dtype=torch.int64)
        length = (index - torch.from_numpy(self.start)[torch.from_numpy(self.user)[index]]).clamp(max=self.max_item_list_len)
        steps = torch.arange(self.max_item_list_len)
        inside = steps < length[:, None]  # [B, L]
        at = torch.where(inside, index[:, None] - length[:, None] + steps, 0)  # [B, L]
        batch = {field: column[index] for field, column in self._log.interaction.items()}
        batch[self.item_list_length_field] = length
        for field, column in self._log.interaction.items():
            if field != self.uid_field:
                keep = inside.view(*inside.shape, *(1 for _ in column.shape[1:]))
                batch[getattr(self, f"{field}_list_field")] = column[at] * keep
        session = torch.from_numpy(self.session)[at]  # [B, L]
        batch[self._session_list_field] = (session - session[:, :1] + 1) * inside
        return Interaction(batch)

    def training_events(self) -> np.ndarray:
        """Boolean ``[n]``: the events that training sees, as a target or as the end of a target's history."""
        trains = np.zeros(len(self.user), dtype=bool)
        trains[self.split.train] = True
        trains[self.split.train - 1] = True
        return trains

    # --- what identifies the data -------------------------------------------------------------------------------------

    def fingerprint(self) -> str:
        """SHA-256 of the log as models see it: events, exact order, sessions, categories and original tokens."""
        digest = hashlib.sha256()
        for array in (self.user, self.item, self.time, self.session):
            digest.update(array.tobytes())
        if self.item_category is not None:
            digest.update(self.item_category.numpy().tobytes())
        for field in (self.uid_field, self.iid_field):
            digest.update("\n".join(self.field2id_token[field]).encode())
        return digest.hexdigest()

    def split_fingerprint(self) -> str:
        """SHA-256 of the row numbers of the three phases."""
        digest = hashlib.sha256()
        for rows in self.split:
            digest.update(f"{len(rows)}:".encode() + rows.astype(np.int64).tobytes())
        return digest.hexdigest()
