import pytest

from recbole_lsrec.page import numbers


@pytest.mark.parametrize(
    ("value", "like", "text"),
    [
        (0.47144, None, "0.4714"),
        (51.077, None, "51.08"),
        (1957.07, None, "1957.1"),
        (0.1249, 17.3, "0.12"),
        (None, None, "\u2013"),
    ],
)
def test_metric(value, like, text):
    assert numbers.metric(value, like) == text


def test_a_number_with_its_error():
    assert numbers.spread(0.12345, 0.0017) == "0.1235 ± 0.0017"
    assert numbers.spread(51.0, 0.1249, "+-") == "51.00 +- 0.12"
    assert numbers.spread(0.5, float("nan")) == numbers.spread(0.5, None) == "0.5000"
    assert numbers.typeset("-0.0042 +- 0.0021* short-driven") == "\u22120.0042\u00a0±\u00a00.0021* short-driven"


def test_others():
    assert [numbers.short(value) for value in (1_234_567, 42_000, 0.362)] == ["1.23M", "42k", "0.362"]
    assert [numbers.general(value) for value in (0.00123456, float("nan"), [64, 32])] == ["0.001235", "", "[64, 32]"]
    assert numbers.signed(-0.0212, "-") == "-0.0212"
    assert (numbers.p_value(0.00001), numbers.p_value(0.04)) == ("<.0001", "0.0400")
    assert (numbers.signed(-0.0212), numbers.signed(12.34)) == ("\u22120.0212", "+12.3")
    assert (numbers.plain(420480.0), numbers.plain(2.061)) == ("420,480", "2.06")
    assert [numbers.seconds(value) for value in (6.1, 245, 7380, None)] == ["6.1 s", "4 min 5 s", "2 h 3 min", "\u2013"]
    assert numbers.when("2026-11-21T07:06:36+00:00") == "2026-11-21 07:06 UTC"


def test_a_short_number_is_rounded_before_its_unit_is_chosen():
    values = (999.4, 999.6, 999_400, 999_600, 999_900_000, 1.5e9)
    assert [numbers.short(value) for value in values] == ["999", "1k", "999k", "1M", "1G", "1.5G"]


def test_columns_of_numbers_are_told_from_others():
    rows = [
        ["a", "+0.01 -0.02", "12.5%", "", "2 models"],
        ["7", "\u22120.5", "\u2013", "", "3"],
        ["c", "<.0001", ".5", "", "x"],
    ]
    assert numbers.numeric_columns(rows) == {1, 2}
    assert numbers.numeric_columns([]) == set()


@pytest.mark.parametrize(
    ("budget", "text"),
    [
        ({"train_seconds": 120}, "120 seconds of training a cell"),
        ({"train_steps": 1500}, "1,500 optimiser steps a cell"),
        ({"train_seconds": 1, "train_steps": 1}, "1 second of training, 1 optimiser step a cell"),
        (None, "no budget: every cell trained until its early stopping or its number of epochs"),
    ],
)
def test_budget(budget, text):
    assert numbers.budget(budget) == text
