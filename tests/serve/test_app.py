"""The paths of the application, over a trained run."""

import re

import pandas as pd
import pytest
from fastapi.testclient import TestClient

from recbole_lsrec.cli import main
from recbole_lsrec.recommend import Recommender
from recbole_lsrec.serve import app as serving
from recbole_lsrec.serve.schemas import MOST_HISTORIES
from tests.recommend.test_recommender import _shop_run


@pytest.fixture(scope="module")
def recommender(tmp_path_factory):
    """Of a trained run."""
    return Recommender.load(_shop_run(tmp_path_factory.mktemp("run"), "SLSRec", {})[0])


@pytest.fixture(scope="module")
def client(recommender):
    """Speaks to the application without a network."""
    return TestClient(serving.make_app(recommender))


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
    (one,) = client.post(
        "/rerank", json={"histories": [history(recommender)], "candidates": [*known, "nowhere", known[0]]}
    ).json()["lists"]
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
    ):
        found = client.post("/recommend", json=asked)
        assert found.status_code == 422, asked
        assert reason in found.text
    unknown = client.post("/rerank", json={"histories": [one], "candidates": ["nowhere"]})
    assert (unknown.status_code, "knows none of the 1 items" in unknown.text) == (422, True)


def test_bodies_are_bounded(client, monkeypatch):
    monkeypatch.setattr(serving, "MOST_BYTES", 10)
    assert client.post("/recommend", json={"histories": []}).status_code == 413
    assert client.post("/recommend", content=iter([b"{}"])).status_code == 411


def test_a_run_that_is_none_is_refused_before_anything_listens(tmp_path, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["serve", str(tmp_path)])
    assert ended.value.code == 2
    told = capsys.readouterr().err
    assert told.startswith("Error: checkpoint")
    assert told.count("\n") == 1
