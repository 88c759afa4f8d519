"""Which items may be recommended."""

import numpy as np
import pytest

from recbole_lsrec.errors import ConfigError
from recbole_lsrec.recommend.allowed import allowed_items, count_unknown, say_if_none_is_left, say_unknown


def test_the_padding_is_an_unknown_item(caplog):
    item_id = {"[PAD]": 0, "a": 1, "b": 2}
    with pytest.raises(ConfigError, match=r"^candidates: the model knows none of the 1 items given"):
        allowed_items(item_id, 3, (), ["[PAD]"])
    asked = ["[PAD]"], ["a", "[PAD]"]
    assert allowed_items(item_id, 3, *asked).tolist() == [False, True, False]
    assert count_unknown(item_id, *asked) == {"unknown_candidates": 1, "unknown_exclude": 1}
    assert caplog.text == ""


def test_items_that_the_model_does_not_know_are_said(caplog):
    say_unknown({"unknown_candidates": 0, "unknown_exclude": 0}, ["7", "b"], ["a"])
    assert caplog.text == ""
    say_unknown({"unknown_candidates": 1, "unknown_exclude": 1}, ["7", "b"], ["a", "8"])
    assert "candidates: the model does not know 1 of the 2 given: left out" in caplog.text
    assert "exclude: the model does not know 1 of the 2 given: passed over" in caplog.text


def test_excluded_items_are_known_as_they_are_written():
    item_id = {"[PAD]": 0, "007": 1, "b": 2}
    assert allowed_items(item_id, 3, ["7", "b"], None).tolist() == [False, True, False]
    assert count_unknown(item_id, ["7", "b"], None) == {"unknown_candidates": 0, "unknown_exclude": 1}


def test_lists_that_must_be_empty_are_said(caplog):
    say_if_none_is_left(np.array([False, True]))
    assert caplog.text == ""
    say_if_none_is_left(allowed_items({"[PAD]": 0, "a": 1, "b": 2}, 3, ["a"], ["a"]))
    assert "exclude: no item is left that may be recommended: every list is empty" in caplog.text
