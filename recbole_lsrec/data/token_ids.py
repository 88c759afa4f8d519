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
    ids, codes = pd.factorize(np.where(together.codes < 0, -1, together.codes).astype(np.int64))
    known = codes >= 0
    number = np.where(known, np.cumsum(known), 0)  # the missing token is none
    tokens = np.array([PADDING, *together.categories[codes[known]]])
    return np.split(number[ids], np.cumsum([len(column) for column in columns])[:-1]), tokens
