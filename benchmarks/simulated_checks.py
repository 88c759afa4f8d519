"""What a click log looks like (marginals) and how far rankers get on it that only count.

Both are used to hold the simulated log against real ones and against its own story; nothing here learns weights.
Frames have the columns ``user_id, item_id, timestamp`` (unix seconds), ``category_id`` and ``event_type`` (both may be
all null), sorted by user and time.
"""

from typing import Any

import numpy as np
import pandas as pd

from recbole_lsrec.data.sessions import segment_sessions


def sort_log(log: pd.DataFrame) -> pd.DataFrame:
    """Sorted by (user, time, original order), index 0..n-1; the input is left alone."""
    return log.sort_values(["user_id", "timestamp"], kind="stable", ignore_index=True)


def _sessions(log: pd.DataFrame, threshold: int) -> np.ndarray:
    """int64 ``[n]``: numbers of sessions over the whole log, cut where the user changes or the gap is too long."""
    user = pd.factorize(log["user_id"])[0].astype(np.int64)
    return np.asarray(segment_sessions(user, log["timestamp"].to_numpy(np.int64), threshold))


def marginals(log: pd.DataFrame, threshold: int = 1800) -> dict[str, float]:
    """Describes a sorted log in numbers that do not depend on who is who.

    Args:
        log: Sorted frame, see :func:`sort_log`.
        threshold: Longest gap within a session, seconds.

    Returns:
        Name -> value. Shares are between 0 and 1; what needs a missing column is left out.
    """
    user, item = log["user_id"].to_numpy(), log["item_id"].to_numpy()
    session = _sessions(log, threshold)
    follows = user[1:] == user[:-1]
    gap = np.diff(log["timestamp"].to_numpy(np.int64))[follows]
    within, across = gap[gap <= threshold], gap[gap > threshold] / 3600
    length = log.groupby("user_id").size().to_numpy()
    size = np.unique(session, return_counts=True)[1]
    sessions_of = pd.Series(session).groupby(user).nunique().to_numpy()
    popularity = np.sort(np.unique(item, return_counts=True)[1])[::-1]
    seen = log.duplicated(["user_id", "item_id"]).to_numpy()
    here = pd.DataFrame({"s": session, "i": item}).duplicated().to_numpy()
    out: dict[str, Any] = {
        "users": len(length),
        "items": len(popularity),
        "interactions": len(log),
        "mean length": length.mean(),
        "median length": np.median(length),
        "90 % length": np.quantile(length, 0.9),
        "longest": length.max(),
        "events per session": size.mean(),
        "90 % events per session": np.quantile(size, 0.9),
        "sessions per user": sessions_of.mean(),
        "users with one session": (sessions_of == 1).mean(),
        "gaps within sessions, median s": np.median(within),
        "gaps within sessions, 90 % s": np.quantile(within, 0.9),
        "of these above 20 minutes": (within > 1200).mean(),
        "breaks, 10 % h": np.quantile(across, 0.1) if len(across) else np.nan,
        "breaks, median h": np.median(across) if len(across) else np.nan,
        "breaks, 90 % h": np.quantile(across, 0.9) if len(across) else np.nan,
        "top 1 % of items": popularity[: max(1, len(popularity) // 100)].sum() / len(log),
        "top 10 % of items": popularity[: max(1, len(popularity) // 10)].sum() / len(log),
        "Gini of items": _gini(popularity),
        "events that repeat an item": seen.mean(),
        "that repeat one of the session": here.mean(),
        "same item as previous": (item[1:] == item[:-1])[follows].mean(),
    }
    if log["category_id"].notna().all():
        category = log["category_id"].to_numpy()
        same = (category[1:] == category[:-1])[follows]
        share = np.sort(np.unique(category, return_counts=True)[1])[::-1] / len(log)
        out |= {
            "categories": len(share),
            "top category": share[0],
            "top 10 % of categories": share[: max(1, len(share) // 10)].sum(),
            "categories per user": log.groupby("user_id")["category_id"].nunique().mean(),
            "same category as previous, in session": same[gap <= threshold].mean(),
            "same category as previous, over a break": same[gap > threshold].mean() if len(across) else np.nan,
            "same category by chance": (share**2).sum(),
        }
    return {name: float(value) for name, value in out.items()}


def _gini(popularity: np.ndarray) -> float:
    """0 when all items are equally popular, towards 1 when one has everything; input sorted downwards."""
    cumulative = np.cumsum(popularity[::-1]) / popularity.sum()
    return 1 + 1 / len(popularity) - 2 * cumulative.mean()


def counting_rankers(log: pd.DataFrame, long_driven: np.ndarray, most: int = 4000) -> pd.DataFrame:
    """Hit@10 over all items of three rankers that only count, on each user's last fifth of events.

    Counts come from the first four fifths. Targets have at least one event before them in their session and at least
    one earlier session, so that both rankers have something to see; ``most`` of them are taken at even distance.

    * ``popularity``: how often the item was clicked.
    * ``current session``: item-to-item Markov chain, backing off to category-to-category; sees the previous event.
    * ``earlier sessions``: popularity within categories, weighted by the user's categories before this session.

    Args:
        log: Sorted frame with categories.
        long_driven: 0/1 ``[n]``, the planted cause of each row.
        most: Number of targets at most.

    Returns:
        One row per ranker, columns ``short-driven``, ``long-driven``, ``all``.
    """
    user = pd.factorize(log["user_id"])[0]
    item, items = pd.factorize(log["item_id"])
    category, categories = pd.factorize(log["category_id"])
    session = _sessions(log, 1800)
    place = log.groupby("user_id").cumcount().to_numpy()
    length = np.bincount(user)[user]
    train = place < 0.8 * length
    start = np.flatnonzero(place == 0)[user]  # [n] first row of the user
    session_start = np.flatnonzero(np.diff(session, prepend=-1))[np.unique(session, return_inverse=True)[1]]

    rows = np.arange(len(log))
    targets = np.flatnonzero(~train & (session_start < rows) & (start < session_start))
    targets = targets[:: max(1, len(targets) // most)]

    popularity = np.bincount(item[train], minlength=len(items)).astype(float)
    category_of = np.zeros(len(items), dtype=np.int64)
    category_of[item] = category
    total = np.bincount(category_of, popularity, minlength=len(categories))
    within = (popularity + 0.01) / (total + 1)[category_of]  # [items] share of the item in its category

    second = np.flatnonzero(train & (session_start < rows))
    jump = np.full((len(categories), len(categories)), 1e-6)
    np.add.at(jump, (category[second - 1], category[second]), 1)
    jump /= jump.sum(1, keepdims=True)
    order = np.argsort(item[second - 1], kind="stable")
    previous, following = item[second - 1][order], item[second][order]

    hit: dict[str, list[bool]] = {"popularity": [], "current session": [], "earlier sessions": []}
    for t in targets:
        low, high = np.searchsorted(previous, [item[t - 1], item[t - 1] + 1])
        chain = 5 * jump[category[t - 1]][category_of] * within
        np.add.at(chain, following[low:high], 1.0)
        profile = np.bincount(category[start[t] : session_start[t]], minlength=len(categories))
        for name, score in (
            ("popularity", popularity),
            ("current session", chain),
            ("earlier sessions", profile[category_of] * within + 1e-9 * popularity),
        ):
            better, equal = (score > score[item[t]]).sum(), (score == score[item[t]]).sum()
            hit[name].append(bool(better + (equal + 1) / 2 <= 10))
    frame = pd.DataFrame(hit)
    cause = np.asarray(long_driven)[targets]
    return pd.DataFrame(
        {"short-driven": frame[cause == 0].mean(), "long-driven": frame[cause == 1].mean(), "all": frame.mean()}
    )
