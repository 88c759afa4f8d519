"""The events of a log in a DuckDB database on disk: raw text in, exact times and counted refusals out."""

from typing import Any

import numpy as np
import pyarrow as pa

from recbole_lsrec.console import bar
from recbole_lsrec.prepare.database import batch_of, foreign, one, text
from recbole_lsrec.prepare.files import RawFile
from recbole_lsrec.prepare.layout import ROLES, Layout
from recbole_lsrec.prepare.ledger import EXAMPLES, Ledger
from recbole_lsrec.prepare.read import read_raw
from recbole_lsrec.prepare.read_json import LIST
from recbole_lsrec.prepare.times import SECOND, Times, parts_sql

PADDING = "[PAD]"
Starts = list[tuple[int, RawFile, Layout]]  # of each file the number of the raw row at which it begins
# What no atomic file can hold, or the loader would read otherwise.
BAD_TEXT = r"[\x00-\x08\x09-\x0d\x1c-\x1f]"


def read_events(connection: Any, chosen: list[tuple[Layout, RawFile]], features: list[str], ledger: Ledger) -> Starts:
    """Reads all files of events into the table ``raw``, as text; ``row`` numbers the events, ``raw_row`` the rows of the files.

    Args:
        connection: of :func:`~recbole_lsrec.prepare.database.connect`.
        chosen: the files with their layouts, in order.
        features: further columns of the layouts, of users and items.
        ledger: gets what was read and refused.

    Returns:
        For each file the number of the raw row at which it begins.
    """
    roles = [*ROLES, "milliseconds"]
    columns = [f'"{role}"' for role in roles] + [foreign(name) for name in features]
    connection.execute(
        f"CREATE TABLE raw ({', '.join(f'{column} VARCHAR' for column in columns)}, raw_row BIGINT, row BIGINT)"
    )
    starts, raw_row, row = [], 0, 0
    for layout, raw in chosen:
        starts.append((raw_row, raw, layout))
        values = ", ".join(
            [role_sql(layout, role) for role in roles] + [feature_sql(layout, name) for name in features]
        )
        with bar(total=_size(raw), unit="B", unit_scale=True, desc=raw.plain_name, leave=False) as progress:
            for batch in read_raw(raw, layout, ledger, progress.update):
                numbers = pa.array(np.arange(raw_row, raw_row + batch.num_rows))
                with batch_of(connection, batch, raw_row=numbers):
                    row += one(
                        connection, f"INSERT INTO raw SELECT {values}, raw_row, row FROM {_numbered(layout, row)}"
                    )[0]
                raw_row += batch.num_rows
    return starts


def role_sql(layout: Layout, role: str) -> str:
    """The text of a role in a row of a file; empty where it is not known."""
    if role == "milliseconds":
        return foreign(layout.milliseconds) if layout.milliseconds else "''"
    if role in layout.constant:
        return text(layout.constant[role])
    if role == "category" and layout.flags:
        cases = " ".join(f"WHEN {foreign(name)} = '1' THEN {text(name)}" for name in layout.flags)
        return f"CASE {cases} ELSE '' END"
    if role not in layout.columns:
        return "''"
    value = foreign(layout.columns[role])
    if role == "time":
        value = f"trim({value})"
    if role in layout.list_of:
        separator, place = layout.list_of[role]
        value = f"coalesce(list_extract(string_split({value}, {text(separator)}), {place}), '')"
    if layout.missing.get(role):
        value = f"CASE WHEN {value} IN ({', '.join(map(text, layout.missing[role]))}) THEN '' ELSE {value} END"
    if layout.words.get(role):
        cases = " ".join(f"WHEN {text(old)} THEN {text(new)}" for old, new in layout.words[role].items())
        value = f"CASE {value} {cases} ELSE {value} END"
    if role == "user" and layout.anonymous:
        session = role_sql(layout, "session")
        value = (
            f"CASE WHEN {value} = '' AND {session} <> '' THEN {text(layout.anonymous)} || {session} ELSE {value} END"
        )
    return value


def feature_sql(layout: Layout, name: str) -> str:
    """The text of a feature in a row of a file; empty where the file has none."""
    return foreign(layout.features[name]) if name in layout.features else "''"


