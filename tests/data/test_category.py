"""One category per item, from the log."""

import numpy as np

from recbole_lsrec.data.category import categories_from_log


def test_of_equally_frequent_categories_the_one_seen_last_counts_and_unknown_is_none() -> None:
    item, category = np.array([1, 1, 1, 1, 2, 2, 2]), np.array([5, 6, 6, 5, 0, 0, 7])
    found, several = categories_from_log(item, category, np.arange(7), 4)
    assert found.tolist() == [0, 5, 7, 0]
    assert several == 1
