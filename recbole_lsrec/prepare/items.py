"""What is known of items and users: one line each, and a count of what contradicts it."""

from typing import Any

from recbole_lsrec.prepare.database import batch_of, foreign, one, text
from recbole_lsrec.prepare.events import BAD_TEXT, PADDING, feature_sql, role_sql
from recbole_lsrec.prepare.features import Feature
from recbole_lsrec.prepare.files import RawFile
from recbole_lsrec.prepare.layout import Layout, Source
from recbole_lsrec.prepare.ledger import Ledger
from recbole_lsrec.prepare.read import read_raw


def read_items(connection: Any, source: Source, found: list[tuple[Layout, RawFile]], ledger: Ledger) -> None:
    """Reads the files about items into the table ``items`` (``item, category``, its department), and gives events their category.

    Raises:
        DataError: a file is damaged.
    """
    features = [source.departments[0]] if source.departments else []
    listed = ", ".join(f"{name} VARCHAR" for name in ["item", "category", *map(foreign, features)])
    connection.execute(f"CREATE TABLE items ({listed}, row BIGINT)")
    own = Ledger()  # rows about items are no events
    for layout, raw in found:
        for batch in read_raw(raw, layout, own, lambda _: None):
            values = ", ".join(
                [role_sql(layout, "item"), role_sql(layout, "category"), *(feature_sql(layout, n) for n in features)]
            )
            only = " AND ".join(f"{foreign(name)} = '{value}'" for name, value in layout.only.items()) or "true"
            row = "(SELECT count(*) FROM items) + row_number() OVER ()"
            with batch_of(connection, batch):
                connection.execute(f"INSERT INTO items SELECT {values}, {row} FROM batch WHERE {only}")
    if source.items and not found:
        patterns = ", ".join(layout.files for layout in source.items)
        ledger.notes.append(f"no file about items was given ({patterns}), so items have no category")
    for entry in own.refusals.values():
        ledger.notes.append(f"files about items: {entry.reason}: {entry.rows}, such as {entry.examples[0]}")
    if found:
        _make_writable(connection, ledger)
        _give_category(connection)


def item_query(connection: Any, source: Source, ledger: Ledger) -> tuple[str, list[str]]:
    """The rows of the ``.item`` file and its header.

    An item's category is the one of most of its events, of equals the latest (as the loader does it); how many items had
    several is noted.
    """
    connection.execute(
        """
        CREATE OR REPLACE TABLE item_categories AS
        SELECT item, first(category ORDER BY n DESC, latest DESC, category) AS category, count(*) AS several FROM (
            SELECT item, category, count(*) AS n, max(row) AS latest FROM (
                SELECT item, category, row_number() OVER (ORDER BY ns, row) AS row FROM log WHERE category <> ''
            ) GROUP BY item, category
        ) GROUP BY item"""
    )
    several, known = one(connection, "SELECT count(*) FILTER (several > 1), count(*) FROM item_categories")
    names = ["item_id:token"]
    if known:
        names.append("category_id:token")
        if several:
            ledger.notes.append(
                f"{several} of {known} items had several categories: that of most events, then the latest, is kept"
            )
    side, query = _names(source.item_features), "SELECT item FROM log GROUP BY item"
    columns = ["kept.item"] + (["coalesce(c.category, '')"] if known else [])
    joins = f"({query}) AS kept LEFT JOIN item_categories AS c USING (item)"
    if side:
        joins += f" LEFT JOIN ({_latest_known('item', side)}) AS f USING (item)"
        columns += [f"coalesce(f.{foreign(name)}, '')" for name in side]
        names += [str(Feature.of(given)) for given in source.item_features]
        _note_conflicts(connection, ledger, "item", side)
    return f"SELECT {', '.join(columns)} FROM {joins} ORDER BY kept.item", names


def user_query(connection: Any, source: Source, ledger: Ledger) -> tuple[str, list[str]]:
    """The rows of the ``.user`` file and its header: of each feature the latest value that is not empty."""
    names = _names(source.user_features)
    if not names:
        return "", ["user_id:token"]
    _note_conflicts(connection, ledger, "user", names)
    header = ["user_id:token", *(str(Feature.of(given)) for given in source.user_features)]
    return f'{_latest_known("user", names)} ORDER BY "user"', header


def _make_writable(connection: Any, ledger: Ledger) -> None:
    """Categories in files about items are text for people: what no atomic file can hold becomes a space, and is counted."""
    found = f"(regexp_matches(category, '{BAD_TEXT}') OR category = {text(PADDING)})"
    value = f"CASE WHEN category = {text(PADDING)} THEN '' ELSE regexp_replace(category, '{BAD_TEXT}', ' ', 'g') END"
    rows, example = one(connection, f"SELECT count(*), min(category) FROM items WHERE {found}")
    if rows:
        connection.execute(f"UPDATE items SET category = {value} WHERE {found}")
        ledger.notes.append(
            f"files about items: {rows} categories held tabs, line breaks or other control characters, each written as a "
            f"space, or were {PADDING} and are left empty, such as {example[:120]!r}"
        )


def _give_category(connection: Any) -> None:
    connection.execute(
        """
        CREATE OR REPLACE TABLE log AS SELECT log.* EXCLUDE (category),
            CASE WHEN log.category = '' THEN coalesce(c.category, '') ELSE log.category END AS category
        FROM log LEFT JOIN (
            SELECT item, first(category ORDER BY n DESC, latest DESC) AS category FROM (
                SELECT item, category, count(*) AS n, max(row) AS latest FROM items WHERE category <> '' GROUP BY item, category
            ) GROUP BY item
        ) AS c USING (item)"""
    )


def _latest_known(key: str, names: list[str]) -> str:
    values = ", ".join(
        f"coalesce(last({n} ORDER BY ns, row) FILTER ({n} <> ''), '') AS {n}" for n in map(foreign, names)
    )
    return f'SELECT "{key}", {values} FROM log GROUP BY "{key}"'


def _note_conflicts(connection: Any, ledger: Ledger, key: str, names: list[str]) -> None:
    for name in names:
        several = one(
            connection,
            f"SELECT count(*) FROM (SELECT 1 FROM log WHERE {foreign(name)} <> '' GROUP BY \"{key}\" "
            f"HAVING count(DISTINCT {foreign(name)}) > 1)",
        )[0]
        if several:
            ledger.notes.append(f"{name}: {several} {key}s had several values; the latest is kept")


def _names(features: tuple[str, ...]) -> list[str]:
    return [Feature.of(given).name for given in features]
