"""Models without sequences under our evaluator: the same instances and candidates, RecBole's metrics, exact floors."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from recbole.data import create_dataset, data_preparation
from recbole.trainer import Trainer as StockTrainer

from recbole_lsrec.config import Config
from recbole_lsrec.evaluation.evaluator import evaluate
from recbole_lsrec.quick_start import build_model, run_recbole_lsrec
from recbole_lsrec.registry import SEEDLESS, is_seedless
from recbole_lsrec.run_data import load_data
from recbole_lsrec.trainer import Trainer
from tests.stock_recbole import StockConfig


def trained(shop, model, folder, **settings):
    """Config, data and model after its training, of two epochs if it trains at all."""
    config = Config(model, "shop", config_dict={**shop, **settings})
    data = load_data(config)
    built = build_model(config, data)
    Trainer(config, built, folder).fit(data.train, saved=False, verbose=False)
    return config, data, built


@pytest.mark.parametrize("model", [*SEEDLESS, "SLIMElastic"])  # which chooses its coordinates at random
def test_seeds_change_no_model_that_only_counts(shop, tmp_path, model):
    scores = []
    for seed in (1, 2):
        config, data, built = trained(shop, model, tmp_path / str(seed), seed=seed)
        assert is_seedless(config.model_class) == (model in SEEDLESS)
        scores.append(evaluate(built, data.test, config).scores["uni9"])
    assert np.array_equal(*scores, equal_nan=True) == (model in SEEDLESS)


def test_general_and_sequential_models_meet_the_same_instances_and_candidates(shop):
    results = {name: run_recbole_lsrec(name, "shop", config_dict=shop) for name in ("BPR", "Pop", "Markov", "SLSRec")}
    known = {}
    for name, result in results.items():
        folder = result["run_folder"]
        table = pd.read_parquet(f"{folder}/instances.parquet")
        columns = ["row", "phase", "protocol", "user_id", "item_id", "timestamp", "n_candidates", "history_length"]
        stored = pd.read_json(f"{folder}/result.json", typ="series")["fingerprints"]
        known[name] = table[columns], stored["data"], stored["split"], stored["candidates"]
    table, *rest = known.pop("SLSRec")
    for other, *others in known.values():
        pd.testing.assert_frame_equal(other, table)
        assert others == rest


@pytest.fixture
def ordered(tmp_path, monkeypatch):
    """A log that stock RecBole orders rightly: its times are order numbers. No item occurs twice for a user."""
    rng = np.random.default_rng(3)
    events = [(u, i) for u in range(50) for i in rng.choice(70, size=rng.integers(5, 16), replace=False)]
    rng.shuffle(events)
    (tmp_path / "ordered").mkdir()
    lines = [f"{user}\t{item}\t{t}" for t, (user, item) in enumerate(events)]
    header = "user_id:token\titem_id:token\ttimestamp:float"
    (tmp_path / "ordered" / "ordered.inter").write_text("\n".join([header, *lines]) + "\n")
    monkeypatch.chdir(tmp_path)
    return {
        "data_path": str(tmp_path),
        "load_col": {"inter": ["user_id", "item_id", "timestamp"]},
        "timestamp_unit": "s",
        "eval_args": {"split": {"LS": "valid_and_test"}, "order": "TO", "group_by": "user", "mode": "full"},
        "metrics": ["Hit", "NDCG", "MRR", "Precision", "Recall", "MAP"],
        "topk": [1, 5, 10, 20],
        "valid_metric": "MRR@10",
        "metric_decimal_place": 10,
        "train_batch_size": 64,
        "epochs": 3,
        "show_progress": False,
        "state": "ERROR",
    }


@pytest.mark.parametrize("name", ["BPR", "NeuMF", "DiffRec", "MultiVAE", "ItemKNN", "EASE"])
def test_full_ranking_has_the_metrics_of_stock_recbole_on_the_same_weights(name, ordered, tmp_path):
    """Stock RecBole leaves the items of the user's history out of the ranking; so does ``filter_seen``."""
    config = Config(name, "ordered", config_dict={**ordered, "filter_seen": True, "run_dir": str(tmp_path / "runs")})
    data = load_data(config)
    model = build_model(config, data)
    trainer = Trainer(config, model, tmp_path / "run")
    trainer.fit(data.train, saved=False, verbose=False)
    ours = trainer.evaluate(data.test, load_best_model=False)

    without = {"train_neg_sample_args": None} if name in ("DiffRec", "MultiVAE", "ItemKNN", "EASE") else {}
    stock = StockConfig(name, "ordered", config_dict={**ordered, **without, "checkpoint_dir": str(tmp_path / "saved")})
    dataset = create_dataset(stock)
    train, _, test = data_preparation(stock, dataset)
    assert dataset.field2token_id["item_id"] == data.dataset.field2token_id["item_id"]
    assert (train.dataset.inter_matrix(form="csr") != data.train.dataset.inter_matrix(form="csr")).nnz == 0
    theirs = StockTrainer(stock, model).evaluate(test, load_best_model=False)
    assert len(theirs) == 6 * 4
    # ItemKNN gives many items the score 0; stock RecBole orders equal scores by chance, we take the average rank.
    if name != "ItemKNN":
        assert {key: ours[key] for key in theirs} == pytest.approx(dict(theirs), abs=1e-9)
    else:
        assert ours["hit@20"] == pytest.approx(theirs["hit@20"], abs=0.1)


