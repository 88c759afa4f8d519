"""What some of RecBole's models keep of their training in plain attributes, which no ``state_dict`` holds."""

import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from logging import getLogger
from typing import Any
from weakref import WeakSet

import numpy as np
import torch
from recbole.model.abstract_recommender import AbstractRecommender

from recbole_lsrec.checkpoint import portable
from recbole_lsrec.errors import CheckpointError
from recbole_lsrec.registry import own_origin

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
        CheckpointError: the state lacks an attribute of the model.
    """
    lacking = [name for name in _kept(model) if name not in (state or {})]
    if lacking:
        raise CheckpointError(
            f"{source}: it lacks what {type(model).__name__} keeps of its training ({', '.join(lacking)}), so "
            "the run would end elsewhere; start it again without --resume."
        )
    for name, value in (state or {}).items():
        as_array = isinstance(getattr(model, name), np.ndarray)
        setattr(model, name, value.numpy() if as_array else portable(value, name, device=model.device))


@contextmanager
def watched(model: AbstractRecommender) -> Iterator[None]:
    """Names, once, what a model of the user's own changes while the block trains it, and no checkpoint keeps.

    Looked at are numbers, random generators, optimisers, and tensors that are changed in place.
    """
    if own_origin(type(model)) is None or model in _WATCHED:
        yield
        return
    _WATCHED.add(model)
    before = {name: (value, _state(value)) for name, value in _unkept(model)}
    yield
    changed = [
        name
        for name, value in _unkept(model)
        if name in before and before[name][1] != _state(value) and (before[name][0] is value or _replaced(value))
    ]
    if changed:
        getLogger().warning(
            f"{type(model).__name__} changes {', '.join(changed)} while it trains, which no checkpoint keeps: a resumed run "
            "may end elsewhere than one that was not interrupted. docs/own_model.md says how it is kept."
        )


_WATCHED: WeakSet[AbstractRecommender] = WeakSet()


def _unkept(model: AbstractRecommender) -> Iterator[tuple[str, Any]]:
    """Attributes outside of the weights, by name; none where the model says by methods of its own what is kept."""
    if type(model).other_parameter is not AbstractRecommender.other_parameter:
        return
    kept = {*model.other_parameter(), *_kept(model)}
    for place, module in model.named_modules():
        passing = {name: module._buffers[name] for name in module._non_persistent_buffers_set}
        for name, value in {**vars(module), **passing}.items():
            if place or name not in kept:
                yield f"{place}.{name}".lstrip("."), value


def _replaced(value: Any) -> bool:
    """Whether a value changes by another in its place; of tensors, such are kept for a while by models to look them up."""
    return not isinstance(value, torch.Tensor)


def _state(value: Any) -> Any:
    """Something that is equal as long as the value is unchanged; None of other kinds."""
    if isinstance(value, torch.Tensor):
        return value._version
    if isinstance(value, torch.Generator):
        return value.get_state().tolist()
    if isinstance(value, np.random.Generator):
        return repr(value.bit_generator.state)
    if isinstance(value, random.Random):
        return value.getstate()
    if isinstance(value, torch.optim.Optimizer):
        return [state.get("step", 1) for state in value.state.values()]
    return value if type(value) in (int, float) else None


def _kept(model: AbstractRecommender) -> Iterator[str]:
    for base in type(model).__mro__:
        if base.__module__.startswith("recbole."):  # a model of one's own may have the name of one
            yield from _KEPT.get(base.__name__, ())
