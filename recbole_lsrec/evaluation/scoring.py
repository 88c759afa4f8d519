"""Scores of given candidates from any sequential model: encode once where the model can, in chunks where it cannot."""

from typing import NamedTuple

import numpy as np
import torch
from recbole.data.interaction import Interaction
from recbole.model.abstract_recommender import AbstractRecommender, SequentialRecommender

from recbole_lsrec.data.dataset import SessionDataset
from recbole_lsrec.model.base import LongShortRecommender


class Scores(NamedTuple):
    """Scores of one batch.

    Attributes:
        full: ``[B, n_items]``, or None when only candidates were asked for.
        candidates: ``[B, C]`` in the order asked.
        alpha: ``[B]`` weight of the long-term interest for the first candidate; None for models without.
    """

    full: torch.Tensor | None
    candidates: torch.Tensor
    alpha: torch.Tensor | None


def ranks_all_items(model: AbstractRecommender) -> bool:
    """Whether the model has a ``full_sort_predict`` of its own."""
    return type(model).full_sort_predict is not AbstractRecommender.full_sort_predict


def score_batch(
    model: SequentialRecommender,
    interaction: Interaction,
    items: torch.Tensor,
    dataset: SessionDataset,
    full: bool,
    memory_mb: int,
) -> Scores:
    """Scores the candidates of a batch, and every item when ``full``.

    Args:
        model: in ``eval()`` mode.
        interaction: windows of the batch, on the model's device.
        items: ``[B, C]`` candidates, the target first.
        dataset: gives the item features that models like DIN read.
        full: whether every item is to be scored.
        memory_mb: bound on the rows that a model without ``full_sort_predict`` is given at a time.
    """
    if isinstance(model, LongShortRecommender):
        state = model.encode(interaction)
        alpha = model.score(state, items[:, :1], return_alpha=True)[1]
        alpha = None if alpha is None else alpha[:, 0]
        if full:
            scores = model.score_all(state, len(interaction))
            return Scores(scores, scores.gather(1, items), alpha)
        return Scores(None, model.score(state, items), alpha)
    if ranks_all_items(model):
        scores = model.full_sort_predict(interaction).view(len(interaction), -1)
        return Scores(scores if full else None, scores.gather(1, items), None)
    if full:
        every = torch.arange(dataset.item_num, device=items.device).expand(len(interaction), -1)
        scores = predict_rows(model, interaction, every, dataset, memory_mb)
        return Scores(scores, scores.gather(1, items), None)
    return Scores(None, predict_rows(model, interaction, items, dataset, memory_mb), None)


def predict_rows(
    model: SequentialRecommender, interaction: Interaction, items: torch.Tensor, dataset: SessionDataset, memory_mb: int
) -> torch.Tensor:
    """Scores ``[B, C]`` by ``predict`` on one row per candidate, some histories at a time."""
    row_bytes = sum(column[:1].nbytes for column in interaction.interaction.values())
    at_a_time = max(1, int(memory_mb * 2**20 // (row_bytes * items.shape[1] * 8)))
    features = dataset.get_item_feature().to(items.device)
    parts = []
    for at in range(0, len(interaction), at_a_time):
        chosen = items[at : at + at_a_time]
        rows = interaction[at : at + at_a_time].repeat_interleave(items.shape[1])
        flat = chosen.reshape(-1)
        rows.update(Interaction({field: column[flat] for field, column in features.interaction.items()}))
        parts.append(model.predict(rows).view(chosen.shape))
    return torch.cat(parts)


def check_finite(scores: torch.Tensor, model: AbstractRecommender) -> None:
    """A score that is not a number would rank first unnoticed.

    Raises:
        FloatingPointError: the scores hold NaN.
    """
    if torch.isnan(scores).any():
        bad = int(np.count_nonzero(torch.isnan(scores).any(dim=1).cpu().numpy()))
        raise FloatingPointError(
            f"{type(model).__name__} scored {bad} instances of a batch with NaN; lower the learning rate or clip gradients."
        )
