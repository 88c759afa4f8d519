"""Why an item is in a list: how the model weighed its two interests, and the session that the history ends in."""

from typing import Any

import numpy as np
from recbole.data.interaction import Interaction
from torch import Tensor

from recbole_lsrec.config import Config
from recbole_lsrec.item_catalogue import Catalogue

COLUMNS = ["alpha", "alpha_of_list", "driven_by", "current_session", "current_categories"]


def explanation(
    config: Config, catalogue: Catalogue, batch: Interaction, alpha: Tensor | None, listed: np.ndarray
) -> dict[str, Any]:
    """One value for each item listed, user by user.

    Args:
        config: of the run.
        catalogue: of the run.
        batch: windows of ``B`` histories.
        alpha: ``[B, K]`` weight of the long-term interest for each item; None of a model without.
        listed: boolean ``[B, K]``, which of the K best there are.

    Returns:
        ``alpha``; ``alpha_of_list``, its mean; ``driven_by``, the interest with the larger weight, ``long`` or ``short``;
        ``current_session``, the items of the history's last session, and ``current_categories``, theirs, each once.
    """
    n = listed.sum(axis=1)  # [B]
    weight = np.full(listed.shape, np.nan) if alpha is None else alpha.float().cpu().numpy()  # [B, K]
    mean = np.where(listed, weight, 0).sum(axis=1) / np.maximum(n, 1)  # [B]
    side = np.where(weight > 0.5, "long", "short").astype(object)
    side[np.isnan(weight)] = None
    sessions, categories = _current_sessions(config, catalogue, batch)
    return {
        "alpha": weight[listed],
        "alpha_of_list": np.repeat(mean, n).astype(weight.dtype),
        "driven_by": side[listed],
        "current_session": _repeated(sessions, n),
        "current_categories": _repeated(categories, n),
    }


def _current_sessions(
    config: Config, catalogue: Catalogue, batch: Interaction
) -> tuple[list[list[str]], list[list[str]]]:
    """The items of each history's last session, and their categories in the order they first appear."""
    suffix, item_field = config["LIST_SUFFIX"], config["ITEM_ID_FIELD"]
    session = batch[config["SESSION_ID_FIELD"] + suffix].cpu().numpy()  # [B, L], 0 on padding
    last = (session == session.max(axis=1, keepdims=True)) & (session > 0)
    items = batch[item_field + suffix].cpu().numpy()  # [B, L]
    chosen = [row[of_last] for row, of_last in zip(items, last, strict=True)]
    sessions = [catalogue.tokens[item_field][row].tolist() for row in chosen]
    if catalogue.item_category is None:
        return sessions, [[] for _ in chosen]
    category, names = catalogue.item_category.numpy(), catalogue.tokens[config["CATEGORY_FIELD"]]
    known = [dict.fromkeys(category[row].tolist()) for row in chosen]
    return sessions, [[str(names[number]) for number in row if number] for row in known]


def _repeated(lists: list[list[str]], times: np.ndarray) -> list[list[str]]:
    return [one for one, n in zip(lists, times, strict=True) for _ in range(n)]
