"""Rows that are no events."""

import pytest

HEAD = "user_id,item_id,timestamp\n"


@pytest.mark.parametrize("time", ["timestamp", "order"])
def test_the_line_of_names_again_is_no_event(prepared, time):
    table = HEAD + "a,x,1577836800\n" + HEAD + "b,x,1577836801\n"
    events, _, meta = prepared("csv", {"shop.csv": table}, columns={"time": time}, max_refused=0.5)
    assert [event.split("|")[0] for event in events] == ["a", "b"]
    (refused,) = meta["account"]["refused"]
    assert refused["reason"] == "the line of names again"
    assert "shop.csv, row 3" in refused["examples"][0]
