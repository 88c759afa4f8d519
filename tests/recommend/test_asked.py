"""What is asked beside the histories is refused where it can mean nothing."""

from typing import Any

import numpy as np
import pytest
import torch

from recbole_lsrec.errors import ConfigError
from recbole_lsrec.recommend.asked import check_asked, check_device


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"k": 0}, r"k: found 0; accepted: a whole number of at least 1"),
        ({"batch_size": 0}, r"batch_size: found 0; accepted: a whole number of at least 1"),
        ({"now": "soon"}, r"now: found 'soon'; accepted: a number in the unit of the run's log, or one for each user"),
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
