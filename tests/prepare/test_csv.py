"""Any table of events: what is guessed, what is refused, and that nothing is lost in silence."""

import json
import os
import signal
from pathlib import Path
from threading import Timer

import pyarrow as pa
import pytest

from recbole_lsrec.errors import DataError
from recbole_lsrec.prepare.command import Options, prepare
from recbole_lsrec.prepare.report import report
from tests.command_line import exit_code
from tests.prepare.samples import parquet

HEAD = "user_id,item_id,timestamp\n"


def test_ids_are_text_and_words_of_pandas_are_ids(prepared):
    rows = "007,000135,1577836800\n7,135,1577836801\nNA,null,1577836802\nnan,None,1577836803\n"
    events, _, _ = prepared("csv", {"shop.csv": HEAD + rows})
    assert events == ["007|000135|1577836800", "7|135|1577836801", "NA|null|1577836802", "nan|None|1577836803"]


def test_long_category_ids_survive_an_empty_cell(prepared):
    rows = "a,1,1577836800,1487580005134238553\na,2,1577836801,\na,3,1577836802,1487580005134238554\n"
    _, items, meta = prepared("csv", {"shop.csv": "user,item,time,category_id\n" + rows})
    assert items == ["1|1487580005134238553", "2|", "3|1487580005134238554"]
    assert meta["statistics"]["categories"] == 2


def test_a_row_without_user_and_a_later_one_without_item_are_exactly_removed(prepared):
    events, _, meta = prepared(
        "csv", {"shop.csv": HEAD + "a,1,1577836800\n,2,1577836801\na,3,1577836802\nb,,1577836803\n"}
    )
    assert events == ["a|1|1577836800", "a|3|1577836802"]
    refused = {entry["reason"]: (entry["rows"], entry["examples"]) for entry in meta["account"]["refused"]}
    assert {reason: rows for reason, (rows, _) in refused.items()} == {"no user": 1, "no item": 1}
    assert "shop.csv, row 3:" in refused["no user"][1][0]
    assert "shop.csv, row 5:" in refused["no item"][1][0]


def test_equal_times_keep_the_order_of_the_file(prepared):
    events, _, meta = prepared(
        "csv", {"shop.csv": HEAD + "a,z,1577836800\na,y,1577836800\na,x,1577836800\nb,x,1577836801\n"}
    )
    assert events == ["a|z|1577836800", "a|y|1577836800", "a|x|1577836800", "b|x|1577836801"]
    assert meta["statistics"]["equal_times"] == 0.75


def test_copies_are_counted_and_kept(prepared):
    events, _, meta = prepared("csv", {"shop.csv": HEAD + "a,z,1577836800\na,z,1577836800\na,z,1577836801\n"})
    assert len(events) == 3
    assert meta["statistics"]["exact_duplicates"] == 1
    said = report(meta, Path("my logs"), "x")
    assert "1 events are exact copies (user, item, time) of another; they are kept (rm_exact_duplicates: True" in said
    assert said.endswith(
        """Next: recbole-lsrec run --model=SLSRec --dataset=x '--data_path=my logs' --without="[cate]\""""
    )
    assert meta["statistics"]["repeats"] == pytest.approx(2 / 3, abs=1e-4)


def test_a_log_of_users_with_one_event_is_not_said_to_be_ready(prepared):
    *_, meta = prepared("csv", {"shop.csv": HEAD + "a,z,1577836800\nb,z,1577836801\n"})
    assert report(meta, Path("logs"), "x").endswith(
        "\n\nEvery user has one event, so nothing can be trained or tested: check which column names the users."
    )


@pytest.mark.parametrize("separator", ["\t", ";", "|", "::"])
def test_separators_are_found(prepared, separator):
    text = (HEAD + "a,1,1577836800\nb,2,1577836801\n").replace(",", separator)
    assert prepared("csv", {"log.txt": text})[0] == ["a|1|1577836800", "b|2|1577836801"]


def test_a_byte_order_mark_and_utf_16(prepared):
    text = HEAD + "é,1,1577836800\n"
    assert prepared("csv", {"log.csv": b"\xef\xbb\xbf" + text.encode()})[0] == ["é|1|1577836800"]
    assert prepared("csv", {"log.csv": text.encode("utf-16")}, name="wide")[0] == ["é|1|1577836800"]


