"""DiffLSRec learns, through the whole chain and on one step."""

from typing import Any

import numpy as np
import pytest

from recbole_lsrec.config import Config
from recbole_lsrec.evaluation.metrics import ndcg
from recbole_lsrec.quick_start import run_recbole_lsrec
from recbole_lsrec.run_data import load_data


def popularity_ndcg_at_10(config: Config) -> float:
    """NDCG@10 of ranking all items by their number of training events."""
    data = load_data(config)
    log = data.dataset
    counts = np.bincount(log.item[log.training_events()], minlength=log.item_num)[1:]
    assert data.test is not None
    target = counts[log.item[data.test.dataset.rows] - 1][:, None]
    rank = 1 + (counts > target).sum(1) + ((counts == target).sum(1) - 1) / 2
    return float(ndcg(rank, 10).mean())


@pytest.mark.slow  # half a minute each
@pytest.mark.parametrize("dataset", ["ml-100k", "cosmetics"])
@pytest.mark.parametrize("training", ["chain", "one_step"])
def test_500_steps_beat_popularity(tmp_path: Any, monkeypatch: pytest.MonkeyPatch, dataset: str, training: str) -> None:
    monkeypatch.chdir(tmp_path)
    settings = {
        "training": training,
        "train_steps": 500,
        "train_batch_size": 128,
        "embedding_size": 32,
        "learning_rate": 3e-3,
        "MAX_ITEM_LIST_LENGTH": 20,
        "eval_args": {"mode": "full"},
        "metrics": ["NDCG"],
        "topk": [10],
        "show_progress": False,
        "state": "ERROR",
    }
    result = run_recbole_lsrec("DiffLSRec", dataset, config_dict=settings)
    assert result["test_result"]["ndcg@10"] > 1.2 * popularity_ndcg_at_10(
        Config("DiffLSRec", dataset, config_dict=settings)
    )
