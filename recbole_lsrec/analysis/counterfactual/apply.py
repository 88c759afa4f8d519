"""Shows a model changed histories, or fixes its alpha: what an intervention is when it is carried out."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from recbole.data.interaction import Interaction
from recbole.model.abstract_recommender import SequentialRecommender

from recbole_lsrec.analysis.counterfactual.intervention import Intervention
from recbole_lsrec.data.counter_random import key_from, uniform
from recbole_lsrec.data.dataloader import EvalLoader
from recbole_lsrec.data.dataset import SessionDataset
from recbole_lsrec.errors import ConfigError
from recbole_lsrec.model.base import LongShortRecommender


def changed_loader(loader: EvalLoader, change: Intervention, seed: int) -> EvalLoader:
    """The phase as an intervention shows it; targets, protocols and candidates are the same objects."""
    return loader if change.kind in ("none", "alpha") else _ChangedLoader(loader, change, seed)


@contextmanager
def with_alpha(model: SequentialRecommender, alpha: float | None) -> Iterator[None]:
    """Fixes a model's alpha while the block runs; None leaves it its own.

    Raises:
        ConfigError: the model cannot have its alpha fixed.
    """
    if alpha is None:
        yield
        return
    if not isinstance(model, LongShortRecommender):
        raise no_alpha(model)
    before, model.fixed_alpha = model.fixed_alpha, alpha
    try:
        yield
    finally:
        model.fixed_alpha = before


def no_alpha(model: SequentialRecommender) -> ConfigError:
    """The error for questions about alpha to a model without."""
    return ConfigError(
        f"alpha: {type(model).__name__}, as configured, does not weigh a long- against a short-term interest, so there is "
        "no alpha to fix; ask for shuffle and truncate only."
    )


class _ChangedLoader(EvalLoader):
    """A phase whose histories are changed on their way to the model."""

    def __init__(self, loader: EvalLoader, change: Intervention, seed: int) -> None:
        self.__dict__.update(vars(loader))  # nothing is drawn again
        self.change, self.shuffle_seed = change, seed

    def make(self, rows: np.ndarray) -> tuple[np.ndarray, Interaction]:
        rows, batch = super().make(rows)
        if self.change.kind == "shuffle":
            return rows, shuffled(self.dataset, rows, batch, self.shuffle_seed)
        assert isinstance(self.change.value, int)  # Intervention
        return rows, truncated(self.dataset, batch, self.change.value)


def shuffled(dataset: SessionDataset, rows: np.ndarray, batch: Interaction, seed: int) -> Interaction:
    """Puts each whole history into random order and shows its last ``L`` places, as the authors' code does.

    Items move, and with them what else is known of their events; times and sessions stay: the user came as often and at
    the same times, but met other items. A history that is longer than the window loses its recent items to old ones.

    Args:
        dataset: the view of the phase.
        rows: ``[B]`` rows of the targets.
        batch: their windows; changed in place and returned.
        seed: with the row of the target it decides the order, whatever the batch.
    """
    first, end = dataset.start[dataset.user[rows]], dataset.history_end(rows)
    length = end - first
    stop = np.cumsum(length)
    owner = np.repeat(np.arange(len(rows)), length)
    place = np.arange(len(owner)) - np.repeat(stop - length, length)
    draw = uniform(key_from("shuffle", seed), rows[owner], place)
    event = (place + first[owner])[np.lexsort((draw, owner))]
    width = dataset.max_item_list_len
    kept = np.minimum(length, width)[:, None]
    inside = np.arange(width) < kept  # [B, L]
    at = torch.from_numpy(np.where(inside, event[np.minimum(stop[:, None] - kept + np.arange(width), stop[-1] - 1)], 0))
    for field, column in dataset.events.interaction.items():
        if field not in (dataset.uid_field, dataset.time_field):
            chosen = column[at]
            keep = torch.from_numpy(inside).view(*inside.shape, *(1 for _ in chosen.shape[2:]))
            batch.update(Interaction({getattr(dataset, f"{field}_list_field"): chosen * keep}))
    return batch


def truncated(dataset: SessionDataset, batch: Interaction, k: int) -> Interaction:
    """Leaves each history its last ``k`` events, as if the user had begun with them: also for the time of the first.

    Histories that the window shows with ``k`` events or fewer stay as they are.

    Args:
        dataset: the view of the phase.
        batch: windows; changed in place and returned.
        k: events to keep, 1 or more.
    """
    length = batch[dataset.item_list_length_field]
    kept = length.clamp(max=k)
    steps = torch.arange(dataset.max_item_list_len)
    inside = steps < kept[:, None]  # [B, L]
    at = torch.where(inside, (length - kept)[:, None] + steps, 0)
    row = torch.arange(len(length))[:, None]
    sessions = dataset.session_list_field
    logged = [field for field in dataset.events.columns if field != dataset.uid_field]
    for name in [*(getattr(dataset, f"{field}_list_field") for field in logged), sessions]:
        chosen = batch[name][row, at]
        batch.update(Interaction({name: chosen * inside.view(*inside.shape, *(1 for _ in chosen.shape[2:]))}))
    session = batch[sessions]
    times = batch[getattr(dataset, f"{dataset.time_field}_list_field")]
    first = f"first_{dataset.time_field}"
    batch.update(
        Interaction(
            {
                sessions: (session - session[:, :1] + 1) * inside,
                dataset.item_list_length_field: kept,
                first: torch.where(kept < length, times[:, 0], batch[first]),
            }
        )
    )
    return batch
