"""Histories go through the run's filters of single events, as its log did."""

import logging

import pandas as pd
import pytest

from recbole_lsrec.recommend import Recommender
from tests.recommend.test_recommender import _shop_run
from tests.shop_log import shop_events

ROWS = [  # item, time, type, rating
    ("1", 5, "view", "1"),
    ("2", 4, "purchase", "2.5"),
    ("2", 4, "purchase", "2.5"),
    ("3", 3, "purchase", ""),
    ("2", 2, "purchase", "4"),
]
COLUMNS = ["item", "timestamp", "event_type", "rating"]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run of a log with kinds of events and ratings."""
    further = {
        "event_type:token": lambda _: shop_events()["event_type:token"],
        "rating:float": lambda events: events.index % 5 + 1.0,
    }
    return _shop_run(tmp_path_factory.mktemp("filters"), "GRU4Rec", {}, **further)[0]


@pytest.mark.parametrize(
    ("settings", "read"),
    [
        ({}, [2, 3, 2, 2, 1]),
        ({"keep_events": ["purchase"]}, [2, 3, 2, 2]),
        ({"rm_exact_duplicates": True}, [2, 3, 2, 1]),
        ({"rm_dup_inter": "first"}, [2, 3, 1]),
        ({"rm_dup_inter": "last"}, [3, 2, 1]),
        ({"val_interval": {"rating": "[2,inf)"}}, [2, 2, 2]),  # a missing one is in no range
        ({"val_interval": {"event_type": ["view"], "rating": "[0,9]"}}, [1]),
        ({"val_interval": {"timestamp": "[9,inf)", "user_id": ["b"], "item_id": ["1"]}}, [2, 3, 2, 2, 1]),
        ({"keep_events": ["purchase"], "benchmark_filename": ["train", "valid", "test"]}, [2, 3, 2, 2, 1]),
    ],
)
def test_the_model_reads_what_the_filters_keep(run, settings, read, caplog):
    recommender = Recommender.load(run)
    recommender.config.final_config_dict.update(settings)
    frame = pd.DataFrame(ROWS, columns=COLUMNS).assign(user="a")
    ((_, batch),) = recommender.windows(frame)
    tokens = recommender.catalogue.tokens["item_id"]
    assert [tokens[item] for item in batch["item_id_list"][0, : len(read)]] == [str(item) for item in read]
    assert batch["item_length"].tolist() == [len(read)]
    with caplog.at_level(logging.WARNING):
        counts = recommender.recommend(frame, k=1).attrs["counts"]
    assert counts["filtered"] == len(ROWS) - len(read)
    assert ("that the run's filters remove" in caplog.text) == (len(read) < len(ROWS))


def test_no_list_depends_on_who_else_is_asked(run):
    recommender = Recommender.load(run)
    recommender.config["keep_events"] = ["purchase"]
    without = pd.DataFrame({"user": "y", "item": ["3", "2"], "timestamp": [1, 2], "event_type": [None, ""]})
    beside = pd.DataFrame({"user": "x", "item": ["1", "2"], "timestamp": [1, 2], "event_type": ["view", "purchase"]})
    tokens = recommender.catalogue.tokens["item_id"]
    read = {}
    for users, batch in recommender.windows(pd.concat([without, beside])):
        read |= dict(
            zip(users, ([tokens[item] for item in row] for row in batch["item_id_list"].tolist()), strict=True)
        )
    assert (read["y"][:2], read["x"][0]) == (["3", "2"], "2")  # y filters nothing, as without x


def test_a_column_that_only_removed_events_have_is_no_column_that_is_lacking(run):
    recommender = Recommender.load(run)
    filters = {"keep_events": ["purchase"], "val_interval": {"rating": "[2,inf)"}}
    recommender.config.final_config_dict.update(filters)
    rows = [("1", 1, "view", "5"), ("2", 2, "purchase", ""), ("3", 3, "purchase", "")]
    counts = recommender.recommend(pd.DataFrame(rows, columns=COLUMNS).assign(user="a"), k=1).attrs["counts"]
    assert (counts["filtered"], counts["users_of_popularity"]) == (3, 1)
    none = pd.DataFrame(rows[:0], columns=COLUMNS).assign(user="a")
    assert recommender.recommend(none, k=1).attrs["counts"]["filtered"] == 0


def test_the_raw_log_gets_the_lists_of_the_filtered_one(tmp_path):
    types = {"event_type:token": lambda _: shop_events()["event_type:token"]}
    options = {"keep_events": ["purchase"], "rm_dup_inter": "first"}
    folder, events = _shop_run(tmp_path, "CLSR", options, **types)
    recommender = Recommender.load(folder)
    ours = events[events["event_type:token"] == "purchase"].sort_values("timestamp:float", kind="stable")
    ours = ours.drop_duplicates(["user_id:token", "item_id:token"])
    raw, filtered = (recommender.recommend(frame, k=5) for frame in (events, ours))
    columns = ["user", "item", "score"]
    pd.testing.assert_frame_equal(
        raw.sort_values(["user", "rank"], ignore_index=True)[columns],
        filtered.sort_values(["user", "rank"], ignore_index=True)[columns],
    )
    types_alone = events.drop(columns="event_type:token")  # whoever leaves the column out has filtered
    counts = recommender.recommend(types_alone.drop_duplicates(["user_id:token", "item_id:token"]), k=1).attrs["counts"]
    assert counts["filtered"] == 0
