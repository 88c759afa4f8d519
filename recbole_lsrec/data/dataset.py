"""A click log kept once, flat and sorted; histories are gathered when a batch is made."""

import copy
import hashlib
from collections import Counter
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import torch
from recbole.data.dataset import Dataset
from recbole.data.interaction import Interaction
from recbole.utils import FeatureSource, FeatureType

from recbole_lsrec.config.global_time_settings import GlobalTime
from recbole_lsrec.data.batch import Batch, Column
from recbole_lsrec.data.category import categories_from_items, categories_from_log
from recbole_lsrec.data.event_types import check_event_types
from recbole_lsrec.data.feature_digest import with_features
from recbole_lsrec.data.filtered import FilteredDataset
from recbole_lsrec.data.loading import EVENT_TYPE
from recbole_lsrec.data.once import once_a_log
from recbole_lsrec.data.recbole_dataset import writable
from recbole_lsrec.data.sessions import own_sessions, segment_sessions, unused_sessions
from recbole_lsrec.data.split.global_time import frozen_history, global_time_split
from recbole_lsrec.data.split.phases import PHASES, Split
from recbole_lsrec.data.split.splitting import split_by_origin, split_log
from recbole_lsrec.data.window import Window
from recbole_lsrec.errors import DataError, counted, listed
from recbole_lsrec.log_checks.repeats import at_one_time, copies
from recbole_lsrec.log_checks.times import ORDER, TICKS_PER_SECOND

_CATEGORIES = (FeatureType.TOKEN, FeatureType.TOKEN_SEQ)


