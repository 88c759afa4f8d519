"""The paths of the application, over a trained run."""

import json
import re

import numpy as np
import pandas as pd
import pytest
from fastapi.testclient import TestClient
from pydantic import ValidationError

from recbole_lsrec.recommend import Recommender
from recbole_lsrec.serve import app as serving
from recbole_lsrec.serve.schemas import MOST_COLUMNS, MOST_HISTORIES, History
from tests.command_line import exit_code
from tests.recommend.test_recommender import _shop_run

JSON = {"content-type": "application/json"}


@pytest.fixture(scope="module")
def recommender(tmp_path_factory):
    """Of a trained run."""
    return Recommender.load(_shop_run(tmp_path_factory.mktemp("run"), "SLSRec", {})[0])


@pytest.fixture(scope="module")
def client(recommender):
    """Speaks to the application without a network."""
    return TestClient(serving.make_app(recommender))


@pytest.fixture(scope="module")
def recommender_of_columns(tmp_path_factory):
    """Of a trained run that has its own sessions, and a column of words that are numbers."""
    columns = {
        "session_id:token": lambda events: events.index // 9,
        "event_type:token": lambda events: np.where(events.index % 3, 1, 3),
    }
    return Recommender.load(_shop_run(tmp_path_factory.mktemp("columns"), "SLSRec", {}, **columns)[0])


@pytest.fixture(scope="module")
def client_of_columns(recommender_of_columns):
    """What fails in the application is its answer 500."""
    return TestClient(serving.make_app(recommender_of_columns), raise_server_exceptions=False)


def history(recommender, user="a", n=3, **more):
    items = recommender.catalogue.tokens["item_id"][1 : 1 + n].tolist()
    return {"user": user, "events": [{"item": item, "timestamp": 60 * t} for t, item in enumerate(items)], **more}


def test_recommend_gives_the_lists_of_python(client, recommender):
    asked = [history(recommender, "b", 4), history(recommender, "a", 2, now=1000)]
    found = client.post("/recommend", json={"histories": asked, "k": 3})
    assert found.status_code == 200
    lists = found.json()["lists"]
    assert [(one["user"], one["source"], len(one["items"])) for one in lists] == [("b", "model", 3), ("a", "model", 3)]
    assert found.json()["counts"]["events"] == 6
    rows = [{"user": h["user"], **event} for h in asked for event in h["events"]]
    expected = recommender.recommend(pd.DataFrame(rows), k=3, now={"b": 180, "a": 1000})
    flat = [(one["user"], item["item"]) for one in lists for item in one["items"]]
    assert flat == list(zip(expected["user"], expected["item"], strict=True))
    assert all(0 <= item["alpha"] <= 1 for one in lists for item in one["items"])
    assert lists[0]["current_session"] == [event["item"] for event in asked[0]["events"]]
    assert [item["driven_by"] for item in lists[0]["items"]] == [
        "long" if i["alpha"] > 0.5 else "short" for i in lists[0]["items"]
    ]
    assert lists[0]["alpha_of_list"] == pytest.approx(
        sum(item["alpha"] for item in lists[0]["items"]) / len(lists[0]["items"])
    )


def test_rerank_orders_what_is_given_and_leaves_out_what_is_unknown(client, recommender):
    known = recommender.catalogue.tokens["item_id"][5:9].tolist()
    answer = client.post(
        "/rerank", json={"histories": [history(recommender)], "candidates": [*known, "nowhere", known[0]]}
    ).json()
    (one,) = answer["lists"]
    assert answer["counts"]["unknown_candidates"] == 1
    assert sorted(item["item"] for item in one["items"]) == sorted(known)
    scores = [item["score"] for item in one["items"]]
    assert scores == sorted(scores, reverse=True)


def test_an_unknown_history_gets_popularity(client):
    asked = {"events": [{"item": "nowhere", "timestamp": 1}]}
    (one,) = client.post("/recommend", json={"histories": [asked], "k": 2}).json()["lists"]
    assert (one["source"], len(one["items"]), one["items"][0]["alpha"]) == ("popularity", 2, None)


def test_healthz_and_the_paths(client, recommender):
    assert client.get("/healthz").json() == {
        "model": "SLSRec",
        "dataset": "shop",
        "items": len(recommender.catalogue.popularity) - 1,
        "simulated": False,
    }
    assert {"/recommend", "/rerank", "/healthz"} == set(client.get("/openapi.json").json()["paths"])


def test_the_page_needs_no_other_site(client):
    page = client.get("/docs").text
    files = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert len(files) == 3  # script, style, icon
    assert [client.get(file).status_code for file in files] == [200, 200, 200]
    assert "http" not in page


