"""Which systems of a column may be called best and second: only what the tests bear out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from recbole_lsrec.analysis.compare import Pair


@dataclass(frozen=True)
class Standing:
    """What one metric says about the order of the systems.

    Attributes:
        order: all systems, best value first.
        best: the first, where it is significantly better than every other system; else None.
        second: the next, where there is a best and this one is significantly better than every system below it.
        level: the first and all that cannot be told apart from it.
        ahead: those that are significantly better than the first: means are over targets, tests over users, and users with
            many targets may see it otherwise than most.
        certain: how many pairs differ significantly.
    """

    order: list[str]
    best: str | None
    second: str | None
    level: list[str]
    ahead: list[str]
    certain: int


def standing(values: Mapping[str, float], pairs: Sequence[Pair], higher_is_better: bool, alpha: float) -> Standing:
    """Reads the order from the values and what of it is certain from the pairs.

    Args:
        values: by system.
        pairs: every pair of these systems, by their names.
        higher_is_better: False turns the order round.
        alpha: level of :meth:`Pair.significant`; a pair of which a side has one seed is never so.
    """
    sign = 1 if higher_is_better else -1
    won = {
        (pair.a, pair.b) if sign * pair.difference > 0 else (pair.b, pair.a)
        for pair in pairs
        if pair.significant(alpha)
    }
    order = sorted(values, key=lambda system: -sign * values[system])
    best = order[0] if len(order) > 1 and all((order[0], other) in won for other in order[1:]) else None
    # Of two systems the loser is second without any test, so the mark would say nothing.
    is_second = best is not None and len(order) > 2 and all((order[1], other) in won for other in order[2:])
    ahead = [system for system in order if (system, order[0]) in won]
    level = [system for system in order if (order[0], system) not in won and system not in ahead]
    return Standing(order, best, order[1] if is_second else None, level, ahead, len(won))
