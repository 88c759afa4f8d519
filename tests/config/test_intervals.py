import numpy as np
import pytest

from recbole_lsrec.config.intervals import Interval, parse_intervals, within
from tests.config.helpers import refused

INF = float("inf")


@pytest.mark.parametrize(
    ("text", "intervals"),
    [
        ("[5,inf)", [Interval(5, INF, True, False)]),
        (" ( 0 , 1.5 ] ", [Interval(0, 1.5, False, True)]),
        ("[-inf,0);[3,3]", [Interval(-INF, 0, True, False), Interval(3, 3, True, True)]),
    ],
)
def test_intervals(text, intervals):
    assert parse_intervals(text) == intervals


BAD = [
    "5",
    ">=5",
    "[5,inf",
    "[5,]",
    "[5]",
    "",
    "[a,b]",
    "[3,1]",
    "[3,3)",
    "[nan,1]",
    "[1_0,20]",
    "[\uff15,inf)",
    "[1,2];",
    "[1,2],[3,4]",
    5,
    [5, 10],
    True,
]


@pytest.mark.parametrize("text", BAD)
def test_what_is_none(text):
    with pytest.raises(ValueError, match=r"accepted: text such as '\[5,inf\)'"):
        parse_intervals(text)


def test_which_numbers_are_inside():
    numbers = np.array([1.0, 2.0, 3.0, 4.0, np.nan])
    assert within(numbers, parse_intervals("(1,3]")).tolist() == [False, True, True, False, False]
    assert within(numbers, parse_intervals("[1,1];(3,inf)")).tolist() == [True, False, False, True, False]


@pytest.mark.parametrize("key", ["user_inter_num_interval", "item_inter_num_interval"])
def test_a_filter_that_is_none_is_refused(key):
    refused(rf"^{key}: found '>=5' \(config_dict\); accepted: text such as", **{key: ">=5"})


def test_a_range_of_values_that_is_none_is_refused():
    refused(r"^val_interval: found \{'price': '>=5'\}", val_interval={"price": ">=5"})
    refused(r"^val_interval: found '\[0,inf\)'", val_interval="[0,inf)")