PROTOCOLS = ["uni9", "pop9", "full"]


def test_a_model_that_only_counts_is_validated_whatever_eval_step(shop):
    result = run_recbole_lsrec("Pop", "shop", config_dict={**shop, "eval_step": 2, "epochs": 10})
    assert result["test_result"]["ndcg@10"] > 0


@pytest.mark.parametrize("drawn", [{}, {"popularity": "all", "pool": "all"}], ids=["clean", "code"])
def test_pop_ranks_by_the_training_users_of_an_item(shop, tmp_path, drawn):
    """Its ranks, worked out from the log alone, under every protocol and both ways to draw."""
    config, data, model = trained(shop, "Pop", tmp_path, eval_args={"mode": PROTOCOLS, **drawn})
    found = evaluate(model, data.test, config)
    log, events = data.dataset, data.dataset.training_events()
    pairs = {(u, i) for u, i in zip(log.user[events].tolist(), log.item[events].tolist(), strict=True)}
    count = np.bincount([item for _, item in pairs], minlength=log.item_num)
    target = count[log.item[data.test.dataset.rows]][:, None]
    rivals = {
        "uni9": count[data.test.candidates["uni9"]],
        "pop9": count[data.test.candidates["pop9"]],
        "full": np.delete(np.broadcast_to(count, (len(target), len(count))), 0, axis=1),
    }
    for name, theirs in rivals.items():
        ties = (theirs == target).sum(axis=1) - (name == "full")  # the target is among all items
        rank = 1 + (theirs > target).sum(axis=1) + ties / 2
        np.testing.assert_array_equal(found.outcomes[name].rank, rank)


def test_a_scorer_that_knows_nothing_lands_where_chance_puts_it(shop, tmp_path):
    """Among n rivals AUC is 1/2 and Hit@k is k/(n+1), within four standard errors over 30 seeds of 59 instances."""
    found = []
    config, data, _ = trained(shop, "Random", tmp_path, eval_args={"mode": PROTOCOLS})
    for seed in range(30):
        config["seed"] = seed
        found.append(evaluate(build_model(config, data), data.test, config).metrics)
    n_instances, n_items = 30 * len(data.test.dataset), data.dataset.item_num - 1
    mean = {key: np.mean([metrics[key] for metrics in found]) for key in found[0]}
    for key, n in (("hit@2", 10), ("hit@5", 10), ("pop9/hit@2", 10), ("full/hit@5", n_items), ("full/hit@10", n_items)):
        p = int(key.split("@")[1]) / n
        assert mean[key] == pytest.approx(p, abs=4 * np.sqrt(p * (1 - p) / n_instances))
    for key in ("auc", "gauc", "pop9/auc", "pop9/gauc", "full/gauc"):
        assert mean[key] == pytest.approx(0.5, abs=4 * np.sqrt(1 / 12 / n_instances) * 1.1)


