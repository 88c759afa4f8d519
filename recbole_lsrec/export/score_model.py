"""``score(history, candidates)`` of a trained model as one module that can be traced."""

import copy
from collections.abc import Sequence
from typing import Any

import torch
from recbole.data.interaction import Interaction
from torch import Tensor, nn

from recbole_lsrec.export.dense import make_dense
from recbole_lsrec.model.base import LongShortRecommender
from recbole_lsrec.model.scored_by import scored_by


class ScoreModel(nn.Module):
    """Scores of candidates, from the fields of a batch that the model reads.

    Widths that depend on the longest history of a batch, on its sessions or its categories would be frozen at what they
    were when the graph was made. So a history as wide as any is put in front of every batch and taken off again.

    Args:
        model: trained, in evaluation mode; not changed.
        fields: what :func:`fields_read` found.
        widest: a batch of one history that fills the window, each event a session, with the largest category.
    """

    def __init__(self, model: Any, fields: Sequence[str], widest: Interaction) -> None:
        super().__init__()
        self.model = copy.deepcopy(model)
        make_dense(self.model)
        self.fields = list(fields)
        for number, field in enumerate(self.fields):
            self.register_buffer(f"widest{number}", widest[field])

    def forward(self, *given: Tensor) -> Tensor:
        """Scores.

        Args:
            given: the fields in their order, ``[B]`` or ``[B, T]`` with ``T`` up to the window; then candidates ``[B, C]``.

        Returns:
            ``[B, C]``.
        """
        *columns, candidates = given
        batch = {}
        for number, (field, column) in enumerate(zip(self.fields, columns, strict=True)):
            widest = getattr(self, f"widest{number}")
            if column.dim() == 2:
                width = widest.shape[1]
                column = torch.cat([column, column.new_zeros(column.shape[0], width)], dim=1)[:, :width]
            batch[field] = torch.cat([widest, column])
        items = torch.cat([candidates[:1], candidates])
        return scores(self.model, _Fields(batch), items)[1:]


class _Fields(dict):  # type: ignore[type-arg]
    """A batch as models read it, without what RecBole's has to look at the data for."""


def scores(model: Any, batch: Any, items: Tensor) -> Tensor:
    """Scores of ``items [B, C]``."""
    if scored_by(type(model)) == "encode":
        return model.score(model.encode(batch), items)
    return model.full_sort_predict(batch).view(items.shape[0], -1).gather(1, items)


def fields_read(model: Any, batch: Interaction, items: Tensor) -> list[str]:
    """The fields of a batch that a model reads when it scores.

    Raises:
        NotImplementedError: it scores histories with the candidates in them.
    """
    way = scored_by(type(model))
    if way == "predict" or (way == "encode" and not isinstance(model, LongShortRecommender)):
        raise NotImplementedError("it scores histories with the candidate in them, pair by pair")
    watched = _Watched(batch.interaction)
    scores(model, watched, items)
    return watched.read


class _Watched(dict):  # type: ignore[type-arg]
    def __init__(self, fields: dict[str, Tensor]) -> None:
        super().__init__(fields)
        self.read: list[str] = []

    def __getitem__(self, field: str) -> Tensor:
        if field not in self.read:
            self.read.append(field)
        return super().__getitem__(field)
