"""Which column of a table of events is what: named by the user, else guessed by its name, and always shown."""

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import replace

from recbole_lsrec.errors import DataError, did_you_mean, listed
from recbole_lsrec.log_checks.text import codec_name
from recbole_lsrec.log_checks.times import ORDER
from recbole_lsrec.prepare.features import Feature, check_features
from recbole_lsrec.prepare.files import RawFile
from recbole_lsrec.prepare.layout import Layout, Source
from recbole_lsrec.prepare.read import column_names, first_lines, split_line
from recbole_lsrec.prepare.read_json import keys

# Names without case, spaces, - and _; the first that is there is taken.
_NAMES = {
    "user": "userid user uid visitorid customerid clientid memberid householdid accountid reviewerid buyerid "
    "shopperid username customer visitor",
    "item": "itemid item iid productid sku parentasin asin movieid videoid trackid articleid songid bookid "
    "contentid skuid goodsid productcode itemcode product",
    "time": "timestamp eventtime timems datetime time ts createdat eventtimestamp unixreviewtime transactiontimestamp "
    "timestampms unixtime occurredat vtime eventdate orderdate purchasedate date when",
    "category": "categoryid category catid cateid cate categorycode itemcategory genre genres class productcategory department",
    "event_type": "eventtype event behaviortype behavior behaviour behaviourtype actiontype action interactiontype activity",
    "session": "sessionid usersession session visitid",
}
_NEEDED = ("user", "item", "time")
LEFT_OUT = "none"
_SEPARATORS = ("\t", ";", "|", "::", ",")


def csv_source(
    files: Sequence[RawFile],
    named: Mapping[str, str],
    user_features: Sequence[str],
    item_features: Sequence[str],
    separator: str | None,
    encoding: str,
) -> tuple[Source, list[str]]:
    """The source that ordinary tables of events are.

    Args:
        files: one or more of one layout.
        named: role -> column, as given, or ``none`` to leave out what would be guessed; a number is a column of files without
            a line of names, counted from 1.
        user_features: further columns, as ``name`` or ``name:type``.
        item_features: likewise.
        separator: of text files; None finds it.
        encoding: of text files.

    Returns:
        The source, and what was chosen, for people.

    Raises:
        DataError: a column is not there, or one that is needed cannot be guessed.
    """
    raw = files[0]
    layout = _layout(raw, separator, encoding)
    other = next((file for file in files if _form(file) != layout.form), None)
    if other is not None:
        raise DataError(
            f"--raw: found {raw.name}, which is {layout.form}, and {other.name}, which is {_form(other)}; accepted: files of one "
            "form and with the same columns. Give those alone with --raw."
        )
    places = {role: column for role, column in named.items() if not _is_word(role, column)}
    if places and all(place.isdigit() for place in places.values()) and layout.form == "csv":
        (line,) = first_lines(raw, encoding, 1)
        if not line:
            raise DataError(f"{raw.name}, line 1: is empty; expected an event, since columns are given by numbers.")
        _check_no_names(files, layout, places)
        width = len(split_line(line, layout))
        layout = replace(layout, header=tuple(str(place) for place in range(1, width + 1)))
    check_features(user_features, item_features)
    asked = {*places.values(), *(Feature.of(given).name for given in (*user_features, *item_features))}
    names = keys(raw, encoding, asked) if layout.form == "json" else column_names(raw, layout)
    columns = {role: _known(column, names, _option(role)) for role, column in places.items()}
    kinds = _kinds(user_features, item_features, names)
    layout = replace(layout, features={name: name for name in kinds}, kinds=kinds)
    if layout.header is None:
        columns = {**_guessed(names, {*columns.values(), *layout.sequences}, set(named)), **columns}
    layout = replace(layout, columns=columns)
    _check_roles(raw, layout, names, named)
    told = [f"{role}: {column}{'' if role in named else ' (guessed)'}" for role, column in columns.items()]
    unused = [name for name in names if name not in {*columns.values(), *kinds}]
    late = {} if layout.header is not None else _late_columns(files, layout, names, set(named))
    unused += [f"{name} (first in {raw.member or raw.path.name})" for name, raw in late.items()]
    told += [f"not used: {listed(unused)}"] if unused else []
    told += [f"separator: {layout.separator!r}"] if layout.form == "csv" else []
    source = Source(
        "csv", "a table of events", (layout,), user_features=tuple(user_features), item_features=tuple(item_features)
    )
    return source, told


def _layout(raw: RawFile, separator: str | None, encoding: str) -> Layout:
    """How the file is written, as far as it can be told before its columns are known."""
    codec_name("--encoding", encoding)
    if separator is not None and (not separator or set(separator) & set('"\r\n')):
        raise DataError(
            f"--separator: found {separator!r}; accepted: characters, but no quote or line break. Without it, it is found."
        )
    form = _form(raw)
    if form == "csv" and separator is None:
        separator = _separator([line for line in first_lines(raw, encoding, 20) if line])
    return Layout("*", {}, form=form, encoding=encoding, separator=separator or ",")