def test_another_encoding_is_named_with_its_line(prepared):
    raw = (HEAD + "a,1,1577836800\nMüller,2,1577836801\n").encode("latin-1")
    with pytest.raises(DataError, match=r"log\.csv, line 3: found byte 0xfc, which is no utf-8; .*--encoding latin-1"):
        prepared("csv", {"log.csv": raw})
    assert prepared("csv", {"log.csv": raw}, encoding="latin-1")[0][0] == "Müller|2|1577836801"


def test_quoted_values_hold_separators_and_quotes(prepared):
    rows = 'a,"1,5",1577836800,"say ""hi"""\n'
    _, items, _ = prepared("csv", {"log.csv": "user,item,time,category\n" + rows})
    assert items == ['1,5|say "hi"']


def test_columns_can_be_named_and_numbered(prepared):
    named = {"user": "who", "item": "what", "time": "at"}
    assert prepared("csv", {"log.csv": "at,what,who\n1577836800,x,u\n"}, columns=named)[0] == ["u|x|1577836800"]
    numbers = {"user": "3", "item": "2", "time": "1"}
    assert prepared("csv", {"log.csv": "1577836800,x,u\n"}, columns=numbers, name="n")[0] == ["u|x|1577836800"]


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_columns_that_only_case_tells_apart(prepared, form):
    columns = {"user": "ID", "item": "id", "time": "ts", "session": "Session", "category": "session"}
    values = {"ID": "u", "id": "i", "ts": 1577836800, "TS": 1, "session": "c", "Session": "s"}
    content = {
        "csv": ",".join(values) + "\n" + ",".join(map(str, values.values())) + "\n",
        "jsonl": json.dumps(values),
        "parquet": parquet(**{name: [value] for name, value in values.items()}),
    }[form]
    assert prepared("csv", {f"log.{form}": content}, columns=columns)[:2] == (["u|i|1577836800|s"], ["i|c"])


@pytest.mark.parametrize("more", [{"time": "order"}, {"time": "3", "category": "none"}])
def test_numbered_columns_beside_words(prepared, more):
    columns = {"user": "1", "item": "2", **more}
    events, items, _ = prepared("csv", {"log.csv": "u,x,1577836800,red\n"}, columns=columns, item_features=("4",))
    assert events == ["u|x|1" if more["time"] == "order" else "u|x|1577836800"]
    assert items == ["x|red"]


def test_order_is_a_word_for_the_time_alone(prepared):
    with pytest.raises(DataError, match="--session: found 'order', which is no column"):
        prepared("csv", {"log.csv": HEAD + "a,1,1577836800\n"}, columns={"session": "order"})
    text = HEAD.replace("\n", ",order\n") + "a,1,1577836800,s\n"
    assert prepared("csv", {"log.csv": text}, columns={"session": "order"}, name="b")[0] == ["a|1|1577836800|s"]


def test_what_cannot_be_guessed_is_asked_for(prepared):
    with pytest.raises(
        DataError, match=r"which column is the user and the time\? Columns: who, item, at\. Say so with --user"
    ):
        prepared("csv", {"log.csv": "who,item,at\nu,x,1577836800\n"})
    with pytest.raises(DataError, match=r"If the file has no line of names, give numbers: --user 1 --item 2 --time 3"):
        prepared("csv", {"log.csv": "17,4,1577836800\n"})


def test_a_wrong_column_is_answered_with_the_near_one(prepared):
    with pytest.raises(DataError, match=r"--user: found 'user_ids', which is no column\. Did you mean 'user_id'"):
        prepared("csv", {"log.csv": HEAD}, columns={"user": "user_ids"})


def test_json_lines_keep_every_digit_of_whole_numbers(prepared):
    text = '{"user": 12345678901234567890123, "item": "007", "time": 1577836800.25}\n'
    text += '{"user": 1.0, "item": 7, "time": "1577836801"}\n'
    assert prepared("csv", {"log.jsonl": text})[0] == [
        "1|7|1577836801000",
        "12345678901234567890123|007|1577836800250",
    ]


