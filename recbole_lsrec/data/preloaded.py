"""Weights that a file gives (``preload_weight``): what RecBole makes of them without a word."""

from collections.abc import Sequence

import numpy as np


def preload_remarks(ids: np.ndarray, vectors: Sequence[Sequence[float]], n_ids: int) -> list[str]:
    """What is to be said of the vectors of a file, for people.

    Args:
        ids: of whom they are; 0 is padding.
        vectors: one for each id given; an empty one is none.
        n_ids: with the padding.
    """
    lengths = np.array([len(vector) for vector in vectors], dtype=int)
    given = (ids > 0) & (lengths > 0)
    longest = lengths[given].max(initial=0)
    without, again = n_ids - 1 - len(np.unique(ids[given])), given.sum() - len(np.unique(ids[given]))
    short = (lengths[given] < longest).sum()
    nobodys = ((ids == 0) & (lengths > 0)).sum()
    told = (
        (
            short,
            f"{short} of {given.sum()} vectors are shorter than the longest, of {longest} numbers, and end with zeros",
        ),
        (without, f"{without} of {n_ids - 1} ids have no vector and get zeros"),
        (nobodys, f"{nobodys} vectors have no id and are left out"),
        (again, f"{again} vectors are of an id that has one already; the last counts"),
    )
    return [text for count, text in told if count]
