"""The pipeline on real input: ml-100k, which ships with RecBole, and real logs where they are at hand."""

import json
from pathlib import Path

import numpy as np
import pytest

from recbole_lsrec.config import Config
from recbole_lsrec.data.dataset import SessionDataset
from recbole_lsrec.evaluation.metrics import ndcg
from recbole_lsrec.quick_start import run_recbole_lsrec
from tests.real_data import atomic_from_parquet, needs_real_data

QUIET = {"show_progress": False, "state": "ERROR"}
MODELS = ["SASRec", "BERT4Rec", "GRU4Rec", "SLSRec"]
SAMPLED = {"eval_args": {"mode": {"valid": ["uni20"], "test": ["uni20"]}}}  # CLSR asks each event of each candidate


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("model", MODELS)
def test_200_steps_on_ml_100k(model):
    settings = {**QUIET, "train_steps": 200, "train_batch_size": 64, "epochs": 1}
    result = run_recbole_lsrec(model, "ml-100k", config_dict=settings)
    assert result["test_result"]["auc"] > 0.52
    assert result["test_result"]["full/gauc"] > 0.6
    stored = json.loads((Path(result["run_folder"]) / "result.json").read_text())
    assert len(stored["history"]) == 1


@pytest.mark.parametrize("model", ["CLSR", "SLiRec"])
def test_30_steps_of_the_candidate_dependent_models_on_ml_100k(model):
    settings = {**QUIET, **SAMPLED, "train_steps": 30, "train_batch_size": 64}
    result = run_recbole_lsrec(model, "ml-100k", config_dict=settings)
    assert result["test_result"]["auc"] > 0.5


def popularity_ndcg_at_10() -> float:
    """NDCG@10 over all items of ranking by number of training events."""
    log = SessionDataset(Config("GRU4Rec", "ml-100k"))
    _, _, test = log.build()
    counts = np.bincount(log.item[log.training_events()], minlength=log.item_num)[1:]
    target = counts[log.item[test.rows] - 1]
    above = (counts > target[:, None]).sum(1)
    tied = (counts == target[:, None]).sum(1) - 1
    return float(ndcg(1 + above + tied / 2, 10).mean())


@pytest.mark.slow
@pytest.mark.parametrize("model", MODELS)
def test_a_full_epoch_on_ml_100k(model):
    result = run_recbole_lsrec(model, "ml-100k", config_dict={**QUIET, "epochs": 1})
    assert result["test_result"]["auc"] > 0.5


@pytest.mark.slow
def test_slsrec_beats_popularity_on_ml_100k():
    result = run_recbole_lsrec("SLSRec", "ml-100k", config_dict={**QUIET, "epochs": 10, "eval_args": {"mode": "full"}})
    assert result["test_result"]["ndcg@10"] > 1.5 * popularity_ndcg_at_10()


def test_the_simulated_log_says_so_everywhere(caplog):
    settings = {**QUIET, "state": "WARNING", "train_steps": 2, "eval_args": {"mode": "uni9"}}
    result = run_recbole_lsrec("SLSRec", "cosmetics", config_dict=settings)
    assert "SIMULATED" in caplog.text.upper()
    stored = json.loads((Path(result["run_folder"]) / "result.json").read_text())
    assert "simulated" in stored["simulated"].lower()


@needs_real_data
@pytest.mark.parametrize("name", ["retailrocket_sslrec", "taobao_fav_khgt"])
def test_real_logs(tmp_path, name):
    settings = atomic_from_parquet(
        name, tmp_path, **QUIET, train_steps=30, item_inter_num_interval="[5,inf)", user_inter_num_interval="[5,inf)"
    )
    result = run_recbole_lsrec("SLSRec", name, config_dict=settings)
    stored = json.loads((Path(result["run_folder"]) / "result.json").read_text())
    assert stored["simulated"] is False
    assert any(entry["rows"] > 0 for entry in stored["filters"])
    assert 0 < result["test_result"]["full/ndcg@10"] < 1


@needs_real_data
@pytest.mark.parametrize("model", ["CLSR", "SLiRec"])
@pytest.mark.parametrize("name", ["retailrocket_sslrec", "taobao_fav_khgt"])
def test_candidate_dependent_models_on_real_logs(tmp_path, name, model):
    """RetailRocket comes without categories: there items are embedded without, over the whole width."""
    settings = atomic_from_parquet(
        name, tmp_path, **QUIET, train_steps=5, item_inter_num_interval="[5,inf)", user_inter_num_interval="[5,inf)"
    )
    settings["eval_args"] = {**settings["eval_args"], **SAMPLED["eval_args"]}
    result = run_recbole_lsrec(model, name, config_dict=settings)
    assert 0 < result["test_result"]["ndcg@10"] < 1
