"""What a split holds and what it leaks: counts, periods, cold items and users, repeats, overlap."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from recbole_lsrec.config.split_boundary import utc
from recbole_lsrec.data.dataset import SessionDataset
from recbole_lsrec.data.sessions import threshold_in_force
from recbole_lsrec.data.split.phases import PHASES
from recbole_lsrec.errors import counted
from recbole_lsrec.log_checks.repeats import in_both
from recbole_lsrec.log_checks.times import ORDER
from recbole_lsrec.page.numbers import percent

HELD_OUT = PHASES[1:]
# Share of events or test targets at one time above which the report warns of it.
MANY_EQUAL_TIMES = 0.05


def split_report(dataset: SessionDataset) -> dict[str, Any]:
    """Describes the split of a log after ``build``; everything in it can be written as JSON.

    Args:
        dataset: the log, or any view of it.

    Returns:
        ``split`` (as set, or the pre-split files); ``boundaries`` (``GTS``); sizes of the log; how its sessions are cut
        (``session_threshold`` and ``session_gap``: None where no gap cuts them); ``phases``, for each
        :func:`describe_phase`; for ``valid`` and ``test`` also what :func:`describe_leak` says; ``no_target`` (events
        that are no target: ``first_events`` of a user, and ``others``); ``equal_times`` (share of events whose user has
        another at the very same time); ``copies`` (events with the user, item and time of an earlier one); ``warnings``.
    """
    training, first = dataset.training_events(), _first_occurrence(dataset.user, dataset.item)
    phases = {phase: describe_phase(dataset, phase, training, first) for phase in PHASES}
    train_times, events = dataset.time[dataset.split.train], np.sort(dataset.time[training])
    for phase in HELD_OUT:
        phases[phase] |= describe_leak(dataset.time[getattr(dataset.split, phase)], events, train_times)
    first_events = len(np.unique(dataset.user))
    targets = sum(len(rows) for rows in dataset.split)
    threshold = threshold_in_force(dataset.config, dataset.own_sessions)
    return {
        "split": dataset.files_in_words() if dataset.pre_split else dataset.config["eval_args"]["split"],
        "boundaries": {
            phase: {"place": limit} if _of_places(dataset) else {"seconds": limit, "utc": utc(limit)}
            for phase in HELD_OUT
            if (limit := dataset.candidate_limit(phase)) is not None
        },
        "events": len(dataset.user),
        "users": dataset.user_num - 1,
        "items": dataset.item_num - 1,
        "sessions": int(dataset.session[-1]) + 1,
        "own_sessions": dataset.own_sessions,
        "session_threshold": threshold,
        "session_gap": None if threshold is None else dataset.config["session_gap"],
        "phases": phases,
        "no_target": {"first_events": first_events, "others": len(dataset.user) - targets - first_events},
        "equal_times": _share(dataset.tied),
        "copies": int(dataset.copied.sum()),
        "filters": dataset.filter_report,
        "warnings": [
            *_leak_warnings(phases),
            *_mixed_history_warnings(dataset),
            *_equal_time_warnings(dataset, phases),
            *_copy_warnings(dataset, phases),
            *_empty_phase_warnings(dataset),
        ],
    }


def describe_phase(dataset: SessionDataset, phase: str, training: np.ndarray, first: np.ndarray) -> dict[str, Any]:
    """Counts and shares of the targets of one phase; shares are of its instances, None where it has none.

    Args:
        dataset: the log.
        phase: ``train``, ``valid`` or ``test``.
        training: boolean ``[n]`` from :meth:`SessionDataset.training_events`.
        first: ``[n]`` the first row with the user and item of each.

    Returns:
        ``instances``, ``users``, ``users_without`` (of the log, who have no instance in the phase), ``items``,
        ``first_target``, ``last_target`` (UTC, or places); ``in_history`` (share of targets that the user's history holds);
        ``same_session`` (share of targets in the session of the event before); ``equal_times`` (share of targets whose
        user has another event at the very same time); ``copies`` (share of targets that are an earlier line once more:
        user, item and time); and for ``valid`` and ``test``: ``cold_items`` and ``cold_users`` (in no training event),
        ``cold_item_targets`` and ``cold_user_targets`` (shares), ``cold_positives`` (share of targets first seen at or
        after the limit of the candidates: no negative can be).
    """
    user, item, time = dataset.user, dataset.item, dataset.time
    rows = getattr(dataset.split, phase)
    end = dataset.history_end(rows)
    users = len(np.unique(user[rows]))
    when = int if _of_places(dataset) else utc
    described = {
        "instances": len(rows),
        "users": users,
        "users_without": dataset.user_num - 1 - users,
        "items": len(np.unique(item[rows])),
        "first_target": when(time[rows].min()) if len(rows) else None,
        "last_target": when(time[rows].max()) if len(rows) else None,
        "in_history": _share(first[rows] < end),
        "same_session": _share(dataset.session[rows] == dataset.session[end - 1]),
        "equal_times": _share(dataset.tied[rows]),
        "copies": _share(dataset.copied[rows]),
    }
    if phase not in HELD_OUT:
        return described
    cold_item, cold_user = ~np.isin(item[rows], item[training]), ~np.isin(user[rows], user[training])
    limit = dataset.candidate_limit(phase)
    first_seen = np.full(dataset.item_num, time.max())
    np.minimum.at(first_seen, item, time)
    return described | {
        "cold_items": len(np.unique(item[rows][cold_item])),
        "cold_users": len(np.unique(user[rows][cold_user])),
        "cold_item_targets": _share(cold_item),
        "cold_user_targets": _share(cold_user),
        "cold_positives": _share(first_seen[item[rows]] >= (time[rows] if limit is None else limit)),
    }


def describe_leak(targets: np.ndarray, events: np.ndarray, train_targets: np.ndarray) -> dict[str, Any]:
    """How much of what trains a model lies in the future of what it is tested on.

    Events at the very second of a target are not counted as its future in ``later_training`` and
    ``median_later_training``, so that only other users' events can be.

    Args:
        targets: ``[N]`` times of the held-out targets.
        events: ``[E]`` times of the training events, in order.
        train_targets: ``[T]`` times of the training targets.

    Returns:
        ``overlap``: share of training targets at or after the first held-out target; ``later_training``: share of
        held-out targets with a later training event; ``median_later_training``: the share of training events later than
        a held-out target, the median over those targets. All None where there are no targets.
    """
    if len(targets) == 0 or len(events) == 0:
        return {"overlap": None, "later_training": None, "median_later_training": None}
    later = 1 - np.searchsorted(events, targets, side="right") / len(events)  # [N]
    return {
        "overlap": _share(train_targets >= targets.min()),
        "later_training": _share(later > 0),
        "median_later_training": round(float(np.median(later)), 6),
    }


def summary_lines(report: Mapping[str, Any]) -> list[str]:
    """The report in a few lines, for the log; the warnings are not among them."""
    lines = [f"Split: {report['split']}"]
    if report["boundaries"]:
        periods = (
            f"{phase} from {boundary.get('utc', boundary.get('place'))}"
            for phase, boundary in report["boundaries"].items()
        )
        lines[0] += f"; {', '.join(periods)}"
    for phase, held in report["phases"].items():
        line = (
            f"  {phase}: {counted(held['instances'], 'instance')}, {counted(held['users'], 'user')}, "
            f"{counted(held['items'], 'item')}"
        )
        if held["instances"]:
            line += f", {held['first_target']} to {held['last_target']}; {percent(held['in_history'])} of targets in the history"
            line += f", {percent(held['same_session'])} in the session of the event before"
        if held["instances"] and phase in HELD_OUT:
            line += _cold_in_words(held)
        lines.append(line)
    none = report["no_target"]
    line = f"  no target: {none['first_events']} first events of users"
    if none["others"]:
        line += f", {counted(none['others'], 'other')}"
    without = [f"{phase} {n}" for phase, held in report["phases"].items() if (n := held["users_without"])]
    if without:
        line += f"; users without an instance: {', '.join(without)}"
    return [*lines, line]


def _cold_in_words(held: Mapping[str, Any]) -> str:
    """What of a held-out phase training never saw; nothing where there is none."""
    words = [
        f"{counted(held[f'cold_{thing}s'], thing)} never seen in training ({percent(held[f'cold_{thing}_targets'])} of targets)"
        for thing in ("item", "user")
        if held[f"cold_{thing}s"]
    ]
    if held["cold_positives"]:
        words.append(f"{percent(held['cold_positives'])} cold positives")
    return f"; {', '.join(words)}" if words else ""


def _leak_warnings(phases: Mapping[str, Mapping[str, Any]]) -> list[str]:
    leaking = {phase: held for phase in HELD_OUT if (held := phases[phase])["later_training"]}
    if not leaking:
        return []
    targets = " and ".join(f"{percent(held['later_training'])} of the {phase}" for phase, held in leaking.items())
    later = " and ".join(percent(held["median_later_training"]) for held in leaking.values())
    return [
        f"the split is not in time order: training holds other users' later events for {targets} targets (in the median "
        f"{later} of the training events). To avoid this, split at points in time (GTS, by_time): docs/splits.md"
    ]


def _mixed_history_warnings(dataset: SessionDataset) -> list[str]:
    """Only pre-split files can hold a training target after a held-out event of the same user."""
    if not dataset.pre_split:
        return []
    earliest = np.full(dataset.user_num, len(dataset.user))
    held = np.flatnonzero(dataset._origin > 0)
    np.minimum.at(earliest, dataset.user[held], held)
    train = dataset.split.train
    mixed = int((train > earliest[dataset.user[train]]).sum())
    if mixed == 0:
        return []
    return [
        f"the files are mixed in time: {mixed} of {len(train)} training targets come after an event of the validation or test "
        "file of the same user, and have it in their history"
    ]


def _equal_time_warnings(dataset: SessionDataset, phases: Mapping[str, Mapping[str, Any]]) -> list[str]:
    events, targets = _share(dataset.tied) or 0.0, phases["test"]["equal_times"] or 0.0
    if max(events, targets) <= MANY_EQUAL_TIMES:
        return []
    return [
        f"equal times: {percent(events)} of the events, and {percent(targets)} of the test targets, have another event of "
        "their user at the very same time; their order is that of the file, which can be a pattern to learn (sorted by "
        "item, say) or none"
    ]


def _copy_warnings(dataset: SessionDataset, phases: Mapping[str, Mapping[str, Any]]) -> list[str]:
    warnings = []
    if n_copies := int(dataset.copied.sum()):
        held_out = "".join(
            f", {percent(share)} of the {phase} targets among them"
            for phase in HELD_OUT
            if (share := phases[phase]["copies"])
        )
        remedy = "rm_exact_duplicates: True keeps the first line of each"
        if dataset.pre_split:  # whose files no filter is applied to
            remedy = "remove them from the files"
        warnings.append(
            f"exact duplicates: {n_copies} of {counted(len(dataset.user), 'event')} have the user, item and time of an "
            f"earlier line{held_out}; {remedy}"
        )
    if dataset.pre_split and (both := in_both(dataset.user, dataset.item, dataset.time, dataset._origin > 0)):
        warnings.append(
            f"the files overlap: {both} events of the validation and test files also stand in the training file, with the "
            "same user, item and time"
        )
    return warnings


def _empty_phase_warnings(dataset: SessionDataset) -> list[str]:
    if dataset.config["eval_args"]["split"].get("LS") in ("valid_only", "test_only") and not dataset.pre_split:
        return []  # as asked
    return [
        f"no user has an instance in {phase}, so nothing is measured there: a target needs an earlier event of its user, "
        "and leaving one out needs four events of a user for two phases, since the first target is trained on"
        for phase in HELD_OUT
        if len(getattr(dataset.split, phase)) == 0
    ]


def _of_places(dataset: SessionDataset) -> bool:
    return bool(dataset.config["timestamp_unit"] == ORDER)


def _first_occurrence(user: np.ndarray, item: np.ndarray) -> np.ndarray:
    """For each row of the log the first row with its user and item."""
    _, first, which = np.unique(user * (int(item.max()) + 1) + item, return_index=True, return_inverse=True)
    return first[which]


def _share(true: np.ndarray) -> float | None:
    return round(float(true.mean()), 6) if len(true) else None
