from collections import OrderedDict

import numpy as np
import pandas as pd
import pytest
import torch
from recbole.data import data_preparation
from recbole.model.sequential_recommender import DIN, GRU4Rec
from recbole.trainer import Trainer as StockTrainer
from recbole.utils import init_seed

from recbole_lsrec.config import Config
from recbole_lsrec.data.dataloader import EvalLoader
from recbole_lsrec.data.sampler import TimeThresholdSampler
from recbole_lsrec.errors import ConfigError, TrainingError
from recbole_lsrec.evaluation.evaluator import COLUMNS, Evaluation, evaluate
from recbole_lsrec.evaluation.outcome import Outcome, of_all_processes
from recbole_lsrec.evaluation.popularity import Correction
from recbole_lsrec.evaluation.retriever import Retriever
from recbole_lsrec.evaluation.scoring import predict_rows
from recbole_lsrec.run_data import dataset_class
from tests.stock_recbole import StockConfig, StockDataset


@pytest.fixture(scope="module")
def small_log(tmp_path_factory):
    rng = np.random.default_rng(3)
    n = 600
    frame = pd.DataFrame(
        {
            "user_id:token": rng.integers(0, 40, n),
            "item_id:token": np.minimum(rng.geometric(0.05, n), 60),
            "timestamp:float": rng.permutation(n) * 100,
        }
    )
    root = tmp_path_factory.mktemp("data")
    (root / "log").mkdir()
    frame.to_csv(root / "log" / "log.inter", sep="\t", index=False)
    return {
        "data_path": str(root),
        "run_dir": str(root / "runs"),
        "load_col": {"inter": ["user_id", "item_id", "timestamp"]},
        "timestamp_unit": "s",
        "MAX_ITEM_LIST_LENGTH": 10,
        "metrics": ["Hit", "NDCG", "MRR", "Precision", "Recall"],
        "topk": [1, 5, 10],
        "show_progress": False,
    }


def loader_of_test(config):
    log = dataset_class(config)(config)
    _, _, test = log.build()
    sampler = TimeThresholdSampler(log.user, log.item, log.time, log.session, log.training_events(), log.item_num)
    return EvalLoader(config, test, "test", sampler)


def make(settings, model_class=GRU4Rec, **more):
    config = Config(model_class.__name__, "log", config_dict={**settings, **more})
    loader = loader_of_test(config)
    init_seed(1, True)
    return config, loader, model_class(config, loader.dataset).to(config["device"])


def test_full_ranking_equals_recboles_own(small_log, tmp_path):
    config, loader, model = make(small_log, train_neg_sample_args=None, eval_args={"mode": "full"})
    ours = evaluate(model, loader, config).metrics
    stock = {**small_log, "train_neg_sample_args": None, "checkpoint_dir": str(tmp_path), "valid_metric": "NDCG@10"}
    stock["eval_args"] = {"split": {"LS": "valid_and_test"}, "order": "TO", "group_by": "user", "mode": "full"}
    stock_config = StockConfig("GRU4Rec", "log", config_dict=stock)
    dataset = StockDataset(stock_config)
    _, _, test_data = data_preparation(stock_config, dataset)
    theirs = StockTrainer(stock_config, model).evaluate(test_data, load_best_model=False)
    assert {key: ours[key] for key in theirs} == pytest.approx(dict(theirs), abs=1.01e-4)


def test_several_protocols_in_one_pass_equal_each_alone(small_log):
    args = {"train_neg_sample_args": None}
    config, loader, model = make(small_log, **args, eval_args={"mode": ["uni9", "pop5", "full"]})
    together = evaluate(model, loader, config)
    for name in ("uni9", "pop5", "full"):
        config, loader, model = make(small_log, **args, eval_args={"mode": name})
        alone = evaluate(model, loader, config)
        mine = together.instances[together.instances["protocol"] == name].reset_index(drop=True)
        pd.testing.assert_frame_equal(mine, alone.instances)
        prefix = "" if name == "uni9" else f"{name}/"
        assert {key: together.metrics[prefix + key] for key in alone.metrics} == dict(alone.metrics)


def test_ranks_and_scores_agree(small_log):
    config, loader, model = make(small_log, train_neg_sample_args=None, eval_args={"mode": ["pop9", "full"]})
    found = evaluate(model, loader, config)
    scores = found.scores["pop9"]
    ranks = found.instances.query("protocol == 'pop9'")["rank"].to_numpy()
    assert scores.dtype == np.float32
    assert scores.shape == (len(loader.dataset), 10)
    assert (1 + (scores[:, 1:] > scores[:, :1]).sum(1) == ranks).all()
    assert list(found.instances.columns) == COLUMNS


def test_ranks_are_of_the_scores_that_are_kept(small_log, monkeypatch):
    """Two scores of float64 that float32 cannot tell apart are a tie."""

    def precise(self, interaction):
        item = torch.arange(self.n_items, dtype=torch.float64)
        return (1 + item * 1e-12).expand(len(interaction), -1)

    monkeypatch.setattr(GRU4Rec, "full_sort_predict", precise)
    config, loader, model = make(small_log, train_neg_sample_args=None, eval_args={"mode": ["pop9", "full"]})
    found = evaluate(model, loader, config)
    n_items = loader.dataset.item_num - 1
    assert (found.outcomes["pop9"].ties == 9).all()
    assert (found.outcomes["full"].ties == n_items - 1).all()


