"""Sessions that a log brings along."""

import logging

import numpy as np
import pytest

from recbole_lsrec.data.sessions import own_sessions
from recbole_lsrec.errors import DataError

HEADER = "user_id:token\titem_id:token\ttimestamp:float\tsession_id:token"
#       user item time session; the pauses say otherwise
ROWS = [("a", "x", 0, "s1"), ("a", "y", 9000, "s1"), ("a", "z", 9001, "s2"), ("b", "x", 5, "s1"), ("b", "y", 6, "s1")]


def test_a_session_ends_where_its_label_or_the_user_changes():
    session, split, without = own_sessions(np.array([1, 1, 1, 1, 2, 2]), np.array([7, 7, 8, 7, 7, 0]))
    assert session.tolist() == [0, 0, 1, 2, 3, 4]
    assert (split, without) == (1, 1)
    assert own_sessions(np.zeros(0, dtype=int), np.zeros(0, dtype=int))[1:] == (0, 0)


def test_events_without_a_session_id_are_no_split_session():
    session, split, without = own_sessions(np.array([1, 1, 1]), np.array([0, 7, 0]))
    assert session.tolist() == [0, 1, 2]
    assert (split, without) == (0, 2)


def test_a_loaded_column_of_session_ids_is_used(load, caplog):
    with caplog.at_level(logging.INFO):
        dataset = load(ROWS, header=HEADER)
        dataset.build()
    assert dataset.session.tolist() == [0, 0, 1, 2, 2]
    assert (
        "the log's own, from the column 'session_id' (SESSION_ID_FIELD); session_threshold has no effect" in caplog.text
    )
    batch = dataset.windows(np.array([2]))
    assert batch["session_id_list"].tolist() == [[1, 1, 0]]
    assert "session_id" not in batch.columns


def test_its_name_can_be_another(load):
    dataset = load(ROWS, header=HEADER.replace("session_id", "visit"), SESSION_ID_FIELD="visit")
    dataset.build()
    assert dataset.session.tolist() == [0, 0, 1, 2, 2]
    assert dataset.windows(np.array([2]))["visit_list"].tolist() == [[1, 1, 0]]


@pytest.mark.parametrize("name", ["sess", "SessId", "basket_id"])
def test_other_names_of_sessions_are_named(load, caplog, name):
    load(ROWS, header=HEADER.replace("session_id", name), load_col=None).build()
    assert f"the column {name!r} looks like the log's own sessions and is not used" in caplog.text


@pytest.mark.parametrize("loaded", [True, False])
def test_a_column_like_sessions_that_is_not_used_is_named(load, caplog, loaded):
    columns = ["user_id", "item_id", "timestamp", *["user_session"] * loaded]
    dataset = load(ROWS, header=HEADER.replace("session_id", "user_session"), load_col={"inter": columns})
    dataset.build()
    assert dataset.session.tolist() == [0, 1, 1, 2, 2]
    assert "the column 'user_session' looks like the log's own sessions and is not used" in caplog.text
    assert "SESSION_ID_FIELD: user_session" in caplog.text


def test_a_named_column_that_is_not_loaded_is_named(load, caplog):
    columns = ["user_id", "item_id", "timestamp"]
    header = HEADER.replace("session_id", "basket")
    load(ROWS, header=header, SESSION_ID_FIELD="basket", load_col={"inter": columns}).build()
    assert "the column 'basket' looks like the log's own sessions and is not used" in caplog.text


def test_a_named_column_that_is_not_there_is_named(load, caplog):
    header = HEADER.replace("session_id", "kind")
    columns = ["user_id", "item_id", "timestamp"]
    load(ROWS, header=header, SESSION_ID_FIELD="basket", load_col={"inter": columns}).build()
    assert "has no column 'basket' (SESSION_ID_FIELD), so sessions are cut by session_threshold." in caplog.text
    caplog.clear()
    load(ROWS, header=header, load_col={"inter": columns}).build()
    assert "SESSION_ID_FIELD" not in caplog.text


def test_session_ids_are_tokens(load):
    dataset = load([(*row[:3], 1) for row in ROWS], header=HEADER.replace("session_id:token", "session_id:float"))
    with pytest.raises(
        DataError, match=r"line 1: field 'session_id' \(SESSION_ID_FIELD\) has type 'float'; accepted: 'token'"
    ):
        dataset.build()


def test_interleaved_and_missing_ids_are_counted(load, caplog):
    rows = [("a", "x", 0, "s1"), ("a", "y", 1, "s2"), ("a", "z", 2, "s1"), ("a", "x", 3, "")]
    load(rows, header=HEADER).build()
    assert "1 sessions have others of their user between their events" in caplog.text
    assert "1 events have no session id" in caplog.text


def test_an_order_has_no_sessions(load, caplog):
    with caplog.at_level(logging.INFO):
        dataset = load([("a", "x", 1), ("a", "y", 90000), ("b", "x", 2), ("b", "y", 3)], timestamp_unit="order")
        dataset.build()
    assert dataset.session.tolist() == [0, 0, 1, 1]
    assert dataset.time.tolist() == [1, 90000, 2, 3]
    assert (
        "timestamp_unit: order: times are places, so session_threshold has no effect: one session a user" in caplog.text
    )
