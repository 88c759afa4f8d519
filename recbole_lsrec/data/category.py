"""One category per item, from the item file or from the log."""

import numpy as np
import pandas as pd


def categories_from_items(column: pd.Series, n_items: int) -> np.ndarray:
    """Categories from an item table sorted by item id (row 0 is padding).

    Args:
        column: a category id per item, or a sequence of ids of which the first counts (``category_from_seq: first``).
        n_items: number of item ids, padding included.

    Returns:
        int64 ``[n_items]``, 0 for padding and unknown.
    """
    if column.dtype == object:
        column = column.map(lambda ids: ids[0] if len(ids) else 0)
    category = column.to_numpy(dtype=np.int64).copy()
    category[0] = 0
    return category[:n_items]


def categories_from_log(
    item: np.ndarray, category: np.ndarray, time: np.ndarray, n_items: int
) -> tuple[np.ndarray, int]:
    """Each item's most frequent category in the log; of equally frequent ones the latest seen.

    Args:
        item: ``[n]`` item of each row.
        category: ``[n]`` category of each row, 0 for unknown.
        time: ``[n]`` time of each row.
        n_items: number of item ids, padding included.

    Returns:
        int64 ``[n_items]`` (0 for padding and unknown) and the number of items with several categories.
    """
    table = pd.DataFrame({"item": item, "category": category, "time": time})
    pairs = table[table["category"] > 0].groupby(["item", "category"])["time"].agg(["size", "max"]).reset_index()
    best = pairs.sort_values(["item", "size", "max"]).drop_duplicates("item", keep="last")
    result = np.zeros(n_items, dtype=np.int64)
    result[best["item"].to_numpy()] = best["category"].to_numpy()
    return result, int((pairs.groupby("item").size() > 1).sum())
