"""All measurements of an audit."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from recbole_lsrec.audit import items
from recbole_lsrec.audit.log import Log
from recbole_lsrec.audit.order import Order, ask_order
from recbole_lsrec.audit.sessions import THRESHOLDS, Cut, cut_at
from recbole_lsrec.audit.users import Activity, activity
from recbole_lsrec.prepare.suggest import EDGES, RESOLUTIONS, Threshold, gap_histogram, suggest_threshold


@dataclass(frozen=True)
class Audit:
    """What was measured, under the names of the JSON file."""

    dataset: str
    simulated: bool
    own_sessions: bool
    session_threshold: int
    size: dict[str, float]
    activity: Activity
    now: Cut
    cuts: list[Cut]
    gaps: list[int]
    suggested: Threshold
    equal_times: dict[str, float]
    repeats: dict[str, float]
    same_category: dict[str, float] | None
    drift: list[dict[str, Any]]
    popularity: dict[str, float]
    unseen: dict[str, float]
    order: Order

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self) | {"gap_edges": EDGES.tolist()}


def measure(
    log: Log,
    dataset: str,
    threshold: int,
    *,
    user_names: Sequence[str],
    simulated: bool,
    own_sessions: bool,
    seed: int = 2020,
) -> Audit:
    """Measures a log.

    Args:
        log: to look at.
        dataset: its name.
        threshold: ``session_threshold`` in seconds, for the mark in the pictures.
        user_names: of each user number, as the log has them.
        simulated: whether it is a simulated log.
        own_sessions: whether the sessions are the log's own.
        seed: of the shuffles.
    """
    lengths, (_, targets) = log.lengths, log.held_out()
    histogram = gap_histogram(log.gaps())
    since = log.time - log.time.min()  # whole days are so in every zone
    resolution = next((step for step in RESOLUTIONS if (since % step == 0).all()), 1)
    return Audit(
        dataset=dataset,
        simulated=simulated,
        own_sessions=own_sessions,
        session_threshold=threshold,
        size={
            "events": len(log.user),
            "users": len(lengths),
            "items": len(np.unique(log.item)),
            "mean_length": float(lengths.mean()),
            "median_length": float(np.median(lengths)),
            "users_with_three_events": float((lengths >= 3).mean()),
            "first": int(log.time.min()),
            "last": int(log.time.max()),
        },
        activity=activity(log, user_names),
        now=cut_at(log, None),
        cuts=[cut_at(log, step) for step in THRESHOLDS],
        gaps=histogram.tolist(),
        suggested=suggest_threshold(histogram, resolution),
        equal_times={
            "events": float(log.tied.mean()),
            "targets": float(log.tied[targets].mean()) if targets.any() else 0.0,
            "copies": float(log.copied.mean()),
            "copied_targets": float(log.copied[targets].mean()) if targets.any() else 0.0,
        },
        repeats=items.repeats(log),
        same_category=items.same_category(log),
        drift=items.drift(log),
        popularity=items.popularity(log.item),
        unseen=items.unseen(log),
        order=ask_order(log, seed),
    )
