"""Evaluation protocols: what a target competes against, and the words in which an evaluation is described."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

Ties = Literal["average", "optimistic", "pessimistic"]
"""Rank of a positive among equal scores."""
GaucBy = Literal["instance", "user", "rows"]
"""Over what AUC is averaged: instances, users, or users weighted by their rows."""
Exclusion = Literal["positive", "history", "target_session", "user"]
"""What negatives must not be."""
Popularity = Literal["train", "all"]
"""Which events a popularity draw counts."""
Pool = Literal["seen", "all"]
"""Which items may be drawn: those first seen before the limit of an instance, or all of the log."""

TIES: tuple[str, ...] = get_args(Ties)
EXCLUDE: tuple[str, ...] = get_args(Exclusion)


@dataclass(frozen=True)
class Protocol:
    """What a target competes against.

    ``full`` is every item, ``uniN`` and ``popN`` are N frozen negatives, ``file`` the lists of the setting ``candidates``.

    Attributes:
        name: as in ``eval_args.mode``.
        n: number of negatives to draw; 0 where none are drawn.
        alpha: exponent of the popularity draw; None draws uniformly.
    """

    name: str
    n: int = 0
    alpha: float | None = None

    @property
    def sampled(self) -> bool:
        """Whether each instance has its own list of competitors, drawn or given."""
        return self.name != "full"

    @staticmethod
    def parse(name: object) -> "Protocol":
        """Reads ``full``, ``uni99``, ``pop99``, ``file`` and the like.

        Raises:
            ValueError: any other form.
        """
        if name in ("full", "file"):
            return Protocol(str(name))
        match = re.fullmatch(r"(uni|pop)([1-9]\d{0,5})", name) if isinstance(name, str) else None
        if not match:
            raise ValueError(
                f"mode: found {name!r}; accepted: 'full', 'uniN' or 'popN' with N from 1 to 999999, such as 'pop99', or 'file'"
            )
        return Protocol(match[0], int(match[2]), 1.0 if match[1] == "pop" else None)


def protocols_of(mode: Any, phase: str) -> list[str]:
    """The protocols of ``valid`` or ``test`` in ``eval_args: mode``: a name or a list of names, for both or by phase."""
    named = mode[phase] if isinstance(mode, Mapping) else mode
    return [named] if isinstance(named, str) else list(named)
