"""The retriever of a phase, for ``full_stage: two_stage``, and what it misses."""

from logging import getLogger
from typing import NamedTuple

import torch
from recbole.config import Config
from recbole.model.abstract_recommender import AbstractRecommender

from recbole_lsrec.console import DETAIL
from recbole_lsrec.data.dataloader import EvalLoader
from recbole_lsrec.errors import ConfigError
from recbole_lsrec.evaluation.scoring import check_finite, score_batch, scores_pairs
from recbole_lsrec.evaluation.two_stage import HISTORIES, TwoStage, scored, share_of_pairs
from recbole_lsrec.processes import group

AIM = 0.99
"""Recall that is looked for, and below which the log warns."""
_WORTH_IT = 0.5  # share of the pairs from which all of them are scored


class Retriever(NamedTuple):
    """What ranks all items of a phase in two stages.

    Attributes:
        items: scores them.
        recall: share of the best items of exact ranking, as many as the largest of ``topk``, that are found; mean over
            histories that the item vectors are not made of.
    """

    items: TwoStage
    recall: float


def share_scored(model: AbstractRecommender, loader: EvalLoader, config: Config) -> float:
    """The share of the pairs of a phase that ``full`` scores exactly under the settings: 1 unless there are two stages."""
    if config["full_stage"] != "two_stage" or not they_help(model, loader):
        return 1.0
    return share_of_pairs(len(loader.dataset), loader.dataset.item_num)


def they_help(model: AbstractRecommender, loader: EvalLoader) -> bool:
    """Whether two stages would save work in a phase: all items are ranked, by a model that looks at pairs, and many."""
    full = any(protocol.name == "full" for protocol in loader.protocols)
    return full and scores_pairs(model) and worth_it(len(loader.dataset), loader.dataset.item_num)


def worth_it(n_histories: int, n_items: int) -> bool:
    """Whether two stages save more than half of the pairs."""
    return share_of_pairs(n_histories, n_items) < _WORTH_IT


def make_retriever(model: AbstractRecommender, loader: EvalLoader, config: Config) -> Retriever | None:
    """Scores all items under evenly spaced histories of the phase; None where exact ranking is asked for or costs less.

    Nothing is read of the targets. A fifth of the histories are kept for the check.

    Args:
        model: in ``eval()`` mode.
        loader: the phase.
        config: ``full_stage``, ``topk``, ``eval_memory_mb``, ``device``.
    """
    if share_scored(model, loader, config) == 1:
        return None
    some, device = loader.some(HISTORIES), config["device"]
    rows = []
    with group.alone():  # the same in every process
        batches = list(some)
    for _, interaction in batches:
        nothing = torch.zeros(len(interaction), 1, dtype=torch.int64, device=device)
        batch = score_batch(model, interaction.to(device), nothing, some.dataset, True, config["eval_memory_mb"])
        assert batch.full is not None
        rows.append(batch.full)
    return make_items(model, torch.cat(rows), max(config["topk"]), f"{loader.phase}: full")


def make_items(model: AbstractRecommender, exact: torch.Tensor, k: int, what: str) -> Retriever:
    """Item vectors from four fifths of the histories, and what they miss of the others'; a warning where it is much.

    Args:
        model: whose scores they are.
        exact: ``[A + checked, N]`` scores of all items under some histories.
        k: how many of the best are to be found.
        what: in whose name it is said.

    Raises:
        TrainingError: the scores hold NaN.
        ConfigError: or an infinity, of which no item vectors can be made.
    """
    exact[:, 0] = 0  # the padding item's, which may be anything
    check_finite(exact, model)
    if torch.isinf(exact).any():
        raise ConfigError(
            f"{what} in two stages: {type(model).__name__} gives some items an infinite score, which no estimate can have; "
            "rank all items exactly (full_stage: exact, no --two-stage)."
        )
    checked = torch.arange(len(exact)) % 5 == 4
    items, known = TwoStage(exact[~checked]), exact[checked]
    share_found = items.learn_rounds(known, k, AIM)
    text = (
        f"{what} in two stages: of {exact.shape[1] - 1} items {scored(items.rounds)} are scored exactly for each history; "
        f"of the {k} best by exact ranking {share_found:.2%} are found (mean of {len(known)} histories)"
    )
    if share_found < AIM:
        getLogger().warning(f"{text}. full_stage: exact misses none.")
    else:
        getLogger().info(text, extra=DETAIL)
    return Retriever(items, share_found)
