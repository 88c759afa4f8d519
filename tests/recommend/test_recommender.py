"""Recommendations from a run folder alone."""

import logging
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from recbole.utils import init_seed

from recbole_lsrec.cli import main
from recbole_lsrec.errors import CheckpointError, ConfigError, DataError
from recbole_lsrec.evaluation import retriever, two_stage
from recbole_lsrec.evaluation.evaluator import evaluate
from recbole_lsrec.item_catalogue import catalogue_dataset
from recbole_lsrec.quick_start import load_data_and_model, load_run, run_recbole_lsrec
from recbole_lsrec.recommend import Recommender, best_items, full_sort_scores, full_sort_topk
from recbole_lsrec.recommend.explain import COLUMNS
from tests.command_line import exit_code

ONE = {"epochs": 1, "eval_args": {"mode": ["full"]}, "MAX_ITEM_LIST_LENGTH": 8}
# Every model of ours, and of RecBole's one that scores by a product and one that reads items' features.
SYSTEMS = {
    "SLSRec": {},
    "SLSRec lineage": {"preset": "lineage"},
    "CLSR": {},
    "SLiRec": {},
    "DiffLSRec": {"diffusion_steps": 3},
    "LSIDN": {},
    "SURGE": {},
    "MARank": {},
    "SASRec": {},
    "GRU4Rec": {},
    "BERT4Rec": {},
    "DIN": {},
    "DIEN": {},
    "BPR": {},
    "LightGCN": {},
    "ItemKNN": {},
}
OTHERS = ("SASRec", "GRU4Rec", "BERT4Rec", "DIN", "DIEN", "BPR", "LightGCN", "ItemKNN")


def with_catalogue(of, **values):
    """A run's model with another catalogue, such as older versions wrote."""
    catalogue = replace(of.catalogue, **values)
    return Recommender(of.config, of.model, catalogue, catalogue_dataset(of.config, catalogue))


@pytest.fixture(scope="module")
def run_of_slsrec(tmp_path_factory):
    """A run of SLSRec, and the events of its log."""
    return _shop_run(tmp_path_factory.mktemp("run"), "SLSRec", {})


def _shop_run(folder, model, options, **further):
    """A run, and the events of its log: those of the shop with these further columns."""
    from tests.shop_log import shop_events

    events = shop_events().drop(columns="event_type:token").assign(**further)
    columns = [name.partition(":")[0] for name in events]
    (folder / "data" / "shop").mkdir(parents=True)
    events.to_csv(folder / "data" / "shop" / "shop.inter", sep="\t", index=False)
    settings = {
        "data_path": str(folder / "data"),
        "run_dir": str(folder / "runs"),
        "load_col": {"inter": columns},
        "CATEGORY_FIELD": "category_id",
        "train_batch_size": 128,
        "show_progress": False,
        "state": "ERROR",
        **ONE,
        **options,
    }
    result = run_recbole_lsrec(model, "shop", config_dict=settings)
    return Path(result["run_folder"]), events


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_lists_are_the_ranking_of_the_evaluation(system, tmp_path):
    folder, _ = _shop_run(tmp_path, system.split()[0], SYSTEMS[system])
    config, data, model = load_run(folder)
    init_seed(config["seed"], config["reproducibility"])
    expected = evaluate(model, data.test, config).outcomes["full"]
    dataset, rows = data.test.dataset, data.test.dataset.rows
    users, items = dataset.field2id_token["user_id"], dataset.field2id_token["item_id"]
    before = np.concatenate([np.arange(dataset.start[dataset.user[row]], row) for row in rows])
    histories = pd.DataFrame(
        {"user": users[dataset.user[before]], "item": items[dataset.item[before]], "timestamp": dataset.time[before]}
    )
    now = {users[dataset.user[row]]: dataset.time[row] for row in rows}
    shutil.rmtree(tmp_path / "data")

    lists = Recommender.load(folder).recommend(histories, k=dataset.item_num, now=now)

    assert (lists.groupby("user").size() == dataset.item_num - 1).all()
    target = {users[dataset.user[row]]: items[dataset.item[row]] for row in rows}
    of_target = lists[lists["item"] == lists["user"].map(target)].set_index("user")["score"]
    scores, own = lists["score"].to_numpy(), lists["user"].map(of_target).to_numpy()
    above = pd.Series(scores > own).groupby(lists["user"]).sum()
    ties = pd.Series(scores == own).groupby(lists["user"]).sum() - 1
    rank = (above + ties / 2 + 1).loc[list(now)].to_numpy()
    np.testing.assert_array_equal(rank, expected.rank)
    assert ("alpha" in lists) == (system not in OTHERS)


