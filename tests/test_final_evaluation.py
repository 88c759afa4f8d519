"""Popularity corrected, through whole runs."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from recbole_lsrec import checkpoint
from recbole_lsrec import final_evaluation as module
from recbole_lsrec.analysis.compare import compare
from recbole_lsrec.analysis.comparison_text import comparison_text
from recbole_lsrec.analysis.saved_runs import load_run_folder
from recbole_lsrec.config import Config
from recbole_lsrec.data.dataloader import EvalLoader
from recbole_lsrec.data.sampler import TimeThresholdSampler
from recbole_lsrec.errors import ConfigError, DataError
from recbole_lsrec.evaluation.metrics import ndcg
from recbole_lsrec.evaluation.popularity import LAMBDAS
from recbole_lsrec.final_evaluation import _fitted, final_evaluation
from recbole_lsrec.quick_start import load_run, run_recbole_lsrec
from recbole_lsrec.recommend import Recommender
from recbole_lsrec.trainer import Trainer
from tests.shop_log import shop_events

METRIC = "ndcg@10"


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    folder = tmp_path_factory.mktemp("corrected")
    (folder / "data" / "shop").mkdir(parents=True)
    shop_events().to_csv(folder / "data" / "shop" / "shop.inter", sep="\t", index=False)
    return {
        "data_path": str(folder / "data"),
        "run_dir": str(folder / "runs"),
        "MAX_ITEM_LIST_LENGTH": 8,
        "eval_args": {"mode": {"valid": ["uni9"], "test": ["uni9", "pop9", "full"]}},
        "metrics": ["NDCG", "Hit", "AUC"],
        "train_batch_size": 128,
        "epochs": 2,
        "show_progress": False,
        "state": "ERROR",
        "popularity_correction": "valid",
    }


@pytest.fixture(scope="module")
def run(settings):
    """A run with a fitted lambda, and one whose results have it."""
    plain = run_recbole_lsrec("GRU4Rec", "shop", config_dict=settings)
    corrected = run_recbole_lsrec("GRU4Rec", "shop", config_dict={**settings, "corrected_results": True})
    return [Path(one["run_folder"]) for one in (plain, corrected)]


def told(folder):
    """``result.json`` and ``popularity.json``."""
    return [json.loads((folder / name).read_text()) for name in ("result.json", "popularity.json")]


def test_the_lambda_is_the_best_on_validation_and_the_results_stay_as_they_were(run):
    result, curves = told(run[0])
    found = result["popularity_correction"]
    assert (found["metric"], found["phase"], found["in_results"]) == (METRIC, "test", False)
    assert curves["lambdas"] == list(LAMBDAS)
    assert list(curves["valid"]) == list(curves["test"]) == list(found["lambda"]) == ["uni9", "pop9", "full"]
    for number, (name, value) in enumerate(found["lambda"].items()):
        at, key = LAMBDAS.index(value), METRIC if number == 0 else f"{name}/{METRIC}"
        assert curves["valid"][name][METRIC][at] == max(curves["valid"][name][METRIC])
        assert found["with"][key] == round(curves["test"][name][METRIC][at], 4)
        assert found["without"][key] == result["test_result"][key]
    assert any(found["lambda"].values())  # else nothing here shows anything
    assert "auc" not in found["with"]


def test_curves_are_those_of_the_saved_scores(run):
    """Another way: numpy, from ``scores-*.npy`` and, for all items, from the model's own ranking of them."""
    _, curves = told(run[0])
    _, data, model = load_run(run[0])
    items = data.dataset.item[data.dataset.training_events()]
    events = np.array([max(1, (items == item).sum()) for item in range(data.dataset.item_num)])
    saved = load_run_folder(run[0])
    for name in ("uni9", "pop9"):
        lines = saved.instances[saved.instances["protocol"] == name].reset_index(drop=True)
        test = lines.index[lines["phase"] == "test"]
        scores = saved.scores[name][test]
        competing = np.c_[data.dataset.item[lines["row"][test]], data.test.candidates[name]]
        check(scores, competing, events, curves["test"][name][METRIC])
    model.eval()
    every = []
    with torch.no_grad():
        for _, batch in data.test:
            every.append(model.full_sort_predict(batch).view(len(batch), -1).numpy())
    every = np.concatenate(every)
    target = data.test.dataset.item[data.test.dataset.rows]
    others = [[item for item in range(1, data.dataset.item_num) if item != own] for own in target]
    competing = np.c_[target, others]
    check(np.take_along_axis(every, competing, axis=1), competing, events, curves["test"]["full"][METRIC])


def check(scores, items, events, expected):
    for value, wanted in zip(LAMBDAS, expected, strict=True):
        corrected = scores + np.float32(value) * np.log(events).astype(np.float32)[items]
        above, level = ((test(corrected[:, 1:], corrected[:, :1])).sum(axis=1) for test in (np.greater, np.equal))
        assert np.mean(ndcg(1 + above + level / 2, 10)) == pytest.approx(wanted, abs=1e-12)


