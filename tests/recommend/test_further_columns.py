"""Columns of histories beside user, item and time."""

import json
import logging

import numpy as np
import pandas as pd
import pytest

from recbole_lsrec.errors import ConfigError, DataError
from recbole_lsrec.quick_start import load_run
from recbole_lsrec.recommend import Recommender
from tests.recommend.test_recommender import _shop_run


@pytest.fixture(scope="module")
def run_with_columns(tmp_path_factory):
    """A run whose model reads how long an event lasted, and words that are numbers; those of shelves are floats."""
    columns = {
        "event_type:token": lambda events: np.where(events.index % 3, 1, 3),
        "shelf:token": lambda events: events["item_id:token"] % 2 + 1.0,
        "lasted:float": 2.5,
    }
    return _shop_run(tmp_path_factory.mktemp("columns"), "SLSRec", {}, **columns)[0]


def test_words_of_further_columns_that_the_model_does_not_know_are_counted(run_with_columns, caplog):
    frame = pd.DataFrame({"user": "a", "item": ["1", "2", "3"], "timestamp": [1, 2, 3]})
    frame["event_type"] = ["1", "carried home", None]
    frame["lasted"] = ["1.5", "", None]
    recommender = Recommender.load(run_with_columns)
    with caplog.at_level(logging.WARNING):
        counts = recommender.recommend(frame, k=1).attrs["counts"]
    assert counts["unknown_words"] == 1
    assert "1 values of further columns are words that the model does not know" in caplog.text
    ((_, batch),) = recommender.windows(frame)
    assert batch["lasted_list"][0, :3].tolist() == [1.5, 2.5, 2.5]
    assert (batch["event_type_list"][0, :3] > 0).tolist() == [True, False, False]


@pytest.mark.parametrize("normalised", [{}, {"normalize_field": ["price"]}])
def test_a_missing_number_is_what_training_read_there(tmp_path, normalised):
    price = {"price:float": lambda events: np.where(events.index % 3, events.index % 7, np.nan)}
    folder, _ = _shop_run(tmp_path, "GRU4Rec", normalised, **price)
    _, data, _ = load_run(folder)
    events = pd.read_csv(tmp_path / "data/shop/shop.inter", sep="\t")
    mean = events["price:float"].mean() / (6 if normalised else 1)  # the least is 0, the largest 6
    assert np.isclose(data.dataset.events["price"].numpy(), mean).sum() == events["price:float"].isna().sum()
    frame = pd.DataFrame({"user": "a", "item": ["1", "2"], "timestamp": [1, 2], "price": [3, None]})
    recommender = Recommender.load(folder)
    for histories, places in ((frame, [1]), (frame.drop(columns="price"), [0, 1])):
        ((_, batch),) = recommender.windows(histories)
        assert batch["price_list"][0, places].tolist() == pytest.approx([mean] * len(places))


@pytest.mark.parametrize("word", ["long", [1], "1_0", True])
def test_words_in_a_further_column_of_numbers_are_refused(run_with_columns, word):
    frame = pd.DataFrame({"user": "a", "item": ["1", "2"], "timestamp": [1, 2], "lasted": [1, word]}, dtype=object)
    with pytest.raises(
        DataError, match=r"^histories: user 'a', item '2': the column 'lasted' holds .*; accepted: a number"
    ):
        Recommender.load(run_with_columns).recommend(frame)


def test_a_column_that_the_run_normalised_is_said(run_with_columns, caplog):
    recommender = Recommender.load(run_with_columns)
    recommender.config["normalize_field"] = ["lasted"]
    frame = pd.DataFrame({"user": "a", "item": ["1", "2"], "timestamp": [1, 2]})
    recommender.recommend(frame, k=1)
    assert "normalised" not in caplog.text
    recommender.recommend(frame.assign(lasted=3), k=1)
    assert "2 values are of columns that the run normalised (normalize_all, normalize_field)" in caplog.text


