"""What one protocol finds: batches of scores go in, ranks of the targets come out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf, nan

import numpy as np
import torch

from recbole_lsrec.evaluation.ties import rank_of_positive
from recbole_lsrec.processes import group


@dataclass
class Outcome:
    """A protocol's result, instance by instance.

    Attributes:
        rank: float64 ``[N]`` rank of the target, 1 being best.
        ties: int64 ``[N]`` competitors with the target's score.
        n_negatives: int64 ``[N]`` competitors.
        scores: float32 ``[N, 1 + C]``, the target's first, NaN for a gap; None for ``full``.
        lists: int64 ``[N, K]`` the best items, best first, 0 where there are no more; None unless asked for.
    """

    rank: np.ndarray
    ties: np.ndarray
    n_negatives: np.ndarray
    scores: np.ndarray | None
    lists: np.ndarray | None


@dataclass
class Collector:
    """Takes the scores of batch after batch and keeps counts only, but for sampled protocols the scores too.

    Args:
        n_listed: length of the lists to keep; 0 keeps none.
    """

    n_listed: int = 0
    _parts: dict[str, list[np.ndarray]] = field(default_factory=dict)

    def add_lists(
        self, target: torch.Tensor, positive: torch.Tensor, items: torch.Tensor, rivals: torch.Tensor
    ) -> None:
        """Adds a batch of a sampled protocol.

        Args:
            target: ``[B]`` items.
            positive: ``[B, 1]`` scores of the targets.
            items: ``[B, C]`` competitors.
            rivals: ``[B, C]`` their scores; NaN is no competitor.
        """
        scores = torch.cat([positive, rivals], dim=1)
        self._keep("scores", scores.float())
        self._keep("ties", (rivals == positive).sum(dim=1))
        self._keep("above", (rivals > positive).sum(dim=1))
        self._keep("n_negatives", (~rivals.isnan()).sum(dim=1))
        if self.n_listed:
            self._keep_best(torch.cat([target[:, None], items], dim=1), scores)

    def add_full(
        self, target: torch.Tensor, positive: torch.Tensor, scores: torch.Tensor, seen: torch.Tensor | None
    ) -> None:
        """Adds a batch of ``full``.

        Args:
            target: ``[B]`` items.
            positive: ``[B, 1]`` scores of the targets.
            scores: ``[B, n_items]`` of all items; column 0 is padding.
            seen: boolean ``[B, n_items]``, items that do not compete; None if all do.
        """
        scores = scores[:, 1:]
        n_negatives = torch.full_like(target, scores.shape[1] - 1)
        if seen is not None:
            scores = scores.masked_fill(seen[:, 1:], nan)
            n_negatives -= seen.sum(dim=1)
        self._keep("ties", (scores == positive).sum(dim=1) - 1)  # the target meets itself
        self._keep("above", (scores > positive).sum(dim=1))
        self._keep("n_negatives", n_negatives)
        if self.n_listed:
            every = torch.arange(1, scores.shape[1] + 1, device=scores.device).expand_as(scores)
            self._keep_best(every, scores)

    def outcome(self, ties: str) -> Outcome:
        """Reduces to ranks by a tie rule, with what the other processes found."""
        parts = of_all_processes(self._parts)
        rank = rank_of_positive(parts["above"], parts["ties"], ties)
        return Outcome(rank, parts["ties"], parts["n_negatives"], parts.get("scores"), parts.get("lists"))

    def _keep_best(self, items: torch.Tensor, scores: torch.Tensor) -> None:
        """Keeps the items of the best scores; an item without a score is written as 0."""
        best = scores.masked_fill(scores.isnan(), -inf).topk(min(self.n_listed, scores.shape[1])).indices
        self._keep("lists", items.gather(1, best).masked_fill(scores.gather(1, best).isnan(), 0))

    def _keep(self, name: str, values: torch.Tensor) -> None:
        self._parts.setdefault(name, []).append(values.cpu().numpy())


def of_all_processes(parts: Mapping[str, list[np.ndarray]]) -> dict[str, np.ndarray]:
    """By name what the processes have found, batch after batch, in the order of the instances."""
    every = group.of_each(parts)
    names = {name: None for of_one in every for name in of_one}
    return {name: np.concatenate([batch for of_one in every for batch in of_one.get(name, [])]) for name in names}
