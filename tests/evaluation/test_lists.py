"""Metrics of the recommended lists: RecBole's own numbers, and the lists they are computed from."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from recbole.evaluator.collector import DataStruct
from recbole.evaluator.metrics import AveragePopularity, GiniIndex, ItemCoverage, ShannonEntropy, TailPercentage

from recbole_lsrec.evaluation.evaluator import _long_enough, evaluate
from recbole_lsrec.evaluation.lists import list_metrics
from recbole_lsrec.evaluation.outcome import Collector
from tests.evaluation.test_evaluator import make, small_log  # noqa: F401

NAMES = ["ItemCoverage", "GiniIndex", "AveragePopularity", "TailPercentage", "ShannonEntropy"]


@pytest.mark.parametrize("tail_ratio", [None, 0.3, 2])
def test_the_numbers_of_recboles_own_classes(tail_ratio):
    rng = np.random.default_rng(2)
    items = np.argsort(rng.random((50, 30)), axis=1)[:, :10] + 1
    popularity = rng.integers(0, 9, 31)
    popularity[0] = 0
    settings = {"metrics": NAMES, "topk": [1, 5, 10], "tail_ratio": tail_ratio, "metric_decimal_place": 6}
    known = DataStruct()
    known.set("rec.items", torch.from_numpy(items))
    known.set("data.num_items", 31)
    known.set("data.count_items", {i: int(n) for i, n in enumerate(popularity) if n})
    theirs = {}
    for metric in (ItemCoverage, GiniIndex, AveragePopularity, TailPercentage, ShannonEntropy):
        theirs |= metric(settings).calculate_metric(known)
    assert list_metrics(settings, items, popularity) == pytest.approx(theirs)


def test_a_hand_case():
    settings = {"metrics": NAMES, "topk": [2], "tail_ratio": None, "metric_decimal_place": 6}
    found = list_metrics(settings, np.array([[1, 2], [1, 3]]), np.array([0, 8, 1, 3, 0]))
    assert found == pytest.approx(
        {
            "itemcoverage@2": 3 / 5,  # RecBole counts the padding among the items
            "giniindex@2": (0 * 1 + 2 * 1 + 4 * 2) / 4 / 5,
            "averagepopularity@2": (8 + 1 + 8 + 3) / 4,
            "tailpercentage@2": 1 / 4,  # the rarest of three items, item 2, is the tail
            "shannonentropy@2": -(0.5 * np.log(0.5) + 2 * 0.25 * np.log(0.25)) / 3,
        },
        abs=1e-6,
    )


def test_the_best_items_of_sampled_lists_and_of_all():
    collector = Collector(2)
    rivals = torch.tensor([[0.9, float("nan"), 0.1], [0.2, 0.3, 0.4]])
    items = torch.tensor([[4, 0, 6], [7, 8, 9]], dtype=torch.int32)
    collector.add_lists(torch.tensor([1, 2]), torch.tensor([[0.5], [0.35]]), items, rivals)
    found = collector.outcome("average")
    assert found.lists.tolist() == [[4, 1], [9, 2]]
    assert (found.rank.tolist(), found.n_negatives.tolist()) == ([2, 2], [2, 3])
    full = Collector(3)
    scores = torch.tensor([[9.0, 0.5, 0.9, 0.1], [9.0, 0.5, 0.9, 0.1]])
    seen = torch.tensor([[False, False, True, False], [False, False, False, False]])
    full.add_full(torch.tensor([1, 1]), scores[:, 1:2], scores, seen)
    found = full.outcome("average")
    assert found.lists.tolist() == [[1, 3, 0], [2, 1, 3]]
    assert (found.rank.tolist(), found.n_negatives.tolist()) == ([1, 2], [1, 2])


def test_all_metrics_in_one_pass(small_log):  # noqa: F811
    settings = {"train_neg_sample_args": None, "metrics": ["NDCG", *NAMES], "topk": [5, 10]}
    config, loader, model = make(
        small_log, **settings, eval_args={"mode": ["uni20", "full"]}, valid_metric="full/GiniIndex@10"
    )
    assert config["valid_metric_bigger"] is False
    found = evaluate(model, loader, config).metrics
    assert all(f"{prefix}{name.lower()}@{k}" in found for prefix in ("", "full/") for name in NAMES for k in (5, 10))
    assert found["full/itemcoverage@5"] <= found["full/itemcoverage@10"]


def test_lists_shorter_than_the_cut_off_are_said(small_log, caplog):  # noqa: F811
    settings = {"train_neg_sample_args": None, "metrics": ["NDCG", "ItemCoverage"], "topk": [10]}
    config, loader, model = make(small_log, **settings, eval_args={"mode": ["uni5", "full"]})
    found = evaluate(model, loader, config).metrics
    assert "itemcoverage@10" not in found
    assert "full/itemcoverage@10" in found
    assert "test, uni5: some lists hold 6 items, topk asks for 10" in caplog.text


@pytest.mark.parametrize(("second", "enough"), [([4, 5, 6], True), ([4, 5, 0], False)])
def test_every_list_must_reach_the_largest_cut_off(second, enough):
    said = []
    loader = SimpleNamespace(phase="test", dataset=SimpleNamespace(logger=SimpleNamespace(warning=said.append)))
    assert _long_enough("uni2", np.array([[1, 2, 3], second]), {"topk": [1, 3]}, loader) is enough
    assert len(said) == (not enough)
