"""From atomic files to tables: everything that is read is checked."""

from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from recbole.config import Config
from recbole.utils import FeatureSource, FeatureType

from recbole_lsrec.data.atomic import DATES, Types, read_atomic
from recbole_lsrec.data.batch_fields import check_free_names, check_own_names
from recbole_lsrec.data.files import names_read
from recbole_lsrec.data.named_columns import check_named_columns
from recbole_lsrec.data.recbole_dataset import RecBoleDataset
from recbole_lsrec.data.refused_names import refuse_names
from recbole_lsrec.errors import DataError
from recbole_lsrec.log_checks.batch_names import taken_names
from recbole_lsrec.log_checks.names import none_words, unseen_twins
from recbole_lsrec.log_checks.text import numbered_lines
from recbole_lsrec.simulated.generate import SIMULATED_NOTICE, ensure_bundled, is_simulated
from recbole_lsrec.whole_files import file_sha256

EVENT_TYPE = "event_type"  # the column of that name, if the log has one
_LINES_SHOWN = 5

_FILTERS = (
    "keep_events", "rm_exact_duplicates", "rm_dup_inter", "val_interval", "rm_ambiguous_items",
    "filter_inter_by_user_or_item", "user_inter_num_interval", "item_inter_num_interval", "k_core",
)  # fmt: skip


_NUMBERS = f", numbers in timestamp_unit; {DATES}"


