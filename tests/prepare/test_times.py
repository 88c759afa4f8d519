"""Units, formats and zones: exact, found from the values, and never guessed where two readings are possible."""

from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recbole_lsrec.errors import DataError
from recbole_lsrec.prepare.times import find_reading, parts_sql

SECOND = 10**9


def read_times(values, time_format=None, zone=None):
    """Nanoseconds of the texts, and how they were read."""
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE raw (time VARCHAR, row BIGINT)")
        connection.executemany("INSERT INTO raw VALUES (?, ?)", [[value, row] for row, value in enumerate(values)])
        times = find_reading(connection, time_format, zone, 0.01)
        found = connection.execute(f"SELECT {times.reading.sql} FROM ({parts_sql('raw')}) ORDER BY row").fetchall()
    return [row[0] for row in found], times


@pytest.mark.parametrize(
    ("text", "unit", "ns"),
    [
        ("1577836800", "s", 1577836800 * SECOND),
        ("1577836800.25", "s", 1577836800_250000000),
        ("1.5778368e9", "s", 1577836800 * SECOND),
        ("1.577836800123456789E+09", "s", 1577836800_123456789),
        ("1.577836800123456789e+18", "ns", 1577836800_123456789),
        ("+1577836800.", "s", 1577836800 * SECOND),
        ("1577836800123", "ms", 1577836800_123000000),
        ("1577836800123456", "us", 1577836800_123456000),
        ("1577836800123456789", "ns", 1577836800_123456789),
    ],
)
def test_units_are_found(text, unit, ns):
    found, times = read_times([text])
    assert (found, times.reading.name) == ([ns], unit)


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("2020-01-01", 1577836800 * SECOND),
        ("2020-01-01 00:00:07 UTC", 1577836807 * SECOND),
        ("2020-01-01T02:00:00+02:00", 1577836800 * SECOND),
        ("2020-01-01T00:00:00.123456789Z", 1577836800_123456789),
        ("2019-12-31 19:00:00-0500", 1577836800 * SECOND),
        ("2020/01/01 00:00", 1577836800 * SECOND),
        ("20200101", 1577836800 * SECOND),
        ("31/12/2019 23:59:59", 1577836799 * SECOND),
        ("12/31/2019 11:59:59 PM", 1577836799 * SECOND),
        ("31.12.2019", 1577750400 * SECOND),
        ("Jan 01, 2020", 1577836800 * SECOND),
        ("01/Jan/2020:00:00:01", 1577836801 * SECOND),
    ],
)
def test_dates_are_found(text, ns):
    assert read_times([text])[0] == [ns]


def test_days_and_months_that_cannot_be_told_apart_are_an_error_with_both_readings():
    with pytest.raises(DataError, match="can be read in several ways") as error:
        read_times(["03/04/2020", "05/06/2020"])
    assert "'%d/%m/%Y': 2 rows, 2020-04-03 00:00:00 to 2020-06-05 00:00:00 UTC" in str(error.value)
    assert "'%m/%d/%Y': 2 rows, 2020-03-04 00:00:00 to 2020-05-06 00:00:00 UTC" in str(error.value)
    assert read_times(["03/04/2020"], "%m/%d/%Y")[0] == [1583280000 * SECOND]


@pytest.mark.parametrize(("value", "form", "zone", "ns"), [
    ("2020-01-01T00:00:01", "%Y-%m-%dT%H:%M:%S", None, 1577836801_000000000),
    ("2020-01-01T01:00:01.5+01:00", "%Y-%m-%dT%H:%M:%S", None, 1577836801_500000000),
    ("2020-01-01 05:30:01 +0530", "%Y-%m-%d %H:%M:%S %z", None, 1577836801_000000000),
    ("Wed Jan 01 00:00:01 +0000 2020", "%a %b %d %H:%M:%S %z %Y", "Asia/Shanghai", 1577836801_000000000),
    ("2020-01-01 00:00:01.250", "%Y-%m-%d %H:%M:%S.%f", None, 1577836801_250000000),
    ("2020-01-01 08:00:01.123456789", "%Y-%m-%d %H:%M:%S.%n", "Asia/Shanghai", 1577836801_123456789),
])  # fmt: skip
def test_a_format_may_name_the_letter_t_a_fraction_and_a_zone_itself(value, form, zone, ns):
    found, times = read_times([value], form, zone)
    assert found == [ns]
    assert times.zoned == ("z" in form or "+" in value)


def test_times_that_the_clock_skipped_are_counted():
    values = ["2020-03-29 01:59:59", "2020-03-29 02:30:00", "2020-03-29 02:30:00+01:00", "2020-03-29 03:00:00"]
    found, times = read_times(values, None, "Europe/Berlin")
    assert found == [seconds * SECOND for seconds in (1585443599, 1585445400, 1585445400, 1585443600)]
    assert times.skipped == 1
    assert read_times(values[:2], "%Y-%m-%d %H:%M:%S", "Asia/Shanghai")[1].skipped == 0


def test_one_late_day_settles_it():
    assert read_times(["03/04/2020"] * 5 + ["13/04/2020"] * 5)[1].reading.name == "%d/%m/%Y"


def test_days_since_1970_or_1900_are_an_error_with_both_readings():
    with pytest.raises(DataError, match=r"'days': .*\n.*'excel days'"):
        read_times(["43831", "43832"])
    assert read_times(["43831"], "excel days")[0] == [1577836800 * SECOND]