def test_words_are_the_same_where_a_missing_one_makes_them_floats(run_with_columns, tmp_path):
    frame = pd.DataFrame({"user": "a", "item": ["1", "2", "3"], "timestamp": [1, 2, 3], "shelf": [1.0, 2.0, None]})
    path = tmp_path / "h.parquet"
    frame.assign(event_type=pd.array([1, None, 3], dtype="Int64")).to_parquet(path)
    recommender = Recommender.load(run_with_columns)
    known = recommender.catalogue.tokens["event_type"].tolist()
    for histories in (path, frame.assign(event_type=[1, None, 3]), frame.assign(event_type=["1", None, "3"])):
        assert recommender.recommend(histories, k=1).attrs["counts"]["unknown_words"] == 0
        ((_, batch),) = recommender.windows(histories)
        assert batch["event_type_list"][0, :3].tolist() == [known.index("1"), 0, known.index("3")]
        assert (batch["shelf_list"][0, :3] > 0).tolist() == [True, True, False]


def test_a_column_that_is_there_twice_is_refused(run_with_columns):
    frame = pd.DataFrame({"user": ["a"], "item": "1", "timestamp": 1, "event_type": "1", "event_type:token": "3"})
    with pytest.raises(DataError, match=r"^histories: the column 'event_type' is there twice among .*; leave one out"):
        Recommender.load(run_with_columns).recommend(frame)


def test_own_sessions_of_a_log_whose_columns_are_not_named(tmp_path):
    own = {"session_id:token": lambda events: events.index // 9}
    folder, _ = _shop_run(tmp_path, "SLSRec", {"load_col": {"inter": "*"}}, **own)
    recommender = Recommender.load(folder)
    frame = pd.DataFrame({"user": "a", "item": ["1", "2", "3"], "timestamp": [1, 2, 3], "session_id": [7, 8, 8]})
    ((_, batch),) = recommender.windows(frame)
    assert batch["session_id_list"][0, :3].tolist() == [1, 2, 2]
    with pytest.raises(DataError, match=r"^histories: lack the column 'session_id' \(SESSION_ID_FIELD\)"):
        recommender.recommend(frame.drop(columns="session_id"))


def test_own_sessions_of_any_kind_of_value(tmp_path):
    folder, _ = _shop_run(tmp_path, "SLSRec", {}, **{"session_id:token": lambda events: events.index // 9})
    recommender = Recommender.load(folder)
    frame = pd.DataFrame({"user": "a", "item": ["1", "2", "3", "4"], "timestamp": [1, 2, 3, 4]})
    lines = zip(frame.to_dict("records"), ([7], [7], "", None), strict=True)
    (tmp_path / "h.jsonl").write_text("".join(json.dumps({**event, "session_id": s}) + "\n" for event, s in lines))
    for histories in (tmp_path / "h.jsonl", frame.assign(session_id=[7, 7, None, None])):
        ((_, batch),) = recommender.windows(histories)
        assert batch["session_id_list"][0, :4].tolist() == [1, 1, 2, 2]
    with pytest.raises(DataError, match=r"^histories: lack the column 'session_id' \(SESSION_ID_FIELD\)"):
        recommender.recommend(frame)


@pytest.mark.parametrize("number", [float("inf"), "-inf", "1e400"])
def test_infinite_numbers_are_refused(run_with_columns, number):
    frame = pd.DataFrame({"user": "a", "item": ["1", "2"], "timestamp": [1, 2], "lasted": [1, number]}, dtype=object)
    with pytest.raises(DataError, match=r"item '2': the column 'lasted' holds .*; accepted: a number that is finite"):
        Recommender.load(run_with_columns).recommend(frame)


def test_a_column_that_the_run_put_into_buckets_is_refused(run_with_columns):
    recommender = Recommender.load(run_with_columns)
    recommender.config["discretization"] = {"lasted": {"method": "ED", "bucket": 3}}
    with pytest.raises(ConfigError, match=r"^discretization: the run put 'lasted' into buckets, by bounds"):
        recommender.recommend(["1", "2"])