def test_a_history_is_a_list_or_a_frame_in_any_order(run_of_slsrec):
    folder, events = run_of_slsrec
    recommender = Recommender.load(folder)
    item = [str(name) for name in events["item_id:token"].unique()[:4]]
    frame = pd.DataFrame({"user": "a", "item": item, "timestamp": [10.0, 20.0, 30.0, 40.0]})
    one = recommender.recommend(frame, k=3)
    assert one["user"].tolist() == ["a", "a", "a"]
    assert one["rank"].tolist() == [1, 2, 3]
    assert one["score"].is_monotonic_decreasing
    assert one["current_session"].tolist() == [item] * 3
    for other in (frame.iloc[::-1], frame.rename(columns={"item": "item_id:token"}), frame.astype({"item": int})):
        pd.testing.assert_frame_equal(recommender.recommend(other, k=3), one)
    pairs = recommender.recommend(list(zip(item, frame["timestamp"], strict=True)), k=3)
    pd.testing.assert_frame_equal(pairs.drop(columns="user"), one.drop(columns="user"))
    assert recommender.recommend(item, k=3)["current_session"].iloc[0] == item


def test_files_say_the_same_as_frames(run_of_slsrec, tmp_path):
    folder, events = run_of_slsrec
    recommender = Recommender.load(folder)
    frame = events.iloc[:200, :3].set_axis(["user", "item", "timestamp"], axis=1)
    expected = recommender.recommend(frame, k=5)
    frame.to_csv(tmp_path / "h.csv", index=False)
    frame.to_csv(tmp_path / "h.tsv", index=False, sep="\t")
    frame.to_parquet(tmp_path / "h.parquet")
    frame.to_json(tmp_path / "h.jsonl", orient="records", lines=True)
    events.iloc[:200].to_csv(tmp_path / "h.inter", index=False, sep="\t")
    for ending in ("csv", "tsv", "parquet", "jsonl", "inter"):
        pd.testing.assert_frame_equal(recommender.recommend(tmp_path / f"h.{ending}", k=5), expected)


def test_unknown_items_are_counted_and_a_history_of_them_gets_popularity(run_of_slsrec, caplog):
    folder, events = run_of_slsrec
    popular = events["item_id:token"].value_counts()
    known = str(popular.index[5])
    frame = pd.DataFrame({"user": ["new", "b", "b"], "item": ["never", known, "never"], "timestamp": [1.0, 2.0, 3.0]})
    with caplog.at_level(logging.WARNING):
        lists = Recommender.load(folder).recommend(frame, k=2)
    assert lists["source"].tolist() == ["popularity", "popularity", "model", "model"]
    assert lists["item"].iloc[0] == str(popular.index[0])
    assert lists.attrs["counts"] == {
        "users": 2,
        "events": 3,
        "unknown_items": 2,
        "filtered": 0,
        "unknown_words": 0,
        "not_normalised": 0,
        "users_of_popularity": 1,
        "users_not_trained_on": 2,
        "unknown_candidates": 0,
        "unknown_exclude": 0,
    }
    assert "2 of 3 events have items that the model does not know" in caplog.text
    assert "1 of 2 users have no event that the model reads, or" in caplog.text
    nobody = Recommender.load(folder).recommend(frame.iloc[:1], k=2, two_stage=True)
    assert nobody["source"].tolist() == ["popularity", "popularity"]


def test_what_is_left_out_and_what_is_reranked(run_of_slsrec):
    folder, events = run_of_slsrec
    recommender = Recommender.load(folder)
    n_items = events["item_id:token"].nunique()
    history = [str(name) for name in events["item_id:token"].unique()[:4]]
    every = recommender.recommend(history, k=1000)
    assert len(every) == n_items
    unseen = recommender.recommend(history, k=1000, exclude_seen=True)
    assert set(every["item"]) - set(unseen["item"]) == set(history)
    best = every["item"].iloc[0]
    assert best not in set(recommender.recommend(history, k=1000, exclude=[best])["item"])
    chosen = every["item"].iloc[[40, 3, 17]].tolist()
    again = recommender.recommend(history, candidates=chosen)
    assert again["item"].tolist() == every["item"].iloc[[3, 17, 40]].tolist()
    np.testing.assert_array_equal(again["score"], every["score"].iloc[[3, 17, 40]])


