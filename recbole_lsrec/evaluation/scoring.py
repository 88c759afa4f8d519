"""Scores of given candidates from any model: encode once where the model can, in chunks where it cannot."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple, TypeGuard

import numpy as np
import torch
from recbole.data.interaction import Interaction
from recbole.model.abstract_recommender import AbstractRecommender, GeneralRecommender

from recbole_lsrec.data.dataset import SessionDataset
from recbole_lsrec.errors import ConfigError, TrainingError
from recbole_lsrec.evaluation.two_stage import Score, TwoStage, histories_within
from recbole_lsrec.model.all_positions import AllPositions
from recbole_lsrec.model.base import LongShortRecommender
from recbole_lsrec.model.encode_once import EncodeOnce
from recbole_lsrec.model.scored_by import nearest, scored_by, scores_all_at_once

# Rows that predict() is given at a time on a CPU: larger batches of RecBole's DIN and DIEN fall out of its caches and take
# twice as long. Measured on ml-100k from 8 to 6,400 rows; 32 to 256 are about equal.
_CPU_ROWS = 256
# Histories that are matched at a time on a CPU, where they share no work: with more, the chunks of candidates get so short
# that what is done once a chunk outweighs them. Measured on ml-100k from 16 to 943.
_CPU_HISTORIES = 64
# Times the candidates of a history that a catalogue has, from which their vectors are gathered instead of scoring all items.
_LARGE = 64
# What a model holds at a time for a row, as a multiple of the row itself: DIN's attention over 50 events, about.
_ACTIVATIONS = 128


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
    """Whether it is the model's ``full_sort_predict`` that scores."""
    return scored_by(type(model)) == "full_sort_predict"


def scores_pairs(model: AbstractRecommender) -> bool:
    """Whether the model has to look at each pair of history and item, so that scoring all items takes long."""
    if _encodes(model):
        return not scores_all_at_once(type(model))
    return not isinstance(model, GeneralRecommender) and not ranks_all_items(model)


def _encodes(model: AbstractRecommender) -> TypeGuard[EncodeOnce]:
    return scored_by(type(model)) == "encode"


def rows_at_a_time(model: AbstractRecommender, device: torch.device) -> int | None:
    """How many rows of a batch are scored apart from the others, whatever the batch; None: all at once."""
    cached = _encodes(model) and not model.histories_share and device.type == "cpu"
    return _CPU_HISTORIES if cached else None


def score_batch(
    model: AbstractRecommender,
    interaction: Interaction,
    items: torch.Tensor,
    dataset: SessionDataset,
    full: bool,
    memory_mb: int,
    two_stage: TwoStage | None = None,
) -> Scores:
    """Scores the candidates of a batch, and every item when ``full``.

    Args:
        model: in ``eval()`` mode.
        interaction: windows of the batch, on the model's device.
        items: ``[B, C]`` candidates, the target first.
        dataset: gives the item features that some models of RecBole's kind read.
        full: whether every item is to be scored; the candidates' scores are then picked from these.
        memory_mb: about how much may be held at a time.
        two_stage: scores every item of a model that :func:`scores_pairs`; None: each is scored exactly.
    """
    if isinstance(model, GeneralRecommender):
        return _of_users(model, interaction[dataset.uid_field], items, dataset, full, memory_mb)
    if not ranks_all_items(model):
        most = max(1, len(items)) if two_stage is None else histories_within(memory_mb)
        at_a_time = rows_at_a_time(model, items.device) or most
        starts = range(0, max(1, len(items)), at_a_time)
        parts = [(interaction[at : at + at_a_time], items[at : at + at_a_time]) for at in starts]
        if _encodes(model):
            return _together([_matched(model, *part, full, two_stage) for part in parts])
        predict = partial(predict_rows, model, dataset=dataset, memory_mb=memory_mb)
        every = torch.arange(dataset.item_num, device=items.device).unsqueeze(0)
        return _together([
            _paired(partial(predict, some), partial(predict, some, every), asked, full, two_stage) for some, asked in parts
        ])  # fmt: skip
    if full:
        scores = _of_all_items(model, interaction, dataset.item_num)
        return Scores(scores, scores.gather(1, items), None)
    if _has_products(type(model)) and _LARGE * items.shape[1] < dataset.item_num:
        return Scores(None, _products(model, interaction, items, memory_mb), None)
    return Scores(None, _gathered(model, interaction, items, dataset.item_num, memory_mb), None)


