"""Candidate lists given in a file, such as a published candidate set, matched with the instances of the log."""

import csv
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from recbole_lsrec.data.dataset import SessionDataset
from recbole_lsrec.data.event_name import event_name
from recbole_lsrec.errors import DataError, LSRecError
from recbole_lsrec.log_checks.text import check_utf8
from recbole_lsrec.log_checks.times import TICKS_PER_SECOND

_COLUMNS = ("user_id", "item_id", "negatives")


def read_candidates(path: str | Path, dataset: SessionDataset, share: float = 0.0) -> np.ndarray:
    """Reads the negatives of a view's instances.

    The file is ``.parquet``, ``.csv`` or, with tabs, anything else. Its columns are ``user_id`` and ``item_id`` (the
    target), original tokens; ``negatives``, tokens separated by spaces (a list, in parquet); and ``timestamp``, in the
    unit of the data set's files, which is needed only where a user has a target twice: without it the lines of one
    user and target belong to its instances in the order of time. Lines may be in any order; one file may serve
    validation and test.

    Args:
        path: the file.
        dataset: the view of a phase.
        share: of lists that may be shorter than others, name an item twice, or name the target; what is too much in them
            is left out and counted.

    Returns:
        int32 ``[N, n]`` in the order of ``dataset.rows``, short lists padded with 0.

    Raises:
        DataError: the file is missing or lacks a column, a token is unknown, a line matches no instance, an instance
            has no line, or more than ``share`` of the lists are uneven.
    """
    frame = _read(Path(path))
    users = _ids(frame, "user_id", frame["user_id"], dataset, dataset.uid_field, path)
    targets = _ids(frame, "item_id", frame["item_id"], dataset, dataset.iid_field, path)
    line_of = _match(frame, users, targets, dataset, path)  # [N] line of each instance
    tokens = frame["negatives"].iloc[line_of]
    lengths = tokens.map(len).to_numpy()
    owner = np.repeat(np.arange(len(tokens)), lengths)
    flat = pd.Series(np.concatenate([np.asarray(t, dtype=object) for t in tokens]) if len(tokens) else [], dtype=object)
    ids = _ids(frame.iloc[line_of[owner]], "negatives", flat, dataset, dataset.iid_field, path)
    usable = _usable(owner, ids, targets[line_of])
    kept = np.bincount(owner[usable], minlength=len(tokens))
    width = int(kept.max(initial=0))
    wrong = np.flatnonzero((kept < width) | (kept < lengths))
    if len(wrong) > share * len(kept):
        one = int(wrong[np.argmin(kept[wrong])])
        useless = int(lengths[one] - kept[one])
        found = f"{lengths[one]} negatives" + (f", of which {useless} are the target or come twice" if useless else "")
        raise DataError(
            f"{_where(path, frame, line_of[one])}: {found}{f', where others have {width}' if kept[one] < width else ''} "
            f"({len(wrong)} of {len(kept)} such lists); give every line as many, all different and without the target, or accept "
            "short lists with eval_args: {fewer: allow}."
        )
    if len(wrong):
        dataset.logger.warning(
            f"{path}: {int((kept < width).sum())} of {len(kept)} lists are shorter than {width}, and {int((~usable).sum())} "
            "negatives that were the target or came twice are left out (eval_args: fewer)"
        )
    result = np.zeros((len(tokens), width), dtype=np.int32)
    place = np.arange(usable.sum()) - np.repeat(np.cumsum(kept) - kept, kept)
    result[owner[usable], place] = ids[usable]
    return result


def _read(path: Path) -> pd.DataFrame:
    """The file with plain column names and lists of tokens; the index is the number of the line."""
    if not path.is_file() or not path.stat().st_size:
        raise DataError(
            f"candidates: found {str(path)!r}, which is no file or an empty one; accepted: a file with user_id, item_id and "
            "negatives."
        )
    try:
        if path.suffix == ".parquet":
            frame = pq.read_table(path).to_pandas(ignore_metadata=True)
        else:
            check_utf8(path)
            frame = _text_table(path)
    except LSRecError:
        raise
    except (OSError, ValueError, pa.ArrowException) as error:  # pandas' and Arrow's own
        reason = " ".join(str(error).split())
        raise DataError(f"{path}: cannot be read ({reason}); the kind of file goes by its ending.") from error
    frame = frame.rename(columns=lambda name: str(name).split(":")[0])
    missing = [name for name in _COLUMNS if name not in frame]
    if missing:
        raise DataError(
            f"{path}: has no column {', '.join(missing)} (found: {', '.join(map(str, frame.columns))}); needed are "
            f"{', '.join(_COLUMNS)}, and timestamp where a user has a target twice."
        )
    if not frame.columns.is_unique:
        twice = frame.columns[frame.columns.duplicated()][0]
        raise DataError(f"{path}, line 1: the column {twice!r} is there twice; rename or remove one of them.")
    if path.suffix == ".parquet":
        frame.index = pd.RangeIndex(1, len(frame) + 1)
    incomplete = frame[[name for name in (*_COLUMNS, "timestamp") if name in frame]].isna().any(axis=1).to_numpy()
    if incomplete.any():
        raise DataError(f"{_where(path, frame, int(incomplete.argmax()))}: has a value missing; mend or remove it.")
    lists = frame["negatives"].map(lambda given: isinstance(given, str | list | np.ndarray)).to_numpy(dtype=bool)
    if not lists.all():
        at = int(lists.argmin())
        raise DataError(
            f"{_where(path, frame, at)}: negatives {frame['negatives'].iloc[at]}; accepted: a list, or a text with tokens "
            "separated by spaces."
        )
    frame["negatives"] = frame["negatives"].map(lambda given: given.split() if isinstance(given, str) else list(given))
    return frame