def test_users_do_not_see_each_other_whatever_the_batch(run_of_slsrec):
    folder, events = run_of_slsrec
    recommender = Recommender.load(folder)
    frame = events.iloc[:300, :3].set_axis(["user", "item", "timestamp"], axis=1)
    together = recommender.recommend(frame, k=5)
    small = recommender.recommend(frame, k=5, batch_size=3)
    assert (together["item"] == small["item"]).all()
    np.testing.assert_allclose(together["score"], small["score"], rtol=1e-5)
    assert together["user"].drop_duplicates().tolist() == frame["user"].astype(str).drop_duplicates().tolist()


def test_what_drives_a_list_is_said(run_of_slsrec):
    folder, events = run_of_slsrec
    of_item = events.drop_duplicates("item_id:token").set_index("item_id:token")["category_id:token"].astype(str)
    first, second, third = of_item.index[:3]
    hour = 3600
    frame = pd.DataFrame(
        {"user": "a", "item": [first, third, second, third], "timestamp": [0, 2 * hour, 2 * hour + 1, 2 * hour + 2]}
    )
    lists = Recommender.load(folder).recommend(frame, k=4)
    assert lists["current_session"].tolist() == [[str(third), str(second), str(third)]] * 4
    assert lists["current_categories"].tolist() == [list(dict.fromkeys([of_item[third], of_item[second]]))] * 4
    np.testing.assert_allclose(lists["alpha_of_list"], [lists["alpha"].mean()] * 4, rtol=1e-6)
    assert lists["driven_by"].tolist() == ["long" if weight > 0.5 else "short" for weight in lists["alpha"]]


def test_in_two_stages_the_likely_items_are_scored(run_of_slsrec, monkeypatch, caplog):
    """Settings under which two stages are worth it with the 60 users and 71 items of the shop."""
    small = {
        "ROUNDS": (1, 2),
        "_RANK": 6,
        "_ANCHOR_ITEMS": 8,
        "_RETRIEVED": 6,
        "HISTORIES": 15,
    }
    for name, value in small.items():
        monkeypatch.setattr(two_stage, name, value)
    monkeypatch.setattr(best_items, "HISTORIES", 15)
    monkeypatch.setattr(retriever, "_WORTH_IT", 0.6)
    folder, events = run_of_slsrec
    frame = events.iloc[:, :3].set_axis(["user", "item", "timestamp"], axis=1)
    recommender = Recommender.load(folder)
    exact = recommender.recommend(frame, k=5)
    with caplog.at_level(logging.INFO):
        likely = recommender.recommend(frame, k=5, two_stage=True)
    assert "recommend in two stages: of 71 items" in caplog.text
    assert likely["user"].tolist() == exact["user"].tolist()
    both = exact.merge(likely, on=["user", "item"])
    assert len(both) > 0.5 * len(exact)
    np.testing.assert_allclose(both["score_x"], both["score_y"], atol=1e-5)  # a list holds no estimates

    few = sorted(frame["item"].unique())[:6]  # mostly not among the likely ones, of which alone the scores are exact
    reranked = recommender.recommend(frame, k=6, candidates=few, exclude_seen=False, two_stage=True)
    pd.testing.assert_frame_equal(reranked, recommender.recommend(frame, k=6, candidates=few, exclude_seen=False))

    monkeypatch.setattr(best_items, "RETRIEVED", 4)
    pd.testing.assert_frame_equal(recommender.recommend(frame, k=5, two_stage=True), exact)


