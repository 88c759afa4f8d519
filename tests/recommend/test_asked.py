"""What is asked beside the histories is refused where it can mean nothing."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from recbole_lsrec.errors import ConfigError
from recbole_lsrec.recommend.asked import check_asked, check_device


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"k": 0}, r"k: found 0; accepted: a whole number of at least 1"),
        ({"batch_size": 0}, r"batch_size: found 0; accepted: a whole number of at least 1"),
        (
            {"now": "soon"},
            r"now: found 'soon'; accepted: a finite number >= 0 and below 2\*\*63 in the unit of the run's log, or one for each",
        ),
        ({"now": {"a": None, "b": float("nan")}}, r"now: found nan; accepted"),
        ({"now": [5]}, r"now: found \[5\]; accepted"),
        ({"exclude": "i12"}, r"exclude: found 'i12'; accepted: a list of items"),
        ({"candidates": "i12"}, r"candidates: found 'i12'; accepted: a list of items"),
    ],
)
def test_what_means_nothing(asked: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=f"^{message}"):
        check_asked(**{"k": 1, "now": None, "batch_size": None, **asked})


def test_what_means_something() -> None:
    for now in (None, 5, 5.0, np.int64(5), {"a": 5, "b": None}):
        check_asked(20, now, None, exclude=("i12",), candidates=None)


def test_a_device_that_there_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    check_device("cpu")
    check_device(None)
    with pytest.raises(ConfigError, match=r"^device: found 'gpu'; accepted: cpu or cuda\."):
        check_device("gpu")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ConfigError, match=r"^device: found 'cuda', but there is no GPU"):
        check_device("cuda")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    check_device("cuda")


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"candidates": 5}, r"candidates: found 5; accepted: a list of items"),
        ({"exclude": np.array(1)}, r"exclude: found array\(1\); accepted: a list of items"),
        ({"candidates": torch.tensor(1)}, r"candidates: found tensor\(1\); accepted: a list of items"),
        ({"exclude": np.array([["1", "2"]])}, r"exclude: found array\(\[\['1', '2'\]\].*; accepted: a list of items"),
        ({"exclude": pd.DataFrame({"item_id": ["1"]})}, r"exclude: found .*; accepted: a list of items"),
        ({"exclude": {"1": 2}}, r"exclude: found \{'1': 2\}; accepted: a list of items"),
        ({"exclude_seen": "no"}, r"exclude_seen: found 'no'; accepted: True, False, or None"),
        ({"two_stage": 1}, r"two_stage: found 1; accepted: True, False, or None"),
        ({"now": 2**63}, r"now: found 9223372036854775808; accepted"),
        ({"now": 10**400}, r"now: found 1000"),
        ({"now": -1e30}, r"now: found -1e\+30; accepted"),
        ({"now": {"a": -(10**30)}}, r"now: found -1000"),
        ({"now": {1: 5, "1": 6}}, r"now: found 2 times for 1 user, as 1 and '1' are one"),
    ],
)
def test_options_of_python_that_mean_nothing(asked: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=f"^{message}"):
        check_asked(1, **asked)


@pytest.mark.parametrize("items", [[1.0, 2], pd.Series([1, 2]), np.array(["1", "2"]), ("1", 2.0), {1: 0, 2: 0}.keys()])
def test_items_and_users_are_named_as_in_histories(items: Any) -> None:
    asked = check_asked(np.int64(3), {1: 5, 2.0: None}, np.int64(2), exclude=None, candidates=items, two_stage=np.True_)
    assert (asked.k, asked.batch_size, asked.exclude, asked.candidates) == (3, 2, [], ["1", "2"])
    assert asked.now == {"1": 5, "2": None}
