"""Further columns of users and items: what may be named, and values that an atomic file can hold."""

from collections.abc import Sequence
from math import isinf
from typing import Any, NamedTuple

from recbole_lsrec.errors import DataError
from recbole_lsrec.log_checks.batch_names import taken_names
from recbole_lsrec.prepare.database import foreign, one, text
from recbole_lsrec.prepare.events import BAD_TEXT, PADDING, Starts, place_of
from recbole_lsrec.prepare.ledger import Ledger
from recbole_lsrec.prepare.read_json import LIST

TYPES = ("token", "token_seq", "float", "float_seq")
_OURS = ("user_id", "item_id", "timestamp", "category_id", "event_type", "session_id")
_BATCH = {
    *_OURS,
    *(f"{name}_list" for name in _OURS),
    "first_timestamp",
    "item_length",
    "label",
    "log_chance",
}  # of RecBole's default names
_IN_ELEMENTS = r"[\x00-\x1e ]"
_NUMBER = r"[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?"  # what the loader reads as one
POINT, COMMA = ".", ","


class Feature(NamedTuple):
    """A column of the ``.user`` or ``.item`` file."""

    name: str
    kind: str

    @classmethod
    def of(cls, given: str) -> "Feature":
        """``name`` or ``name:type``, as it is given; a token is the default."""
        name, _, kind = given.partition(":")
        return cls(name, kind or "token")

    def __str__(self) -> str:
        return f"{self.name}:{self.kind}"


def check_features(user_features: Sequence[str], item_features: Sequence[str]) -> None:
    """Refuses features that the files of a data set cannot have.

    Raises:
        DataError: a type is none, or a name is there twice, is one of prepare's own, or cannot stand in a header.
    """
    seen: dict[str, str] = {}
    every = [Feature.of(given).name for given in (*user_features, *item_features)]
    taken = taken_names(every, _BATCH, "neg_")
    for key, given in (("--user-features", user_features), ("--item-features", item_features)):
        for one_given in given:
            name, kind = Feature.of(one_given)
            if kind not in TYPES:
                raise DataError(
                    f"{key}: found {one_given!r}; accepted: name or name:type, with a type of {', '.join(TYPES)}."
                )
            if name in seen:
                raise DataError(
                    f"{key}: found {name!r}, which {seen[name]} names already; the files of a data set have one column of a "
                    "name: take it once."
                )
            if name in _OURS:
                raise DataError(
                    f"{key}: found {name!r}, a name that prepare gives itself ({', '.join(_OURS)}); rename the column in the "
                    "file, or say what it is with --category, --event-type or --session."
                )
            if name in taken:
                raise DataError(
                    f"{key}: found {name!r}, a name that batches of training use themselves; rename the column in the file."
                )
            if not name.isprintable():
                raise DataError(f"{key}: found {name!r}, which no header can hold; rename the column in the file.")
            seen[name] = key


class _Change(NamedTuple):
    """Where a condition holds, a value becomes another; without words it is no change of what the value says."""

    found: str
    value: str
    told: str = ""


def make_writable(connection: Any, features: Sequence[str], starts: Starts, ledger: Ledger, decimal: str) -> None:
    """Changes values of features in the table ``log`` that no atomic file can hold, and notes how many.

    Args:
        connection: with the table ``log``.
        features: as ``name`` or ``name:type``.
        starts: of :func:`~recbole_lsrec.prepare.events.read_events`.
        ledger: gets the notes.
        decimal: what numbers have before their fraction; they get a point.

    Raises:
        DataError: a feature of type float or float_seq holds what is no number.
    """
    for feature in map(Feature.of, features):
        column = foreign(feature.name)
        for change in _changes(feature.kind, column):
            if change.told and (found := _first(connection, column, change.found)):
                rows, raw_row, value = found
                said = value[:120] if LIST not in value else value.rstrip(LIST).split(LIST)
                shown = f"{place_of(raw_row, starts)}: {repr(said)[:122]}"
                ledger.notes.append(f"{feature.name}: {rows} values {change.told}; the first: {shown}")
            connection.execute(f"UPDATE log SET {column} = {change.value} WHERE {change.found}")
        if feature.kind.startswith("float"):
            _check_numbers(connection, feature, column, starts, decimal)
            connection.execute(f"UPDATE log SET {column} = replace({column}, {text(decimal)}, {text(POINT)})")


def _changes(kind: str, column: str) -> list[_Change]:
    lists = f"ends_with({column}, {text(LIST)})"
    inside = f"{lists} AND regexp_matches({column}, '{_IN_ELEMENTS}')"
    apart = [
        _Change(inside, f"regexp_replace({column}, '{_IN_ELEMENTS}', '_', 'g')",
                "held elements with spaces, which separate elements, so that they are written as _"),
        _Change(lists, f"replace(rtrim({column}, {text(LIST)}), {text(LIST)}, ' ')"),
    ]  # fmt: skip
    advice = "" if kind.endswith("_seq") else " (the type token_seq keeps the elements of lists apart)"
    told = f"held tabs, line breaks, other control characters or lists, each written as a space{advice}"
    return [
        *(apart if kind.endswith("_seq") else []),
        _Change(f"regexp_matches({column}, '{BAD_TEXT}')", f"regexp_replace({column}, '{BAD_TEXT}', ' ', 'g')", told),
        _Change(f"{column} = {text(PADDING)}", "''", f"were {PADDING}, the name of the padding, and are left empty"),
    ]


def _check_numbers(connection: Any, feature: Feature, column: str, starts: Starts, decimal: str) -> None:
    number = _NUMBER.replace("[.]", f"[{decimal}]")
    several = f"( +{number})*" if feature.kind == "float_seq" else ""
    found = _first(connection, column, f"NOT regexp_full_match({column}, ' *({number}{several})? *')")
    found = found or _infinite(connection, column, decimal)
    if found:
        rows, raw_row, value = found
        raise DataError(
            f"{place_of(raw_row, starts)}: column {feature.name!r} holds {value[:120]!r}, which is no number ({rows} such rows); "
            f"accepted for {feature}: finite numbers with {decimal!r} before the fraction, or nothing. Mend the file, give "
            f"--decimal for another sign ({POINT} or {COMMA}), "
            f"or take it as text: {feature.name}:{feature.kind.replace('float', 'token')}."
        )


def _infinite(connection: Any, column: str, decimal: str) -> tuple[int, int, str] | None:
    """The first value with a number beyond those of 64 bits, which the loader would take for an infinite one."""
    long = f"SELECT DISTINCT {column} FROM log WHERE regexp_matches({column}, '[0-9]{{200}}|[eE][+]?[0-9]{{3}}')"
    values = [value for (value,) in connection.execute(long).fetchall()]
    beyond = [value for value in values if any(isinf(float(n)) for n in value.replace(decimal, POINT).split())]
    return _first(connection, column, f"{column} IN ({', '.join(map(text, beyond))})") if beyond else None


def _first(connection: Any, column: str, condition: str) -> tuple[int, int, str] | None:
    """How many values are so, and the first with the row of the file it is in."""
    found = one(connection, f"SELECT count(*), min(raw_row), arg_min({column}, row) FROM log WHERE {condition}")
    return found if found[0] else None  # type: ignore[return-value]
