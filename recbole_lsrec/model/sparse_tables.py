"""Which embedding tables get sparse gradients: those of which a batch looks up few rows."""

from typing import Any

from recbole.model.abstract_recommender import AbstractRecommender
from torch import nn

from recbole_lsrec.config.check_model import may_be_sparse
from recbole_lsrec.config.nested import no_negatives
from recbole_lsrec.model.base import LongShortRecommender

TIMES = 4
"""``sparse_embeddings: auto`` takes tables with at least so many times the rows that a batch looks up at most."""


def mark_sparse_tables(model: AbstractRecommender, config: Any) -> list[nn.Embedding]:
    """Lets the tables that ``sparse_embeddings`` and ``learner`` ask for have sparse gradients.

    Their rows are then updated only where a batch looks them up: see :class:`recbole_lsrec.training.lazy_adam.LazyAdam`, which
    such a model needs.

    Args:
        model: any recommender; RecBole's own models compute dense gradients only.
        config: ``sparse_embeddings``, ``learner``, ``weight_decay``, ``clip_grad_norm``, ``train_batch_size``,
            ``MAX_ITEM_LIST_LENGTH`` and ``train_neg_sample_args``.

    Returns:
        The tables.

    Raises:
        ConfigError: sparse gradients are asked for where there can be none.
    """
    if not may_be_sparse(config, type(model)):
        return []
    asked = config["learner"] == "sparse_adam" or config["sparse_embeddings"] is True
    assert isinstance(model, LongShortRecommender)
    least = 0 if asked else TIMES * looked_up(config)
    tables = [table for table in model.lookup_tables() if table.num_embeddings >= least]
    for table in tables:
        table.sparse = True
    return tables


def looked_up(config: Any) -> int:
    """Rows of a table that a batch looks up at most: of each instance its history, its target and the negatives."""
    given = config["train_neg_sample_args"]
    negatives = 0 if no_negatives(given) else given["sample_num"]
    return config["train_batch_size"] * (config["MAX_ITEM_LIST_LENGTH"] + 1 + negatives)