def test_ticks_of_net_are_an_error_with_both_readings():
    with pytest.raises(DataError, match=r"'ns': 1 rows, 1990-03-11 .*\n.*'\.NET ticks': 1 rows, 2020-01-01 00:00:00"):
        read_times(["637134336000000000"])
    assert read_times(["637134336000000001"], ".NET ticks")[0] == [1577836800 * SECOND + 100]


def test_mixed_units_are_an_error():
    with pytest.raises(DataError, match=r"2 of 4 can be read as .* so the log mixes units or formats") as error:
        read_times(["1577836800", "1577836801", "1577836802000", "1577836803000"])
    assert "--time-format 's': 2 rows" in str(error.value)
    assert "--time-format 'ms': 2 rows" in str(error.value)


def test_places_in_an_order_are_no_times():
    with pytest.raises(DataError, match=r"found '1', '2', '3', which no known unit .* --time order"):
        read_times(["1", "2", "3"])


def test_some_zones_are_an_error_unless_the_rest_is_given():
    mixed = ["2020-01-01 00:00:00", "2020-01-01 00:00:00+01:00"]
    with pytest.raises(DataError, match=r"1 of 2 name their zone and the others do not; .*--tz"):
        read_times(mixed)
    assert read_times(mixed, zone="Asia/Shanghai")[0] == [1577808000 * SECOND, 1577833200 * SECOND]


def test_month_and_day_of_a_year():
    assert read_times(["829", "1111"], "MMDD:2014", "Asia/Shanghai")[0] == [1409241600 * SECOND, 1415635200 * SECOND]


@pytest.mark.parametrize(("key", "value", "match"), [
    ("zone", "Mars/Olympus", "--tz: found 'Mars/Olympus'"),
    ("zone", "", "--tz: found ''"),
    ("time_format", "", "--time-format: found ''; accepted"),
    ("zone", "localtime", "--tz: found 'localtime'"),
    ("zone", "posix/Europe/Berlin", "--tz: found 'posix/Europe/Berlin'"),
    ("time_format", "MMDD:20'18", r"--time-format: found \"MMDD:20'18\"; accepted: s, ms, .*MMDD:<year>"),
    ("time_format", "weeks", "--time-format: found 'weeks'; accepted: s, ms"),
    ("time_format", "%Q", r"--time-format: found '%Q' \(.*%Q\); accepted: a strptime format such as"),
    ("time_format", "%Y-%", r"--time-format: found '%Y-%' \(.*\); accepted: a strptime format such as"),
])  # fmt: skip
def test_words_that_are_none(key, value, match):
    with pytest.raises(DataError, match=match):
        read_times(["1577836800"], **{key: value})


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.integers(631_152_000 * SECOND, 4_102_444_800 * SECOND - 1), min_size=1, max_size=20),
    st.sampled_from(["s", "ms", "us", "ns"]),
)
def test_every_unit_is_exact(moments, unit):
    digits = {"s": 9, "ms": 6, "us": 3, "ns": 0}[unit]
    texts = [f"{ns // 10**digits}.{ns % 10**digits:0{digits}d}" if digits else str(ns) for ns in moments]
    assert read_times(texts, unit)[0] == moments


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 2**31), min_size=1, max_size=20), st.integers(-14 * 4, 14 * 4))
def test_every_offset_is_exact(moments, quarters):
    zone = timezone(timedelta(minutes=15 * quarters))
    moments = [631_152_000 + moment for moment in moments]
    texts = [datetime.fromtimestamp(moment, zone).isoformat() for moment in moments]
    assert read_times(texts)[0] == [moment * SECOND for moment in moments]


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.integers(0, 10**9), min_size=1, max_size=20),
    st.sampled_from(["Asia/Shanghai", "America/New_York", "Asia/Kathmandu"]),
)
def test_every_zone_is_exact_where_its_clock_is(moments, name):
    zone = ZoneInfo(name)
    moments = [631_152_000 + moment for moment in moments]
    local = [datetime.fromtimestamp(moment, zone) for moment in moments]
    once = [(at.replace(tzinfo=None), moment) for at, moment in zip(local, moments, strict=True)
            if at.replace(fold=0).utcoffset() == at.replace(fold=1).utcoffset()]  # fmt: skip
    if once:
        texts = [str(at) for at, _ in once]
        assert read_times(texts, "%Y-%m-%d %H:%M:%S", name)[0] == [moment * SECOND for _, moment in once]


def test_options_of_times_beside_the_order_alone(prepared):
    log, order = {"log.csv": "user_id,item_id,timestamp\n" + "a,1,1577836800\n"}, {"time": "order"}
    with pytest.raises(DataError, match=r"^--time-format: has no effect beside --time order"):
        prepared("csv", log, columns=order, time_format="s")
    notes = prepared("csv", log, columns=order, tz="Asia/Tokyo")[2]["account"]["notes"]
    assert notes == ["--tz: has no effect, as the order of the rows is all that is read of the times"]


def test_events_after_today_are_told(prepared):
    rows = "a,1,1577836800\na,2,2524608000\na,3,2524608001\n"
    events, _, meta = prepared("csv", {"log.csv": "user_id,item_id,timestamp\n" + rows})
    (note,) = meta["account"]["notes"]
    assert len(events) == 3
    assert note.startswith("2 events lie after today (")
    assert "the last at 2050-01-01 00:00:01 UTC; they are kept" in note
