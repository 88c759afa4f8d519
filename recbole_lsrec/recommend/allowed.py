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


def say_unknown(item_id: Mapping[str, int], exclude: Sequence[Any], candidates: Sequence[Any] | None) -> dict[str, int]:
    """Says how many of the items of :func:`allowed_items` the model does not know, and where none is left.

    Returns:
        The numbers, as ``unknown_candidates`` and ``unknown_exclude``.
    """
    counts = {}
    for name, items, become in (("candidates", candidates or (), "left out"), ("exclude", exclude, "passed over")):
        unknown = counts[f"unknown_{name}"] = sum(not item_id.get(str(item), 0) for item in items)
        if unknown:
            getLogger().warning(f"{name}: the model does not know {unknown} of the {len(items)} given: {become}")
    if exclude and not allowed_items(item_id, len(item_id), exclude, candidates).any():
        getLogger().warning("exclude: no item is left that may be recommended: every list is empty")
    return counts
