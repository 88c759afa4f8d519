"""Popularity put into scores or taken out of them: ``score + lambda * log(training events of the item)``.

What ranks well depends on what competes. Against drawn popular items the best score is *lift*, how much more likely the
item is than its popularity says; against all items it is *probability*, which is lift times popularity. A lambda turns
one into the other after training: 1 adds popularity, -1 takes it out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isnan, nan
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from recbole_lsrec.evaluation.metrics import summarise
from recbole_lsrec.evaluation.outcome import of_all_processes
from recbole_lsrec.evaluation.ties import rank_of_positive
from recbole_lsrec.run_files import read_result

LAMBDAS = tuple(step / 4 for step in range(-8, 9))  # -2 to 2
_BLOCK = 2**18  # scores compared at a time: they stay in a CPU's cache

Curve = dict[str, list[float]]
"""By metric its value under each lambda."""


@dataclass(frozen=True)
class Correction:
    """What an evaluation is to find beside the ranks of the scores as they are.

    Attributes:
        lambdas: metrics are found under each of them.
        chosen: by protocol, one of ``lambdas``, under which each target's rank is found.
        in_results: whether ranks, metrics, scores and lists themselves are corrected by ``chosen``; a protocol that it
            does not name is left as it is.
    """

    lambdas: tuple[float, ...]
    chosen: Mapping[str, float] = field(default_factory=dict)
    in_results: bool = False


def log_popularity(events: np.ndarray) -> Tensor:
    """float32 ``[n_items]`` logarithm of the training events of each item; an item without any counts as one with one."""
    return torch.from_numpy(np.log(np.maximum(events, 1))).float()


class Corrector:
    """Takes the scores of batch after batch and counts who is above the target under every lambda.

    Args:
        correction: what is asked for.
        events: ``[n_items]`` training events of each item.
        device: of the scores.
    """

    def __init__(self, correction: Correction, events: np.ndarray, device: torch.device) -> None:
        self.correction = correction
        lambdas = torch.tensor(correction.lambdas, dtype=torch.float32)
        self._shift = (lambdas[:, None] * log_popularity(events)).to(device)  # [lambdas, n_items]
        self._above: dict[str, list[np.ndarray]] = {}
        self._tied: dict[str, list[np.ndarray]] = {}
        self._rivals: dict[str, list[np.ndarray]] = {}

    def take(
        self, protocol: str, target: Tensor, positive: Tensor, items: Tensor | None, rivals: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Counts a batch of a protocol.

        Args:
            protocol: its name.
            target: ``[B]`` items.
            positive: ``[B, 1]`` scores of the targets.
            items: ``[B, C]`` competitors; None if they are all ``n_items``, the target among them.
            rivals: ``[B, C]`` their scores; NaN is no competitor.

        Returns:
            ``[B, 1]`` and ``[B, C]`` scores of both, corrected as the protocol's own results are to be.
        """
        self._count(protocol, target, positive, items, rivals)
        value = self.correction.chosen.get(protocol, 0.0)
        if not (value and self.correction.in_results):
            return positive, rivals
        shift = self._shift[self.correction.lambdas.index(value)]
        return positive + shift[target][:, None], rivals + (shift if items is None else shift[items])

    def _count(self, protocol: str, target: Tensor, positive: Tensor, items: Tensor | None, rivals: Tensor) -> None:
        if items is None:
            rivals = rivals.scatter(1, target[:, None], nan)  # the target does not meet itself
            rivals[:, 0] = nan  # the padding
        at_a_time = max(1, _BLOCK // rivals.shape[1])
        for at in range(0, len(rivals), at_a_time):
            part = slice(at, at + at_a_time)
            above, tied = [], []
            for shift in self._shift:
                scores = rivals[part] + (shift if items is None else shift[items[part]])
                own = positive[part] + shift[target[part]][:, None]
                above.append((scores > own).sum(dim=1, dtype=torch.int32))
                tied.append((scores == own).sum(dim=1, dtype=torch.int32))
            self._above.setdefault(protocol, []).append(torch.stack(above, dim=1).cpu().numpy())
            self._tied.setdefault(protocol, []).append(torch.stack(tied, dim=1).cpu().numpy())
            self._rivals.setdefault(protocol, []).append((~rivals[part].isnan()).sum(dim=1).cpu().numpy())

    def found(
        self, ties: str, metrics: list[str], topk: list[int], gauc_by: str
    ) -> tuple[dict[str, Curve], dict[str, np.ndarray]]:
        """By protocol the metrics that ranks give, under each lambda; and each target's rank under the chosen one.

        Args:
            ties: see :func:`~recbole_lsrec.evaluation.ties.rank_of_positive`.
            metrics: as in the setting of this name; those that need scores or lists are left out.
            topk: cut-offs.
            gauc_by: as in the setting.

        Returns:
            The curves, and float64 ``[N]`` ranks of the protocols for which a lambda is chosen.
        """
        curves, ranks = {}, {}
        tied, rivals = of_all_processes(self._tied), of_all_processes(self._rivals)
        for protocol, above in of_all_processes(self._above).items():
            rank = rank_of_positive(above, tied[protocol], ties)  # [N, lambdas]
            values = [summarise(own, rivals[protocol], metrics, topk, gauc_by=gauc_by) for own in rank.T]
            curves[protocol] = {key: [value[key] for value in values] for key in values[0]}
            if protocol in self.correction.chosen:
                ranks[protocol] = rank[:, self.correction.lambdas.index(self.correction.chosen[protocol])]
        return curves, ranks


def best_lambda(lambdas: Sequence[float], values: Sequence[float], bigger: bool) -> float:
    """The lambda with the best value; of equals the one nearest to 0, and then the greater.

    A metric of the user's own may be NaN under some lambdas, which are then not chosen; 0 if it is under all.
    """
    sign = 1 if bigger else -1
    known = [pair for pair in zip(lambdas, values, strict=True) if not isnan(pair[1])]
    return max(known, key=lambda pair: (sign * pair[1], -abs(pair[0]), pair[0]), default=(0.0, nan))[0]


def kept_lambda(folder: Path, settings: Mapping[str, Any]) -> float:
    """By how much a finished run corrects a ranking of all items.

    Args:
        folder: of the run.
        settings: of the run.

    Returns:
        0 where it does not: no correction was asked for, or it was fitted for drawn negatives alone.
    """
    asked = settings["popularity_correction"]
    if asked != "valid":
        return float(asked or 0)
    told = read_result(folder).get("popularity_correction")
    return told["lambda"].get("full", 0.0) if told else 0.0
