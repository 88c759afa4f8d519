"""RecBole's ``full_sort_scores`` and ``full_sort_topk`` (``recbole.utils.case_study``) for the loaders here."""

from collections.abc import Sequence
from numbers import Integral
from typing import Any

import numpy as np
import torch
from recbole.model.abstract_recommender import GeneralRecommender
from torch import Tensor

from recbole_lsrec.data.dataloader import EvalLoader
from recbole_lsrec.errors import DataError
from recbole_lsrec.evaluation.evaluator import seen_items
from recbole_lsrec.evaluation.scoring import score_batch
from recbole_lsrec.model.general_recommender.unseen_users import take_average_user
from recbole_lsrec.recommend.read_histories import shown


@torch.no_grad()
def full_sort_scores(
    uid_series: Sequence[int] | np.ndarray, model: Any, test_data: EvalLoader, device: torch.device | None = None
) -> Tensor:
    """Scores of all items for users of a loader, from the history before each user's first target there.

    As in RecBole, what is in that history counts ``-inf`` for general models; for others if the run has ``filter_seen``.

    Args:
        uid_series: internal ids of users.
        model: on ``device``.
        test_data: of :func:`recbole_lsrec.quick_start.load_data_and_model`.
        device: the CPU by default.

    Returns:
        ``[B, n_items]``, that of the padding (item 0) ``-inf``.

    Raises:
        DataError: a user has no target in the loader, where RecBole leaves such a user out in silence; or what is given are
            no internal ids.
    """
    dataset = test_data.dataset
    users = _users(uid_series)
    found, first = np.unique(dataset.user[dataset.rows], return_index=True)
    missing = users[~np.isin(users, found)]
    if len(missing):
        raise DataError(f"uid_series: user {missing[0]} has no target in the {test_data.phase} data; leave it out.")
    rows = dataset.rows[first[np.searchsorted(found, users)]]
    device = device or torch.device("cpu")
    interaction = dataset.join(dataset.windows(rows)).to(device)
    model.eval()
    general = isinstance(model, GeneralRecommender)
    if general:
        take_average_user(model, torch.from_numpy(dataset.training_users()))
    items = torch.from_numpy(dataset.item[rows])[:, None].to(device)
    scores = score_batch(
        model, interaction, items, dataset, full=True, memory_mb=test_data.config["eval_memory_mb"]
    ).full
    assert scores is not None
    scores[:, 0] = -torch.inf
    if general or test_data.config["filter_seen"]:
        scores[seen_items(dataset, rows, scores.device)] = -torch.inf
    return scores


def full_sort_topk(
    uid_series: Sequence[int] | np.ndarray,
    model: Any,
    test_data: EvalLoader,
    k: int,
    device: torch.device | None = None,
) -> tuple[Tensor, Tensor]:
    """Scores and internal ids of the ``k`` best items of each user, ``[B, k]`` each; see :func:`full_sort_scores`.

    Raises:
        DataError: as of :func:`full_sort_scores`, or there are no ``k`` items.
    """
    if isinstance(k, bool) or not isinstance(k, Integral) or not 1 <= k < test_data.dataset.item_num:
        raise DataError(
            f"k: found {k!r}; accepted: a whole number from 1 to {test_data.dataset.item_num - 1}, the number of items."
        )
    scores, items = torch.topk(full_sort_scores(uid_series, model, test_data, device), k)
    return scores, items


def _users(given: Any) -> np.ndarray:
    """The users ``[B]``; text is refused, as a user's token may be the internal id of another."""
    users = np.asarray(given)
    if users.ndim != 1 or not len(users) or users.dtype.kind not in "iu":
        raise DataError(
            f"uid_series: found {shown(given)}; accepted: a list of internal ids of users, whole numbers. Of users as the files "
            "name them: dataset.token2id(dataset.uid_field, names)."
        )
    return users
