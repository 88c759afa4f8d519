"""Statistics of a log in the form that papers print."""

from typing import Any

from recbole_lsrec.prepare.database import one
from recbole_lsrec.prepare.write import Measured


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
        "differ_by_spaces": {role: _differ_by_spaces(connection, role) for role in ("user", "item")},
    }


def _differ_by_spaces(connection: Any, role: str) -> list[str | int]:
    """How many ids of a role differ from another, or from none, by spaces around them alone, and one of them."""
    return list(
        one(
            connection,
            rf"""
            WITH ids AS (SELECT DISTINCT "{role}" AS id FROM log),
                 bare AS (SELECT id, regexp_replace(id, '^[\s\p{{Z}}]+|[\s\p{{Z}}]+$', '', 'g') AS id_itself FROM ids)
            SELECT count(*), coalesce(min(id), '') FROM bare WHERE id <> id_itself
            AND id_itself IN (SELECT '' UNION ALL SELECT id_itself FROM bare GROUP BY ALL HAVING count(*) > 1)""",
        )
    )
