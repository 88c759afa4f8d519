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
        exclude: items never to recommend; how many of them the model does not know is said.
        candidates: the only ones; None: all.

    Raises:
        ConfigError: the model knows none of the candidates.
    """
    allowed = np.full(n_items, candidates is None)
    if candidates is not None:
        chosen = [known for item in candidates if (known := item_id.get(str(item), 0))]  # 0, the padding, is no item
        if not chosen:
            raise ConfigError(f"candidates: the model knows none of the {len(candidates)} items given.")
        if len(chosen) < len(candidates):
            unknown = len(candidates) - len(chosen)
            getLogger().warning(
                f"candidates: the model does not know {unknown} of the {len(candidates)} given: left out"
            )
        allowed[chosen] = True
    hidden = [item_id.get(str(item), 0) for item in exclude]
    if 0 in hidden:
        getLogger().warning(
            f"exclude: the model does not know {hidden.count(0)} of the {len(exclude)} given: passed over"
        )
    allowed[hidden] = False
    allowed[0] = False
    if not allowed.any():
        getLogger().warning("exclude: no item is left that may be recommended: every list is empty")
    return allowed