def _check_no_names(files: Sequence[RawFile], layout: Layout, places: Mapping[str, str]) -> None:
    """Refuses numbers of columns for files whose first line names the columns: it would be an event."""
    for raw in files:
        cells = dict(enumerate(split_line(first_lines(raw, layout.encoding, 1)[0], layout), start=1))
        found = {role: cells[int(place)] for role, place in places.items() if int(place) in cells}
        alike = {role: cell for role, cell in found.items() if role in _NAMES and _plain(cell) in _NAMES[role].split()}
        if len(alike) > 1:  # one alone may be a user called "customer"
            raise DataError(
                f"{raw.name}, line 1: found {listed(list(found.values()))}, which looks like names of columns and would be an "
                "event; accepted beside numbers: files without a line of names. Name the columns: "
                f"{' '.join(f'{_option(role)} {shlex.quote(cell)}' for role, cell in found.items())}."
            )


def _late_columns(
    files: Sequence[RawFile], layout: Layout, names: Sequence[str], named: set[str]
) -> dict[str, RawFile]:
    """The columns that the first file does not have, each with the first file that has it.

    Raises:
        DataError: one of them would be guessed, were it in the first.
    """
    late: dict[str, RawFile] = {}
    for raw in files[1:]:
        own = keys(raw, layout.encoding, ()) if layout.form == "json" else column_names(raw, layout)
        guessed = _guessed([name for name in own if name not in names], set(), {*named, *layout.columns})
        if guessed:
            role, column = next(iter(guessed.items()))
            raise DataError(
                f"{raw.name}: found the column {column!r}, which looks like the {role} and which {files[0].name} does not have; "
                f"accepted: files with the same columns. Add it there, empty where it is not known, or leave it out with "
                f"{_option(role)} {LEFT_OUT}."
            )
        late |= {name: raw for name in own if name not in {*names, *late}}
    return late


def _check_roles(raw: RawFile, layout: Layout, names: Sequence[str], named: Mapping[str, str]) -> None:
    """Refuses a log without user, item or time, and a column that would be a role and a sequence at once."""
    ordered = named.get("time") == ORDER
    missing = [role for role in _NEEDED if role not in layout.columns and not (role == "time" and ordered)]
    if missing:
        first = split_line(first_lines(raw, layout.encoding, 1)[0], layout) if layout.form == "csv" else []
        hint = " If the file has no line of names, give numbers: --user 1 --item 2 --time 3."
        excel = " Line 1 (`sep=`) is for Excel alone: take it out of the file."
        raise DataError(
            f"{raw.name}: which column is the {' and the '.join(missing)}? Columns: {listed(names)}. Say so with "
            f"{' '.join(f'--{role} NAME' for role in missing)}."
            + (hint if any(re.fullmatch(r"-?\d+(\.\d+)?", value) for value in first) else "")
            + (excel if first and first[0].lower().startswith("sep=") else "")
            + (" A log without times: --time order." if "time" in missing else "")
        )
    by_column = {column: role for role, column in layout.columns.items() if role in _NEEDED}
    for role, column in layout.columns.items():
        if role in _NEEDED and by_column[column] != role:
            raise DataError(
                f"{_option(role)}: found {column!r}, which {_option(by_column[column])} names too; accepted: a column of its own."
            )
        if column in layout.sequences and layout.form != "csv":
            raise DataError(
                f"{_option(role)}: found {column!r}, whose lists a feature takes as sequences; leave out one of them."
            )


def _form(raw: RawFile) -> str:
    name = raw.plain_name
    if name.endswith((".parquet", ".pq")):
        return "parquet"
    return "json" if name.endswith((".json", ".jsonl", ".ndjson")) else "csv"


def _separator(lines: Sequence[str]) -> str:
    """The one that the first line has most of; every line of a table has as many."""
    if not lines:
        return ","
    counts = {separator: lines[0].count(separator) for separator in _SEPARATORS}
    steady = [s for s in _SEPARATORS if counts[s] and all(line.count(s) == counts[s] for line in lines)]
    return steady[0] if steady else max(_SEPARATORS[::-1], key=lambda s: counts[s])


def _option(role: str) -> str:
    return f"--{role.replace('_', '-')}"


def _is_word(role: str, column: str) -> bool:
    """Whether what is given for a role is no column: it is left out, or the rows are in order of time."""
    return column == LEFT_OUT or (role == "time" and column == ORDER)


def _kinds(user_features: Sequence[str], item_features: Sequence[str], names: Sequence[str]) -> dict[str, str]:
    """The columns of features, and their types."""
    given = [("--user-features", one) for one in user_features] + [("--item-features", one) for one in item_features]
    return {_known(Feature.of(one).name, names, key): Feature.of(one).kind for key, one in given}


def _known(column: str, names: Sequence[str], key: str) -> str:
    if column in names:
        return column
    raise DataError(
        f"{key}: found {column!r}, which is no column.{did_you_mean(column, names)} Columns: {listed(names)}."
    )


def _plain(name: str) -> str:
    return re.sub(r"[\s_\-.]", "", name).lower()


def _guessed(names: Sequence[str], taken: set[str], named: set[str]) -> dict[str, str]:
    by_plain: dict[str, str] = {}
    for name in names:
        by_plain.setdefault(_plain(name), name)
    found = {}
    for role, words in _NAMES.items():
        at_hand = [by_plain[word] for word in words.split() if by_plain.get(word) not in (None, *taken)]
        if role not in named and at_hand:
            found[role] = at_hand[0]
    return found
