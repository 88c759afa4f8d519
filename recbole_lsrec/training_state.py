"""What some of RecBole's models keep of their training in plain attributes, which no ``state_dict`` holds."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
from recbole.model.abstract_recommender import AbstractRecommender

from recbole_lsrec.checkpoint import portable
from recbole_lsrec.errors import CheckpointError

# Read by the next batch's loss alone, so that best weights do without. What derives from a model keeps them too.
_KEPT = {
    "DiffRec": ("Lt_history", "Lt_count"),  # past losses of each step, by which steps are drawn
    "LINE": ("random_list", "random_pr"),  # users in a shuffled order, and the place in it
    "MacridVAE": ("update",),  # batches so far, by which the KL term is annealed
    "MultiVAE": ("update",),
}


def training_state(model: AbstractRecommender) -> dict[str, Any]:
    """Such attributes of a model, by name, as tensors and numbers; empty for most models."""
    kept = {name: getattr(model, name) for name in _kept(model)}
    return {name: torch.from_numpy(value) if isinstance(value, np.ndarray) else value for name, value in kept.items()}


def put_back(model: AbstractRecommender, state: Mapping[str, Any] | None, source: str) -> None:
    """Gives a model what :func:`training_state` gave of another; ``source`` is for the message.

    Raises:
        CheckpointError: the state lacks an attribute of the model, as checkpoints did before they held any.
    """
    lacking = [name for name in _kept(model) if name not in (state or {})]
    if lacking:
        raise CheckpointError(
            f"{source}: it lacks what {type(model).__name__} keeps of its training ({', '.join(lacking)}), as files of "
            "older versions of recbole_lsrec do, so the run would end elsewhere; start the run again without --resume."
        )
    for name, value in (state or {}).items():
        as_array = isinstance(getattr(model, name), np.ndarray)
        setattr(model, name, value.numpy() if as_array else portable(value, name, device=model.device))


def _kept(model: AbstractRecommender) -> Iterator[str]:
    for base in type(model).__mro__:
        if base.__module__.startswith("recbole."):  # a model of one's own may have the name of one
            yield from _KEPT.get(base.__name__, ())