def test_results_that_have_it_are_those_of_corrected_scores(run):
    (plain, _), (corrected, _) = told(run[0]), told(run[1])
    assert corrected["popularity_correction"] == {**plain["popularity_correction"], "in_results": True}
    assert corrected["best_valid_score"] == plain["best_valid_score"]  # early stopping knows nothing of it
    for key, value in plain["popularity_correction"]["with"].items():
        assert corrected["test_result"][key] == value
    assert corrected["test_result"]["auc"] != plain["test_result"]["auc"]
    saved = load_run_folder(run[1])  # checks metrics against ranks
    for name in ("uni9", "pop9", "full"):
        saved.lines("test", name)  # and ranks against scores


def test_ranks_kept_at_the_runs_own_lambda_are_those_of_corrected_scores(run):
    """Of a run that reports them beside its results, and of the same run that has them in its results."""
    beside, within = (load_run_folder(folder) for folder in run)
    chosen = beside.result["popularity_correction"]["lambda"]
    for phase in ("valid", "test"):
        for name in beside.instances.loc[beside.instances["phase"] == phase, "protocol"].unique():
            own, plain = beside.lines(phase, name, corrected=True), within.lines(phase, name)
            assert own.instances["rank"].tolist() == plain.instances["rank"].tolist()
            assert (own.popularity, own.scores, plain.popularity) == (chosen[name], None, None)
    mean = within.lines("test", "full").instances["rank"].mean()
    assert mean != beside.lines("test", "full").instances["rank"].mean()
    found = compare(run, "ndcg@10", protocol="full", corrected=True)
    (pair,) = found.pairs
    assert (pair.difference, found.corrected) == (0, True)
    text = comparison_text(found)
    assert "each run with its own popularity_correction: score + lambda * log(training events)" in text
    assert f"{chosen['full']:+g}" in text
    (plain_pair,) = compare(run, "ndcg@10", protocol="full").pairs
    assert plain_pair.difference != 0


def test_whatever_the_test_is_lambda_is_the_same(run):
    """The poison: training targets are tested on, whose items the model has learnt."""
    config, data, model = load_run(run[0])
    trainer = Trainer(config, model, run[0])
    log = data.dataset
    sampler = TimeThresholdSampler(
        log.user, log.item, log.time, log.session, log.training_events(), log.item_num, history_end=log.history_ends
    )
    poison = EvalLoader(config, log.view(log.split[0][::3]), "test", sampler)
    poisoned = final_evaluation(trainer, data._replace(test=poison), saved=False)
    result, curves = told(run[0])
    assert poisoned.correction["lambda"] == result["popularity_correction"]["lambda"]
    assert poisoned.curves["valid"] == curves["valid"]
    assert poisoned.curves["test"] != curves["test"]


def test_the_checkpoint_is_read_once_for_all_phases(settings, monkeypatch):
    """Of which there are three here: the validation to fit on, and both phases."""
    read, load = [], checkpoint.load
    monkeypatch.setattr(checkpoint, "load", lambda path, key: read.append(Path(path).name) or load(path, key))
    run_recbole_lsrec("GRU4Rec", "shop", config_dict={**settings, "epochs": 1})
    assert read == ["checkpoint.pt"]
    run_recbole_lsrec("GRU4Rec", "shop", config_dict={**settings, "epochs": 1}, saved=False)
    assert len(read) == 1


def test_of_a_metric_with_a_lower_side_the_lowest_is_chosen_and_either_end_is_told(caplog):
    curves = {"uni9": [3.0, 1.0, 2.0], "pop9": [1.0, 2.0, 3.0], "full": [3.0, 2.0, 1.0]}
    found = SimpleNamespace(curves={name: {"meanrank": values} for name, values in curves.items()})
    config = {"valid_metric": "MeanRank", "valid_metric_bigger": False}
    assert _fitted(found, (-1.0, 0.0, 1.0), config) == {"uni9": 0.0, "pop9": -1.0, "full": 1.0}
    assert [message.split(" is the last one tried")[0] for message in caplog.messages] == [
        "popularity_correction: pop9: the best lambda on validation, -1,",
        "popularity_correction: full: the best lambda on validation, 1,",
    ]


@pytest.mark.parametrize("in_results", [True, False])
def test_the_spread_over_draws_is_of_what_the_results_are_of(monkeypatch, in_results):
    asked = []
    monkeypatch.setattr(module, "inference_noise", lambda *given: asked.append(given[3]))
    protocol = SimpleNamespace(name="full")
    loader = SimpleNamespace(phase="test", protocols=[protocol])
    config = {"popularity_correction": -1, "corrected_results": in_results, "eval_protocols": {"test": ["full"]}}
    trainer = SimpleNamespace(
        config={**config, "show_progress": False, "valid_metric": "MRR"},
        model=None,
        evaluation=SimpleNamespace(loader=loader, curves={}),
        evaluate=lambda *_, **__: None,
    )
    final_evaluation(trainer, SimpleNamespace(fitting=None, evaluated=lambda: [loader]), saved=False)
    assert [(one.chosen, one.in_results) for one in asked] == [({"full": -1.0}, in_results)]