def _text_table(path: Path) -> pd.DataFrame:
    """The file's values as text, each line that is not empty under its number; the header is line 1."""
    csv.field_size_limit(max(csv.field_size_limit(), path.stat().st_size))  # of long lists
    rows: list[list[str]] = []
    numbers, number = [], 1
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, delimiter="," if path.suffix == ".csv" else "\t", strict=True)
        try:
            for row in reader:
                if rows and row and len(row) != len(rows[0]):
                    raise DataError(
                        f"{path}, line {number}: found {len(row)} values, the header has {len(rows[0])} columns; mend or remove "
                        "it."
                    )
                if row or not rows:
                    rows.append(row)
                    numbers.append(number)
                number = reader.line_num + 1
        except csv.Error as error:
            raise DataError(
                f'{path}, line {number}: a " that does not fit ({error}); take it out, or double it in a value in quotes.'
            ) from error
    return pd.DataFrame(rows[1:], columns=rows[0], index=numbers[1:], dtype=object)


def _ids(
    frame: pd.DataFrame, column: str, tokens: pd.Series, dataset: SessionDataset, field: str, path: str | Path
) -> np.ndarray:
    """Ids of tokens, one for each line of the frame."""
    known = pd.Index(dataset.field2id_token[field][1:].astype(str))  # 0 is padding
    ids = known.get_indexer(tokens.astype(str)) + 1
    if (ids == 0).any():
        first = int(np.argmin(ids))
        joined = column == "negatives" and set(str(tokens.iloc[first])) & set(",;|[]")
        raise DataError(
            f"{_where(path, frame, first)}: {column} {tokens.iloc[first]!r} is not in the data set "
            f"{dataset.dataset_name!r} ({int((ids == 0).sum())} such tokens in all); "
            + ("negatives are tokens separated by spaces." if joined else "filters may have removed it.")
        )
    return ids


def _match(
    frame: pd.DataFrame, users: np.ndarray, targets: np.ndarray, dataset: SessionDataset, path: str | Path
) -> np.ndarray:
    """Position in the file of each instance of the view."""
    held_out = np.sort(np.concatenate([dataset.split.valid, dataset.split.test]))
    lines = pd.DataFrame({"user": users, "item": targets})
    instances = pd.DataFrame({"user": dataset.user[held_out], "item": dataset.item[held_out]})
    if "timestamp" in frame:
        ticks = TICKS_PER_SECOND.get(dataset.config["timestamp_unit"], 1)  # places in an order have none
        times = [_seconds(str(given), ticks) for given in frame["timestamp"]]
        if None in times:
            first = times.index(None)
            raise DataError(
                f"{_where(path, frame, first)}: timestamp {frame['timestamp'].iloc[first]!r} is no number from 0 to 2^63; times "
                "are those of the data set's files."
            )
        lines["time"] = np.array(times, dtype=np.int64)
        instances["time"] = dataset.time[held_out]
    names = list(lines)
    # The k-th line of a user and target is the k-th instance of theirs; where the test has fewer lines than both phases
    # have instances, they are the last ones: the file is for the test alone.
    lines["turn"], instances["turn"] = lines.groupby(names).cumcount(), instances.groupby(names).cumcount()
    if np.isin(dataset.rows, dataset.split.test).any():
        held = lines.join(instances.groupby(names).size().rename("held"), on=names)["held"].fillna(0)
        lines["turn"] += (held - lines.groupby(names)["turn"].transform("size")).clip(lower=0).astype(np.int64)
    lines["line"], instances["row"] = np.arange(len(lines)), held_out
    joined = lines.merge(instances, how="outer", on=[*names, "turn"])
    astray = joined[joined["row"].isna()]
    again = astray.merge(instances[names].drop_duplicates(), on=names)
    if len(again):
        raise DataError(
            f"{_where(path, frame, int(again['line'].min()))}: is one line more than there are held-out events of its user and "
            f"target{' and time' if 'time' in names else ''} ({len(again)} such lines in all); give each its line once."
        )
    if len(astray):
        raise DataError(
            f"{_where(path, frame, int(astray['line'].iloc[0]))}: matches no validation or test instance "
            f"({len(astray)} such lines in all); {', '.join(_COLUMNS[:2])}{' and timestamp' if 'time' in names else ''} "
            "must be those of a held-out event of this split."
        )
    line_of = joined.set_index("row")["line"].reindex(dataset.rows)
    without = np.flatnonzero(line_of.isna())
    if len(without):
        example = event_name(dataset, dataset.rows[without[0]])
        raise DataError(
            f"{path}: {len(without)} of {len(dataset.rows)} instances have no list, the first that of {example}; every "
            "instance of the phase needs a line."
        )
    return line_of.to_numpy(dtype=np.int64)


def _seconds(given: str, ticks: int) -> int | None:
    """A time in whole seconds, exactly: nanoseconds have more digits than float64; None where it is no time."""
    try:
        time = Decimal(given)
        return int(time // ticks) if 0 <= time < 2**63 else None
    except ArithmeticError:  # no number, or not a comparable one
        return None


def _usable(owner: np.ndarray, ids: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Negatives that are not the target and are named for the first time in their list."""
    first = ~pd.DataFrame({"owner": owner, "id": ids}).duplicated().to_numpy()
    return first & (ids != target[owner])


def _where(path: str | Path, frame: pd.DataFrame, position: int) -> str:
    return f"{path}, line {frame.index[position]}"
