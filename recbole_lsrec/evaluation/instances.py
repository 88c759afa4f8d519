"""What is known of each evaluated instance beside its rank: the columns that strata are cut by."""

import numpy as np
import pandas as pd

from recbole_lsrec.data.dataset import SessionDataset

THIRDS = np.array(["low", "middle", "high"])


def describe_instances(dataset: SessionDataset, rows: np.ndarray) -> pd.DataFrame:
    """One line per instance, all from the log, nothing from a model.

    Args:
        dataset: any view of the log after ``build``.
        rows: ``[N]`` rows of the targets.

    Returns:
        ``row``, ``user_id`` and ``item_id`` (original tokens), ``timestamp`` (seconds), ``history_length`` (all earlier
        events of the user), ``n_sessions`` (of that history), ``session_length`` (events of the current session, the
        last of that history), ``gap_s`` (seconds since the previous event), ``in_history`` (the target was met before),
        ``same_category`` (the target's category occurs in the current session; missing when unknown), ``event_type``
        (token of the target's event; missing when unknown), ``item_pop_third`` (``low``, ``middle``, ``high``:
        thirds of the items by training events) and ``item_events`` (training events of the target).
    """
    user, item, time = dataset.user, dataset.item, dataset.time
    first, end = dataset.start[user[rows]], dataset.history_end(rows)
    session, counts = dataset.session, dataset.training_counts()
    return pd.DataFrame(
        {
            "row": rows,
            "user_id": dataset.field2id_token[dataset.uid_field][user[rows]],
            "item_id": dataset.field2id_token[dataset.iid_field][item[rows]],
            "timestamp": time[rows],
            "history_length": end - first,
            "n_sessions": session[end - 1] - session[first] + 1,
            "session_length": end - np.searchsorted(session, session[end - 1]),
            "gap_s": time[rows] - time[end - 1],
            "in_history": _seen_before(user, item, rows, user[rows], end),
            "same_category": _same_category(dataset, rows),
            "event_type": _event_type(dataset, rows),
            "item_pop_third": THIRDS[popularity_third(counts)[item[rows]]],
            "item_events": counts[item[rows]],
        }
    )


def popularity_third(counts: np.ndarray) -> np.ndarray:
    """Third of each item id by training events: 0 low, 1 middle, 2 high; equally popular items by id."""
    items = len(counts) - 1  # without the padding
    third = np.zeros(items + 1, dtype=np.int64)
    third[1 + np.argsort(counts[1:], kind="stable")] = np.arange(items) * 3 // max(1, items)
    return third


def _seen_before(
    group: np.ndarray, value: np.ndarray, rows: np.ndarray, row_group: np.ndarray, end: np.ndarray
) -> np.ndarray:
    """Whether the value at each row occurs in the log before the row ``end`` within the given group."""
    width = int(value.max()) + 1
    pairs, first = np.unique(group * width + value, return_index=True)
    at = np.minimum(np.searchsorted(pairs, row_group * width + value[rows]), len(pairs) - 1)
    return (pairs[at] == row_group * width + value[rows]) & (first[at] < end)


def _same_category(dataset: SessionDataset, rows: np.ndarray) -> pd.Series:
    if dataset.item_category is None:
        return pd.Series([None] * len(rows), dtype="boolean")
    category = dataset.item_category.numpy()[dataset.item]
    end = dataset.history_end(rows)
    same = _seen_before(dataset.session, category, rows, dataset.session[end - 1], end)
    return pd.Series(same, dtype="boolean").mask(category[rows] == 0)


def _event_type(dataset: SessionDataset, rows: np.ndarray) -> pd.Series:
    if "event_type" not in dataset.events:
        return pd.Series([None] * len(rows), dtype="object")
    of_row = dataset.events["event_type"].numpy()[rows]
    return pd.Series(dataset.field2id_token["event_type"][of_row], dtype="object").mask(of_row == 0)
