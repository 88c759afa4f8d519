"""Files that are answered part by part."""

import json

import pandas as pd
import pytest

from recbole_lsrec.errors import ConfigError, DataError
from recbole_lsrec.recommend import Recommender, by_parts, read_histories
from recbole_lsrec.recommend.by_parts import recommend_file
from tests.fuzz.histories_fuzz import fuzz, small_histories
from tests.recommend.test_recommender import _shop_run


@pytest.fixture(scope="module")
def recommender(tmp_path_factory):
    """Of a trained run."""
    return Recommender.load(_shop_run(tmp_path_factory.mktemp("run"), "SASRec", {})[0])


@pytest.fixture(scope="module")
def recommender_of_columns(tmp_path_factory):
    """Of a trained run that has its own sessions, and a column of numbers."""
    columns = {"session_id:token": lambda events: events.index // 9, "lasted:float": 2.5}
    return Recommender.load(_shop_run(tmp_path_factory.mktemp("columns"), "SASRec", {}, **columns)[0])


@pytest.fixture
def small_parts(monkeypatch):
    """Parts and blocks of a few events."""
    monkeypatch.setattr(by_parts, "PART_BYTES", 256)
    monkeypatch.setattr(read_histories, "_BLOCK", 512)


@pytest.mark.parametrize("ending", ["csv", "tsv", "parquet", "jsonl"])
def test_parts_say_what_the_whole_says(recommender, ending, small_parts, tmp_path):
    items = recommender.catalogue.tokens["item_id"][1:9]
    rows = [(f"u{place % 37}", item, place) for place, item in enumerate(items.tolist() * 40)]
    histories = pd.DataFrame(rows, columns=["user", "item", "timestamp"])
    write = {"csv": histories.to_csv, "tsv": lambda p, index: histories.to_csv(p, index=index, sep="\t")}
    write |= {
        "parquet": lambda p, index: histories.to_parquet(p, index=index, row_group_size=50),
        "jsonl": lambda p, index: histories.to_json(p, orient="records", lines=True),
    }
    path = tmp_path / f"h.{ending}"
    write[ending](path, index=False)
    tables = []
    counts = recommend_file(recommender, path, tables.append, k=3)
    assert len(tables) > 3
    assert recommend_file(recommender, str(path), [].append, k=3) == counts
    whole = recommender.recommend(histories, k=3)
    assert counts == whole.attrs["counts"]
    parts, columns = pd.concat(tables, ignore_index=True), ["user", "rank"]
    pd.testing.assert_frame_equal(
        parts.sort_values(columns, ignore_index=True), whole.sort_values(columns, ignore_index=True), atol=1e-6
    )


def test_an_event_is_named_by_its_place_in_the_file(recommender, small_parts, tmp_path):
    lines = ["user,item,timestamp", *(f"u,{place},{place}" for place in range(200)), "u,,7"]
    (tmp_path / "h.csv").write_text("\n".join(lines))
    with pytest.raises(DataError, match=r"h\.csv, line 202: has no item"):
        recommend_file(recommender, tmp_path / "h.csv", list, k=3)


@pytest.mark.parametrize(
    ("event", "more", "message"),
    [
        (("z", "1", 900, 1), {"now": 500}, r"^now: user 'z' has an event at 900, after now \(500\)"),
        (("z", "1", 1_580_000_000_000, 1), {}, r"^histories: .* are in ms, such as .*; give all in s"),
        (("z", "1", 9, "long"), {}, r"^histories: user 'z', item '1': the column 'lasted' holds 'long'"),
    ],
)
def test_all_of_a_file_is_checked_before_the_first_list(
    recommender_of_columns, small_parts, tmp_path, event, more, message
):
    rows = [(f"u{place % 37}", "1", place, 1) for place in range(200)]
    histories = pd.DataFrame([*rows, event], columns=["user", "item", "timestamp", "lasted"]).assign(session_id=1)
    histories.to_csv(tmp_path / "h.csv", index=False)
    tables = []
    with pytest.raises(DataError, match=message):
        recommend_file(recommender_of_columns, tmp_path / "h.csv", tables.append, k=3, **more)
    assert not tables


def test_a_key_that_few_objects_have_is_a_column_of_all_parts(recommender_of_columns, small_parts, tmp_path):
    rows = [{"user": f"u{place % 37}", "item": "1", "timestamp": place} for place in range(200)]
    path, tables = tmp_path / "h.jsonl", []
    write = lambda rows: path.write_text("".join(json.dumps(row) + "\n" for row in rows))  # noqa: E731
    write(rows)
    with pytest.raises(DataError, match=r"^histories: lack the column 'session_id'"):
        recommend_file(recommender_of_columns, path, tables.append, k=3)
    assert not tables
    write([*rows, {"user": "u3", "item": "1", "timestamp": 900, "session_id": "s"}])
    assert recommend_file(recommender_of_columns, path, tables.append, k=3)["users"] == 37
    assert len(tables) > 3


def test_damaged_histories_are_refused_in_words_or_answered(recommender):
    outcomes, failures = fuzz(recommender, small_histories(recommender), inputs=40, seed=7)
    assert not failures, "\n".join(failures)
    assert sum(outcomes.values()) == 40


@pytest.mark.slow
def test_many_damaged_histories(recommender):
    outcomes, failures = fuzz(recommender, small_histories(recommender), inputs=500, seed=1)
    assert not failures, "\n".join(failures)
    assert sum(outcomes.values()) == 500
    assert outcomes["answered"] > 50


def test_a_file_without_events_gets_an_empty_answer(recommender, tmp_path):
    (tmp_path / "h.csv").write_text("user,item,timestamp\n")
    tables = []
    assert recommend_file(recommender, tmp_path / "h.csv", tables.append)["users"] == 0
    assert [table.columns.tolist() for table in tables] == [["user", "rank", "item", "score", "source"]]
    assert sum(len(table) for table in tables) == 0


@pytest.mark.parametrize("path", [None, 3, ["a.csv"]])
def test_what_is_no_path_is_refused(path, recommender):
    with pytest.raises(ConfigError, match=r"^path: found .*; accepted: the path of a file of histories\.$"):
        recommend_file(recommender, path, print)


def test_windows_refuse_what_recommend_refuses(recommender):
    with pytest.raises(ConfigError, match=r"^batch_size: found 'x'; accepted: a whole number"):
        list(recommender.windows(pd.DataFrame({"user": ["1"], "item": ["3"], "timestamp": [1]}), batch_size="x"))
