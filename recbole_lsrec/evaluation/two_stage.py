"""Full ranking in two stages, for models that score pairs: a retriever made of the model's own scores, then exact scores.

A model that looks at each pair of history and candidate has no vectors to retrieve by. But its scores of many histories
and all items are close to a matrix of low rank: every item scored under a few *anchor* histories gives item vectors, and
some exact scores of a further history give its coefficients (Yadav et al., "Efficient Nearest Neighbor Search for
Cross-Encoder Models using Matrix Factorization", EMNLP 2022; the second round is of their "Adaptive Retrieval and
Scalable Indexing for k-NN Search with Cross-Encoders", ICLR 2024).

Shape letters: ``B`` histories, ``A`` anchor histories, ``N`` items with padding, ``R`` features of an item, ``K`` items
scored exactly.
"""

from collections.abc import Callable

import torch
from torch import Tensor

HISTORIES = 250
"""Under which all items are scored: four fifths for the item vectors, the others to see what is missed."""
_RANK, _SHARE = 100, 0.9995  # axes at most, and share of the variance that they need not exceed
_ANCHOR_ITEMS = 228  # scored exactly for every history
_RETRIEVED = 200  # in each round
_WEIGHT = 2.0  # of a round's scores in the fit, times that of the round before: the best are to be told apart, not all
_TINY = 1e-12
ROUNDS = (2, 3, 5, 8)
"""Numbers of rounds that may do: the fewest that find enough."""
RETRIEVED = ROUNDS[0] * _RETRIEVED
"""Items looked for in a history's name, at least: no list can be longer."""

Score = Callable[[Tensor], Tensor]
"""Exact scores ``[B, C]`` of items ``[B, C]``, or of ``[1, C]`` common to all histories."""


def scored(rounds: int) -> int:
    """How many items are scored exactly for a history."""
    return _ANCHOR_ITEMS + rounds * _RETRIEVED


def share_of_pairs(n_histories: int, n_items: int) -> float:
    """Share of all pairs of history and item that two stages score exactly at most, anchors and checks included."""
    if not n_histories:
        return 1.0
    return min(1.0, HISTORIES / n_histories + scored(ROUNDS[-1]) / n_items)


