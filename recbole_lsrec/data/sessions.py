"""Cutting a log into sessions where the user pauses (SLSRec eq. 1)."""

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from recbole_lsrec.config.data_settings import DataSettings
from recbole_lsrec.log_checks.times import ORDER

_LIKE_SESSIONS = re.compile(r"session|(?<![a-z])sess|visit|basket", re.IGNORECASE)


def threshold_in_force(config: Any, own_sessions: bool | None) -> int | None:
    """``session_threshold`` in seconds; None where no gap cuts: sessions are the log's own, or times are places."""
    return None if own_sessions or config["timestamp_unit"] == ORDER else config["session_threshold"]


def segment_sessions(user: np.ndarray, time: np.ndarray, threshold: float, gap: str = "le") -> np.ndarray:
    """Numbers the sessions of a log sorted by user and time, in one vectorised pass.

    A new session starts where the user changes, or where the pause since the user's previous event is too long
    (events at most ``threshold`` apart share a session: LSIDN's code; SLSRec eq. 1 has ``<``, which is ``lt``).

    Args:
        user: ``[n]`` user of each event; events of one user are adjacent.
        time: ``[n]`` time of each event, non-decreasing within a user, in any unit.
        threshold: longest pause inside a session, in the unit of ``time``.
        gap: ``le`` keeps a pause of exactly ``threshold`` inside the session, ``lt`` cuts there.

    Returns:
        int64 ``[n]``: 0, 0, ..., 1, 1, ...; one number per session, counted through the whole log.

    Raises:
        ValueError: ``threshold`` is not positive, ``gap`` is neither ``le`` nor ``lt``, or a user's time runs backwards.
    """
    if not threshold > 0:
        raise ValueError(f"threshold: found {threshold}; accepted: a positive number")
    if gap not in ("le", "lt"):
        raise ValueError(f"gap: found {gap!r}; accepted: 'le' or 'lt'")
    if len(user) == 0:
        return np.zeros(0, dtype=np.int64)
    new_user = user[1:] != user[:-1]
    pause = time[1:] - time[:-1]
    if np.any(pause[~new_user] < 0):
        raise ValueError("time: found a user whose events are not sorted by time; sort by (user, time) first")
    too_long = pause > threshold if gap == "le" else pause >= threshold
    session = np.zeros(len(user), dtype=np.int64)
    np.cumsum(new_user | too_long, out=session[1:])  # in place: a log of 20 million events has 160 MB a column
    return session


def own_sessions(user: np.ndarray, label: np.ndarray) -> tuple[np.ndarray, int, int]:
    """Numbers the sessions that a log brings along: a new one where the user or the label changes.

    Args:
        user: ``[n]`` of a log sorted by user and time.
        label: ``[n]`` the session that each event names, 0 for none.

    Returns:
        int64 ``[n]`` as of :func:`segment_sessions`; how many sessions are split, because others of their user lie
        between their events; how many events name none.
    """
    if len(user) == 0:
        return np.zeros(0, dtype=np.int64), 0, 0
    new = (user[1:] != user[:-1]) | (label[1:] != label[:-1])
    session = np.concatenate([[0], np.cumsum(new)]).astype(np.int64)
    begins = np.concatenate([[True], new]) & (label > 0)
    pairs = user[begins] * (int(label.max()) + 1) + label[begins]
    _, parts = np.unique(pairs, return_counts=True)
    return session, int((parts > 1).sum()), int((label == 0).sum())


def unused_sessions(columns: Sequence[str], named: str) -> str:
    """What to say of a file whose own sessions are not read: "" where it seems to have none, and none are asked for.

    Args:
        columns: of the file, loaded or not.
        named: ``SESSION_ID_FIELD``.
    """
    like = [column for column in columns if column == named or _LIKE_SESSIONS.search(column)]
    if like:
        column = named if named in like else like[0]
        return (
            f"the column {column!r} looks like the log's own sessions and is not used: sessions are cut by session_threshold. "
            f"To use it: SESSION_ID_FIELD: {column}, and {column} in load_col."
        )
    if named != DataSettings.model_fields["SESSION_ID_FIELD"].default:
        return f"has no column {named!r} (SESSION_ID_FIELD), so sessions are cut by session_threshold."
    return ""
