"""What a model with a vector per user knows of a user who is not in the training data: the average user."""

import torch
from recbole.model.abstract_recommender import GeneralRecommender
from torch import nn


@torch.no_grad()
def take_average_user(model: GeneralRecommender, seen: torch.Tensor) -> list[str]:
    """Sets the rows of users unseen in training, in every table of users, to the mean of the others' rows.

    A table of users is an ``nn.Embedding`` with a row for each, and "user" in its name: the numbers of rows alone may be those
    of items.

    These rows hold nothing but the random numbers they began with, which no gradient has changed. A model that reads a
    user's row of the matrix instead (DiffRec, MultiVAE, ItemKNN, EASE, ...) finds an empty one, and is left as it is.

    Args:
        model: one of RecBole's general recommenders.
        seen: boolean ``[n_users]``; user 0, the padding, is not.

    Returns:
        The names of these tables.
    """
    averaged = []
    for name, table in model.named_modules():
        if isinstance(table, nn.Embedding) and table.num_embeddings == len(seen) and "user" in name:
            table.weight[~seen.to(table.weight.device)] = table.weight[seen.to(table.weight.device)].mean(dim=0)
            averaged.append(name)
    return averaged