def test_parquet_with_integers_times_and_gaps(prepared):
    table = parquet(
        user_id=pa.array([1487580005134238553, 2]),
        item_id=["007", "NA"],
        timestamp=pa.array([1577836800123456, 1577836801000000], pa.timestamp("us", tz="UTC")),
        category_id=pa.array([135.0, None], pa.float64()),
    )
    events, items, _ = prepared("csv", {"log.parquet": table})
    assert events == ["1487580005134238553|007|1577836800123.456", "2|NA|1577836801000"]
    assert items == ["007|135", "NA|"]


def test_a_column_that_would_be_guessed_can_be_left_out(prepared):
    table = parquet(user=["a"], item=["b"], time=[1577836800], category=[1.487580005134238553e18])
    assert prepared("csv", {"log.parquet": table}, columns={"category": "none"})[:2] == (["a|b|1577836800"], [])


def test_parquet_with_ids_that_lost_digits_is_refused(prepared):
    table = parquet(user=["a"], item=pa.array([1.487580005134238553e18]), time=[1577836800])
    with pytest.raises(DataError, match=r"column 'item' holds numbers as floats that are too large to be exact"):
        prepared("csv", {"log.parquet": table})


def test_lines_of_another_width_are_counted_and_many_are_an_error(prepared):
    rows = "".join(f"u{n},i,{1577836800 + n}\n" for n in range(199))
    events, _, meta = prepared("csv", {"log.csv": HEAD + rows + "u,i\n"})
    assert len(events) == 199
    assert meta["account"]["rows_read"] == 200
    assert meta["account"]["refused"][0]["examples"] == [
        f"{meta['account']['files'][0]['file']}, row 201: 2 columns, the first line has 3"
    ]
    with pytest.raises(
        DataError, match=r"1 of 2 rows are damaged, more than --max-refused 0\.01 allows:\n  another number"
    ):
        prepared("csv", {"log.csv": HEAD + "u,i,1577836800\nu,i\n"}, name="short")


def test_a_log_of_order_alone(prepared, tmp_path):
    events, _, _ = prepared("csv", {"log.csv": "user,item\na,x\nb,x\na,y\n"}, columns={"time": "order"})
    assert events == ["a|x|1", "a|y|3", "b|x|2"]
    assert "timestamp_unit: order" in (tmp_path / "data/log/log.yaml").read_text()


@pytest.mark.parametrize("bad", ["[PAD]", '"a\tb"', '"a\nb"', "a\x00b"])
def test_ids_that_no_atomic_file_holds_are_refused(prepared, bad):
    events, _, meta = prepared("csv", {"log.csv": HEAD + f"u,{bad},1577836800\nu,ok,1577836801\n"}, max_refused=0.5)
    assert events == ["u|ok|1577836801"]
    assert sum(entry["rows"] for entry in meta["account"]["refused"]) == 1


@pytest.mark.parametrize("role", ["category", "event_type", "session"])
def test_the_padding_is_no_category_and_no_kind_of_event(prepared, role):
    text = HEAD.replace("\n", ",more\n") + "u,x,1577836800,[PAD]\nu,x,1577836801,ok\n"
    events, _, meta = prepared("csv", {"log.csv": text}, columns={role: "more"}, max_refused=0.5)
    assert [event.split("|")[2] for event in events] == ["1577836801"]
    assert meta["account"]["refused"][0]["reason"] == "an id is [PAD], the name of the padding"
    assert meta["account"]["refused"][0]["examples"][0].endswith("row 2: 'u | x | 1577836800 | [PAD]'")


def test_times_that_the_clock_skipped_are_told(prepared):
    _, _, meta = prepared("csv", {"log.csv": HEAD + "a,1,2020-03-29 02:30:00\n"}, tz="Europe/Berlin")
    assert "1 times are none in Europe/Berlin, whose clock was put forward over them" in meta["account"]["notes"][0]


def test_types_of_events_that_the_log_does_not_have_are_told(prepared):
    text = "user,item,time,event\n" + "u,x,1577836800,view\nu,x,1577836801,Buy \nu,x,1577836802,Buy \n"
    events, _, meta = prepared("csv", {"log.csv": text}, keep_events=("view", "buy"))
    assert events == ["u|x|1577836800|view"]
    told = "--keep-events: no event is of type 'buy'; left out: 'Buy ' (2)"
    assert told in meta["account"]["notes"]
    with pytest.raises(
        DataError, match=r"no event is left; .*--keep-events: no event is of type 'buy'; left out: 'Buy ' \(2\)"
    ):
        prepared("csv", {"log.csv": text}, keep_events=("buy",), name="none")


