# %% [markdown]
"""
# Your own log: from a CSV of events to a trained model and a list for a new user

    python examples/own_log.py [events.csv]

The CSV has the columns user, item, time (unix seconds) and category. Without one, a random log stands in. For logs that
need care (dates, zones, damaged rows, public layouts) there is `recbole-lsrec prepare` (docs/prepare.md).
"""

# %%
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from recbole_lsrec import Recommender, run


def random_events(n: int = 1500) -> pd.DataFrame:
    """60 users who click on 80 items, the first of them most, over 40 days."""
    rng = np.random.default_rng(0)
    item = np.minimum(rng.geometric(0.06, n), 80)
    day, second = rng.integers(0, 40, n), rng.integers(0, 3600, n)
    user, time = rng.integers(0, 60, n), 1_580_000_000 + 86_400 * day + second
    return pd.DataFrame({"user": user, "item": item, "time": time, "category": item % 7})


# %% [markdown]
"""RecBole's atomic files, and what a model is told of them."""

# %%
# data/<name>/<name>.inter, tab-separated, each column with its type.
COLUMNS = {"user": "user_id:token", "item": "item_id:token", "time": "timestamp:float", "category": "category:token"}
SETTINGS = {
    "data_path": "data",
    "load_col": {"inter": ["user_id", "item_id", "timestamp", "category"]},
    "CATEGORY_FIELD": "category",
    "session_threshold": 1800,  # seconds: a longer pause begins a new session
    "MAX_ITEM_LIST_LENGTH": 20,  # the most recent events of a user that a model sees
    "eval_args": {"mode": {"valid": ["uni9"], "test": ["uni9", "full"]}},
    "train_batch_size": 128,
    "train_steps": 30,  # take it out to train until validation stops getting better
    "show_progress": False,
    "state": "WARNING",
}


def write_log(events: pd.DataFrame) -> None:
    """Writes the data set ``my_shop`` into the folder ``data``."""
    folder = Path("data/my_shop")
    folder.mkdir(parents=True, exist_ok=True)
    events.rename(columns=COLUMNS)[list(COLUMNS.values())].to_csv(folder / "my_shop.inter", sep="\t", index=False)


# %% [markdown]
"""A run, and what it recommends to somebody who is not in the log."""


# %%
def main() -> None:
    csv = [word for word in sys.argv[1:] if word.endswith(".csv")]
    events = pd.read_csv(csv[0]) if csv else random_events()
    write_log(events)
    result = run("SLSRec", "my_shop", config_dict=SETTINGS)
    print("ndcg@10 among all items:", result["test_result"]["full/ndcg@10"])

    recommender = Recommender.load(result["run_folder"])
    history = [(events["item"].iloc[0], 1_590_000_000), (events["item"].iloc[1], 1_590_000_060)]
    print(recommender.recommend(history, k=5)[["rank", "item", "score", "alpha"]].to_string(index=False))


if __name__ == "__main__":
    main()
