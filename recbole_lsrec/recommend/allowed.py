"""Which items may be recommended at all."""

from collections.abc import Mapping, Sequence
from logging import getLogger
from typing import Any

import numpy as np

from recbole_lsrec.errors import ConfigError


def allowed_items(
    item_id: Mapping[str, int], n_items: int, exclude: Sequence[Any], candidates: Sequence[Any] | None
) -> np.ndarray:
    """Boolean ``[n_items]``.

    Args:
        item_id: number of each token.
        n_items: padding included.
        exclude: items never to recommend; those that the model does not know are passed over.
        candidates: the only ones; None: all.

    Raises:
        ConfigError: the model knows none of the candidates.
    """
    allowed = np.full(n_items, candidates is None)
    if candidates is not None:
        chosen = [known for item in candidates if (known := item_id.get(str(item), 0))]  # 0, the padding, is no item
        if not chosen:
            raise ConfigError(
                f"candidates: the model knows none of the {len(candidates)} items given; None is all items."
            )
        allowed[chosen] = True
    allowed[[item_id.get(str(item), 0) for item in exclude]] = False
    allowed[0] = False
    return allowed


def count_unknown(
    item_id: Mapping[str, int], exclude: Sequence[Any], candidates: Sequence[Any] | None
) -> dict[str, int]:
    """How many of the items of :func:`allowed_items` the model does not know: ``unknown_candidates``, ``unknown_exclude``."""
    given = {"candidates": candidates or (), "exclude": exclude}
    return {f"unknown_{name}": sum(not item_id.get(str(item), 0) for item in items) for name, items in given.items()}


def say_unknown(counts: Mapping[str, int], exclude: Sequence[Any], candidates: Sequence[Any] | None) -> None:
    """Says the numbers of :func:`count_unknown`."""
    for name, items, become in (("candidates", candidates or (), "left out"), ("exclude", exclude, "passed over")):
        if unknown := counts[f"unknown_{name}"]:
            getLogger().warning(f"{name}: the model does not know {unknown} of the {len(items)} given: {become}")


def say_if_none_is_left(allowed: np.ndarray) -> None:
    """Says so where :func:`allowed_items` allows none."""
    if not allowed.any():
        getLogger().warning("exclude: no item is left that may be recommended: every list is empty")
