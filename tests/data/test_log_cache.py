"""Logs that were read before: equal to those read anew, never stale, never damaged."""

import json
import logging
import multiprocessing
import os
import stat
from pathlib import Path

import numpy as np
import pytest

from recbole_lsrec.config import Config
from recbole_lsrec.data import filtered
from recbole_lsrec.data.dataset import SessionDataset

HEADER = "user_id:token\titem_id:token\ttimestamp:float\tkind:token\trating:float"
ITEMS = "item_id:token\ttags:token_seq\tvector:float_seq\nx\tred blue\t1 2\ny\t\t3\nz\tred\t\n"
ROWS = [
    *(("007", "x", 5, "view", 1.5), ("7", "y", 2, "buy", 2), ("007", "y", 3, "", "")),
    *(("", "z", 4, "view", 1), ("7", "z", 9, "buy", 0)),
]
COLUMNS = {"inter": ["user_id", "item_id", "timestamp", "kind", "rating"], "item": ["item_id", "tags", "vector"]}


@pytest.fixture(autouse=True)
def kept(monkeypatch):
    monkeypatch.setattr(filtered, "_WORTH_KEEPING", 0)


@pytest.fixture
def read(load, tmp_path, monkeypatch):
    """``read(rows, **settings)``: a built log, and whether its files were read."""
    times = []
    read_ = SessionDataset._read
    monkeypatch.setattr(SessionDataset, "_read", lambda self: times.append(1) or read_(self))

    def again(rows=ROWS, **settings):
        before = len(times)
        settings = {
            "header": HEADER,
            "item_file": ITEMS,
            "load_col": COLUMNS,
            "data_cache": str(tmp_path / "kept"),
            **settings,
        }
        dataset = load(rows, **settings)
        dataset.build()
        return dataset, len(times) > before

    return again


def test_logs_are_kept_in_the_folder_of_runs_unless_another_is_named(read, tmp_path):
    assert read(data_cache=None, run_dir=str(tmp_path / "mine"))[1]
    assert not read(data_cache=None, run_dir=str(tmp_path / "mine"))[1]
    assert [path.name for path in (tmp_path / "mine").iterdir()] == [".logs"]


def assert_equal(one, other):
    assert one.fingerprint() == other.fingerprint()
    assert one.features_fingerprint() == other.features_fingerprint()
    assert one.split_fingerprint() == other.split_fingerprint()
    for name in (
        "field2type",
        "field2source",
        "field2seqlen",
        "field2token_id",
        "filter_report",
        "remarks",
        "feat_name_list",
    ):
        assert getattr(one, name) == getattr(other, name), name
    for table in ("inter_feat", "item_feat"):
        mine, theirs = getattr(one, table).interaction, getattr(other, table).interaction
        assert list(mine) == list(theirs)
        assert all(mine[field].equal(theirs[field]) for field in mine)
    assert str(one) == str(other)


def test_names_of_columns_may_hold_slashes(read):
    header, items = HEADER.replace("kind", "a/b"), ITEMS.replace("vector", "v/ends")
    columns = {"inter": ["user_id", "item_id", "timestamp", "a/b"], "item": ["item_id", "tags", "v/ends"]}
    first, again = (read(header=header, item_file=items, load_col=columns)[0] for _ in range(2))
    assert_equal(first, again)
    assert list(again.events.columns) == ["user_id", "item_id", "timestamp", "a/b"]
    assert again.item_feat["v/ends"].tolist() == [[0.0, 0.0], [1.0, 2.0], [3.0, 0.0], [0.0, 0.0]]


def test_a_second_reading_is_the_first(read, caplog):
    first, was_read = read()
    assert was_read
    caplog.clear()
    with caplog.at_level(logging.INFO):
        second, was_read = read()
    assert not was_read
    assert_equal(first, second)
    assert "tiny.inter, line 5: has no user_id; removed" in caplog.text  # what was said is said again


def test_other_content_and_other_settings_are_read_anew(read):
    read()
    assert read([*ROWS, ("7", "x", 11, "buy", 1)])[1]
    assert read(item_file=ITEMS.replace("red", "green"))[1]
    assert read(user_inter_num_interval="[2,inf)")[1]
    assert read(load_col={"inter": COLUMNS["inter"][:3]})[1]
    assert not read()[1]
    # These decide nothing that is kept.
    assert not read(session_threshold=1, MAX_ITEM_LIST_LENGTH=2, eval_args={"split": {"RS": [8, 1, 1]}}, seed=1)[1]


@pytest.mark.parametrize("damage", ["bytes", "cut", "gone", "facts", "no facts"])
def test_damage_is_noticed_and_mended(read, tmp_path, caplog, damage):
    first, _ = read()
    (entry,) = (tmp_path / "kept").glob("tiny-*")
    column, facts = entry / "1.npy", entry / "facts.json"
    if damage == "bytes":
        column.write_bytes(column.read_bytes()[:-1] + b"\x7f")
    elif damage == "cut":
        column.write_bytes(column.read_bytes()[:-3])
    elif damage == "gone":
        column.unlink()
    elif damage == "facts":
        facts.write_text(facts.read_text().replace("007", "7").replace("has no user_id", "is fine"))
    else:
        facts.write_text("{")
    second, was_read = read()
    assert was_read
    assert_equal(first, second)
    assert "the stored log is damaged" in caplog.text
    assert not read()[1]