def parse_events(connection: Any, times: Times | None, starts: Starts, ledger: Ledger) -> int:
    """Makes the table ``log`` (``user, item, ns, category, event_type, session``, features, ``raw_row``, ``row``) of ``raw``.

    Args:
        connection: with the table ``raw``.
        times: how times are read; None for the order of the rows alone.
        starts: of :func:`read_events`.
        ledger: gets the rows refused.

    Returns:
        How many rows were refused because a value was damaged; a missing user or item is counted but is no damage.
    """
    ns = f"(row + 1) * {SECOND}" if times is None else times.reading.sql
    shift = "coalesce(TRY_CAST(milliseconds AS BIGINT), 0) * 1000000"
    body = "SELECT * FROM raw" if times is None else parts_sql("raw")
    reason = f"""CASE
        WHEN "user" = '' THEN 'no user' WHEN item = '' THEN 'no item'
        WHEN contains("user" || item || category || event_type || session, chr(10))
            THEN 'an id holds a line break, as where a lone " joins rows'
        {_lists_sql(starts)} {_names_sql(starts)}
        WHEN regexp_matches("user" || item || category || event_type || session, '{BAD_TEXT}')
            THEN 'an id holds a control character'
        WHEN '{PADDING}' IN ("user", item, category, event_type, session) THEN 'an id is {PADDING}, the name of the padding'
        WHEN ns IS NULL AND time = '' THEN 'no time' WHEN ns IS NULL THEN 'the time cannot be read' END"""
    rest = ", ".join(f"nullif({role}, '')" for role in ("category", "event_type", "session"))
    shown = f"left(concat_ws(' | ', \"user\", item, time, {rest}), 120)"
    extra = ", zone, fraction, body, offset_ns" if times is not None else ""
    connection.execute(
        f"CREATE TABLE parsed AS SELECT * EXCLUDE (time, milliseconds{extra}), {reason} AS reason, "
        f"CASE WHEN {reason} IS NOT NULL THEN {shown} END AS shown "
        f"FROM (SELECT *, {ns} + {shift} AS ns FROM ({body}))"
    )
    damaged = 0
    for why, rows in connection.execute(
        "SELECT reason, count(*) FROM parsed WHERE reason IS NOT NULL GROUP BY reason ORDER BY reason"
    ).fetchall():
        examples = connection.execute(
            f"SELECT raw_row, shown FROM parsed WHERE reason = {text(why)} ORDER BY row LIMIT {EXAMPLES}"
        ).fetchall()
        for place, (raw_row, shown) in enumerate(examples):
            ledger.refuse(why, f"{place_of(raw_row, starts)}: {shown!r}", rows - len(examples) + 1 if place == 0 else 1)
        damaged += rows * (why not in ("no user", "no item"))
    connection.execute("CREATE TABLE log AS SELECT * EXCLUDE (reason, shown) FROM parsed WHERE reason IS NULL")
    connection.execute("DROP TABLE parsed")
    connection.execute("DROP TABLE raw")
    return damaged


def _lists_sql(starts: Starts) -> str:
    """Lists are named as such; in text :data:`~recbole_lsrec.prepare.read_json.LIST` is a control character like others."""
    layout = next((layout for _, _, layout in starts if layout.form != "csv"), None)
    if layout is None:
        return ""
    cases = []
    for role in ("user", "item", "category", "event_type", "session"):
        advice = "name a column with one value"
        if role not in ("user", "item"):
            advice += f", or leave it out (--{role.replace('_', '-')} none)"
        column = layout.columns.get(role, "")
        if role == "category" and column != "category_id":  # a name that prepare gives itself
            advice += f", or take it with --item-features {column}:token_seq"
        cases.append(f"""WHEN contains("{role}", {text(LIST)}) THEN {text(f"{role} is a list; {advice}")}""")
    return " ".join(cases)


def _names_sql(starts: Starts) -> str:
    """The line of names again, as files put together have it."""
    named = [layout.columns for _, _, layout in starts if layout.form == "csv" and layout.header is None]
    pairs = dict.fromkeys((text(columns["user"]), text(columns["item"])) for columns in named if len(columns) > 1)
    names = ", ".join(f"({user}, {item})" for user, item in pairs)
    return f"""WHEN ("user", item) IN ({names}) THEN 'the line of names again'""" if names else ""


def place_of(raw_row: int, starts: Starts) -> str:
    """``file, row``: rows are counted as a spreadsheet does, the names of the columns being row 1."""
    start, raw, layout = max((start for start in starts if start[0] <= raw_row), key=lambda entry: entry[0])
    return f"{raw.name}, row {raw_row - start + 1 + (layout.header is None and layout.form == 'csv')}"


def sizes(connection: Any) -> tuple[int, int, int]:
    """Rows, users and items of the log as it stands."""
    return one(connection, 'SELECT count(*), count(DISTINCT "user"), count(DISTINCT item) FROM log')  # type: ignore[return-value]


def keep_rows(connection: Any, ledger: Ledger, step: str, condition: str, note: str = "") -> int:
    """Cuts the log to the rows that meet a condition, and counts the step.

    Returns:
        How many are left.
    """
    connection.execute(f"CREATE OR REPLACE TABLE log AS SELECT * FROM log WHERE {condition}")
    ledger.step(step, sizes(connection), note)
    return ledger.steps[-1].rows


def _size(raw: RawFile) -> int | None:
    packed = raw.member or raw.path.name.lower().endswith(".gz")
    return None if packed else raw.path.stat().st_size


def _numbered(layout: Layout, first: int) -> str:
    """The events of a batch, numbered from ``first`` in the order of the file: ``row``; a packed value holds several."""
    if layout.packed is None:
        return f"(SELECT *, {first} + raw_row - (SELECT min(raw_row) FROM batch) AS row FROM batch)"
    column, rows, fields, names = layout.packed
    values = ", ".join(f"coalesce(list_extract(string_split(cell, {text(fields)}), {at}), '') AS {foreign(name)}"
                       for at, name in enumerate(names, start=1))  # fmt: skip
    cells = f"string_split({foreign(column)}, {text(rows)})"
    unpacked = f"SELECT *, unnest({cells}) AS cell, generate_subscripts({cells}, 1) AS place FROM batch"
    number = f"{first - 1} + row_number() OVER (ORDER BY raw_row, place) AS row"
    return f"(SELECT * EXCLUDE (cell, place), {values}, {number} FROM ({unpacked}))"
