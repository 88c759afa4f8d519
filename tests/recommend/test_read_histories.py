"""Histories that cannot be read are refused in one line."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest

from recbole_lsrec.errors import DataError
from recbole_lsrec.recommend.read_histories import read_histories

NAMES = {"user": "user_id", "item": "item_id", "timestamp": "timestamp"}


def test_damaged_files_are_one_line(tmp_path):
    damaged = {
        "latin.csv": b"user,item,timestamp\na,caf\xe9,1\n",
        "empty.csv": b"",
        "ragged.csv": b"user,item,timestamp\na,1,1\na,1,1,7,7\n",
        "cut.parquet": b"PAR1",
        "cut.jsonl": b'{"user": "a", "item": "1", "timestamp": 1}\n{"user": "a"',
        "list.jsonl": b"[1, 2]\n",
        "twice.jsonl": b'{"user": "a", "user": "b", "item": "1", "timestamp": 1}\n',
        "half.jsonl": b'{"user": "\\ud800", "item": "1", "timestamp": 1}\n',
        "huge.jsonl": b'{"user": "a", "item": "1", "timestamp": ' + b"9" * 400 + b"}\n",
        "quote.csv": b'user,"item,timestamp\na,b,1\n',
        "true.jsonl": b'{"user": "a", "item": "1", "timestamp": true}\n',
    }
    for name, content in damaged.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(DataError, match=rf"^{tmp_path / name}[:,] ") as raised:
            read_histories(tmp_path / name, NAMES)
        assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("name", "line", "separators"),
    [("h.csv", "a;1;7", "commas"), ("h.csv", "a;1;7,5", "commas"), ("h.tsv", "a;1;7", "tabs")],
)
def test_another_separator_is_no_riddle(tmp_path, name, line, separators):
    (tmp_path / name).write_text(f"user;item;timestamp\n{line}\n")
    with pytest.raises(DataError, match=rf"; columns are separated by {separators}\.$"):
        read_histories(tmp_path / name, NAMES)


def test_a_parquet_file_with_a_column_twice(tmp_path):
    names = ["user", "item", "item", "timestamp"]
    table = pa.Table.from_arrays([pa.array(["a"]), pa.array(["1"]), pa.array(["2"]), pa.array([1.0])], names=names)
    pyarrow.parquet.write_table(table, tmp_path / "twice.parquet")
    with pytest.raises(
        DataError, match=r"twice\.parquet: cannot be read as parquet \(the column 'item' is there twice\)"
    ):
        read_histories(tmp_path / "twice.parquet", NAMES)


@pytest.mark.parametrize(("kind", "digits"), [("float32", 24), ("Float32", 24), ("float64", 53)])
def test_ids_that_a_column_of_floats_cannot_tell_apart_are_refused(kind, digits):
    frame = pd.DataFrame({"user": "a", "item": pd.Series([1, 2**digits - 1], dtype=kind), "timestamp": [1, 2]})
    assert read_histories(frame, NAMES)["item"].tolist() == ["1", str(2**digits - 1)]
    frame["item"] = pd.Series([1, 2**digits], dtype=kind)
    with pytest.raises(DataError, match=r"^histories: event 2 has the item .*; accepted: text, or a number that"):
        read_histories(frame, NAMES)


def test_a_long_list_is_named_in_one_line():
    frame = pd.DataFrame({"user": ["a"], "item": [np.arange(1000)], "timestamp": [1]})
    with pytest.raises(DataError) as refused:
        read_histories(frame, NAMES)
    assert len(str(refused.value).splitlines()) == 1
    assert len(str(refused.value)) < 400


@pytest.mark.parametrize("value", [2.0**53, np.float32(2**24), {"a": 1}, ["x"]])
@pytest.mark.parametrize("column", ["user", "item"])
def test_what_is_no_id_is_refused(value, column):
    frame = pd.DataFrame({"user": ["a", "b"], "item": ["x", "y"], "timestamp": [1, 2]}, dtype=object)
    frame.at[1, column] = value
    with pytest.raises(DataError, match=rf"^histories: event 2 has the {column} .*; accepted: text, or a number that"):
        read_histories(frame, NAMES)
    frame.at[1, column] = 2**53 + 1  # a whole number is exact
    assert read_histories(frame, NAMES)[column].tolist()[1] == "9007199254740993"


def test_the_line_of_an_event_is_named(tmp_path):
    files = {
        "lines.csv": (
            b'user,item,timestamp,t\n\na,x,1,"two\nlines"\n\na,x,soon,\n',
            "line 6: has the timestamp 'soon'",
        ),
        "bare.inter": (b'user_id:token\titem_id:token\ttimestamp:float\n"a\tx\t1\n\na\t\t2\n', "line 4: has no item"),
        "objects.jsonl": (b'\n{"user": "a", "item": 1e16, "timestamp": 1}\n', "line 2: has the item 1e\\+16"),
    }
    for name, (content, said) in files.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(DataError, match=rf"^{tmp_path / name}, {said}"):
            read_histories(tmp_path / name, NAMES)
    events = pd.DataFrame({"user": ["a", None], "item": ["x", "y"], "timestamp": [1, 2]})
    events.to_parquet(tmp_path / "rows.parquet")
    with pytest.raises(DataError, match=r"rows\.parquet, row 2: has no user"):
        read_histories(tmp_path / "rows.parquet", NAMES)


def test_an_index_of_pandas_is_a_column(tmp_path):
    frame = pd.DataFrame({"user": ["a", "b"], "item": ["x", "y"], "timestamp": [1, 2]}).set_index("user")
    frame.to_parquet(tmp_path / "rows.parquet")
    assert read_histories(tmp_path / "rows.parquet", NAMES)["user"].tolist() == ["a", "b"]
    table = pa.parquet.read_table(tmp_path / "rows.parquet").replace_schema_metadata(
        {"pandas": '{"columns": [{"name": "x"}]}'}
    )
    pa.parquet.write_table(table, tmp_path / "rows.parquet")  # damaged
    assert read_histories(tmp_path / "rows.parquet", NAMES)["item"].tolist() == ["x", "y"]


def test_the_line_of_a_later_block_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr("recbole_lsrec.recommend.read_histories._BLOCK", 1 << 7)
    lines = ["user,item,timestamp", *(f"a,x,{number}" for number in range(2, 101)), "a,x,"]
    (tmp_path / "long.csv").write_text("\n".join(lines))
    with pytest.raises(DataError, match=r"long\.csv, line 101: has the timestamp ''"):
        read_histories(tmp_path / "long.csv", NAMES)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("user,item,timestamp\n".encode("utf-16"), "line 1: is UTF-16; save it as UTF-8"),
        (b"\x1f\x8b\x08", r"line 1: is compressed \(gzip\); unpack it first"),
        (b"user,item,timestamp\na,b,1\ncaf\xe9,b,1\n", "line 3: is no UTF-8 text; save it as UTF-8"),
    ],
)
def test_what_is_no_text_in_utf_8(tmp_path, content, said):
    (tmp_path / "log.csv").write_bytes(content)
    with pytest.raises(DataError, match=rf"^{tmp_path / 'log.csv'}, {said}\.$"):
        read_histories(tmp_path / "log.csv", NAMES)


@pytest.mark.parametrize("end", ["", "\n", "\r\n\n"])
def test_a_file_of_names_alone_holds_no_event(tmp_path, end):
    (tmp_path / "log.csv").write_text("user,item,timestamp" + end, newline="")
    frame = read_histories(tmp_path / "log.csv", NAMES)
    assert len(frame) == 0
    assert {"user", "item", "timestamp"} <= {*frame}


def test_true_is_the_word_that_prepare_writes(tmp_path):
    (tmp_path / "log.jsonl").write_text('{"user": "True", "item": true, "timestamp": 1}\n')
    (event,) = read_histories(tmp_path / "log.jsonl", NAMES).to_dict("records")
    assert (event["user"], event["item"]) == ("True", "true")


@pytest.mark.parametrize("time", [pd.to_datetime(["2020-01-01"]), pd.to_timedelta([5], unit="s"), np.array([1j])])
def test_times_that_are_no_numbers(time):
    with pytest.raises(
        DataError, match=r"^histories: the timestamp holds (datetime64|timedelta64|complex128).*; give numbers"
    ):
        read_histories(pd.DataFrame({"user": ["a"], "item": ["x"], "timestamp": time}), NAMES)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ('a,"x,1,t\nb,y,2,t\n', r"line 2: a \" opens a value that nothing closes; take it out, or double it"),
        ('a,x,1,t\na,y,2,"t\nb,y,2,t\n', r"line 3: a \" opens a value that nothing closes"),
        ('a,"x,1,t\nb,y"",2,t\nb,y"",2,t\nc,z"",1,t\n', r"line 2: a \" opens a value that nothing closes"),
        ('a,"x,1,t\nb,y",2,t\n', r"line 2: has the item 'x,1,t\\nb,y', with a line break; a lone \" joins lines"),
    ],
)
def test_a_lone_quote_swallows_no_line(tmp_path, rows, message):
    (tmp_path / "log.csv").write_text("user,item,timestamp,title\n" + rows)
    with pytest.raises(DataError, match=message):
        read_histories(tmp_path / "log.csv", NAMES)
    (tmp_path / "log.csv").write_text('user,item,timestamp,title\na,5" tube,1,"two\nlines"\n')
    assert read_histories(tmp_path / "log.csv", NAMES)["item"].tolist() == ['5" tube']


def test_a_whole_number_with_a_fraction_is_the_id_that_prepare_makes_of_it(tmp_path):
    lines = ['{"user": 7.0, "item": 1e3, "timestamp": 1}', '{"user": "7.0", "item": 2.5, "timestamp": 1}']
    (tmp_path / "log.jsonl").write_text("\n".join(lines) + "\n")
    found = read_histories(tmp_path / "log.jsonl", NAMES)
    assert (found["user"].tolist(), found["item"].tolist()) == (["7", "7.0"], ["1000", "2.5"])


NS = 1_600_000_000_000_000_000


@pytest.mark.parametrize(
    "times",
    [
        pd.Series([NS + 200, NS + 100]),
        pd.Series([NS + 200, NS + 100], dtype="Int64"),
        pd.Series([NS + 200, NS + 100], dtype="uint64"),
        pd.Series([NS + 200, NS + 100], dtype="int64[pyarrow]"),
        pd.Series([NS + 200, float(NS), NS + 100], dtype=object),
        pd.Series([f"{NS + 200}.0", f"{NS + 100}"]),
        pd.Series([5.0, 7.0]),
    ],
)
def test_whole_times_are_exact(times):
    expected = [5, 7] if len(times) == 2 and times.iloc[0] == 5 else [NS + 200, NS, NS + 100]
    found = read_histories(pd.DataFrame({"user": "a", "item": "x", "timestamp": times}), NAMES)["timestamp"]
    assert found.dtype == "int64"
    assert found.tolist() == [time for time in expected if len(times) == 3 or time != NS]


def test_whole_times_of_files_are_exact_and_others_keep_their_fraction(tmp_path, monkeypatch):
    monkeypatch.setattr("recbole_lsrec.recommend.read_histories._BLOCK", 1 << 6)  # several blocks, and an empty one
    for times in ([NS + 300, NS + 200, NS + 100], [7.5, 1, 2]):
        lines = [{"user": "a", "item": "x", "timestamp": time} for time in times]
        frame = pd.DataFrame(lines, dtype=object)
        frame.to_csv(tmp_path / "log.csv", index=False)
        frame.to_json(tmp_path / "log.jsonl", orient="records", lines=True)
        for name in ("log.csv", "log.jsonl"):
            assert read_histories(tmp_path / name, NAMES)["timestamp"].tolist() == times


@pytest.mark.parametrize("time", [2**63, 2.0**63, 1e300, str(2**64), 10**30])
def test_times_that_no_int64_holds_are_refused(time):
    frame = pd.DataFrame({"user": "a", "item": "x", "timestamp": [1, time]}, dtype=object)
    with pytest.raises(
        DataError, match=r"^histories: event 2 has the timestamp .*; accepted: .* >= 0 and below 2\*\*63, in"
    ):
        read_histories(frame, NAMES)


@pytest.mark.parametrize(
    ("unit", "expected"),
    [
        ("s", [946_684_800, 946_684_801]),
        ("ms", [946_684_800_000, 946_684_801_000]),
        ("ns", [946_684_800_000_000_000, 946_684_801_000_000_000]),
        ("order", [0, 1]),
    ],
)
def test_items_of_a_list_lie_a_second_apart(unit, expected):
    assert read_histories(["x", "y"], NAMES, unit)["timestamp"].tolist() == expected


@pytest.mark.parametrize(
    ("events", "at"), [(["1", ("2", 5), "3"], 1), ([("1", 5), "23"], 2), ([("1", 5), ("2", 6, 7)], 2), ([()], 1)]
)
def test_a_list_is_of_items_or_of_pairs(events, at):
    with pytest.raises(
        DataError, match=rf"^history: event {at}: found .*; accepted: a list of items alone, or of pairs"
    ):
        read_histories(events, NAMES)
    assert len(read_histories([], NAMES)) == 0