def test_batch_size_changes_nothing(small_log):
    results = []
    for size in (7, 4096):
        config, loader, model = make(
            small_log, train_neg_sample_args=None, eval_batch_size=size, eval_args={"mode": ["uni9", "full"]}
        )
        results.append(evaluate(model, loader, config).metrics)
    assert results[0] == results[1]


def test_a_model_without_full_sort_is_scored_in_chunks(small_log):
    config, loader, model = make(small_log, DIN, eval_args={"mode": ["uni9", "full"]}, eval_memory_mb=1)
    model.eval()
    rows, interaction = next(iter(loader))
    items = torch.arange(1, loader.dataset.item_num).expand(len(rows), -1)
    chunked = predict_rows(model, interaction, items, loader.dataset, memory_mb=1)
    for column in (0, 17, loader.dataset.item_num - 2):
        interaction["item_id"] = items[:, column]
        assert torch.allclose(chunked[:, column], model.predict(interaction), atol=1e-6)
    found = evaluate(model, loader, config)
    assert found.metrics["full/meanrank"] > found.metrics["meanrank"]


def test_in_two_stages_a_target_is_ranked_by_its_estimate_as_every_item_is(small_log, monkeypatch):
    class AllEqual:
        def scores(self, exact, n):
            return torch.zeros(n, loader.dataset.item_num)

    config, loader, model = make(small_log, DIN, eval_args={"mode": ["uni9", "full"]})
    monkeypatch.setattr("recbole_lsrec.evaluation.evaluator.make_retriever", lambda *_: Retriever(AllEqual(), 0.0))
    full = evaluate(model, loader, config).outcomes["full"]
    assert (full.ties == full.n_negatives).all()


def test_nan_scores_are_refused(small_log):
    config, loader, model = make(small_log, train_neg_sample_args=None, eval_args={"mode": "uni9"})
    with torch.no_grad():
        model.item_embedding.weight.fill_(float("nan"))
    with pytest.raises(TrainingError, match=r"^GRU4Rec scored 40 instances of a batch with NaN"):
        evaluate(model, loader, config)


@pytest.mark.parametrize("padding", [float("nan"), -float("inf")])
def test_what_the_padding_item_scores_is_nothing(small_log, monkeypatch, padding):
    config, loader, model = make(small_log, train_neg_sample_args=None, eval_args={"mode": ["uni9", "full"]})
    before, plain = evaluate(model, loader, config), GRU4Rec.full_sort_predict

    def cosines(self, interaction):
        scores = plain(self, interaction).clone()
        scores[:, 0] = padding
        return scores

    monkeypatch.setattr(GRU4Rec, "full_sort_predict", cosines)
    assert evaluate(model, loader, config).metrics == before.metrics


@pytest.mark.parametrize("protocol", ["uni9", "full"])
def test_scores_of_other_than_all_items_are_refused(small_log, monkeypatch, protocol):
    config, loader, model = make(small_log, train_neg_sample_args=None, eval_args={"mode": protocol})
    n = loader.dataset.item_num
    monkeypatch.setattr(GRU4Rec, "full_sort_predict", lambda self, batch: torch.ones(len(batch), n + 3))
    with pytest.raises(
        ConfigError,
        match=rf"^GRU4Rec: full_sort_predict gave \[40, {n + 3}\] for 40 histories; accepted: .* the {n} item",
    ):
        evaluate(model, loader, config)


def test_ties_are_counted_and_a_constant_model_is_at_chance(small_log):
    config, loader, model = make(
        small_log,
        train_neg_sample_args=None,
        eval_args={"mode": ["uni9", "full"]},
        metrics=["NDCG", "AUC", "GAUC"],
        topk=[10],
    )
    with torch.no_grad():
        model.item_embedding.weight.zero_()
    found = evaluate(model, loader, config)
    assert found.metrics["auc"] == found.metrics["gauc"] == found.metrics["full/gauc"] == 0.5
    uniform = found.instances.query("protocol == 'uni9'")
    assert (uniform["rank"] == 5.5).all()
    assert (uniform["ties"] == 9).all()


def test_short_candidate_lists_rank_among_what_there_is(small_log):
    config, loader, model = make(
        small_log,
        train_neg_sample_args=None,
        eval_args={"mode": "uni55", "fewer": "allow"},
        metrics=["NDCG", "AUC"],
        topk=[10],
    )
    found = evaluate(model, loader, config)
    gaps = (loader.candidates["uni55"] == 0).sum(axis=1)
    assert gaps.any()
    assert (found.instances["n_candidates"] == 56 - gaps).all()
    assert (np.isnan(found.scores["uni55"]).sum(axis=1) == gaps).all()
    assert 0 < found.metrics["auc"] < 1