def test_recommendations_of_a_corrected_run_are_corrected(run, settings):
    result, _ = told(run[0])
    value = result["popularity_correction"]["lambda"]["full"]
    recommender = Recommender.load(run[0])
    tokens = recommender.catalogue.tokens["item_id"]
    history = [tokens[3], tokens[5]]
    found = recommender.recommend(history, k=len(tokens) - 1).set_index("item")["score"]
    recommender.shift = None
    raw = recommender.recommend(history, k=len(tokens) - 1).set_index("item")["score"]
    events = dict(zip(tokens, recommender.catalogue.popularity, strict=True))
    expected = raw + value * np.log([max(1, events[item]) for item in raw.index])
    np.testing.assert_allclose(found[raw.index], expected, rtol=1e-5)
    assert value


def test_a_number_is_reported_beside_the_results(settings):
    mode = {"valid": ["uni9"], "test": ["full", "uni9"]}
    given = {**settings, "popularity_correction": -1, "epochs": 1, "eval_args": {"mode": mode}}
    folder = Path(run_recbole_lsrec("Pop", "shop", config_dict=given)["run_folder"])
    result, curves = told(folder)
    assert curves["lambdas"] == [-1.0, 0.0]
    assert result["popularity_correction"]["lambda"] == {"uni9": -1.0, "full": -1.0}
    assert list(curves["valid"]) == ["uni9"]
    for key in (METRIC, f"uni9/{METRIC}"):
        assert result["popularity_correction"]["without"][key] == result["test_result"][key]
        assert result["popularity_correction"]["with"][key] < result["test_result"][key]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"popularity_correction": "best"}, "popularity_correction: found 'best'"),
        ({"popularity_correction": None, "corrected_results": True}, "corrected_results: found True"),
        (
            {"full_stage": "two_stage"},
            "full_stage: found 'two_stage' .*accepted: exact where popularity_correction is set",
        ),
        ({"valid_metric": "AUC"}, "ranks alone do not give valid_metric AUC"),
        ({"metrics": ["NDCG", "GiniIndex"], "valid_metric": "GiniIndex@10"}, "ranks alone do not give"),
    ],
)
def test_what_cannot_be_fitted_is_refused_with_the_settings(settings, given, message):
    with pytest.raises(ConfigError, match=message):
        Config("GRU4Rec", "shop", config_dict={**settings, **given})


def test_lists_given_for_the_test_alone_get_no_lambda(settings, tmp_path, caplog):
    full = {"eval_args": {"mode": {"valid": ["uni9"], "test": ["full"]}}}
    run = run_recbole_lsrec("GRU4Rec", "shop", config_dict={**settings, **full, "epochs": 1})
    instances = load_run_folder(run["run_folder"]).lines("test", "full").instances
    lists = instances[["user_id", "item_id"]].assign(negatives="1 2 3")
    lists.to_csv(tmp_path / "lists.tsv", sep="\t", index=False)
    modes = {"mode": {"valid": ["uni9"], "test": ["uni9", "file"]}, "fewer": "allow"}  # some targets are of the three
    given = {"candidates": str(tmp_path / "lists.tsv"), "eval_args": modes}
    with caplog.at_level("WARNING"):
        result = run_recbole_lsrec("GRU4Rec", "shop", config_dict={**settings, **given, "epochs": 1, "state": "INFO"})
    found = told(Path(result["run_folder"]))[0]["popularity_correction"]
    assert list(found["lambda"]) == ["uni9"]
    assert found["with"][f"file/{METRIC}"] == found["without"][f"file/{METRIC}"]
    with pytest.raises(
        DataError, match=r"test/file has no lambda of popularity: validation chose none, as .* these lists"
    ):
        load_run_folder(result["run_folder"]).lines("test", "file", corrected=True)
    assert "file gets no lambda, as its lists are given for the test alone" in caplog.text


def test_where_ranks_do_not_give_the_metric_what_a_correction_does_is_told_by_another(settings, caplog):
    given = {"popularity_correction": 1, "valid_metric": "AUC", "epochs": 1, "state": "INFO"}
    with caplog.at_level("INFO"):
        run = run_recbole_lsrec("GRU4Rec", "shop", config_dict={**settings, **given})
    assert told(Path(run["run_folder"]))[0]["popularity_correction"]["metric"] == "mrr"
    assert "Popularity corrected, test mrr: uni9 0." in caplog.text
