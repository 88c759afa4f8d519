"""Popularity, repeats, categories and new items."""

from typing import Any

import numpy as np

from recbole_lsrec.audit.log import Log

PERIODS = 5
_TOP = 100


def popularity(item: np.ndarray) -> dict[str, float]:
    """Shares of the events that the most popular items have, and the Gini coefficient over items with an event."""
    counts = np.sort(np.unique(item, return_counts=True)[1])[::-1]
    n, total = len(counts), counts.sum()
    rising = counts[::-1]
    gini = float((2 * np.arange(1, n + 1) - n - 1) @ rising / (n * total))
    return {
        "top_1": float(counts[: max(1, round(n / 100))].sum() / total),
        "top_10": float(counts[: max(1, round(n / 10))].sum() / total),
        "gini": gini,
    }


def repeats(log: Log) -> dict[str, float]:
    """Shares of the events whose item the user has had before, at all and in the same session; and just before."""
    place = np.arange(len(log.item))

    def again(group: np.ndarray) -> float:
        order = np.lexsort((place, log.item, group))
        same = (np.diff(group[order]) == 0) & (np.diff(log.item[order]) == 0)
        return float(same.sum() / len(place))

    return {
        "ever": again(log.user),
        "in_session": again(log.session),
        "just_before": float(((np.diff(log.item) == 0) & ~log.first[1:]).sum() / len(place)),
    }


def same_category(log: Log) -> dict[str, float] | None:
    """Share of events with the category of their user's previous event, in its session, after a break, and by chance.

    Only pairs of two known categories count. None without categories.
    """
    if log.category is None:
        return None
    now, before = log.category[1:], log.category[:-1]
    known = ~log.first[1:] & (now > 0) & (before > 0)
    same = (now == before) & known
    inside = log.session[1:] == log.session[:-1]
    shares = np.bincount(log.category[log.category > 0]) / max(1, (log.category > 0).sum())
    return {
        "in_session": _share(same & inside, known & inside),
        "after_break": _share(same & ~inside, known & ~inside),
        "at_all": _share(same, known),
        "by_chance": float((shares**2).sum()),
    }


def drift(log: Log) -> list[dict[str, Any]]:
    """Five periods of equally many events, fewer of a log with fewer: new items, and how far popularity has moved since.

    ``new`` is the share of events on items that no earlier period has; ``moved`` the total variation distance (0 equal, 1
    disjoint) between the shares of the items; ``top`` how many of the 100 most popular stay so.
    """
    order = np.argsort(log.time, kind="stable")
    parts = [part for part in np.array_split(order, PERIODS) if len(part)]
    n = int(log.item.max()) + 1
    seen = np.zeros(n, dtype=bool)
    found: list[dict[str, Any]] = []
    previous: np.ndarray | None = None
    for part in parts:
        counts = np.bincount(log.item[part], minlength=n)
        entry: dict[str, Any] = {"begin": int(log.time[part[0]]), "end": int(log.time[part[-1]]), "events": len(part)}
        if previous is not None:
            entry["new"] = float((~seen)[log.item[part]].mean())
            entry["moved"] = float(np.abs(counts / counts.sum() - previous / previous.sum()).sum() / 2)
            entry["top"] = len(set(_top(counts)) & set(_top(previous)))
        found.append(entry)
        seen |= counts > 0
        previous = counts
    return found


def unseen(log: Log) -> dict[str, float]:
    """Share of test targets without any training event, and of the items that uniform negatives of theirs are drawn from.

    Test targets as in leave-one-out. As in evaluation, an item can be a negative if it was seen anywhere before the
    target's second, and is not the target; targets without such an item are left out of the second share. Negatives drawn
    by training popularity are never unseen, so that a model which merely prefers unseen items is paid for it.
    """
    train, last = log.held_out()
    n = int(log.item.max()) + 1
    trained = np.bincount(log.item[train], minlength=n) > 0
    first_seen = np.full(n, np.iinfo(np.int64).max)
    np.minimum.at(first_seen, log.item, log.time)
    items = np.unique(log.item)
    order = items[np.argsort(first_seen[items], kind="stable")]
    cold = np.concatenate([[0], np.cumsum(~trained[order])])
    upto = np.searchsorted(first_seen[order], log.time[last])
    targets = ~trained[log.item[last]]
    known = first_seen[log.item[last]] < log.time[last]  # the target is among the items so far
    pool, new = upto - known, cold[upto] - (known & targets)
    some = pool > 0
    return {
        "targets": float(targets.mean()) if last.any() else 0.0,
        "uniform_negatives": float((new[some] / pool[some]).mean()) if some.any() else 0.0,
    }


def _share(part: np.ndarray, whole: np.ndarray) -> float:
    return float(part.sum() / whole.sum()) if whole.any() else 0.0


def _top(counts: np.ndarray) -> np.ndarray:
    best = np.argsort(-counts, kind="stable")[:_TOP]
    return best[counts[best] > 0]
