import numpy as np
import pytest

from recbole_lsrec.config.split_boundary import Boundary, utc
from recbole_lsrec.errors import DataError

TIME = np.array([100, 200, 300, 400, 500])


@pytest.mark.parametrize(
    ("given", "tz", "seconds"),
    [
        ("2020-02-01", "UTC", 1_580_515_200),
        ("2020-02-01", "Europe/Berlin", 1_580_511_600),  # an hour earlier
        ("2020-07-01 12:00", "Europe/Berlin", 1_593_597_600),  # summer: two hours earlier
        ("2020-02-01T12:00:30", "UTC", 1_580_558_430),
        (1_580_515_200, None, 1_580_515_200),
        (1.5805152e9, None, 1_580_515_200),
    ],
)
def test_dates_and_unix_seconds(given, tz, seconds):
    boundary = Boundary.parse(given, tz)
    assert (boundary.seconds, boundary.quantile) == (seconds, None)


@pytest.mark.parametrize(
    "given", [0, 1, 1.0, -0.5, 1.5, 0.0, True, None, "0.9", "1.2.2020", "2020-2-1", "20200201", [0.9], float("nan")]
)
def test_other_forms_are_refused(given):
    with pytest.raises(ValueError, match=r"^found .*; accepted: a date such as '2020-02-01'"):
        Boundary.parse(given, "UTC")


def test_a_date_needs_a_time_zone_and_must_exist_once():
    with pytest.raises(ValueError, match="'2020-02-01' without a time zone; add tz"):
        Boundary.parse("2020-02-01", None)
    with pytest.raises(ValueError, match="'2021-02-29', which is no date"):
        Boundary.parse("2021-02-29", "UTC")
    for twice_or_never in ("2020-10-25 02:30", "2020-03-29 02:30"):
        with pytest.raises(ValueError, match="Europe/Berlin has twice or not at all"):
            Boundary.parse(twice_or_never, "Europe/Berlin")
        Boundary.parse(twice_or_never, "UTC")


@pytest.mark.parametrize(("quantile", "seconds"), [(0.5, 300), (0.51, 400), (0.01, 200), (0.99, 500)])
def test_a_quantile_is_the_time_of_an_event_the_later_of_two(quantile, seconds):
    shuffled = TIME[[3, 0, 4, 2, 1]]
    assert Boundary.parse(quantile, None).at(shuffled, "test") == seconds


@pytest.mark.parametrize("given", [100, 99, 501, 1_580_515_200_000])
def test_a_boundary_outside_the_log_names_its_period(given):
    with pytest.raises(DataError, match=rf"GTS: test: {given} is .* from 1970-01-01T00:01:40\+00:00 .*100 to 500"):
        Boundary.parse(given, None).at(TIME, "test")


def test_the_first_possible_boundary_and_the_last():
    assert [Boundary.parse(given, None).at(TIME, "test") for given in (101, 500)] == [101, 500]


def test_a_time_beyond_the_calendar_is_shown_as_it_is():
    assert utc(10**15) == "1000000000000000 s"
