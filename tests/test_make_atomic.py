"""scripts/make_atomic.py: a table of events becomes an atomic file."""

import runpy
import sys
from pathlib import Path

import pandas as pd
import pytest

SCRIPT = str(Path(__file__).resolve().parents[1] / "scripts/make_atomic.py")


def call(monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", [SCRIPT, *map(str, arguments)])
    runpy.run_path(SCRIPT, run_name="__main__")


def test_a_csv_with_other_names_and_milliseconds(tmp_path, monkeypatch, capsys):
    (tmp_path / "events.csv").write_text(
        "timestamp,visitorid,event,itemid,transactionid\n1433221332117,257597,view,355908,\n1433224214999,992329,cart,5,9\n"
    )
    names = "visitorid=user_id,itemid=item_id,event=event_type"
    call(monkeypatch, tmp_path / "events.csv", tmp_path / "shop", "--columns", names, "--milliseconds")
    assert (tmp_path / "shop/shop.inter").read_text() == (
        "user_id:token\titem_id:token\ttimestamp:float\tevent_type:token\n"
        "257597\t355908\t1433221332\tview\n992329\t5\t1433224214\tcart\n"
    )
    assert capsys.readouterr().out == f"{tmp_path / 'shop'}: 2 events, 2 users, 2 items\n"


def test_an_empty_column_is_left_out(tmp_path, monkeypatch):
    frame = pd.DataFrame({"user_id": [1], "item_id": [2], "timestamp": [3], "category_id": [None]})
    frame.to_parquet(tmp_path / "log.parquet")
    call(monkeypatch, tmp_path / "log.parquet", tmp_path / "log")
    assert (tmp_path / "log/log.inter").read_text() == "user_id:token\titem_id:token\ttimestamp:float\n1\t2\t3\n"


def test_a_missing_column_is_named(tmp_path, monkeypatch):
    (tmp_path / "events.csv").write_text("user_id,itemid,timestamp\n1,2,3\n")
    with pytest.raises(SystemExit, match=r"has no item_id, but user_id, itemid, timestamp; name them with --columns"):
        call(monkeypatch, tmp_path / "events.csv", tmp_path / "shop")