def test_what_is_written_to_a_column_stays_in_the_process(read):
    first, _ = read()
    second, _ = read()
    second.item[:] = 1
    assert_equal(first, read()[0])


def test_pre_split_files(tmp_path, caplog):
    (tmp_path / "log").mkdir()
    header = "user_id:token\titem_id:token\ttimestamp:float\n"
    for part, lines in (("one", "a\tx\t1\na\ty\t2\na\tz\t3\n"), ("two", "a\tx\t4\n"), ("three", "a\ty\t5\n")):
        (tmp_path / "log" / f"log.{part}.inter").write_text(header + lines)
    settings = {"data_path": str(tmp_path), "benchmark_filename": ["one", "two", "three"], "timestamp_unit": "s"}
    settings["data_cache"] = str(tmp_path / "kept")
    first, second = (SessionDataset(Config("GRU4Rec", "log", config_dict=settings)) for _ in range(2))
    for dataset in (first, second):
        dataset.build()
    assert second.split_fingerprint() == first.split_fingerprint()
    assert [len(rows) for rows in second.split] == [2, 1, 1]
    assert caplog.text.count("one session") == 0


def test_settings_that_are_read_are_in_the_key(read, monkeypatch):
    """A setting that decides what the tables hold, and is not in the key, would be stale."""
    seen = set()
    get = Config.__getitem__
    monkeypatch.setattr(Config, "__getitem__", lambda self, key: seen.add(key) or get(self, key))
    load_ = filtered.FilteredDataset._read
    read_keys = {}

    def watched(self):
        seen.clear()
        result = load_(self)
        read_keys["made"] = set(seen)
        return result

    monkeypatch.setattr(SessionDataset, "_read", watched)
    read()
    assert len(read_keys["made"]) > 15
    known = {"dataset", "data_path"}  # the name of the entry and the files, whose content is in the key
    assert read_keys["made"] - known <= set(filtered.READ_FOR_TABLES)


def _build(settings, queue):
    filtered._WORTH_KEEPING = 0
    log = SessionDataset(Config("GRU4Rec", "tiny", config_dict=settings))
    log.build()
    queue.put(log.fingerprint())


def test_processes_that_begin_at_once_make_one_entry(load, tmp_path):
    rows = [(f"u{n % 50}", f"i{n % 31}", 1_580_000_000 + n) for n in range(5000)]
    dataset = load(rows, data_cache=str(tmp_path / "none"))
    dataset.build()
    settings = {**dataset.config.plain(), "data_cache": str(tmp_path / "kept")}
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    processes = [context.Process(target=_build, args=(settings, queue)) for _ in range(3)]
    for process in processes:
        process.start()
    found = {queue.get(timeout=120) for _ in processes}
    for process in processes:
        process.join()
    assert found == {dataset.fingerprint()}
    assert len(list((tmp_path / "kept").glob("tiny-*"))) == 1
    assert not list((tmp_path / "kept").glob(".*.part"))


def test_other_accounts_can_read_it_and_lock_it(read, tmp_path):
    old = os.umask(0o027)
    try:
        read()
    finally:
        os.umask(old)
    (entry,) = (tmp_path / "kept").glob("tiny-*")
    assert stat.S_IMODE(entry.stat().st_mode) == 0o750
    assert all(stat.S_IMODE(file.stat().st_mode) == 0o640 for file in entry.iterdir())
    (lock,) = (tmp_path / "kept").glob(".*.lock")
    assert stat.S_IMODE(lock.stat().st_mode) == 0o666


def test_what_was_not_read_for_a_month_goes_when_another_is_written(read, tmp_path, caplog):
    caplog.set_level(logging.INFO)
    read()
    (first,) = (tmp_path / "kept").glob("tiny-*")
    long_ago = first.joinpath("facts.json").stat().st_mtime - 31 * 86_400
    os.utime(first / "facts.json", (long_ago, long_ago))
    _, was_read = read()  # which is a use
    assert not was_read
    read(ROWS[1:])
    assert first.is_dir()
    os.utime(first / "facts.json", (long_ago, long_ago))
    read(ROWS[::-1])
    assert not first.exists()
    assert f"data_cache: removed {first.name}, not read for 30 days" in caplog.text


def test_a_folder_that_cannot_be_written_to_keeps_nothing(read, tmp_path, caplog):
    (tmp_path / "file").write_text("")
    dataset, was_read = read(data_cache=str(tmp_path / "file" / "kept"))
    assert was_read
    assert "cannot be written to" in caplog.text
    assert len(dataset) == 4


def test_small_logs_and_dry_runs_keep_nothing(read, tmp_path, monkeypatch):
    read(dry_run=True)
    monkeypatch.setattr(filtered, "_WORTH_KEEPING", 1 << 22)
    read()
    assert not (tmp_path / "kept").exists()


def test_facts_are_plain(read, tmp_path):
    read()
    (entry,) = (tmp_path / "kept").glob("tiny-*")
    facts = json.loads((entry / "facts.json").read_text())
    assert facts["tokens"]["user_id"] == "user_id"
    assert np.load(entry / next(f for f, (name, _) in facts["columns"].items() if name == "inter_feat/1")).tolist() == [
        *(2, 1, 2, 3)
    ]
    assert Path(entry).name.startswith("tiny-")