def _has_products(model: type) -> bool:
    """Whether a class has ``score_candidates`` for its ``full_sort_predict``, and not one of a base with another."""
    return issubclass(model, AllPositions) and nearest(model, "full_sort_predict") >= nearest(model, "score_candidates")


def _of_users(
    model: GeneralRecommender,
    users: torch.Tensor,
    items: torch.Tensor,
    dataset: SessionDataset,
    full: bool,
    memory_mb: int,
) -> Scores:
    """Scores of a model that knows the user alone: each distinct user of the batch is scored once."""
    distinct, owner = users.unique(return_inverse=True)
    of_user = dataset.join(Interaction({dataset.uid_field: distinct.cpu()})).to(items.device)
    if not full and not ranks_all_items(model):
        pairs, place = (owner[:, None] * dataset.item_num + items).unique(return_inverse=True)
        rows, wanted = of_user[pairs // dataset.item_num], pairs % dataset.item_num
        return Scores(None, predict_rows(model, rows, wanted[:, None], dataset, memory_mb)[place, 0], None)
    at_a_time = max(1, int(memory_mb * 2**20 // (16 * dataset.item_num)))
    tables = []
    for at in range(0, len(distinct), at_a_time):
        some = of_user[at : at + at_a_time]
        if ranks_all_items(model):
            tables.append(_of_all_items(model, some, dataset.item_num))
        else:
            every = torch.arange(dataset.item_num, device=items.device).unsqueeze(0)
            tables.append(predict_rows(model, some, every, dataset, memory_mb))
    scores = torch.cat(tables)  # [users, n_items]
    return Scores(scores[owner] if full else None, scores[owner[:, None], items], None)


def _together(parts: list[Scores]) -> Scores:
    """The scores of consecutive rows of a batch as those of the batch."""
    full, candidates, alpha = zip(*parts, strict=True)
    return Scores(
        None if full[0] is None else torch.cat(full),
        torch.cat(candidates),
        None if alpha[0] is None else torch.cat(alpha),
    )


def _matched(
    model: EncodeOnce, interaction: Interaction, items: torch.Tensor, full: bool, two_stage: TwoStage | None
) -> Scores:
    state, n, alpha = model.encode(interaction), len(interaction), None
    if isinstance(model, LongShortRecommender):
        alpha = model.score(state, items[:, :1], return_alpha=True)[1]
    scores = _paired(
        lambda asked: model.score_many(state, asked, n), lambda: model.score_all(state, n), items, full, two_stage
    )
    return scores._replace(alpha=None if alpha is None else alpha[:, 0])


def _paired(
    exact: Score, every: Callable[[], torch.Tensor], items: torch.Tensor, full: bool, two_stage: TwoStage | None
) -> Scores:
    """Scores of the histories of which ``exact`` scores some items and ``every`` all."""
    if full and two_stage is None:
        scores = every()
        return Scores(scores, scores.gather(1, items), None)
    distinct, place = distinct_candidates(items)
    estimated = two_stage.scores(exact, len(items)) if full and two_stage is not None else None
    return Scores(estimated, exact(distinct).gather(1, place), None)


def distinct_candidates(items: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Each row's items once, so that what several protocols share is scored once.

    Args:
        items: ``[B, C]``.

    Returns:
        ``[B, U]`` distinct items, increasing, rows padded with 0; and ``[B, C]`` the place of each item among them.
    """
    ordered, order = items.sort(dim=1)
    is_new = torch.ones_like(ordered, dtype=torch.bool)
    is_new[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    rank = is_new.cumsum(dim=1) - 1
    distinct = items.new_zeros(len(items), int(rank[:, -1].max()) + 1 if len(items) else 1)
    return distinct.scatter_(1, rank, ordered), torch.empty_like(rank).scatter_(1, order, rank)


def predict_rows(
    model: AbstractRecommender, interaction: Interaction, items: torch.Tensor, dataset: SessionDataset, memory_mb: int
) -> torch.Tensor:
    """Scores ``[B, C]`` of items ``[B, C]`` or ``[1, C]`` by ``predict`` on one row per pair, some pairs at a time."""
    items = items.expand(len(interaction), -1)
    row_bytes = sum(column[:1].nbytes for column in interaction.interaction.values())
    at_a_time = max(1, int(memory_mb * 2**20 // (row_bytes * _ACTIVATIONS)))
    if items.device.type == "cpu":
        at_a_time = min(at_a_time, _CPU_ROWS)
    features = dataset.get_item_feature().to(items.device).interaction
    owner = torch.arange(len(items), device=items.device).repeat_interleave(items.shape[1])
    scores = []
    for owners, chosen in zip(owner.split(at_a_time), items.reshape(-1).split(at_a_time), strict=True):
        rows = interaction[owners]
        rows.update(Interaction({field: column[chosen] for field, column in features.items()}))
        scores.append(model.predict(rows).view(-1))
    return torch.cat(scores).view(items.shape)


def _products(model: AllPositions, interaction: Interaction, items: torch.Tensor, memory_mb: int) -> torch.Tensor:
    """Candidates' scores ``[B, C]`` from their own vectors, some histories at a time."""
    at_a_time = max(1, int(memory_mb * 2**20 // (8 * items.shape[1] * model.item_embedding.embedding_dim)))
    starts = range(0, len(items), at_a_time)
    cuts = [slice(at, at + at_a_time) for at in starts]
    return torch.cat([model.score_candidates(interaction[cut], items[cut]) for cut in cuts])


def _gathered(
    model: AbstractRecommender, interaction: Interaction, items: torch.Tensor, n_items: int, memory_mb: int
) -> torch.Tensor:
    """Candidates' scores ``[B, C]`` out of all items', some histories at a time.

    RecBole's models give no vector of the history to multiply with the candidates' alone, and a product with all items
    costs less on a catalogue of thousands than to gather the candidates' vectors.
    """
    at_a_time = max(1, int(memory_mb * 2**20 // (8 * n_items)))
    parts = []
    for at in range(0, len(interaction), at_a_time):
        some = interaction[at : at + at_a_time]
        parts.append(_of_all_items(model, some, n_items).gather(1, items[at : at + at_a_time]))
    return torch.cat(parts)


def _of_all_items(model: AbstractRecommender, interaction: Interaction, n_items: int) -> torch.Tensor:
    """What ``full_sort_predict`` gives, as ``[B, n_items]``."""
    scores = model.full_sort_predict(interaction)
    if scores.numel() != len(interaction) * n_items:
        raise ConfigError(
            f"{type(model).__name__}: full_sort_predict gave {list(scores.shape)} for {len(interaction)} histories; accepted: "
            f"a score of each of the {n_items} item numbers, padding included."
        )
    return scores.view(len(interaction), n_items)


def check_finite(scores: torch.Tensor, model: AbstractRecommender) -> None:
    """A score that is not a number would rank first unnoticed.

    Args:
        scores: ``[B, ...]`` of items, without padding.
        model: that gave them.

    Raises:
        TrainingError: the scores hold NaN.
    """
    if torch.isnan(scores).any():
        bad = int(np.count_nonzero(torch.isnan(scores).any(dim=1).cpu().numpy()))
        raise TrainingError(
            f"{type(model).__name__} scored {bad} instances of a batch with NaN; lower learning_rate or set clip_grad_norm, or "
            "normalize_field where it reads large numbers."
        )