def test_what_is_known_of_instances(load):
    rows = [
        ("a", "x", 0, "red", "view"),
        ("a", "y", 100, "blue", "view"),
        ("a", "x", 5000, "red", "cart"),
        ("a", "y", 5010, "blue", "view"),
        ("a", "z", 5060, "red", "purchase"),
        ("b", "y", 10, "blue", "view"),
        ("b", "x", 2000, "red", "view"),
        ("b", "y", 2010, "blue", "view"),
    ]
    header = "user_id:token\titem_id:token\ttimestamp:float\tcat:token\tevent_type:token"
    log = load(rows, header=header, CATEGORY_FIELD="cat", session_threshold=1800)
    log.build()
    from recbole_lsrec.evaluation.instances import describe_instances

    known = describe_instances(log, np.array([2, 4, 6, 7])).to_dict("list")
    assert known == {
        "row": [2, 4, 6, 7],
        "user_id": ["a", "a", "b", "b"],
        "item_id": ["x", "z", "x", "y"],
        "timestamp": [5000, 5060, 2000, 2010],
        "history_length": [2, 4, 1, 2],
        "n_sessions": [1, 2, 1, 2],
        "session_length": [2, 2, 1, 1],
        "gap_s": [4900, 50, 1990, 10],
        "in_history": [True, False, False, True],
        # Of a, x is red as in its first session, z as x of the current one; of b, y is blue as nothing of the current one.
        "same_category": [True, True, False, False],
        "event_type": ["cart", "purchase", "view", "view"],
        "item_pop_third": ["high", "low", "high", "middle"],  # x three times, y twice, z never in training
        "item_events": [3, 0, 3, 2],
    }


def test_an_unknown_category_is_of_no_session_and_whether_it_is_the_same_is_missing(load):
    from recbole_lsrec.evaluation.instances import describe_instances

    rows = [("a", "x", 1, ""), ("a", "y", 2, "red"), ("a", "x", 3, "")]
    header = "user_id:token\titem_id:token\ttimestamp:float\tcat:token"
    log = load(rows, header=header, CATEGORY_FIELD="cat")
    log.build()
    same = describe_instances(log, np.array([1, 2]))["same_category"]
    assert (bool(same[0]), same.isna().tolist()) == (False, [False, True])


def test_an_unknown_type_of_event_is_missing(load):
    rows = [("a", "x", 1, "view"), ("a", "y", 2, ""), ("a", "z", 3, "view")]
    log = load(rows, header="user_id:token\titem_id:token\ttimestamp:float\tevent_type:token")
    log.build()
    from recbole_lsrec.evaluation.instances import describe_instances

    assert describe_instances(log, np.array([1, 2]))["event_type"].fillna("?").tolist() == ["?", "view"]


def test_of_equally_popular_items_the_first_by_id_are_the_lower_third(load):
    from recbole_lsrec.evaluation.instances import popularity_third

    log = load([("a", f"i{n}", n) for n in range(60)] + [("a", "i7", 60 + n) for n in range(3)])
    log.build()
    of_i7 = log.field2token_id["item_id"]["i7"]
    third = popularity_third(log.training_counts())[1:].tolist()
    assert third.pop(of_i7 - 1) == 2  # twice in training, the others once
    assert third == [0] * 20 + [1] * 20 + [2] * 19


def test_events_without_a_type_or_category_have_none(load):
    from recbole_lsrec.evaluation.instances import describe_instances

    log = load([("a", "x", 0), ("a", "y", 100), ("a", "x", 5000)])
    log.build()
    known = describe_instances(log, np.array([2]))
    assert known["event_type"].tolist() == [None]
    assert known["same_category"].isna().tolist() == [True]


def test_a_process_without_instances_adds_nothing(monkeypatch):
    one = {"above": [np.array([1.0]), np.array([2.0])], "lists": [np.array([[7]])]}
    monkeypatch.setattr(
        "recbole_lsrec.evaluation.outcome.group.of_each", lambda parts: [parts, {}, {"above": [np.array([3.0])]}]
    )
    found = of_all_processes(one)
    assert {name: values.tolist() for name, values in found.items()} == {"above": [1, 2, 3], "lists": [[7]]}


def test_where_seen_items_are_left_out_they_are_of_corrected_ranks_too(small_log):
    """A lambda of 0 adds nothing, so both ranks are one."""
    given = {"train_neg_sample_args": None, "filter_seen": True, "eval_args": {"mode": ["uni9", "full"]}}
    config, loader, model = make(small_log, **given)
    found = evaluate(model, loader, config, correction=Correction((-1.0, 0.0), {"uni9": 0.0, "full": 0.0}))
    assert found.outcomes["full"].n_negatives.min() < 50 < loader.dataset.item_num
    for name, outcome in found.outcomes.items():
        assert found.corrected_ranks[name].tolist() == outcome.rank.tolist()


def test_a_single_competitor_with_the_score_of_the_target_is_a_tie():
    ties = np.array([0, 1, 2])
    outcome = Outcome(1 + ties / 2, ties, np.full(3, 9), None, None)
    assert Evaluation(OrderedDict(), {"uni9": outcome}, np.zeros(3), None).tied == {"uni9": 2}
