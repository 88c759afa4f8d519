"""Does order matter? Two simple predictors on histories as they are, and on the same histories shuffled."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from recbole_lsrec.audit.log import Log

K = 10
SHUFFLES = 3
TARGETS = 2000
_CHUNK = 256


@dataclass(frozen=True)
class Order:
    """Hit@10 over all items for the last events of users.

    Attributes:
        targets: how many were asked.
        popular: of the most popular items.
        markov, category: a first-order Markov chain over items; the most popular items of the last event's category, None
            without categories. Both fall back on popularity.
        markov_shuffled, category_shuffled: the same where each user's history is in random order; means of three.
    """

    targets: int
    popular: float
    markov: float
    markov_shuffled: float
    category: float | None
    category_shuffled: float | None


def ask_order(log: Log, seed: int) -> Order:
    """Asks both predictors; the last event of each user with three or more is the target, the one before it is left out of
    the counts as in leave-one-out, and both see it as the history's end.

    Args:
        log: to look at.
        seed: of the shuffles, and of the draw of targets where there are more than 2000.
    """
    rng = np.random.default_rng(seed)
    _, last = log.held_out()
    at = np.flatnonzero(last)
    if len(at) > TARGETS:
        at = np.sort(rng.choice(at, TARGETS, replace=False))
    n = int(log.item.max()) + 1
    as_is = _hits(log, log.item, log.category, last, at, n)
    shuffled = []
    for _ in range(SHUFFLES):
        order = _shuffle(log, last, rng)
        category = None if log.category is None else log.category[order]
        shuffled.append(_hits(log, log.item[order], category, last, at, n))
    means = [None if values[0] is None else float(np.mean(values)) for values in zip(*shuffled, strict=True)]
    return Order(len(at), float(as_is[0] or 0), float(as_is[1] or 0), float(means[1] or 0), as_is[2], means[2])


def _shuffle(log: Log, last: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Rows of the log with each user's events in random order, the target staying at the end."""
    key = rng.random(len(log.user))
    key[last] = 2.0
    return np.lexsort((key, log.user))


def _hits(
    log: Log, item: np.ndarray, category: np.ndarray | None, last: np.ndarray, at: np.ndarray, n: int
) -> tuple[float, float, float | None]:
    """Hit@10 of popularity, Markov chain and category; equal scores count by their share of the places left."""
    if not len(at):
        return 0.0, 0.0, None if category is None else 0.0
    hidden = last | np.append(last[1:], False)
    popular = np.bincount(item[~hidden], minlength=n).astype(float)
    popular /= popular.sum() + 1  # below 1, so that it only orders what a predictor leaves equal
    follows = ~log.first & ~hidden & ~np.roll(hidden, 1)
    chain = csr_matrix(
        (np.ones(int(follows.sum())), (np.roll(item, 1)[follows], item[follows])), shape=(n, n), dtype=float
    )
    of_item = None
    if category is not None:
        of_item = np.zeros(n, dtype=np.int64)
        of_item[item] = category
    totals = np.zeros(3)
    for start in range(0, len(at), _CHUNK):
        rows = at[start : start + _CHUNK]
        before, target = item[rows - 1], item[rows]
        totals[0] += _hit(np.broadcast_to(popular, (len(rows), n)), target)
        totals[1] += _hit(chain[before].toarray() + popular, target)
        if of_item is not None:
            last_category = of_item[before]
            same = (of_item == last_category[:, None]) & (last_category > 0)[:, None]  # [B, n]
            totals[2] += _hit(same + popular, target)
    shares = totals / len(at)
    return float(shares[0]), float(shares[1]), None if of_item is None else float(shares[2])


def _hit(scores: np.ndarray, target: np.ndarray) -> float:
    """Expected number of targets among the first ten, equal scores in random order; item 0 is padding."""
    own = scores[np.arange(len(target)), target][:, None]
    better = (scores[:, 1:] > own).sum(axis=1)
    equal = (scores[:, 1:] == own).sum(axis=1)  # the target itself among them
    return float(np.clip((K - better) / equal, 0, 1).sum())
