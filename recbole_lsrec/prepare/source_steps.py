"""What is known of a public log itself: event types that are interest, its period, its departments."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from recbole_lsrec.errors import DataError, listed
from recbole_lsrec.prepare.database import foreign, text
from recbole_lsrec.prepare.events import keep_rows
from recbole_lsrec.prepare.layout import Source
from recbole_lsrec.prepare.ledger import Ledger
from recbole_lsrec.prepare.times import SECOND


def apply_source(
    connection: Any, source: Source, keep_events: tuple[str, ...], all_items: bool, tz: str | None, ledger: Ledger
) -> None:
    """Cuts the table ``log`` to what the source is about, and counts every step.

    Args:
        connection: with the tables ``log`` and ``items``.
        source: what is known of the log.
        keep_events: event types to keep instead of the source's; none for these.
        all_items: whether items outside its departments are kept.
        tz: zone of its period instead of the source's.
        ledger: of the steps.

    Raises:
        DataError: nothing is left.
    """

    def keep(name: str, condition: str, told: str = "") -> None:
        if not keep_rows(connection, ledger, name, condition):
            raise DataError(
                f"{name}: no event is left; see what the log holds, or choose with --keep-events or --all-items."
                f"{f' {told}.' if told else ''}"
            )

    kept = keep_events or source.keep
    if kept:
        told = _other_types(connection, kept) if keep_events else ""
        ledger.notes += [told] if told else []
        keep(f"event types {', '.join(kept)}", f"event_type IN ({', '.join(map(text, kept))})", told)
    if source.period:
        zone = ZoneInfo(tz or source.tz or "UTC")
        low, high = (
            int(datetime.fromisoformat(day).replace(tzinfo=zone).timestamp()) * SECOND for day in source.period
        )
        keep(f"from {source.period[0]}, before {source.period[1]}", f"ns >= {low} AND ns < {high}")
    if source.departments and not all_items:
        column, values = source.departments
        wanted = f"SELECT item FROM items WHERE {foreign(column)} IN ({', '.join(map(text, values))})"
        keep(f"{column} {', '.join(values)}", f"item IN ({wanted})")


def _other_types(connection: Any, kept: tuple[str, ...]) -> str:
    """Which words of --keep-events are no type of the log, and the types that are left out; nothing where all are."""
    found = dict(connection.execute("SELECT event_type, count(*) FROM log GROUP BY 1 ORDER BY 2 DESC, 1").fetchall())
    missing = [repr(word) for word in kept if word not in found]
    others = [f"{name!r} ({rows})" for name, rows in found.items() if name not in kept]
    left_out = f"; left out: {listed(others)}" if others else ""
    return f"--keep-events: no event is of type {listed(missing)}{left_out}" if missing else ""