class SessionDataset(FilteredDataset):
    """RecBole's sequential dataset with exact times, sessions, categories and lazy windows.

    After :meth:`build` the log is sorted by (user, time, order in the file) and held once, as RecBole's columns plus:

    Attributes:
        user: int64 ``[n]`` user of each row.
        item: int64 ``[n]`` item of each row.
        time: int64 ``[n]`` seconds, rounded down when the file holds fractions or a finer unit; with ``timestamp_unit:
            order`` the places as they are.
        session: int64 ``[n]`` session number of each row: the log's own sessions where ``SESSION_ID_FIELD`` is a loaded
            column, else cut on the exact times by ``session_threshold``; with ``order`` one session a user.
        own_sessions: whether the sessions are the log's own.
        tied: boolean ``[n]`` whether the user has another event at the very same time.
        copied: boolean ``[n]`` whether an earlier row is the same event: user, item and time.
        start: int64 ``[n_users + 1]`` first row of each user id (0 is padding and has none).
        item_category: int64 tensor ``[n_items]``, 0 for padding and unknown; None without ``CATEGORY_FIELD``.
        n_categories: number of category ids, 0 included; 0 without ``CATEGORY_FIELD``.
        split: the row numbers of each phase.
        is_view: whether this is one phase of the log, not the whole.
        rows: int64, the instances of a view.
        history_ends: int64 ``[n]`` :meth:`history_end` of every row; None where each is the row itself.
        session_list_field: the batch's field of session numbers, ``session_id_list`` by default.

    An instance is the row number of its target; its history is the rows of the same user before it, up to
    :meth:`history_end`. The three datasets that :meth:`build` returns share one log and differ in ``rows`` alone.

    Raises:
        DataError: an input file is missing or malformed, a field is missing, a time is not finite or negative, or
            nothing is left to split.
    """

    also_reads: tuple[str, ...] = ()  # keys beyond the data settings on which the columns depend
    is_view: bool = False
    rows: np.ndarray = np.zeros(0, dtype=np.int64)
    item_category: torch.Tensor | None = None
    n_categories: int = 0
    history_ends: np.ndarray | None = None
    _instances: Interaction | None = None
    _limits: dict[str, int]  # phase -> candidate_limit
    found_once: dict[str, Any]  # see once_a_log

    # --- the flat log -------------------------------------------------------------------------------------------------

    def _change_feat_format(self) -> None:
        self.found_once, frame = {}, self.inter_feat
        self.user = writable(frame[self.uid_field].to_numpy(dtype=np.int64))
        self.item = writable(frame[self.iid_field].to_numpy(dtype=np.int64))
        exact = frame[self.time_field].to_numpy()
        self.tied, self.copied = at_one_time(self.user, exact), copies(self.user, self.item, exact)
        self.own_sessions = self.config["SESSION_ID_FIELD"] in frame
        self.session = self._sessions(frame, exact)
        if self.own_sessions:
            self._del_col(frame, self.config["SESSION_ID_FIELD"])  # the field of this name is made from the sessions
        ticks = TICKS_PER_SECOND.get(self.config["timestamp_unit"], 1)
        whole = ticks == 1 and exact.dtype == np.int64  # then they are held once
        self.time = writable(exact) if whole else np.floor_divide(exact, ticks).astype(np.int64)
        self.start = np.searchsorted(self.user, np.arange(self.user_num + 1))
        self.inter_feat = frame.drop(columns=[self.uid_field, self.iid_field, self.time_field])
        self._set_categories(self.inter_feat)
        # RecBole's float32 would round the time to 128 s; models get whole seconds, and their differences, exactly.
        Dataset._change_feat_format(self)
        columns = dict.fromkeys(frame.columns) | self.inter_feat.interaction  # in the order of the file
        columns[self.time_field] = torch.from_numpy(self.time)
        columns[self.uid_field], columns[self.iid_field] = torch.from_numpy(self.user), torch.from_numpy(self.item)
        self.inter_feat = Interaction(columns)
        self._join_categories()
        self._aug_presets()
        self.session_list_field = self.config["SESSION_ID_FIELD"] + self.config["LIST_SUFFIX"]
        self.set_field_property(
            self.session_list_field, FeatureType.TOKEN_SEQ, FeatureSource.INTERACTION, self.max_item_list_len
        )

    def _sessions(self, frame: pd.DataFrame, exact: np.ndarray) -> np.ndarray:
        field, unit = self.config["SESSION_ID_FIELD"], self.config["timestamp_unit"]
        for name in () if field in frame else self._log_names(self.dataset_name):
            if told := unused_sessions(self._columns_of(name), field):
                self.logger.warning(f"{name}.inter: {told}")
        if field in frame and self.field2type[field] != FeatureType.TOKEN:
            raise DataError(
                f"{self._log_names(self.dataset_name)[0]}.inter, line 1: field {field!r} (SESSION_ID_FIELD) has type "
                f"{self.field2type[field].value!r}; accepted: 'token'."
            )
        session, split, without = self._cut_sessions(frame, exact)
        if field in frame:
            self.logger.info(
                f"Sessions: the log's own, from the column {field!r} (SESSION_ID_FIELD); session_threshold has no effect"
            )
            if split or without:
                self.logger.warning(
                    f"SESSION_ID_FIELD {field!r}: {split} sessions have others of their user between their events and count "
                    f"as several; {without} events have no session id, and those that follow one another share a session"
                )
        elif unit == ORDER:
            self.logger.info(
                f"timestamp_unit: {ORDER}: times are places, so session_threshold has no effect: one session a user"
            )
        return session

    def _cut_sessions(self, frame: pd.DataFrame, exact: np.ndarray) -> tuple[np.ndarray, int, int]:
        """The sessions; how many of the log's own are split, and how many events name none."""
        field, unit = self.config["SESSION_ID_FIELD"], self.config["timestamp_unit"]
        if field in frame:
            return own_sessions(self.user, frame[field].to_numpy())
        if unit == ORDER:
            return own_sessions(self.user, np.zeros(len(self.user), dtype=np.int64))
        threshold = self.config["session_threshold"] * TICKS_PER_SECOND[unit]
        return segment_sessions(self.user, exact, threshold, self.config["session_gap"]), 0, 0

    def _set_categories(self, frame: pd.DataFrame) -> None:
        field = self.config["CATEGORY_FIELD"]
        if field is None:
            return
        if self.item_feat is not None and field in self.item_feat and self.field2type[field] in _CATEGORIES:
            self.item_category = torch.from_numpy(categories_from_items(self.item_feat[field], self.item_num))
        elif field in frame and self.field2type[field] == FeatureType.TOKEN:
            category, conflicts = categories_from_log(self.item, frame[field].to_numpy(), self.time, self.item_num)
            self.item_category = torch.from_numpy(category)
            if conflicts:
                self.logger.warning(
                    f"CATEGORY_FIELD {field!r}: {conflicts} items have several categories in {self.dataset_name}.inter; "
                    "the most frequent is taken, of equals the latest, counted in all phases' events"
                )
        else:
            loaded = [f"{name}:{ftype.value}" for name, ftype in sorted(self.field2type.items())]
            raise DataError(
                f"CATEGORY_FIELD: {field!r} is not a token column loaded from {self.dataset_name}.item or "
                f"{self.dataset_name}.inter (loaded: {listed(loaded)}); name one of load_col that is, give the column's "
                "header that type, or set CATEGORY_FIELD to none."
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

    def _join_categories(self) -> None:
        """Makes a category that stands in the log a feature of the item, as one from the ``.item`` file is.

        RecBole's models that take item features (DIN, DIEN, FDSA, ...) read them from ``item_feat`` alone.
        """
        field = self.config["CATEGORY_FIELD"]
        if self.item_category is None or (self.item_feat is not None and field in self.item_feat):
            return
        features = {} if self.item_feat is None else self.item_feat.interaction
        self.item_feat = Interaction({**self.get_item_feature().interaction, **features, field: self.item_category})

    # --- splits and views ---------------------------------------------------------------------------------------------

    def build(self) -> list["SessionDataset"]:
        """Sorts the log, cuts the sessions, splits the instances.

        Returns:
            Three views of one log: training, validation, test.
        """
        self._change_feat_format()
        self.split: Split = split_by_origin(self.user, self._origin) if self.pre_split else self._split_as_set()
        self._set_limits()
        n_instances = sum(map(len, self.split))
        if len(self.split.train) == 0 or self.item_num < 3:
            raise DataError(
                f"{self.files_in_words()}: {counted(len(self.user), 'event')} of {counted(self.user_num - 1, 'user')} and "
                f"{counted(self.item_num - 1, 'item')}: "
                f"{counted(n_instances, 'instance')}, {len(self.split.train)} to train on; "
                f"needed: one with an earlier event, and 2 items."
            )
        alone = int((np.diff(np.append(self.start[1:], len(self.user))) == 1).sum()) if self.user_num > 1 else 0
        without = f" ({alone} with one event, so without an instance)" if alone else ""
        self.logger.info(
            f"Log: {counted(len(self.user), 'event')}, "
            f"{counted(self.user_num - 1, 'user')}{without}, "
            f"{counted(self.item_num - 1, 'item')}, {counted(self.session[-1] + 1, 'session')}; "
            + ", ".join(f"{phase} {len(rows)}" for phase, rows in zip(PHASES, self.split, strict=True))
        )
        self._drop_unused_col()
        return [self.view(rows) for rows in self.split]

    def _split_as_set(self) -> Split:
        arguments = self.config["eval_args"]
        if "GTS" not in arguments["split"]:
            return split_log(self.user, self.time, arguments["split"], str(arguments["group_by"]).lower())
        settings = GlobalTime.parse(arguments["split"]["GTS"])
        # A token's hash, unlike its id, depends on nothing else in the file.
        hashes = pd.util.hash_array(self.field2id_token[self.uid_field].astype(object))
        allowed = {
            "may_train": self._of_types("train_events", settings.train_events),
            "may_target": self._of_types("target_events", settings.target_events),
        }
        keys, seed = hashes[self.user], self.config["candidate_seed"]
        return global_time_split(self.user, self.time, settings, **allowed, user_key=keys, seed=seed)

    def _of_types(self, part: str, names: tuple[str, ...]) -> np.ndarray | None:
        """Boolean ``[n]``: rows whose event type is one of the names; None where none are named."""
        if not names:
            return None
        types = self.field2id_token[EVENT_TYPE][1:].tolist() if self._has_event_types(self._log) else None
        check_event_types(f"GTS: {part}", names, types, f"{self.dataset_name}.inter", self._log.columns)
        ids = [self.field2token_id[EVENT_TYPE][name] for name in names]
        return np.isin(self._log[EVENT_TYPE].numpy(), ids)

    def _set_limits(self) -> None:
        self._limits, self.history_ends = {}, None
        parts = self.config["eval_args"]["split"].get("GTS")
        if parts is None or self.pre_split:
            return
        settings = GlobalTime.parse(parts)
        limits = dict(zip(("valid", "test"), settings.boundaries(self.time), strict=True))
        self._limits = {phase: limit for phase, limit in limits.items() if limit is not None}
        if settings.targets == "all":
            self.history_ends = np.arange(len(self.user))
            for phase, limit in self._limits.items():
                rows = getattr(self.split, phase)
                self.history_ends[rows] = frozen_history(self.user, self.time, limit)[rows]

    def candidate_limit(self, phase: str) -> int | None:
        """Before when, in unix seconds, an item must have been seen to be a candidate in ``valid`` or ``test``.

        With ``GTS`` it is the beginning of the phase's period, if it has one. None means the target's own time.
        """
        return self._limits.get(phase)

    def history_end(self, rows: np.ndarray) -> np.ndarray:
        """The row after the last one of each instance's history: the target's own, or an earlier one.

        Earlier with ``GTS`` and ``targets: all``, where what happens after the boundary is in no history.
        """
        return rows if self.history_ends is None else self.history_ends[rows]

    def view(self, rows: np.ndarray) -> "SessionDataset":
        """The same log seen through some of its instances."""
        other = copy.copy(self)
        other.rows, other.is_view, other._instances = rows, True, None
        return other

    def under(self, config: Any) -> "SessionDataset":
        """The same log for a run whose settings differ in nothing that the log depends on."""
        other = copy.copy(self)
        other.config = config
        return other

    @property
    def inter_feat(self) -> Any:
        """RecBole's table: the log, or of a view its instances with their windows (made on first use, then kept)."""
        if not self.is_view:
            return self._log
        if self._instances is None:
            self._instances = self.windows(self.rows)
        return self._instances

    @inter_feat.setter
    def inter_feat(self, feat: Any) -> None:
        self._log, self.is_view = feat, False

    def __len__(self) -> int:
        return len(self.rows) if self.is_view else len(self._log)

    @property
    def inter_num(self) -> int:
        """Number of events, or of instances in a view."""
        return len(self)

    @property
    def events(self) -> Interaction:
        """The columns of the whole log, one entry a row, whatever the view; not to be changed."""
        return self._log

    def counter(self, field: str) -> Counter:
        """RecBole's counter of one column, without making any window."""
        column = self._log[field][self.rows] if self.is_view else self._log[field]
        return Counter(np.asarray(column).tolist())

    def windows(self, rows: np.ndarray) -> Batch:
        """Instances: the target's fields and, right-padded with 0, every ``*_list`` field of its history.

        Args:
            rows: ``[B]`` rows of the targets.

        Returns:
            A batch with RecBole's fields, each gathered when it is first read; lists are ``[B, L, ...]`` with the most
            recent ``L`` events, oldest first. ``session_id_list`` counts the sessions of the window from 1;
            ``first_<time field>`` ``[B]`` is the time of the user's first event, which the window may have lost.
        """
        index = torch.as_tensor(rows, dtype=torch.int64)
        end = torch.as_tensor(self.history_end(rows), dtype=torch.int64)
        first = torch.from_numpy(self.start)[torch.from_numpy(self.user)[index]]  # [B] row of the user's first event
        window = Window.before(end, first, self.max_item_list_len)
        columns: dict[str, Column] = {
            self.item_list_length_field: window.length,
            f"first_{self.time_field}": partial(torch.from_numpy(self.time).index_select, 0, first),
            self.session_list_field: partial(window.sessions, torch.from_numpy(self.session)),
        }
        for field, column in self._log.interaction.items():
            columns[field] = partial(column.index_select, 0, index)
            if field != self.uid_field:
                columns[getattr(self, f"{field}_list_field")] = partial(window.of, column)
        return Batch(columns, len(index))

    def training_fields(self, rows: np.ndarray, epoch: int) -> dict[str, torch.Tensor]:
        """What only training batches carry beside the windows, as a function of (row, epoch): nothing here."""
        return {}

    @once_a_log
    def training_events(self) -> np.ndarray:
        """Boolean ``[n]``: the events that training sees as a target or in a history, except targets held out; read-only."""
        train, first = self.split.train, self.start[:-1]
        until = np.searchsorted(train, self.start[1:])  # the training rows before those of the next user
        has = until > np.searchsorted(train, first)
        edges = np.zeros(len(self.user) + 1, dtype=np.int8)  # +1: a stretch begins, -1: it has ended; little memory
        np.add.at(edges, first[has], 1)
        np.add.at(edges, train[until[has] - 1] + 1, -1)
        trains = np.cumsum(edges[:-1], dtype=np.int8).astype(bool)
        # Only pre-split files can have a held-out target before a training target of the same user.
        if self.pre_split:
            trains &= self._origin == 0
        trains.flags.writeable = False  # it is shared
        return trains

    def training_counts(self) -> np.ndarray:
        """int64 ``[n_items]``: how many events of each item training sees."""
        return np.bincount(self.item[self.training_events()], minlength=self.item_num)

    def training_users(self) -> np.ndarray:
        """Boolean ``[n_users]``: the users of whom training sees an event."""
        seen = np.zeros(self.user_num, dtype=bool)
        seen[self.user[self.training_events()]] = True
        return seen

    # --- what identifies the data -------------------------------------------------------------------------------------

    @once_a_log
    def fingerprint(self) -> str:
        """SHA-256 of the events: users, items, times, exact order and original tokens."""
        digest = hashlib.sha256()
        for array in (self.user, self.item, self.time):
            digest.update(array.tobytes())
        for field in (self.uid_field, self.iid_field):
            digest.update("\n".join(self.field2id_token[field]).encode())
        return digest.hexdigest()

    def sessions_fingerprint(self) -> str:
        """SHA-256 of what settings make of the events: sessions and categories. Runs that differ here meet equal tests."""
        digest = hashlib.sha256(self.session.tobytes())
        if self.item_category is not None:
            digest.update(self.item_category.numpy().tobytes())
        return digest.hexdigest()

    def features_fingerprint(self) -> str:
        """SHA-256 of those and of the further columns of users, items and events, where there are any: what models are told."""
        return with_features(self.sessions_fingerprint(), self)

    @once_a_log
    def split_fingerprint(self) -> str:
        """SHA-256 of the row numbers of the three phases, and of where histories end if not at their targets."""
        digest = hashlib.sha256()
        for rows in self.split:
            digest.update(f"{len(rows)}:".encode() + rows.astype(np.int64).tobytes())
        if self.history_ends is not None:
            digest.update(self.history_ends.tobytes())
        return digest.hexdigest()
