"""Several test events of one user, each with its own history: one instance each, where stock RecBole makes one of them."""

import numpy as np
import pandas as pd
import pytest
from recbole.data import data_preparation
from recbole.trainer import Trainer as StockTrainer

from recbole_lsrec.evaluation.evaluator import evaluate
from recbole_lsrec.evaluation.metrics import summarise
from tests.evaluation.test_evaluator import make, small_log  # noqa: F401
from tests.stock_recbole import StockConfig, StockDataset

SPLIT = {"split": {"RS": [0.6, 0.2, 0.2]}, "order": "TO", "group_by": "user"}


@pytest.fixture
def both(small_log, tmp_path):  # noqa: F811
    """The same log, split and weights here and in stock RecBole."""
    settings = {**small_log, "metrics": ["Hit", "MRR"], "topk": [20], "valid_metric": "MRR@20"}
    settings |= {"train_neg_sample_args": None, "eval_args": {**SPLIT, "mode": "uni20"}}
    config, loader, model = make(settings)
    stock_settings = {**settings, "checkpoint_dir": str(tmp_path)}
    stock_settings.pop("run_dir")
    stock_config = StockConfig("GRU4Rec", "log", config_dict=stock_settings)
    _, _, test_data = data_preparation(stock_config, StockDataset(stock_config))
    return config, loader, model, stock_config, test_data


def test_each_event_is_an_instance_with_its_own_history_and_candidates(both):
    config, loader, model, _, _ = both
    dataset = loader.dataset
    users, counts = np.unique(dataset.user[dataset.rows], return_counts=True)
    assert len(dataset.rows) > 2 * len(users)
    found = evaluate(model, loader, config)
    assert len(found.instances) == len(dataset.rows) == len(found.scores["uni20"])
    (several,) = np.flatnonzero(counts == counts.max())[:1]
    of_one = found.instances[dataset.user[dataset.rows] == users[several]]
    assert of_one["history_length"].is_unique
    lists = loader.candidates["uni20"][of_one.index]
    assert all(len(set(row.tolist())) == 20 for row in lists)
    assert not (lists == dataset.item[dataset.rows][of_one.index][:, None]).any()
    # Metrics are means over instances.
    alone = summarise(of_one["rank"].to_numpy(), np.full(len(of_one), 20), ["Hit"], [20])
    assert alone["mrr"] == pytest.approx((1 / of_one["rank"]).mean())


def test_stock_recbole_merges_them_into_one_ranking_per_user(both):
    """The statements of the test above, which stock RecBole does not keep."""
    _, loader, model, stock_config, test_data = both
    n_users = len(np.unique(loader.dataset.user[loader.dataset.rows]))
    trainer = StockTrainer(stock_config, model)
    trainer.evaluate(test_data, load_best_model=False)
    rankings, merged = 0, 0
    for _, row_idx, positive_u, positive_i in test_data:
        rankings += len(positive_u.unique())
        merged += int((pd.Series(positive_u.numpy()).value_counts() > 1).sum())
        assert len(positive_i) >= len(positive_u.unique())
        assert row_idx.max() == positive_u.max()
    assert rankings == n_users < len(loader.dataset.rows)
    assert merged > 0  # users whose histories, targets and negatives share one line of scores
