"""Models that look at pairs of history and candidate: what is known of a history alone is computed once."""

from typing import Any, ClassVar

import torch
from recbole.data.interaction import Interaction
from recbole.model.abstract_recommender import SequentialRecommender
from torch import Tensor

CPU_CHUNK_BYTES = 32 << 20
"""Larger chunks of a full ranking are slower on a CPU: they fall out of its caches."""


class EncodeOnce(SequentialRecommender):
    """A sequential model that scores many candidates against a state of the histories.

    A model implements :meth:`encode` and :meth:`score`, and says in :meth:`floats_per_pair` what the latter needs.
    Shape letters: ``B`` instances, ``C`` candidates.

    Class attributes:
        histories_share: Whether histories share work, so that as much of a batch as the memory allows is scored together,
            on a CPU too; of other models as much as its caches hold.

    Args:
        config: Read here: ``eval_memory_mb``.
        dataset: See RecBole's.
    """

    histories_share: ClassVar[bool] = False

    def __init__(self, config: Any, dataset: Any) -> None:
        super().__init__(config, dataset)
        self.eval_bytes = config["eval_memory_mb"] << 20

    def encode(self, interaction: Interaction) -> Any:
        """Returns the state: everything about the histories that does not depend on a candidate."""
        raise NotImplementedError

    def score(self, state: Any, items: Tensor) -> Tensor:
        """Returns scores ``[B, C]`` of ``items [B, C]``, or ``[1, C]`` if all instances have the same candidates."""
        raise NotImplementedError

    def floats_per_pair(self, state: Any) -> int:
        """Estimates how many float32 numbers :meth:`score` holds for a pair of instance and candidate."""
        return 1000

    def score_all(self, state: Any, n_rows: int) -> Tensor:
        """Scores every item: :meth:`score_many` of all ids, ``[B, n_items]``."""
        items = torch.arange(self.n_items, device=next(self.parameters()).device)
        return self.score_many(state, items.unsqueeze(0), n_rows)

    def score_many(self, state: Any, items: Tensor, n_rows: int) -> Tensor:
        """Scores candidates in chunks that hold about ``eval_memory_mb`` at most.

        Args:
            state: What :meth:`encode` returned.
            items: ``[B, C]``, or ``[1, C]`` for candidates common to all instances.
            n_rows: Number of instances in it, ``B``.

        Returns:
            Scores ``[B, C]``.
        """
        cached = items.device.type == "cpu" and not self.histories_share
        bound = min(self.eval_bytes, CPU_CHUNK_BYTES) if cached else self.eval_bytes
        chunk = max(1, bound // (4 * n_rows * self.floats_per_pair(state)))
        return torch.cat([self.score(state, part) for part in items.split(chunk, dim=1)], dim=1)