def test_files_of_two_forms_are_refused(prepared):
    files = {
        "a.csv": HEAD + "a,z,1577836800\n",
        "b.jsonl": '{"user_id": "a", "item_id": "z", "timestamp": 1577836800}\n',
    }
    with pytest.raises(
        DataError, match=r"^--raw: found \S+a\.csv, which is csv, and \S+b\.jsonl, which is json; accepted: files"
    ):
        prepared("csv", files)


def test_an_empty_file_and_a_file_of_names_alone(prepared, tmp_path, capsys):
    with pytest.raises(DataError, match=r"zero\.csv, line 1: is empty"):
        prepared("csv", {"zero.csv": ""})
    for name, content in (
        ("zero.csv", HEAD),
        ("open.csv", HEAD.rstrip()),
        (
            "zero.parquet",
            parquet(user=pa.array([], pa.string()), item=pa.array([], pa.string()), time=pa.array([], pa.int64())),
        ),
    ):
        with pytest.raises(
            DataError, match=rf"{name}: holds only the line of names; no row can be used: there is none"
        ):
            prepared("csv", {name: content})
        assert "times:" not in capsys.readouterr().out
        (tmp_path / "raw" / name).unlink()
    events = prepared("csv", {"a.csv": HEAD.rstrip(), "b.csv": HEAD + "a,1,1577836800\n"})[0]
    assert events == ["a|1|1577836800"]


@pytest.mark.parametrize("name", ["a'b", 'a"b', "%s", "a b"])
def test_a_name_may_be_any_that_a_folder_has(prepared, name):
    assert prepared("csv", {"log.csv": HEAD + "a,1,1577836800\n"}, name=name)[0] == ["a|1|1577836800"]


def test_a_folder_that_the_database_cannot_enter_is_named(tmp_path):
    (tmp_path / "log.csv").write_text(HEAD + "a,1,1577836800\n")
    with pytest.raises(DataError, match=r"--out: found .*; DuckDB takes no backslash in the name of a folder"):
        prepare("csv", [tmp_path / "log.csv"], tmp_path / "a\\b", "log", Options())
    prepare("csv", [tmp_path / "log.csv"], tmp_path / "it's", "log", Options())
    assert (tmp_path / "it's/log/log.inter").is_file()


def test_a_folder_that_is_not_ours_is_left_alone(prepared, tmp_path):
    (tmp_path / "data/log").mkdir(parents=True)
    (tmp_path / "data/log/log.inter").write_text("mine")
    with pytest.raises(DataError, match="holds files that prepare did not write"):
        prepared("csv", {"log.csv": HEAD + "a,1,1577836800\n"}, overwrite=True)
    assert (tmp_path / "data/log/log.inter").read_text() == "mine"