def test_what_is_wrong_is_422_with_a_reason(client, recommender):
    one = history(recommender)
    late = {**one, "now": 1}
    event = one["events"][0]
    for asked, reason in (
        ({"histories": []}, "at least 1 item"),
        ({"histories": [one] * (MOST_HISTORIES + 1)}, "at most 256 items"),
        ({"histories": [one, one]}, "two are of one user"),
        ({"histories": [late]}, "has an event at 120, after now"),
        ({"histories": [one], "k": 0}, "greater than or equal to 1"),
        ({"histories": [one], "depth": 3}, "Extra inputs are not permitted"),
        ({"histories": [{"events": [{**event, "timestamp": -1}]}]}, "greater than or equal to 0"),
        ({"histories": [{"events": [{**event, "item": "x" * 300}]}]}, "at most 256 characters"),
        ({"histories": [{"events": [{**event, "timestamp": True}]}]}, "valid number"),
        ({"histories": [{**one, "now": True}]}, "valid number"),
        ({"histories": [one], "k": True}, "valid integer"),
        ({"histories": [one], "exclude_seen": 1}, "valid boolean"),
    ):
        found = client.post("/recommend", json=asked)
        assert found.status_code == 422, asked
        assert reason in found.text
    unknown = client.post("/rerank", json={"histories": [one], "candidates": ["nowhere"]})
    assert (unknown.status_code, "knows none of the 1 items" in unknown.text) == (422, True)


def test_a_served_answer_is_that_of_the_same_events_in_a_file(client_of_columns, recommender_of_columns, tmp_path):
    events = [
        {"item": str(n), "timestamp": n, "session_id": 1, **({"event_type": n} if n != 2 else {})} for n in (1, 2, 3)
    ]
    (tmp_path / "h.jsonl").write_text("".join(json.dumps({"user": "a", **event}) + "\n" for event in events))
    expected = recommender_of_columns.recommend(tmp_path / "h.jsonl", k=3)
    found = client_of_columns.post("/recommend", json={"histories": [{"user": "a", "events": events}], "k": 3}).json()
    assert found["counts"] == expected.attrs["counts"]
    assert found["counts"]["unknown_words"] == 0
    (one,) = found["lists"]
    assert [item["item"] for item in one["items"]] == expected["item"].tolist()
    assert [item["score"] for item in one["items"]] == pytest.approx(expected["score"].tolist())


def test_further_columns_of_events_that_do_not_fit_are_422(client_of_columns):
    event = {"item": "1", "timestamp": 1, "session_id": "s"}
    accepted = {"histories": [{"user": "a", "events": [{**event, "user": "a"}]}]}
    assert client_of_columns.post("/recommend", json=accepted).status_code == 200
    for more, reason in (
        ({"user": "b"}, "found an event of user 'b' in the history of 'a'"),
        ({"user": ["b"]}, "should be a valid string"),
        ({"user_id": "b"}, "found 2 columns for the user"),
        ({"session_id": ["q"]}, "should be a valid string"),
        ({"session_id": {"q": 1}}, "should be a valid string"),
        ({"event_type": "1", "event_type:token": "3"}, "the column 'event_type' is there twice"),
        ({str(n): n for n in range(MOST_COLUMNS + 1)}, "further columns; accepted: at most"),
        ({"item": "\ud800"}, "unable to parse raw data as a unicode string"),
        ({"event_type": "\ud800"}, "unable to parse raw data as a unicode string"),
        ({"\ud800": 1}, "unable to parse raw data as a unicode string"),
        ({"timestamp": float("nan")}, "finite number"),
    ):
        body = json.dumps({"histories": [{"user": "a", "events": [{**event, **more}]}]})  # httpx's own refuses some
        found = client_of_columns.post("/recommend", content=body, headers=JSON)
        assert (found.status_code, reason in found.text) == (422, True), (more, found.text)
    unread = {"histories": [{"user": "\ud800", "events": [event]}], "\ud800": 1}
    assert client_of_columns.post("/recommend", content=json.dumps(unread), headers=JSON).status_code == 422


def test_bodies_are_bounded(client, monkeypatch):
    monkeypatch.setattr(serving, "MOST_BYTES", 10)
    assert client.post("/recommend", json={"histories": []}).status_code == 413
    assert client.post("/recommend", content=iter([b"{}"])).status_code == 411


def test_a_body_that_does_not_say_it_is_json_is_told_so(client):
    answer = client.post(
        "/recommend", content='{"histories": []}', headers={"content-type": "text/plain; charset=utf-8"}
    )
    assert (answer.status_code, answer.json()) == (
        415,
        {"detail": "content-type: found 'text/plain; charset=utf-8'; accepted: application/json"},
    )


def test_a_run_that_is_none_is_refused_before_anything_listens(tmp_path, capsys):
    assert exit_code(["serve", str(tmp_path)]) == 2
    told = capsys.readouterr().err
    assert told.startswith("Error: checkpoint")
    assert told.count("\n") == 1


def test_whole_times_are_exact_and_no_int64_is_exceeded():
    first = 1_600_000_000_000_000_001
    read = History.model_validate({"events": [{"item": "1", "timestamp": first}], "now": first + 1})
    assert (read.events[0].timestamp, read.now) == (first, first + 1)
    with pytest.raises(ValidationError, match="less than"):
        History.model_validate({"events": [{"item": "1", "timestamp": 2**63}]})


@pytest.mark.parametrize("body", ["[" * 100_000, '{"histories": [], "k": ' + "9" * 5_000 + "}"])
def test_json_that_python_gives_up_on_gets_400(client, body):
    assert client.post("/recommend", content=body, headers=JSON).status_code == 400
