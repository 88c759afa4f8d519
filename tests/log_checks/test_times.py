import numpy as np
import pytest

from recbole_lsrec.log_checks.times import date, implausible_pause, of_the_future, plausible, unit_problem

USER = np.array([0, 0, 0, 1, 1])
SECONDS = np.array([1_580_000_000, 1_580_000_060, 1_580_007_260, 1_580_000_000, 1_580_000_060])


@pytest.mark.parametrize(("unit", "ticks"), [("s", 1), ("ms", 10**3), ("us", 10**6), ("ns", 10**9)])
def test_the_right_unit_has_no_problem(unit, ticks):
    assert unit_problem(USER, SECONDS * ticks, unit) is None


@pytest.mark.parametrize(("right", "ticks"), [("ms", 10**3), ("us", 10**6), ("ns", 10**9)])
def test_a_finer_unit_than_told_is_named(right, ticks):
    problem, certain = unit_problem(USER, SECONDS * ticks, "s")
    assert certain
    assert "5 of 5 times are no dates from 1990 to 2100 in timestamp_unit: s" in problem
    assert f"{right}: 2020-01-26 to 2020-01-26" in problem
    assert problem.endswith(f"Set timestamp_unit: {right}")


def test_seconds_told_to_be_milliseconds():
    problem, certain = unit_problem(USER, SECONDS, "ms")
    assert certain
    assert "Read as s: 2020-01-26 to 2020-01-26; ms: 1970-01-19 to 1970-01-19" in problem
    assert problem.endswith("Set timestamp_unit: s")


@pytest.mark.parametrize(
    "times", [[18291, 18291, 18300, 18291, 18292], [2000, 2001, 2002, 2000, 2001], [0, 1, 2, 3, 4]]
)
def test_days_years_and_places_in_an_order_fit_no_unit(times):
    problem, certain = unit_problem(USER, np.array(times), "s")
    assert not certain
    assert "No unit gives such dates: they may be days, years, .NET ticks or written dates" in problem
    assert "timestamp_unit: order" in problem


def test_ticks_of_dotnet_are_no_nanoseconds():
    ticks = SECONDS * 10**7 + 621_355_968_000_000_000
    for unit in ("s", "ns"):
        problem, certain = unit_problem(USER, ticks, unit)
        assert not certain
        assert "they may be days, years, .NET ticks or written dates" in problem
        assert "Set timestamp_unit" not in problem


def test_mixed_units_are_counted_and_the_first_is_shown():
    times = np.array([1_580_000_000, 1_580_000_060, 1_580_007_260_000, 1_580_000_000, 1_580_000_060_000])
    problem, certain = unit_problem(USER, times, "s")
    assert certain
    assert "2 of 5 times are no dates" in problem
    assert "s: 2020-01-26 to the year 52,038 (60.0% of them from 1990 to 2100)" in problem
    assert "The first such time is 1580007260000; units are mixed (ms among the rest)" in problem


def test_a_pause_that_no_people_make():
    problem, certain = unit_problem(USER, np.array([1e9, 1.5e9, 2e9, 1e9, 1.5e9]), "s")
    assert not certain
    assert "the median pause between a user's events is 5e+08 s" in problem
    times = np.array([1_580_000_000 * 10**9 + n * 1000 for n in (0, 1, 2, 0, 1)])  # a microsecond apart
    assert "the median pause between a user's events is 1e-06 s" in unit_problem(USER, times, "ns").text


@pytest.mark.parametrize(("unit", "ticks"), [("s", 1), ("ns", 10**9)])
def test_times_after_today_are_counted(unit, ticks):
    times = np.array([1_580_000_000, 3_800_000_000, 1_580_000_060]) * ticks
    said = of_the_future(times, unit)
    assert said.startswith("1 of 3 times lie after today (2")
    assert said.endswith("), the last on 2090-06-01; they are kept. Is a clock wrong, or the unit?")
    assert of_the_future(times[::2], unit) == of_the_future(times[:0], unit) == ""


def test_edges():
    assert plausible(np.array([631_151_999, 631_152_000, 4_102_444_799, 4_102_444_800, np.nan]), "s").tolist() == [
        *(False, True, True, False, False)
    ]
    assert unit_problem(np.zeros(0), np.zeros(0), "s") is None
    assert implausible_pause(np.array([0, 1]), np.array([5, 9]), "s") is None
    assert implausible_pause(USER, SECONDS * 1000, "ms") is None
    # Half of the pauses too long: the median, 5e8 s, decides.
    assert implausible_pause(np.array([0, 0, 0]), np.array([0, 1, 10**9]), "s") == 5e8
    assert date(0) == "1970-01-01"