def test_each_distinct_user_of_a_batch_is_scored_once(shop, tmp_path, monkeypatch):
    """Also where a user has several instances: a ratio split gives each user a tenth of the events to test."""
    split = {"eval_args": {"split": {"RS": [6, 2, 2]}, "mode": ["uni9", "full"]}}
    config, data, model = trained(shop, "BPR", tmp_path, **split)
    users = data.dataset.user[data.test.dataset.rows]
    assert len(users) > 3 * len(set(users.tolist()))
    asked = []
    whole = type(model).full_sort_predict
    monkeypatch.setattr(
        type(model),
        "full_sort_predict",
        lambda self, batch: asked.extend(batch["user_id"].tolist()) or whole(self, batch),
    )
    found = evaluate(model, data.test, config)
    assert sorted(asked) == sorted(set(users.tolist()))
    scores = model.user_embedding.weight @ model.item_embedding.weight.T
    target = torch.from_numpy(data.dataset.item[data.test.dataset.rows])
    of_user = scores[torch.from_numpy(users)].detach()
    of_user[:, 0] = -torch.inf
    above = (of_user > of_user.gather(1, target[:, None])).sum(dim=1).numpy()
    np.testing.assert_array_equal(found.outcomes["full"].rank, 1 + above)


@pytest.mark.parametrize("name", ["BPR", "NeuMF"])
def test_a_user_unseen_in_training_is_the_average_user_and_is_counted(name, shop, tmp_path):
    """Split at a time, users who begin later have no row that was trained."""
    split = {"eval_args": {"split": {"GTS": {"valid": 0.05, "test": 0.1}}, "fewer": "allow", "mode": ["uni9", "full"]}}
    result = run_recbole_lsrec(name, "shop", config_dict={**shop, **split, "state": "INFO"})
    stored = pd.read_json(f"{result['run_folder']}/result.json", typ="series")
    config, data, model = trained(shop, name, tmp_path, **split)
    trained_users = data.dataset.training_users()
    users = data.dataset.user[data.test.dataset.rows]
    n_unseen = int((~trained_users[users]).sum())
    assert 0 < n_unseen < len(users)
    assert stored["unseen_users"]["test"] == n_unseen
    names = ["user_embedding"] if name == "BPR" else ["user_mf_embedding", "user_mlp_embedding"]
    assert stored["averaged_tables"] == names
    log = Path(result["run_folder"], "log").read_text()
    assert f"they have the mean of the other users' rows in {', '.join(names)}." in log
    found = evaluate(model, data.test, config)
    assert found.unseen == n_unseen
    table = (model.user_embedding if name == "BPR" else model.user_mlp_embedding).weight.detach()
    mean = table[torch.from_numpy(trained_users)].mean(dim=0)
    torch.testing.assert_close(table[torch.from_numpy(~trained_users)], mean.expand((~trained_users).sum(), -1))


def test_where_no_table_of_users_is_averaged_the_log_says_no_such_thing(shop):
    split = {"eval_args": {"split": {"GTS": {"valid": 0.05, "test": 0.1}}, "fewer": "allow", "mode": "uni9"}}
    result = run_recbole_lsrec("Pop", "shop", config_dict={**shop, **split, "state": "INFO"})
    stored = pd.read_json(f"{result['run_folder']}/result.json", typ="series")
    assert stored["unseen_users"]["test"] > 0
    assert stored["averaged_tables"] == []
    log = Path(result["run_folder"], "log").read_text()
    assert "Pop scores them as they are: it has no table of users" in log
    assert "the mean of the other users" not in log
