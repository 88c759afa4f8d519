"""Numbers for tokens, in order of first appearance, as RecBole gives them."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from pandas.api.types import union_categoricals

PADDING = "[PAD]"


def number_tokens(columns: Sequence[pd.Categorical]) -> tuple[list[np.ndarray], np.ndarray]:
    """Numbers the tokens of columns that share their ids (an item in the log and in the item file).

    Args:
        columns: the columns, in the order in which their tokens are met.

    Returns:
        int64 ids of each column, from 1 on, 0 for a missing token; and the tokens by id, the padding's first.
    """
    together = columns[0] if len(columns) == 1 else union_categoricals(list(columns))
    codes, n_categories = together.codes, len(together.categories)  # -1 is a missing token
    first = np.full(n_categories + 1, len(codes))
    first[codes[::-1]] = np.arange(len(codes) - 1, -1, -1)  # the first row of each is written last
    first = first[:n_categories]  # the last entry is that of code -1
    met = np.argsort(first, kind="stable")[: np.count_nonzero(first < len(codes))]  # codes by first appearance
    number = np.zeros(n_categories + 1, dtype=np.int64)
    number[met] = np.arange(1, len(met) + 1)
    tokens = np.array([PADDING, *together.categories[met]])
    return np.split(number[codes], np.cumsum([len(column) for column in columns])[:-1]), tokens