@pytest.mark.parametrize(
    ("histories", "more", "error", "message"),
    [
        ([("1", 50), ("2", 60)], {"now": 55}, DataError, r"^now: user '' has an event at 60, after now \(55\)"),
        (
            [("1", 1_580_000_000), ("2", 1_580_000_000_000)],
            {},
            DataError,
            r"^histories: 1 of 2 times .* are in ms, such as 1580000000000; give all in s",
        ),
        (
            [("1", 1_580_000_000)],
            {"now": 1_590_000_000_000},
            DataError,
            r"^now: 1 of 1 times are no dates from 1990 to 2100 in s, .* but some are in ms, such as 1\d{12}; give all in s",
        ),
        ([("1", -1)], {}, DataError, r"^history: event 1 has the timestamp -1; accepted: a finite number >= 0"),
        ([("1", "soon")], {}, DataError, r"^history: event 1 has the timestamp 'soon'"),
        (pd.DataFrame({"user": ["a"], "item": ["1"]}), {}, DataError, r"found 0 columns for the timestamp among"),
        (pd.DataFrame({"user": [None], "item": [1], "timestamp": [1]}), {}, DataError, r"event 1 has no user"),
        ("missing.csv", {}, DataError, r"^missing\.csv: no such file"),
        ("log.xlsx", {}, DataError, r"found the ending '\.xlsx'; accepted: \.csv"),
        (5, {}, DataError, r"found a int; accepted: a frame"),
        (["1"], {"k": 0}, ConfigError, r"^k: found 0; accepted: a whole number of at least 1"),
        (["1"], {"candidates": ["never"]}, ConfigError, r"^candidates: the model knows none of the 1 items"),
        (["1"], {"now": {"b": 5}}, DataError, r"^now: it has no time for user ''"),
    ],
)
def test_what_cannot_be_used_is_said(run_of_slsrec, histories, more, error, message):
    with pytest.raises(error, match=message):
        Recommender.load(run_of_slsrec[0]).recommend(histories, **more)


def test_histories_without_an_event_are_said_to_be(run_of_slsrec, tmp_path, caplog):
    (tmp_path / "none.csv").write_text("user,item,timestamp\n")
    with caplog.at_level(logging.WARNING):
        assert len(Recommender.load(run_of_slsrec[0]).recommend(tmp_path / "none.csv")) == 0
    assert "the histories hold no event, so nothing is recommended" in caplog.messages


def test_a_model_that_knows_users_alone_answers_those_and_says_who_it_does_not_know(tmp_path, caplog):
    folder, events = _shop_run(tmp_path, "BPR", {})
    known, item = str(events["user_id:token"].iloc[0]), str(events["item_id:token"].iloc[0])
    frame = pd.DataFrame({"user": ["stranger", known], "item": [item, "never"], "timestamp": [1, 1]})
    with caplog.at_level(logging.WARNING):
        lists = Recommender.load(folder).recommend(frame, k=2)
    assert lists["user"].tolist() == ["stranger", "stranger", known, known]
    assert lists["source"].tolist() == ["popularity", "popularity", "model", "model"]
    assert (
        "1 of 2 users have no event that the model reads, or are not known to a model that knows users alone"
        in caplog.text
    )


def test_a_run_that_cannot_answer_says_why(tmp_path):
    folder, _ = _shop_run(tmp_path, "Pop", {})
    (folder / "catalogue.pt").unlink()
    with pytest.raises(CheckpointError, match=r"holds no catalogue"):
        Recommender.load(folder)


def test_a_model_that_reads_the_log_says_so(tmp_path):
    folder, _ = _shop_run(tmp_path, "Markov", {})
    with pytest.raises(ConfigError, match=r"^Markov: it reads the log when it is built \(.*\)"):
        Recommender.load(folder)


def test_the_command_writes_every_kind_of_file(run_of_slsrec, tmp_path, capsys):
    folder, events = run_of_slsrec
    frame = events.iloc[:50, :3].set_axis(["user", "item", "timestamp"], axis=1)
    frame.to_csv(tmp_path / "histories.csv", index=False)
    expected = Recommender.load(folder).recommend(frame, k=3)
    line = ["recommend", str(folder), "--histories", str(tmp_path / "histories.csv"), "--k=3"]
    for ending in ("csv", "tsv", "parquet", "jsonl"):
        assert exit_code([*line, "--out", str(tmp_path / f"lists.{ending}")]) == 0
    written = pd.read_parquet(tmp_path / "lists.parquet")
    for name in ("current_session", "current_categories"):
        assert written[name].map(list).tolist() == expected[name].tolist()
    for found in (
        written,
        pd.read_csv(tmp_path / "lists.csv", dtype={"user": str, "item": str}),
        pd.read_csv(tmp_path / "lists.tsv", sep="\t", dtype={"user": str, "item": str}),
        pd.read_json(tmp_path / "lists.jsonl", lines=True, dtype={"user": str, "item": str}),
    ):
        columns = ["user", "rank", "item"]
        assert found[columns].values.tolist() == expected[columns].values.tolist()
    capsys.readouterr()
    with pytest.raises(SystemExit):
        main(line)
    shown = capsys.readouterr().out.splitlines()
    assert shown[0].split("\t") == ["user", "rank", "item", "score", "source", *COLUMNS]
    assert len(shown) == 1 + len(expected)


