"""From windows to the best items: all are scored, or the likely ones exactly, each history encoded once."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import torch
from recbole.data.interaction import Interaction
from torch import Tensor

from recbole_lsrec.config import Config
from recbole_lsrec.evaluation.retriever import make_items, worth_it
from recbole_lsrec.evaluation.scoring import check_finite, predict_rows, rows_at_a_time, score_batch, scores_pairs
from recbole_lsrec.evaluation.two_stage import HISTORIES, RETRIEVED, TwoStage, histories_within
from recbole_lsrec.item_catalogue import CatalogueDataset
from recbole_lsrec.model.base import LongShortRecommender
from recbole_lsrec.model.scored_by import scored_by


class Best(NamedTuple):
    """The best items of a batch."""

    items: Tensor  # [B, K]
    scores: Tensor  # [B, K], -inf where there are no more items
    alpha: Tensor | None  # [B, K]


class BestItems:
    """A model that ranks all items for windows."""

    def __init__(self, config: Config, model: Any, dataset: CatalogueDataset) -> None:
        self._config, self._model, self._dataset = config, model, dataset

    def batch_size(self) -> int:
        """Windows at a time: as the evaluation's full pass has it, or as two stages do."""
        at_a_time = rows_at_a_time(self._model, self._config["device"])
        if at_a_time is not None:
            return at_a_time
        memory, most = self._config["eval_memory_mb"], self._config["eval_batch_size"]
        return min(most, max(1, min((memory << 20) // (16 * self._dataset.item_num), histories_within(memory))))

    def two_stages(self, windows: Callable[[], Iterator[Interaction]], n: int, k: int) -> TwoStage | None:
        """Made of evenly spaced windows; None where scoring all items costs less than twice as much, or k asks for it.

        Args:
            windows: gives all batches anew.
            n: how many windows they hold.
            k: length of the lists.
        """
        if k > RETRIEVED or not scores_pairs(self._model) or not worth_it(n, self._dataset.item_num):
            return None
        chosen = np.linspace(0, n - 1, HISTORIES).astype(np.int64)
        rows, at = [], 0
        for batch in windows():
            here = chosen[(chosen >= at) & (chosen < at + len(batch))] - at
            at += len(batch)
            if len(here):
                rows.append(self._scored(batch[torch.from_numpy(here)]))
        return make_items(self._model, torch.cat(rows), k, "recommend").items

    def of(self, batch: Interaction, added: Tensor, k: int, stages: TwoStage | None = None) -> Best:
        """The best items of each window.

        Args:
            batch: B windows.
            added: ``[B, n_items]`` what is added to the scores; -inf of items that may not be recommended.
            k: how many.
            stages: of :meth:`two_stages`, by which the likely items alone are scored.

        Raises:
            TrainingError: a score is no number.
        """
        model, n = self._model, len(batch)
        state = model.encode(batch) if scored_by(type(model)) == "encode" else None

        def exact(asked: Tensor) -> Tensor:
            if state is not None:
                return model.score_many(state, asked, n)
            return predict_rows(model, batch, asked, self._dataset, self._config["eval_memory_mb"])

        if stages is not None:
            scores = stages.best(exact, n, added)
        else:
            scores = self._scored(batch) if state is None else model.score_all(state, n)  # [B, n_items]
        check_finite(scores[:, 1:], model)
        top = (scores + added).topk(k)
        fuses = state is not None and isinstance(model, LongShortRecommender)
        alpha = model.score(state, top.indices, return_alpha=True)[1] if fuses else None
        return Best(top.indices, top.values, alpha)

    def _scored(self, batch: Interaction) -> Tensor:
        """Scores of all items, ``[B, n_items]``."""
        first = torch.ones(len(batch), 1, dtype=torch.int64, device=self._config["device"])
        memory = self._config["eval_memory_mb"]
        found = score_batch(self._model, batch, first, self._dataset, full=True, memory_mb=memory).full
        assert found is not None
        return found
