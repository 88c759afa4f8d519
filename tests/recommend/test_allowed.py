"""Which items may be recommended."""

import pytest

from recbole_lsrec.errors import ConfigError
from recbole_lsrec.recommend.allowed import allowed_items, say_unknown


def test_the_padding_is_an_unknown_item(caplog):
    item_id = {"[PAD]": 0, "a": 1, "b": 2}
    with pytest.raises(ConfigError, match=r"^candidates: the model knows none of the 1 items given"):
        allowed_items(item_id, 3, (), ["[PAD]"])
    assert allowed_items(item_id, 3, ["[PAD]"], ["a", "[PAD]"]).tolist() == [False, True, False]
    assert caplog.text == ""
    say_unknown(item_id, (), ["a", "[PAD]"])
    assert "candidates: the model does not know 1 of the 2 given" in caplog.text


def test_items_that_cannot_be_left_out_are_said(caplog):
    item_id = {"[PAD]": 0, "007": 1, "b": 2}
    assert allowed_items(item_id, 3, ["b"], None).tolist() == [False, True, False]
    say_unknown(item_id, ["b"], None)
    assert caplog.text == ""
    assert allowed_items(item_id, 3, ["7", "b"], None).tolist() == [False, True, False]
    say_unknown(item_id, ["7", "b"], None)
    assert "exclude: the model does not know 1 of the 2 given: passed over" in caplog.text


def test_lists_that_must_be_empty_are_said(caplog):
    say_unknown({"[PAD]": 0, "a": 1, "b": 2}, ["a"], ["a"])
    assert "exclude: no item is left that may be recommended: every list is empty" in caplog.text