def test_the_command_says_that_the_log_is_simulated(run_of_slsrec, tmp_path, capsys, monkeypatch):
    folder, events = run_of_slsrec
    events.iloc[:5, :3].set_axis(["user", "item", "timestamp"], axis=1).to_csv(tmp_path / "histories.csv", index=False)
    line, said = (
        ["recommend", str(folder), "--histories", str(tmp_path / "histories.csv")],
        "log of this run is simulated",
    )
    real = Recommender.load(folder)
    simulated = with_catalogue(real, simulated=True)
    for recommender, expected in ((real, False), (simulated, True)):
        monkeypatch.setattr(Recommender, "load", lambda *_, found=recommender, **__: found)
        with pytest.raises(SystemExit):
            main(line)
        assert (said in capsys.readouterr().err) == expected


def test_recboles_names_work(run_of_slsrec):
    folder, _ = run_of_slsrec
    _, model, dataset, train, valid, test = load_data_and_model(folder / "checkpoint.pt")
    assert (train.dataset.item_num, valid.phase, test.phase) == (dataset.item_num, "valid", "test")
    users = dataset.token2id(dataset.uid_field, ["7", "3"])
    scores, items = full_sort_topk(users, model, test, k=4)
    every = full_sort_scores(users, model, test)
    assert every.shape == (2, dataset.item_num)
    assert torch.isneginf(every[:, 0]).all()
    assert torch.equal(every.gather(1, items), scores)
    row = test.dataset.rows[test.dataset.user[test.dataset.rows] == users[1]][0]
    before = np.arange(dataset.start[users[1]], row)
    history = list(zip(dataset.id2token("item_id", dataset.item[before]), dataset.time[before], strict=True))
    alone = Recommender.load(folder).recommend(history, k=4, now=int(dataset.time[row]))
    assert alone["item"].tolist() == dataset.id2token("item_id", items[1].numpy()).tolist()
    with pytest.raises(DataError, match="user 0 has no target in the test data"):
        full_sort_scores([0], model, test)


def test_the_checkpoint_that_is_loaded_is_the_one_that_is_named(run_of_slsrec, tmp_path):
    folder, _ = run_of_slsrec
    shutil.copy(folder / "checkpoint.pt", tmp_path / "kept.pt")
    assert load_data_and_model(tmp_path / "kept.pt")[0]["seed"] == 2020
    with pytest.raises(CheckpointError, match=r"gone\.pt"):
        load_data_and_model(folder / "gone.pt")


def test_a_model_is_asked_at_the_moment_that_is_said(run_of_slsrec, monkeypatch):
    """Intervals end there; by default at each user's last event."""
    recommender, times = Recommender.load(run_of_slsrec[0]), []
    encode = recommender.model.encode
    monkeypatch.setattr(
        recommender.model, "encode", lambda batch: times.extend(batch["timestamp"].tolist()) or encode(batch)
    )
    histories = pd.DataFrame({"user": ["a", "a", "b"], "item": ["1", "2", "1"], "timestamp": [10.0, 20.0, 15.0]})
    for now, asked in ((None, [20, 15]), (100, [100, 100]), ({"a": 30, "b": 40}, [30, 40])):
        times.clear()
        recommender.recommend(histories, k=2, now=now)
        assert times == asked


def test_a_model_that_draws_numbers_answers_the_same_each_time(run_of_slsrec, monkeypatch):
    model = (recommender := Recommender.load(run_of_slsrec[0])).model
    score_all = model.score_all
    monkeypatch.setattr(model, "score_all", lambda *given: score_all(*given) + torch.rand(model.n_items))
    pd.testing.assert_frame_equal(recommender.recommend(["1", "2"]), recommender.recommend(["1", "2"]))
