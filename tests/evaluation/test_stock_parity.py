"""RecBole's own models after some training: the same full-ranking metrics here as in stock RecBole, on a real log."""

import numpy as np
import pandas as pd
import pytest
from recbole.data import data_preparation
from recbole.trainer import Trainer as StockTrainer

from recbole_lsrec.config import Config
from recbole_lsrec.quick_start import build_model, load_data
from recbole_lsrec.trainer import Trainer
from tests.real_data import REAL_DATA, needs_real_data
from tests.stock_recbole import StockConfig, StockDataset

# Small, so that 200 steps take seconds; both sides read them.
SMALL = {
    "SASRec": {"hidden_size": 32, "inner_size": 64, "n_layers": 1, "loss_type": "BPR"},
    "GRU4Rec": {"embedding_size": 32, "hidden_size": 32, "loss_type": "CE"},
    "BERT4Rec": {"hidden_size": 32, "inner_size": 64, "n_layers": 1},
}


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    """The 5-core of a real log, its times replaced by order numbers, which stock RecBole's float32 keeps apart."""
    root = tmp_path_factory.mktemp("parity")
    log = pd.read_parquet(f"{REAL_DATA}/retailrocket_sslrec.parquet")[["user_id", "item_id", "timestamp"]]
    order = np.argsort(log["timestamp"].to_numpy(), kind="stable")
    log["timestamp"] = np.argsort(order, kind="stable")
    log.columns = ["user_id:token", "item_id:token", "timestamp:float"]
    (root / "ordered").mkdir()
    log.to_csv(root / "ordered" / "ordered.inter", sep="\t", index=False)
    return {
        "data_path": str(root),
        "load_col": {"inter": ["user_id", "item_id", "timestamp"]},
        "timestamp_unit": "s",
        "user_inter_num_interval": "[5,inf)",
        "item_inter_num_interval": "[5,inf)",
        "MAX_ITEM_LIST_LENGTH": 20,
        "eval_args": {"split": {"LS": "valid_and_test"}, "order": "TO", "group_by": "user", "mode": "full"},
        "metrics": ["Hit", "NDCG", "MRR", "Precision", "Recall", "MAP", "GAUC"],
        "topk": [1, 5, 10, 20],
        "valid_metric": "MRR@10",
        "metric_decimal_place": 10,
        "train_batch_size": 32,
        "show_progress": False,
        "state": "ERROR",
    }


@needs_real_data
@pytest.mark.slow  # 200 training steps of each model, and stock RecBole's window by window copy of the log
@pytest.mark.parametrize("name", list(SMALL))
def test_trained_models_have_the_same_metrics_here_and_in_stock(name, settings, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    settings = {**settings, **SMALL[name]}
    if SMALL[name].get("loss_type") != "BPR":
        settings["train_neg_sample_args"] = None
    config = Config(name, "ordered", config_dict={**settings, "train_steps": 200, "run_dir": str(tmp_path / "runs")})
    data = load_data(config)
    model = build_model(config, data)
    trainer = Trainer(config, model, tmp_path / "run")
    untrained = trainer.evaluate(data.test, load_best_model=False)
    trainer.fit(data.train, saved=False, verbose=False)
    ours = trainer.evaluate(data.test, load_best_model=False)
    assert ours["ndcg@10"] > untrained["ndcg@10"]  # it has learnt

    stock = StockConfig(name, "ordered", config_dict={**settings, "checkpoint_dir": str(tmp_path / "saved")})
    _, _, test_data = data_preparation(stock, StockDataset(stock))
    theirs = StockTrainer(stock, model).evaluate(test_data, load_best_model=False)
    assert len(theirs) == 6 * 4 + 1
    assert ours["gauc"] == pytest.approx(theirs.pop("gauc"), abs=1e-6)  # RecBole computes it in float32
    assert {key: ours[key] for key in theirs} == pytest.approx(dict(theirs), abs=1e-9)