def test_what_a_killed_prepare_put_there_is_no_data_set_and_is_made_again(prepared, tmp_path, monkeypatch):
    events = {"log.csv": "user,item,time,kind\na,1,1577836800,red\n"}
    prepared("csv", {"log.csv": HEAD + "b,2,1577836800\n"})
    place = Path.replace
    for killed_at in ("log.meta.json", "log.item", "log.yaml", "log.inter"):

        def killed(self, target, killed_at=killed_at):
            if target.name == killed_at:
                raise KeyboardInterrupt
            return place(self, target)

        monkeypatch.setattr(Path, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            prepared("csv", events, item_features=("kind",), overwrite=killed_at == "log.meta.json")
        assert not (tmp_path / "data" / "log" / "log.inter").exists()
    monkeypatch.setattr(Path, "replace", place)
    assert prepared("csv", events, item_features=("kind",))[:2] == (["a|1|1577836800"], ["1|red"])


def test_a_second_time_needs_overwrite(prepared):
    prepared("csv", {"log.csv": HEAD + "a,1,1577836800\n"})
    with pytest.raises(DataError, match="was prepared before; --overwrite replaces it"):
        prepared("csv", {"log.csv": HEAD + "a,2,1577836800\n"})
    assert prepared("csv", {"log.csv": HEAD + "a,2,1577836800\n"}, overwrite=True)[0] == ["a|2|1577836800"]


def test_an_object_may_lack_keys_that_others_have(prepared):
    lines = ['{"user": 1, "item": 2}', *(f'{{"user": 1, "item": {n}, "ts": {1577836800 + n}}}' for n in range(3))]
    events, _, meta = prepared("csv", {"shop.jsonl": "\n".join(lines)}, max_refused=0.5)
    assert events == ["1|0|1577836800", "1|1|1577836801", "1|2|1577836802"]
    assert meta["account"]["refused"][0]["reason"] == "no time"


@pytest.mark.parametrize(
    "start", [b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"\x1f\x8b", b"BZh9", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd"]
)
def test_a_spreadsheet_is_no_table_of_text(prepared, start):
    with pytest.raises(DataError, match=r"shop\.xlsx: is a spreadsheet or an archive, no text; export it as CSV"):
        prepared("csv", {"shop.xlsx": start + b"\0\1"})


def test_what_is_told_about_a_log_is_no_log(prepared):
    events, _, meta = prepared(
        "csv", {"shop.csv": HEAD + "a,x,1577836800\n", "README.txt": "hello\n", "md5.txt": "0\n"}
    )
    assert events == ["a|x|1577836800"]
    assert [file["file"] for file in meta["raw_files"]] == ["shop.csv"]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_during_a_query_ends_prepare_as_it_ends_everything(tmp_path, monkeypatch, number, code):
    (tmp_path / "log.csv").write_text(HEAD + "a,1,1577836800\n")

    def endless(connection, *_):
        Timer(0.2, os.kill, (os.getpid(), number)).start()
        connection.execute("SELECT count(*) FROM range(100000000) a, range(1000) b").fetchall()  # some ten seconds

    monkeypatch.setattr("recbole_lsrec.prepare.command.events.read_events", endless)
    assert exit_code(["prepare", "csv", "--raw", str(tmp_path / "log.csv"), "--out", str(tmp_path / "out")]) == code
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("file", "content", "options", "said"),
    [
        ("log.jsonl", '{"user": "a", "item": "b", "time": 1577836800}\n', {"separator": ";"},
         r"--separator: has no effect on .*log\.jsonl, which is json\. Leave it out\."),
        ("log.csv", HEAD + "a,b,1577836800\n", {"decimal": ","},
         r"--decimal: has no effect on a log without features of type float or float_seq; name them with"),
        ("log.csv", HEAD + "a,b,1577836800\n", {"all_items": True},
         r"--all-items: has no effect on csv, of which all items are kept anyway\. Leave it out\."),
    ],
)  # fmt: skip
def test_options_that_would_do_nothing_are_refused(prepared, file, content, options, said):
    with pytest.raises(DataError, match=said):
        prepared("csv", {file: content}, **options)


def test_a_zone_that_no_time_needs_is_told(prepared):
    _, _, meta = prepared("csv", {"log.csv": HEAD + "a,b,1577836800\n"}, tz="Asia/Shanghai")
    assert "--tz: has no effect, as the times are unix seconds, which need no zone" in meta["account"]["notes"]
    _, _, meta = prepared("csv", {"log.csv": HEAD + "a,b,2020-01-01 10:00:00\n"}, "dated", tz="Asia/Shanghai")
    assert not any("--tz" in note for note in meta["account"]["notes"])


def test_folders_made_for_a_log_that_is_refused_are_gone(tmp_path):
    (tmp_path / "log.csv").write_text(HEAD + "a,b,never\n")
    with pytest.raises(DataError):
        prepare("csv", [tmp_path / "log.csv"], tmp_path / "new" / "logs", "shop", Options())
    assert [path.name for path in tmp_path.iterdir()] == ["log.csv"]


def test_a_log_that_is_refused_leaves_no_folder(prepared, tmp_path):
    with pytest.raises(DataError):
        prepared("csv", {"log.csv": HEAD + "a,b,never\n"})
    assert not (tmp_path / "data").exists()


def test_a_column_is_not_both_user_and_item(prepared):
    for columns in ({"user": "user_id", "item": "user_id"}, {"item": "timestamp", "time": "timestamp"}):
        with pytest.raises(
            DataError, match=r"^--(user|item): found '(user_id|timestamp)', which --(item|time) names too"
        ):
            prepared("csv", {"log.csv": HEAD + "a,1,1577836800\n"}, columns=columns)
