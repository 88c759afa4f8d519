"""A small shop's log, for runs from end to end in seconds."""

import numpy as np
import pandas as pd
import pytest


@pytest.fixture
def shop(tmp_path, monkeypatch):
    """Settings for a small log with categories, and an empty working directory."""
    rng = np.random.default_rng(5)
    n = 1500
    item = np.minimum(rng.geometric(0.06, n), 80)
    frame = pd.DataFrame(
        {
            "user_id:token": rng.integers(0, 60, n),
            "item_id:token": item,
            "timestamp:float": 1_580_000_000 + rng.integers(0, 40, n) * 86_400 + rng.integers(0, 3600, n),
            "category_id:token": item % 7,
        }
    )
    (tmp_path / "data" / "shop").mkdir(parents=True)
    frame.to_csv(tmp_path / "data" / "shop" / "shop.inter", sep="\t", index=False)
    monkeypatch.chdir(tmp_path)
    return {
        "data_path": str(tmp_path / "data"),
        "load_col": {"inter": ["user_id", "item_id", "timestamp", "category_id"]},
        "CATEGORY_FIELD": "category_id",
        "MAX_ITEM_LIST_LENGTH": 12,
        "eval_args": {"mode": ["uni9", "full"]},
        "train_batch_size": 128,
        "epochs": 2,
        "show_progress": False,
        "state": "ERROR",
    }
