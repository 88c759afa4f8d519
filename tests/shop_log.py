"""The events of a small shop."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd


def shop_events() -> pd.DataFrame:
    """1,500 events of 60 users on 71 items of 7 categories, views and purchases, as the columns of an ``.inter`` file."""
    rng = np.random.default_rng(5)
    n = 1500
    item = np.minimum(rng.geometric(0.06, n), 80)
    return pd.DataFrame(
        {
            "user_id:token": rng.integers(0, 60, n),
            "item_id:token": item,
            "timestamp:float": 1_580_000_000 + rng.integers(0, 40, n) * 86_400 + rng.integers(0, 3600, n),
            "category_id:token": item % 7,
            "event_type:token": np.where(rng.random(n) < 0.3, "purchase", "view"),
        }
    )


def shop_settings(folder: Path) -> dict[str, Any]:
    """Writes the log, without the kinds of events, to a folder, and returns the settings that read it."""
    (folder / "data" / "shop").mkdir(parents=True)
    events = shop_events().drop(columns="event_type:token")
    events.to_csv(folder / "data" / "shop" / "shop.inter", sep="\t", index=False)
    return {
        "data_path": str(folder / "data"),
        "load_col": {"inter": ["user_id", "item_id", "timestamp", "category_id"]},
        "CATEGORY_FIELD": "category_id",
        "MAX_ITEM_LIST_LENGTH": 12,
        "show_progress": False,
    }
