"""What the times of a log mean: unit, format and zone found from all values, or an error that lists the readings."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from itertools import product
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from recbole_lsrec.errors import DataError
from recbole_lsrec.log_checks.times import EARLIEST, LATEST, ORDER
from recbole_lsrec.prepare.database import one, text

SECOND = 10**9
_EXPONENT = {"s": 9, "ms": 6, "us": 3, "ns": 0}
_DAYS = (
    "%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y", "%m-%d-%Y",
    "%d/%m/%y", "%m/%d/%y", "%d %b %Y", "%b %d, %Y", "%m %d, %Y", "%d/%b/%Y", "%Y",
)  # fmt: skip
_CLOCKS = ("", " %H:%M:%S", " %H:%M", " %H", "T%H:%M", ":%H:%M:%S", " %I:%M:%S %p", " %I:%M %p", "%H%M%S", "%H%M", "%H")
_ONLY_DIGITS = ("%H%M%S", "%H%M", "%H")
_NUMBER = "regexp_full_match(time, '[0-9]{1,19}([.][0-9]+)?')"
# 1600000000 written as +1600000000, 1600000000. or 1.6e9, exactly
_OTHER_NUMBER = "regexp_full_match(time, '[+]?[0-9]{1,19}([.][0-9]*)?([eE][+]?[0-9]{1,2})?')"
# A fraction of a second and a zone stand after a clock only: the last two digits of 2020-01-02 are no zone.
_PARTS = r"^(.*?\d:\d{2}(?::\d{2})?)(?:[.,](\d{1,9}))?\s?(Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)?$"
_ZONE_INSIDE, _INSIDE = r"%[zZ]", r"%[zZfgn]"  # of formats that name a zone, or a fraction of a second, in its place
_MANY = 0.99
_TICKS = ".NET ticks"  # tenths of a microsecond since the year 1, which read as nanoseconds would be of 1990


@dataclass(frozen=True)
class Reading:
    """One way to read a text as a time.

    Attributes:
        name: what ``--time-format`` takes.
        sql: of the columns ``time``, ``body``, ``fraction``, ``offset_ns``: nanoseconds since 1970 in UTC, or NULL.
        local: whether the text names no zone by itself, so that one is assumed.
        skipped: whether the assumed zone's clock never showed the time, being put forward over it.
    """

    name: str
    sql: str
    local: bool = False
    skipped: str = "false"


@dataclass(frozen=True)
class Times:
    """How the times of a log are read.

    Attributes:
        reading: chosen.
        zone: assumed for times that name none, or None.
        zoned: whether the values name their zone.
        skipped: how many are times that the zone's clock never showed.
    """

    reading: Reading
    zone: str | None
    zoned: bool
    skipped: int = 0

    @property
    def in_words(self) -> str:
        """For people: ``unix milliseconds``, ``%Y-%m-%d %H:%M:%S, zone in each value``."""
        long = {"s": "unix seconds", "ms": "unix milliseconds", "us": "unix microseconds", "ns": "unix nanoseconds"}
        name = long.get(self.reading.name, self.reading.name)
        if self.zoned:
            return f"{name}, zone in each value"
        return f"{name}, zone {self.zone}" if self.reading.local and self.zone else name


def parts_sql(table: str) -> str:
    """A query that adds ``body``, ``fraction`` and ``offset_ns`` to the rows of a table with a column ``time``."""
    sign = "CASE WHEN zone[1] = '-' THEN -1 ELSE 1 END"
    digits = "replace(zone[2:], ':', '')"
    offset = f"{sign} * (60 * TRY_CAST(left({digits}, 2) AS BIGINT) + coalesce(TRY_CAST({digits}[3:] AS BIGINT), 0))"
    return f"""
        SELECT *, CASE WHEN zone IN ('', 'Z', 'UTC', 'GMT') THEN 0 ELSE {offset} END * {60 * SECOND} AS offset_ns
        FROM (
            SELECT * EXCLUDE found, found.z AS zone, found.f AS fraction,
                   regexp_replace(CASE WHEN found.b = '' THEN time ELSE found.b END, '^(\\d+-\\d+-\\d+)T', '\\1 ') AS body
            FROM (SELECT *, regexp_extract(time, '{_PARTS}', ['b', 'f', 'z']) AS found FROM {table})
        )"""


def unit_reading(unit: str) -> Reading:
    """Numbers since 1970 in a unit; digits beyond a nanosecond are cut."""
    exponent = _EXPONENT[unit]

    def ns(number: str) -> str:
        whole = f"TRY_CAST(split_part({number}, '.', 1) AS HUGEINT) * {10**exponent}"
        fraction = f" + TRY_CAST(rpad(left(split_part({number}, '.', 2), {exponent}), {exponent}, '0') AS BIGINT)"
        return whole + (fraction if exponent else "")

    other = ns("CAST(TRY_CAST(time AS DECIMAL(38, 18)) AS VARCHAR)")
    return Reading(unit, _plausible(f"CASE WHEN {_NUMBER} THEN {ns('time')} WHEN {_OTHER_NUMBER} THEN {other} END"))


def format_reading(form: str, zone: str | None) -> Reading:
    """Dates and clocks in a strptime format; a fraction of a second and a zone may follow the clock."""
    if form.startswith("MMDD:"):
        parsed = f"try_strptime('{form[5:]}' || lpad(time, 4, '0'), '%Y%m%d')"
    elif form == _TICKS:
        number = f"CASE WHEN {_NUMBER} THEN TRY_CAST(split_part(time, '.', 1) AS HUGEINT) END"
        return Reading(form, _plausible(f"({number} - 621355968000000000) * 100"), local=True)
    elif form in ("days", "excel days"):
        since = 25569 if form == "excel days" else 0
        number = f"CASE WHEN {_NUMBER} THEN TRY_CAST(time AS DOUBLE) END"
        return Reading(
            form, _plausible(f"CAST(round(({number} - {since}) * 86400000) AS HUGEINT) * 1000000"), local=True
        )
    elif re.search(_INSIDE, form):
        return _whole_reading(form, zone)
    else:
        parsed = f"try_strptime(body, {text(form)})"
        if "T%" in form:  # the letter between day and clock, where `body` has a space
            parsed = f"coalesce({parsed}, try_strptime(regexp_replace(body, '^([0-9]+-[0-9]+-[0-9]+) ', '\\1T'), {text(form)}))"
    shift = f"CASE WHEN zone = '' THEN timezone('{zone}', {parsed}) ELSE timezone('UTC', {parsed}) END"
    us = f"epoch_us({shift if zone not in (None, 'UTC') else parsed})"
    fraction = "coalesce(TRY_CAST(rpad(fraction, 9, '0') AS BIGINT), 0)"
    ns = f"CAST({us} AS HUGEINT) * 1000 + {fraction} - offset_ns"
    return Reading(form, _plausible(ns), local=True, skipped=f"zone = '' AND {_skipped(parsed, zone)}")


def _whole_reading(form: str, zone: str | None) -> Reading:
    """Dates in a format that says itself where the zone or the fraction of a second stands."""
    parsed = f"try_strptime(time, {text(form)})"
    zoned = bool(re.search(_ZONE_INSIDE, form))
    skipped = "false" if zoned else _skipped(parsed, zone)
    if zone not in (None, "UTC") and not zoned:
        parsed = f"timezone('{zone}', {parsed})"
    ns = f"epoch_ns({parsed})" if "%n" in form and not zoned else f"CAST(epoch_us({parsed}) AS HUGEINT) * 1000"
    return Reading(form, _plausible(ns), local=not zoned, skipped=skipped)


def _skipped(parsed: str, zone: str | None) -> str:
    return f"timezone('{zone}', timezone('{zone}', {parsed})) <> {parsed}" if zone not in (None, "UTC") else "false"


def find_reading(connection: Any, given: str | None, zone: str | None, most_refused: float) -> Times:
    """How the times of a log are to be read.

    Args:
        connection: holds the table ``raw``, with columns ``time`` (text) and ``row``.
        given: a unit or a format; None finds it.
        zone: of times that name none; None takes UTC.
        most_refused: share of values that may be unreadable.

    Raises:
        DataError: no reading fits, several do, the values are of several kinds, or the zone is unknown.
    """
    check_zone(connection, zone)
    if given is not None:
        reading = _named(given, zone)
        _check_format(connection, given)
        return _times_of(connection, reading, zone)
    sample = f"(SELECT time FROM raw WHERE time <> '' AND row % {_stride(connection)} = 0)"
    candidates = _candidates(connection, sample, zone)
    if not candidates:
        raise DataError(_no_reading(connection))
    counts = _counts(connection, candidates)
    total = one(connection, "SELECT count(*) FROM raw WHERE time <> ''")[0]
    order = sorted(range(len(candidates)), key=lambda at: -counts[at][0])
    best = order[0]
    if counts[best][0] < (1 - most_refused) * total:
        raise DataError(
            f"times: {counts[best][0]} of {total} can be read as {candidates[best].name!r}, the others not, so the log mixes "
            "units or formats; mend it, or name one with --time-format and refuse the rest with --max-refused:"
            + "".join(_told(candidates[at], counts[at]) for at in order if counts[at][0])
            + _unread(connection, candidates[best])
        )
    rivals = [at for at in order[1:] if counts[at][0] >= _MANY * counts[best][0]]
    if rivals:
        raise DataError(
            "times: can be read in several ways; say which with --time-format:"
            + "".join(_told(candidates[at], counts[at]) for at in [best, *rivals])
        )
    return _times_of(connection, candidates[best], zone)


def check_zone(connection: Any, zone: str | None) -> None:
    """Refuses a zone that Python or DuckDB does not know: some machines have names of their own, as ``localtime``.

    Raises:
        DataError: it is unknown.
    """
    import duckdb  # an extra, as all of `prepare`

    try:
        name = "UTC" if zone is None else zone
        ZoneInfo(name)
        connection.execute("SELECT timezone(?, TIMESTAMP '2020-01-01')", [name]).fetchall()
    except (ZoneInfoNotFoundError, ValueError, OSError, duckdb.Error):
        raise DataError(f"--tz: found {zone!r}; accepted: a zone such as Asia/Shanghai, Europe/Berlin, UTC.") from None


def when(ns: int | None) -> str:
    """A time for people, in UTC."""
    if ns is None:
        return "never"
    return datetime.fromtimestamp(ns // SECOND, tz=timezone.utc).strftime("%Y-%m-%d %H:%M:%S")


def _plausible(sql: str) -> str:
    return (
        f"TRY_CAST(CASE WHEN ({sql}) BETWEEN {EARLIEST * SECOND} AND {LATEST * SECOND - 1} THEN ({sql}) END AS BIGINT)"
    )


def _named(given: str, zone: str | None) -> Reading:
    if given in _EXPONENT:
        return unit_reading(given)
    if "%" not in given and not re.fullmatch(r"MMDD:\d{4}", given) and given not in ("days", "excel days", _TICKS):
        raise DataError(
            f"--time-format: found {given!r}; accepted: {', '.join(_EXPONENT)}, days, 'excel days', '{_TICKS}', MMDD:<year>, "
            f"{ORDER}, or a strptime format such as '%d/%m/%Y %H:%M'."
        )
    return format_reading(given, zone)


def _check_format(connection: Any, form: str) -> None:
    import duckdb  # an extra, as all of `prepare`

    try:
        connection.execute("SELECT try_strptime('', ?)", [form]).fetchall()
    except duckdb.InvalidInputException as error:
        reason = str(error).rpartition(": ")[2]
        raise DataError(
            f"--time-format: found {form!r} ({reason}); accepted: a strptime format such as '%d/%m/%Y %H:%M'."
        ) from error


def _stride(connection: Any) -> int:
    rows = one(connection, "SELECT count(*) FROM raw")[0]
    return max(1, rows // 2000)


def _candidates(connection: Any, sample: str, zone: str | None) -> list[Reading]:
    """The readings that fit some of the sample; of two that give the same times the first."""
    all_readings = [unit_reading(unit) for unit in _EXPONENT]
    all_readings += [format_reading("days", zone), format_reading("excel days", zone), format_reading(_TICKS, zone)]
    all_readings += [
        format_reading(day + clock, zone)
        for day, clock in product(_DAYS, _CLOCKS)
        if clock not in _ONLY_DIGITS or day == "%Y%m%d"
    ]
    lists = ", ".join(f"list({reading.sql} ORDER BY time)" for reading in all_readings)
    values = one(connection, f"SELECT {lists} FROM ({parts_sql(sample)})")
    found: dict[tuple[int | None, ...], Reading] = {}
    for reading, times in zip(all_readings, values, strict=True):
        known = [time for time in times or () if time is not None]
        if times and len(known) >= 0.02 * len(times):
            found.setdefault(tuple(times), reading)
    return list(found.values())


def _counts(connection: Any, readings: Sequence[Reading]) -> list[tuple[int, int | None, int | None]]:
    sums = ", ".join(f"count({r.sql}), min({r.sql}), max({r.sql})" for r in readings)
    row = one(connection, f"SELECT {sums} FROM ({parts_sql('raw')}) WHERE time <> ''")
    return [tuple(row[3 * at : 3 * at + 3]) for at in range(len(readings))]  # type: ignore[misc]


def _times_of(connection: Any, reading: Reading, zone: str | None) -> Times:
    if not reading.local:
        return Times(reading, None, bool(re.search(_ZONE_INSIDE, reading.name)))
    named, all_rows, skipped = one(
        connection,
        f"SELECT count(*) FILTER (zone <> ''), count(*), count(*) FILTER ({reading.skipped}) FROM ({parts_sql('raw')}) "
        f"WHERE {reading.sql} IS NOT NULL",
    )
    if 0 < named < all_rows and zone is None:
        raise DataError(
            f"times: {named} of {all_rows} name their zone and the others do not; give the zone of the others with --tz."
        )
    return Times(reading, zone or "UTC", named == all_rows > 0, skipped)


def _told(reading: Reading, count: tuple[int, int | None, int | None]) -> str:
    rows, first, last = count
    return f"\n  --time-format '{reading.name}': {rows} rows, {when(first)} to {when(last)} UTC"


def _unread(connection: Any, reading: Reading) -> str:
    rows = connection.execute(
        f"SELECT time FROM ({parts_sql('raw')}) WHERE time <> '' AND {reading.sql} IS NULL ORDER BY row LIMIT 3"
    ).fetchall()
    return f"\n  the first that are not {reading.name!r}: " + ", ".join(repr(row[0]) for row in rows)


def _no_reading(connection: Any) -> str:
    rows = connection.execute("SELECT time FROM raw WHERE time <> '' ORDER BY row LIMIT 3").fetchall()
    if not rows:
        return (
            "times: the column is empty in every row; name another with --time, or use the order alone: --time order."
        )
    return (
        f"times: found {', '.join(repr(row[0]) for row in rows)}, which no known unit or format puts between 1990 and 2100; "
        "name it with --time-format (such as s, ms, '%d/%m/%Y %H:%M'), or use the order of the rows alone: --time order."
    )