def histories_within(memory_mb: float) -> int:
    """How many histories two stages look at together in about that memory, beside their scores: at least one."""
    features = _RANK + 2
    held = 8 * features * (_RETRIEVED + 2 * features)  # float64: a round's items, its equations and their sum
    return max(1, int(memory_mb * 2**20) // held)


class TwoStage:
    """Scores all items, exactly where the score is likely to be high.

    Args:
        anchors: ``[A, N]`` exact scores of all items under some histories.

    Attributes:
        rounds: in which items are looked for; the fewest until :meth:`learn_rounds`.
    """

    def __init__(self, anchors: Tensor) -> None:
        self.rounds = ROUNDS[0]
        scores = anchors.to(torch.float64, copy=True)
        mean = scores.mean(0)
        scores -= mean
        values, vectors = torch.linalg.eigh(scores @ scores.t())  # increasing
        held = values.clamp_min(0).flip(0).cumsum(0)  # [A] by the largest axes
        rank = int((held < _SHARE * held[-1]).sum()) + 1
        rank = min(rank, _RANK, len(scores) - 1)
        axes = vectors[:, -rank:].t() @ scores  # [R, N], of length sqrt(value)
        variance = values.clamp_min(0) / scores.numel() + _TINY  # of the scores along each axis
        noise = variance[:-rank].sum() + _TINY
        # Ridge regression, where a coefficient of the axes has variance 1; the mean and a constant are free.
        features = torch.cat([mean.unsqueeze(0), torch.ones_like(mean).unsqueeze(0), axes / len(scores) ** 0.5])
        self.penalty = torch.diag(torch.cat([torch.zeros(2).to(noise) + _TINY, noise.expand(rank)]))
        self.features = features.to(anchors.dtype).t().contiguous()  # [N, R + 2]
        # Items that differ much between histories tell most of one.
        weight = axes.square().sum(0) + _TINY
        weight[0] = 0  # padding
        count = min(_ANCHOR_ITEMS, scores.shape[1] - 1)
        generator = torch.Generator().manual_seed(0)
        self.anchor_items = torch.multinomial(weight.cpu(), count, generator=generator).to(anchors.device).unsqueeze(0)

    def learn_rounds(self, known: Tensor, k: int, aim: float) -> float:
        """Takes the fewest rounds in which ``aim`` of the ``k`` best items of some other histories are found.

        Args:
            known: ``[B, N]`` exact scores of all items under them.
            k: see above.
            aim: share; where no number of rounds reaches it the most are taken.

        Returns:
            The share that is found, a mean over the histories.
        """
        share = 0.0
        for rounds in ROUNDS:
            self.rounds = rounds
            found = self.scores(lambda asked: known.gather(1, asked.expand(len(known), -1)), len(known))
            share = float(recall(found, known, k).mean())
            if share >= aim:
                break
        return share

    def scores(self, exact: Score, n: int) -> Tensor:
        """Returns ``[B, N]``: exact scores of the items retrieved, estimates of the others.

        Args:
            exact: scores items.
            n: number of histories, ``B``.
        """
        estimate, places, known = self._retrieve(exact, n, None)
        return estimate.scatter_(1, places, known)

    def best(self, exact: Score, n: int, added: Tensor) -> Tensor:
        """Returns ``[B, N]``: exact scores of the items retrieved, ``-inf`` elsewhere, so that no list has an estimate.

        Args:
            exact: scores items.
            n: number of histories, ``B``.
            added: ``[B, N]`` what is added to scores before they are ranked; ``-inf`` for items that are not to be retrieved.
        """
        estimate, places, known = self._retrieve(exact, n, added)
        return torch.full_like(estimate, -torch.inf).scatter_(1, places, known)

    def _retrieve(self, exact: Score, n: int, added: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
        """The last estimates ``[B, N]``, the items that were scored and their exact scores, both ``[B, K]``."""
        places, known = self.anchor_items, exact(self.anchor_items)  # [1, K], [B, K]
        gram, moment = self._normal_equations(places, known)
        gram = gram + self.penalty
        for number in range(self.rounds):
            # The first round has one matrix for all histories.
            right = moment if len(gram) == n else moment.transpose(0, 2)  # [B, R + 2, 1] or [1, R + 2, B]
            coefficients = torch.linalg.solve(gram, right).transpose(1, 2).reshape(n, -1)  # [B, R + 2]
            estimate = coefficients.to(self.features) @ self.features.t()  # [B, N]
            estimate.scatter_(1, places.expand(n, -1), -torch.inf)[:, 0] = -torch.inf
            ranked = estimate if added is None else estimate + added
            new = ranked.topk(min(_RETRIEVED, estimate.shape[1] - 1 - places.shape[1])).indices
            scores = exact(new)
            more = self._normal_equations(new, scores)
            weight = _WEIGHT ** (number + 1)
            gram, moment = torch.add(gram, more[0], alpha=weight), torch.add(moment, more[1], alpha=weight)
            places, known = torch.cat([places.expand(n, -1), new], dim=1), torch.cat([known, scores], dim=1)
        return estimate, places, known

    def _normal_equations(self, places: Tensor, known: Tensor) -> tuple[Tensor, Tensor]:
        """What scores of items ``[B, K]``, or ``[1, K]`` common to all histories, add: ``[B or 1, R + 2, R + 2 or 1]``."""
        x = self.features[places].double()  # [B or 1, K, R + 2]
        return x.transpose(1, 2) @ x, x.transpose(1, 2) @ known.double().unsqueeze(2)


def recall(found: Tensor, exact: Tensor, k: int) -> Tensor:
    """Share of the ``k`` best items of ``found [B, N]`` that are among those of ``exact``, ``[B]``; padding apart.

    Items that tie with the last of the best are among them.
    """
    k = min(k, exact.shape[1] - 1)
    listed = exact[:, 1:].gather(1, found[:, 1:].topk(k).indices)
    return (listed >= exact[:, 1:].topk(k).values[:, -1:]).float().mean(1)