class CheckedDataset(RecBoleDataset):
    """RecBole's loading with errors that name file and line; tokens are text, only an empty field is missing.

    Attributes:
        simulated: whether the files come from the project's simulator.
        remarks: what there is to say about the files and what was done to them: (level of logging, text).

    Raises:
        DataError: an input file is missing or malformed, or a field is missing.
    """

    adds_to_batches: tuple[str, ...] = ()  # fields beyond those of every log
    benchmark_filename_list: list[str] | None
    field2seqlen: dict[str, int]
    inter_feat: Any
    item_feat: Any
    user_feat: Any

    def __init__(self, config: Config) -> None:
        self.remarks: list[tuple[int, str]] = []
        super().__init__(config)

    def remark(self, level: int, text: str) -> None:
        """Logs a text, and keeps it with the log, so that a log found in the cache says the same."""
        self.remarks.append((level, text))
        self.logger.log(level, text)

    def _load_data(self, token: str, dataset_path: str) -> None:
        self._load_inter_feat(token, dataset_path)
        in_log = set(self.inter_feat.columns)
        self.user_feat = self._load_user_or_item_feat(token, dataset_path, FeatureSource.USER, "uid_field")
        self.item_feat = self._load_user_or_item_feat(token, dataset_path, FeatureSource.ITEM, "iid_field")
        self._load_additional_feat(token, dataset_path)
        for key in ("load_col", "unload_col"):
            for end, columns in (self.config[key] or {}).items():
                if getattr(self, f"{end}_feat", None) is None:
                    self.remark(
                        30,
                        f"{key}: {end}: {columns} are not read: no file {token}.{end}, or additional_feat_suffix lacks {end!r}",
                    )
        self._check_columns(token, in_log)
        if self.pre_split:
            self._check_pre_split()

    def _look_at_files(self, token: str, dataset_path: str) -> dict[str, str]:
        """Says of the files what is said whether or not they are read.

        Returns:
            The files there are of those that may be read, each with its SHA-256.
        """
        ensure_bundled(token, Path(dataset_path))
        if not Path(dataset_path).is_dir():
            raise DataError(
                f"{dataset_path}: no such folder; it must hold {token}.inter (`data_path` names its parent)."
            )
        files = [Path(dataset_path) / name for name in names_read(token, self.config)]
        found = {str(file): file_sha256(file) for file in files if file.is_file()}
        self.simulated = is_simulated(Path(dataset_path), token, found.get(str(files[0])))
        if self.simulated:
            self.logger.warning(SIMULATED_NOTICE)
        return found

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
        first: dict[str, str] = {}
        for path in files:
            frame = self._load_feat(path, FeatureSource.INTERACTION)
            assert frame is not None  # load_col has columns of the log, see Config
            types = {field: self.field2type[field].value for field in frame}
            if frames and any(first.get(field, ftype) != ftype for field, ftype in types.items()):
                raise DataError(
                    f"{path}, line 1: has the types {types}, {files[0].name} has {first}; they need the same."
                )
            first = types
            frames.append(frame)
            widths.append(dict(self.field2seqlen))
            if set(frames[-1]) != set(frames[0]):
                raise DataError(
                    f"{path}, line 1: has the columns {sorted(frames[-1])}, {files[0].name} has {sorted(frames[0])}; "
                    "pre-split files need the same columns, or a load_col that names those they share."
                )
        for key in ("USER_ID_FIELD", "ITEM_ID_FIELD"):
            field = self.config[key]
            if first.get(field, "token") != "token":
                raise DataError(
                    f"{files[0]}, line 1: field {field!r} ({key}) has type {first[field]!r}; accepted: 'token'."
                )
        self.inter_feat = frames[0] if len(frames) == 1 else _stacked(frames)
        self.field2seqlen = {field: max(width[field] for width in widths) for field in widths[0]}
        self.file_size_list = [len(frame) for frame in frames]

    def _benchmark_presets(self) -> None:
        """RecBole's reads ready-made lists; here histories are made from the events, pre-split or not."""

    def _load_user_or_item_feat(
        self, token: str, dataset_path: str, source: FeatureSource, field_name: str
    ) -> pd.DataFrame | None:
        """RecBole's; lines that repeat an id are counted, those without one removed and counted."""
        path, field = Path(dataset_path) / f"{token}.{source.value}", getattr(self, field_name)
        frame = self._load_feat(path, source) if path.is_file() else None
        self.field2source[field] = FeatureSource(f"{source.value}_id")
        if frame is None:
            return None
        if field not in frame:
            raise DataError(
                f"load_col: {source.value} has {sorted(frame)} without {field!r}, which says whose they are; add it."
            )
        without = frame[field].isna().to_numpy()
        again = frame[field].duplicated().to_numpy() & ~without
        for lines, what in ((without, f"has no {field}"), (again, "repeats an id")):
            if lines.any():
                self._tell_of_lines(path.name, np.flatnonzero(lines), f"{what}; removed")
        return frame[~(without | again)]

    def _load_additional_feat(self, token: str, dataset_path: str) -> None:
        for suffix in self.config["additional_feat_suffix"] or []:
            path = Path(dataset_path) / f"{token}.{suffix}"
            if hasattr(self, f"{suffix}_feat") or not path.is_file():
                raise DataError(
                    f"additional_feat_suffix: found {suffix!r}, for which {path} would be a file of its own."
                )
            setattr(self, f"{suffix}_feat", self._load_feat(path, suffix))

    def _load_feat(self, path: Path, source: FeatureSource | str) -> pd.DataFrame | None:
        named = getattr(source, "value", source)
        if all(named in (self.config[key] or ()) for key in ("load_col", "unload_col")):
            raise DataError(
                f"unload_col: found {named!r}, which load_col names too; give the columns of a file in one of them."
            )
        load_col, unload_col = self._get_load_and_unload_col(source)
        if load_col == set():
            return None
        frame, types = read_atomic(
            path,
            load_col,
            unload_col,
            field_separator=self.config["field_separator"],
            seq_separator=self.config["seq_separator"],
            encoding=self.config["encoding"],
            time_field=self.time_field if source == FeatureSource.INTERACTION else None,
        )
        refuse_names(path, frame, types, self.config["encoding"] or "utf-8")
        self._remark_none_words(path, frame, types)
        self._remark_unseen(path, frame, types)
        self._remark_missing_numbers(path, frame, types)
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

    def _remark_none_words(self, path: Path, frame: pd.DataFrame, types: Types) -> None:
        """A category, session or type of event whose name may mean that there is none is one all the same, and is said."""
        for field in (self.config["CATEGORY_FIELD"], self.config["SESSION_ID_FIELD"], EVENT_TYPE):
            column = frame[field] if types.get(field) in (FeatureType.TOKEN, FeatureType.TOKEN_SEQ) else pd.Series()
            if types.get(field) == FeatureType.TOKEN_SEQ:  # of which the first counts (category_from_seq)
                column = column.map(lambda tokens: tokens[0] if len(tokens) else None)
            names = none_words(column.dropna().unique())
            lines = int(column.isin(names).sum())
            if lines:
                self.remark(
                    30,
                    f"{path.name}, column {field!r}: {lines} of {len(frame)} lines hold {', '.join(map(repr, names))}, which "
                    "is a name like any other here; where it means that there is none, leave the field empty.",
                )

    def _remark_unseen(self, path: Path, frame: pd.DataFrame, types: Types) -> None:
        """Ids that only what a reader does not see tells apart stay apart, and are said."""
        for field in [field for field, ftype in types.items() if ftype == FeatureType.TOKEN]:
            names = unseen_twins(frame[field].cat.categories)
            if names:
                self.remark(
                    30,
                    f"{path.name}, column {field!r}: names that only spaces or characters that cannot be seen tell from another, "
                    f"or from none: {len(names)}, such as {names[0]!a}, in "
                    f"{int(frame[field].isin(names).sum())} of {len(frame)} lines; they are names of "
                    "their own here, so mend the file where they are not.",
                )

    def _remark_missing_numbers(self, path: Path, frame: pd.DataFrame, types: Types) -> None:
        """A number that is missing becomes the mean of its column, as in RecBole, and is said; without a number there is none."""
        for field in [
            field for field, ftype in types.items() if ftype == FeatureType.FLOAT and field != self.time_field
        ]:
            missing = int(frame[field].isna().sum())
            if missing and missing == len(frame) and field in (self.config["numerical_features"] or ()):
                raise DataError(
                    f"{path}, column {field!r}: all {missing} lines lack the number that numerical_features would embed; fill "
                    "the column, or leave it out there."
                )
            if missing:
                self.remark(
                    30,
                    f"{path.name}, column {field!r}: {missing} of {len(frame)} lines have no number; models that read it get the "
                    "column's mean there.",
                )

    def _tell_of_lines(self, file: str, rows: np.ndarray, what: str) -> None:
        """Warns of lines of a file, given as rows of its table."""
        wanted = set(rows[:_LINES_SHOWN].tolist())
        lines = numbered_lines(Path(self.dataset_path) / file, self.config["encoding"] or "utf-8")
        next(lines)  # the header
        shown = [str(number) for row, (number, _) in enumerate(islice(lines, max(wanted) + 1)) if row in wanted]
        more = f" and {len(rows) - len(shown)} more" if len(rows) > len(shown) else ""
        self.remark(30, f"{file}, line {', '.join(shown)}{more}: {what}")

    def _check_columns(self, token: str, in_log: set[str]) -> None:
        """Every field the settings name must be in a file, with a type that fits, once."""
        self._check_ids_and_time(token, in_log)
        check_named_columns(self.config, self.field2type, self.field2source)
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
        self._check_names_in_batches(token, in_log, made)

    def _check_ids_and_time(self, token: str, in_log: set[str]) -> None:
        for key, accepted in (
            ("USER_ID_FIELD", FeatureType.TOKEN),
            ("ITEM_ID_FIELD", FeatureType.TOKEN),
            ("TIME_FIELD", FeatureType.FLOAT),
        ):
            field = self.config[key]
            if field not in in_log:
                raise DataError(
                    f"{token}.inter: field {field!r} ({key}) is not among the columns loaded: {sorted(in_log)}; "
                    f"add it to the file and to load_col, or set {key} to the column that holds it."
                )
            if self.field2type[field] != accepted:
                raise DataError(
                    f"{token}.inter, line 1: field {field!r} ({key}) has type {self.field2type[field].value!r}; "
                    f"accepted: {accepted.value!r}{_NUMBERS if key == 'TIME_FIELD' else ''}."
                )

    def _check_names_in_batches(self, token: str, in_log: set[str], made: set[str]) -> None:
        """No column may take the place of another field of batches, those ``made`` of histories among them."""
        own_fields = {*self.adds_to_batches, f"first_{self.time_field}"}
        taken = taken_names(in_log, {*made, *own_fields}, self.config["NEG_PREFIX"])
        check_own_names({key: self.config[key] for key in ("LABEL_FIELD", "ITEM_LIST_LENGTH_FIELD")}, taken)
        batch = {*in_log, *made, *own_fields, self.item_list_length_field, self.config["LABEL_FIELD"]}
        users, items = (set() if feat is None else set(feat.columns) for feat in (self.user_feat, self.item_feat))
        columns = in_log - {self.uid_field, self.iid_field, self.time_field}
        check_free_names(
            f"{token}.inter",
            columns,
            {*own_fields, self.config["LABEL_FIELD"]},
            {self.uid_field, self.iid_field, self.time_field},
            self.config["NEG_PREFIX"],
        )
        for end, id_field, own, other in (
            ("user", self.uid_field, users, items),
            ("item", self.iid_field, items, users),
        ):
            check_free_names(f"{token}.{end}", own - {id_field}, batch, other, self.config["NEG_PREFIX"])

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
        unset: tuple[object, ...] = (None, False, "[0,inf)", "iterated", [], {})
        filters = [key for key in _FILTERS if self.config[key] not in unset]
        if self.user_feat is None and self.item_feat is None and "filter_inter_by_user_or_item" in filters:
            filters.remove("filter_inter_by_user_or_item")
        also = f" and the filters that are set ({', '.join(filters)}) are" if filters else " is"
        self.remark(
            20,
            f"Pre-split {self.files_in_words()}: the phase of an event is its file; eval_args: split{also} not applied",
        )

    def _warn_of_lists_not_read(self) -> None:
        column = self.iid_field + self.config["LIST_SUFFIX"]
        for name in self._log_names(self.dataset_name):
            if column in self._columns_of(name):
                self.remark(
                    30,
                    f"{name}.inter: the ready-made lists in {column!r} are not read; a history is the user's earlier events "
                    "that have a line of their own, in any of the files",
                )

    def _columns_of(self, name: str) -> list[str]:
        """Names of the columns in the header of ``<name>.inter``, loaded or not."""
        path = Path(self.dataset_path) / f"{name}.inter"
        _, header = next(numbered_lines(path, self.config["encoding"] or "utf-8"))
        return [field.partition(":")[0] for field in header.split(self.config["field_separator"])]

    def _check_times(self) -> None:
        time = self.inter_feat[self.time_field].to_numpy()
        wrong = np.flatnonzero(~np.isfinite(time) | (time < 0) | (time >= 2.0**63))  # beyond which int64 turns negative
        if len(wrong):
            row = self.inter_feat.iloc[wrong[0]]
            raise DataError(
                f"{self._line_of(row)}: {len(wrong)} rows have a {self.time_field!r} that is not a number from 0 to 2^63; "
                f"the first: user {row[self.uid_field]}, item {row[self.iid_field]}, time {row[self.time_field]}. "
                f"Mend or remove them, or keep a range with val_interval: {{{self.time_field}: '[0,inf)'}}."
            )

    def _line_of(self, row: pd.Series) -> str:
        """``file, line`` of the first event of this user and item whose time is none."""
        for name in self._log_names(self.dataset_name):
            columns = self._columns_of(name)
            at = [columns.index(field) for field in (self.uid_field, self.iid_field, self.time_field)]
            path = Path(self.dataset_path) / f"{name}.inter"
            for number, line in islice(numbered_lines(path, self.config["encoding"] or "utf-8"), 1, None):
                values = line.split(self.config["field_separator"])
                user, item, time = (values[place] for place in at)
                ids = (str(row[self.uid_field]), str(row[self.iid_field]))
                if (user, item) == ids and not 0 <= float(time or "nan") < 2.0**63:
                    return f"{name}.inter, line {number}"
        return self.files_in_words()


def _stacked(frames: list[pd.DataFrame]) -> pd.DataFrame:
    """The frames one below the other; their categories are joined in order of appearance."""
    columns = {}
    for name in frames[0]:
        parts = [frame[name] for frame in frames]
        is_token = isinstance(parts[0].dtype, pd.CategoricalDtype)
        columns[name] = pd.api.types.union_categoricals(parts) if is_token else np.concatenate(parts)
    return pd.DataFrame(columns)
