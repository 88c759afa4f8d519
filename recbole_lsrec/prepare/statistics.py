"""Statistics of a log in the form that papers print."""

from typing import Any

from recbole_lsrec.prepare.database import one
from recbole_lsrec.prepare.write import Measured

NAMED = {
    "user": "users", "item": "items", "category": "categories", "event_type": "event types", "session": "sessions",
}  # fmt: skip
"""The roles whose values are names -> several of them, for people."""


def statistics(connection: Any, measured: Measured) -> dict[str, Any]:
    """Counts of the table ``log``, with the shares that decide how far results on it can be trusted."""
    users, items, categories, repeats, copies = one(
        connection,
        """
        SELECT (SELECT count(DISTINCT "user") FROM log), (SELECT count(DISTINCT item) FROM log),
               (SELECT count(DISTINCT category) FROM item_categories), sum(n - 1), sum(copies)
        FROM (
            SELECT sum(n) AS n, sum(n - 1) AS copies
            FROM (SELECT "user", item, ns, count(*) AS n FROM log GROUP BY ALL) GROUP BY "user", item
        )""",
    )
    types = connection.execute(
        "SELECT event_type, count(*) FROM log WHERE event_type <> '' GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 20"
    ).fetchall()
    events = measured.events
    return {
        "users": users,
        "items": items,
        "interactions": events,
        "categories": categories,
        "mean_length": round(events / users, 4),
        "density": round(events / (users * items), 8),
        "repeats": round(int(repeats) / events, 4),
        "exact_duplicates": int(copies),
        "equal_times": round(measured.equal_times / events, 4),
        "event_types": dict(types),
        "spaces_around": {role: _spaces_around(connection, role) for role in NAMED},
        "floats": {role: _floats(connection, role) for role in NAMED},
    }


def _spaces_around(connection: Any, role: str) -> dict[str, int | str]:
    """How many ids of a role have spaces around them, how many only these or unseen characters tell from another, or from none.

    Ids are compared as by :func:`~recbole_lsrec.log_checks.names.unseen_twins`, but where they lie; with one of them.
    """
    around = r"'^[\s\x{85}\p{Z}]+|[\s\x{85}\p{Z}]+$', '', 'g'"
    names, twins, example = one(
        connection,
        rf"""
        WITH ids AS (SELECT DISTINCT "{role}" AS id FROM log),
             bare AS (SELECT id, id <> regexp_replace(id, {around}) AS spaced, regexp_replace(
                          nfc_normalize(regexp_replace(id, '\p{{Cf}}+', '', 'g')), {around}) AS seen FROM ids),
             often AS (SELECT *, id <> seen AND (seen = '' OR count(*) OVER (PARTITION BY seen) > 1) AS twin FROM bare)
        SELECT count(*) FILTER (spaced), count(*) FILTER (twin),
               coalesce(min(id) FILTER (twin), min(id) FILTER (spaced), '') FROM often""",
    )
    return {"names": names, "twins": twins, "example": example}


def _floats(connection: Any, role: str) -> dict[str, int | str]:
    """How many names of a role are ``7.0`` or ``2.05E+18``, as programs write ids that they take for numbers, and one of them."""
    names, example = one(
        connection,
        f"""SELECT count(DISTINCT "{role}"), coalesce(min("{role}"), '') FROM log
            WHERE regexp_full_match("{role}", '[0-9]+[.]0+|[0-9]+([.][0-9]+)?[eE][+][0-9]+')""",
    )
    return {"names": names, "example": example}
