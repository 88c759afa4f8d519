"""An epoch of training by several processes: each takes its part of every batch, and their gradients are added up."""

from collections.abc import Callable
from typing import Any, TypeVar

import torch
from recbole.data.interaction import Interaction
from recbole.model.abstract_recommender import AbstractRecommender
from recbole.utils import init_seed
from torch import Tensor

from recbole_lsrec import checkpoint
from recbole_lsrec.data.counter_random import key_from
from recbole_lsrec.model.batch_split import batch_split
from recbole_lsrec.processes import group

T = TypeVar("T")
Loss = Tensor | tuple[Tensor, ...]


def shared_epoch(model: AbstractRecommender, loader: Any, train: Callable[[Callable[..., Loss] | None], T]) -> T:
    """Trains for an epoch, as one process does.

    The steps are those of one process: the same batches in the same order, and the gradient of the whole batch's loss.
    Dropout, and whatever else a model draws by itself, process 0 draws as one process does and each other one from a
    seed of its own for the epoch, which no checkpoint has to hold. A model that cannot be split is trained by process 0
    alone, which then gives its weights to the others.

    Args:
        model: on the device of this process.
        loader: of the epoch's batches; ``whole`` says of the last one whether every process has all of it.
        train: trains for the epoch with the loss given, None being the model's own, and returns what is known of it.

    Returns:
        What ``train`` returns; the same in every process.
    """
    if group.world() == 1:
        return train(None)
    split = batch_split(type(model))
    if split is not None:
        if group.rank():
            seed = key_from("process", loader.config["seed"], loader.epoch, group.rank()) % 2**32
            init_seed(seed, loader.config["reproducibility"])
        return train(_SharedLoss(model, loader, split == "rows"))

    def by_one() -> T:
        with group.alone():
            return train(None)

    trained = group.made_by_first(by_one)
    weights = group.made_by_first(lambda: checkpoint.weights(model))
    if group.rank():
        checkpoint.set_weights(model, weights, "process 0")
    return trained


def of_numbers(loss_func: Callable[..., Loss]) -> Callable[..., Loss]:
    """The same loss, refused with a TypeError where it is not a number that can be trained on, or several in a tuple."""

    def checked(batch: Interaction) -> Loss:
        losses = loss_func(batch)
        several = losses if isinstance(losses, tuple) else (losses,)
        for loss in several:
            if not isinstance(loss, Tensor) or loss.numel() != 1:
                found = f"a tensor of {list(loss.shape)}" if isinstance(loss, Tensor) else type(loss).__name__
                raise TypeError(f"calculate_loss gave {found}, accepted: a tensor of one number, or a tuple of such")
        if not any(loss.requires_grad for loss in several):
            raise TypeError(
                "calculate_loss gave a loss without a gradient, accepted: one of parameters that require it"
            )
        return losses

    return checked


class _SharedLoss:
    """The loss of a batch of which this process has a part: its value is the whole's, its gradient the part's.

    Behind the gradient's way through the model, all processes' gradients are added up, before anything sees them.
    """

    def __init__(self, model: AbstractRecommender, loader: Any, mean_of_rows: bool) -> None:
        self.model, self.loader, self.mean_of_rows = model, loader, mean_of_rows

    def __call__(self, batch: Interaction) -> Loss:
        if self.loader.whole:
            with group.alone():
                loss = self.model.calculate_loss(batch)
            weight = 1 / group.world()
        else:
            loss = self.model.calculate_loss(batch)
            weight = group.share_of_batch(len(batch)) if self.mean_of_rows else 1.0
        parts = [part * weight for part in (loss if isinstance(loss, tuple) else (loss,))]
        values = group.sum_over_all(torch.stack([part.detach() for part in parts]))
        shared = tuple(part + (value - part.detach()) for part, value in zip(parts, values, strict=True))
        shared[0].register_hook(self._when_done)
        return shared if isinstance(loss, tuple) else shared[0]

    def _when_done(self, _gradient: Tensor) -> None:
        # As torch's own DDP and FSDP do it: called once the whole backward pass has run.
        torch.autograd.Variable._execution_engine.queue_callback(self._add_up)

    def _add_up(self) -> None:
        group.add_gradients(self.model.parameters())
