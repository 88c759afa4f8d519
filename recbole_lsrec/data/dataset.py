"""A click log kept once, flat and sorted; histories are gathered when a batch is made."""

import copy
import hashlib
from collections import Counter
from typing import Any

import numpy as np
import pandas as pd
import torch
from recbole.data.dataset import Dataset
from recbole.data.interaction import Interaction
from recbole.utils import FeatureSource, FeatureType

from recbole_lsrec.config.global_time import GlobalTime
from recbole_lsrec.data.category import categories_from_items, categories_from_log
from recbole_lsrec.data.loading import CheckedDataset
from recbole_lsrec.data.sessions import segment_sessions
from recbole_lsrec.data.sorting import order_by_user_and_time
from recbole_lsrec.data.split.global_time import frozen_history
from recbole_lsrec.data.split.phases import PHASES, Split
from recbole_lsrec.data.split.splitting import split_by_origin, split_log
from recbole_lsrec.errors import DataError, did_you_mean

TICKS_PER_SECOND = {"s": 1, "ms": 1000}
EVENT_TYPE = "event_type"


class SessionDataset(CheckedDataset):
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
        is_view: whether this is one phase of the log, not the whole.
        rows: int64, the instances of a view.

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
    _instances: Interaction | None = None
    _origin: np.ndarray  # [n] pre-split files: which of the three files a row came from
    _limits: dict[str, int]  # phase -> candidate_limit
    _history_end: np.ndarray | None = None  # [n]; None: each history reaches up to its target

    # --- the flat log -------------------------------------------------------------------------------------------------

    def _change_feat_format(self) -> None:
        frame = self.inter_feat
        exact = frame[self.time_field].to_numpy(dtype=np.float64)
        user = frame[self.uid_field].to_numpy(dtype=np.int64)
        order = order_by_user_and_time(user, exact)  # ties keep the order of the file
        self.user, exact = user[order], exact[order]
        self.item = frame[self.iid_field].to_numpy(dtype=np.int64)[order]
        if self.pre_split:
            self._origin = np.repeat(np.arange(len(PHASES)), self.file_size_list)[order]
        ticks = TICKS_PER_SECOND[self.config["timestamp_unit"]]
        threshold = self.config["session_threshold"] * ticks
        self.session = segment_sessions(self.user, exact, threshold, self.config["session_gap"])
        self.time = np.floor(exact / ticks).astype(np.int64)
        self.start = np.searchsorted(self.user, np.arange(self.user_num + 1))
        self.inter_feat = frame.drop(columns=[self.uid_field, self.iid_field, self.time_field]).iloc[order]
        self._set_categories(self.inter_feat)
        # RecBole's float32 would round the time to 128 s; models get whole seconds, and their differences, exactly.
        Dataset._change_feat_format(self)
        columns = dict.fromkeys(frame.columns) | self.inter_feat.interaction  # in the order of the file
        columns[self.time_field] = torch.from_numpy(self.time)
        columns[self.uid_field], columns[self.iid_field] = torch.from_numpy(self.user), torch.from_numpy(self.item)
        self.inter_feat = Interaction(columns)
        self._join_categories()
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
        if len(self.split.train) == 0:
            raise DataError(
                f"{self.files_in_words()}: {len(self.user)} events of {self.user_num - 1} users give {n_instances} "
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

    def _split_as_set(self) -> Split:
        arguments = self.config["eval_args"]
        kind, value = next(iter(arguments["split"].items()))
        more: dict[str, Any] = {}
        if kind == "GTS":
            settings = GlobalTime.parse(value)
            # A token's hash, unlike its id, depends on nothing else in the file.
            hashes = pd.util.hash_array(self.field2id_token[self.uid_field].astype(object))
            more = {
                "may_train": self._of_types("train_events", settings.train_events),
                "may_target": self._of_types("target_events", settings.target_events),
                "user_key": hashes[self.user],
                "seed": self.config["candidate_seed"],
            }
        return split_log(self.user, self.time, arguments["split"], str(arguments["group_by"]).lower(), **more)

    def _of_types(self, part: str, names: tuple[str, ...]) -> np.ndarray | None:
        """Boolean ``[n]``: rows whose event type is one of the names; None where none are named."""
        if not names:
            return None
        if EVENT_TYPE not in self._log:
            raise DataError(
                f"GTS: {part}: {list(names)} needs the column {EVENT_TYPE!r}, which is not loaded from "
                f"{self.dataset_name}.inter (loaded: {sorted(self._log.columns)}); add it to load_col."
            )
        types = self.field2id_token[EVENT_TYPE][1:].tolist()
        for name in names:
            if name not in types:
                raise DataError(
                    f"GTS: {part}: found {name!r}; accepted, as in {self.dataset_name}.inter: {', '.join(types)}."
                    f"{did_you_mean(name, types)}"
                )
        ids = [self.field2token_id[EVENT_TYPE][name] for name in names]
        return np.isin(self._log[EVENT_TYPE].numpy(), ids)

    def _set_limits(self) -> None:
        self._limits, self._history_end = {}, None
        parts = self.config["eval_args"]["split"].get("GTS")
        if parts is None or self.pre_split:
            return
        settings = GlobalTime.parse(parts)
        limits = dict(zip(("valid", "test"), settings.boundaries(self.time), strict=True))
        self._limits = {phase: limit for phase, limit in limits.items() if limit is not None}
        if settings.targets == "all":
            self._history_end = np.arange(len(self.user))
            for phase, limit in self._limits.items():
                rows = getattr(self.split, phase)
                self._history_end[rows] = frozen_history(self.user, self.time, limit)[rows]

    def candidate_limit(self, phase: str) -> int | None:
        """Before when, in unix seconds, an item must have been seen to be a candidate in ``valid`` or ``test``.

        With ``GTS`` it is the beginning of the phase's period, if it has one. None means the target's own time.
        """
        return self._limits.get(phase)

    def history_end(self, rows: np.ndarray) -> np.ndarray:
        """The row after the last one of each instance's history: the target's own, or an earlier one.

        Earlier with ``GTS`` and ``targets: all``, where what happens after the boundary is in no history.
        """
        return rows if self._history_end is None else self._history_end[rows]

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

    def counter(self, field: str) -> Counter:
        """RecBole's counter of one column, without making any window."""
        column = self._log[field][self.rows] if self.is_view else self._log[field]
        return Counter(np.asarray(column).tolist())

    def windows(self, rows: np.ndarray) -> Interaction:
        """Gathers instances: the target's fields and, right-padded with 0, every ``*_list`` field of its history.

        Args:
            rows: ``[B]`` rows of the targets.

        Returns:
            Interaction with RecBole's fields; lists are ``[B, L, ...]`` with the most recent ``L`` events, oldest first.
            ``session_id_list`` counts the sessions of the window from 1; ``first_<time field>`` ``[B]`` is the time
            of the user's first event, which the window may have lost.
        """
        index = torch.as_tensor(rows, dtype=torch.int64)
        end = torch.as_tensor(self.history_end(rows), dtype=torch.int64)
        first = torch.from_numpy(self.start)[torch.from_numpy(self.user)[index]]  # [B] row of the user's first event
        length = (end - first).clamp(max=self.max_item_list_len)
        steps = torch.arange(self.max_item_list_len)
        inside = steps < length[:, None]  # [B, L]
        at = torch.where(inside, end[:, None] - length[:, None] + steps, 0)  # [B, L]
        batch = {field: column[index] for field, column in self._log.interaction.items()}
        batch[self.item_list_length_field] = length
        batch[f"first_{self.time_field}"] = torch.from_numpy(self.time)[first]
        for field, column in self._log.interaction.items():
            if field != self.uid_field:
                keep = inside.view(*inside.shape, *(1 for _ in column.shape[1:]))
                batch[getattr(self, f"{field}_list_field")] = column[at] * keep
        session = torch.from_numpy(self.session)[at]  # [B, L]
        batch[self._session_list_field] = (session - session[:, :1] + 1) * inside
        return Interaction(batch)

    def training_events(self) -> np.ndarray:
        """Boolean ``[n]``: the events that training sees as a target or in a history, except targets held out."""
        last = np.full(self.user_num, -1, dtype=np.int64)
        last[self.user[self.split.train]] = self.split.train  # increasing, so each user's last one stays
        trains = np.arange(len(self.user)) <= last[self.user]
        # Only pre-split files can have a held-out target before a training target of the same user.
        trains[self.split.valid] = trains[self.split.test] = False
        return trains

    def training_users(self) -> np.ndarray:
        """Boolean ``[n_users]``: the users of whom training sees an event."""
        seen = np.zeros(self.user_num, dtype=bool)
        seen[self.user[self.training_events()]] = True
        return seen

    # --- what identifies the data -------------------------------------------------------------------------------------

    def fingerprint(self) -> str:
        """SHA-256 of the events: users, items, times, exact order and original tokens."""
        digest = hashlib.sha256()
        for array in (self.user, self.item, self.time):
            digest.update(array.tobytes())
        for field in (self.uid_field, self.iid_field):
            digest.update("\n".join(self.field2id_token[field]).encode())
        return digest.hexdigest()

    def features_fingerprint(self) -> str:
        """SHA-256 of what settings make of the events: sessions and categories. Runs that differ here meet equal tests."""
        digest = hashlib.sha256(self.session.tobytes())
        if self.item_category is not None:
            digest.update(self.item_category.numpy().tobytes())
        return digest.hexdigest()

    def split_fingerprint(self) -> str:
        """SHA-256 of the row numbers of the three phases, and of where histories end if not at their targets."""
        digest = hashlib.sha256()
        for rows in self.split:
            digest.update(f"{len(rows)}:".encode() + rows.astype(np.int64).tobytes())
        if self._history_end is not None:
            digest.update(self._history_end.tobytes())
        return digest.hexdigest()
