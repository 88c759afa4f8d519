"""The answer without the model: what was most frequent in training."""

import numpy as np
import pandas as pd

from recbole_lsrec.recommend.read_histories import ID, ITEM, NUMBER, USER


def popular_table(
    popularity: np.ndarray,
    token: np.ndarray,
    users: np.ndarray,
    rows: np.ndarray,
    allowed: np.ndarray,
    seen: pd.DataFrame,
    k: int,
) -> pd.DataFrame:
    """Each user's list, of equally frequent items the first in the catalogue first.

    Args:
        popularity: ``[n_items]`` training events of each item.
        token: ``[n_items]``.
        users: ``[U]``.
        rows: numbers of the users that are answered.
        allowed: boolean ``[n_items]``.
        seen: events whose item is not to be in the list of their user; of other users too.
        k: length of the lists.
    """
    best = np.argsort(np.where(allowed, -popularity, 1), kind="stable")[: int(allowed.sum())]
    own = seen[seen[NUMBER].isin(rows)].groupby(NUMBER)[ID].unique().to_dict()
    lists = [_others(best, own[row], k) if row in own else best[:k] for row in rows.tolist()]
    n = [len(items) for items in lists]
    item = np.concatenate([best[:0], *lists])
    return pd.DataFrame(
        {
            NUMBER: np.repeat(rows, n),
            USER: np.repeat(users[rows], n),
            "rank": np.concatenate([best[:0], *(np.arange(1, length + 1) for length in n)]),
            ITEM: token[item],
            "score": popularity[item].astype(np.float32),
            "source": "popularity",
        }
    )


def _others(best: np.ndarray, seen: np.ndarray, k: int) -> np.ndarray:
    likely = best[: k + len(seen)]  # k of them are left, whatever was seen
    return likely[~np.isin(likely, seen)][:k]
