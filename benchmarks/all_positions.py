"""Training targets a second: every position at once against one window per target, as RecBole trains.

    python benchmarks/all_positions.py                       # a log of ml-1m's size
    python benchmarks/all_positions.py --parquet ml-1m.parquet --models NARM BERT4Rec

Both sides train the same model of the same size on the same targets, some batches each in turn, in CPU seconds of one
thread; making the batches counts. BERT4Rec's targets are the events under masks. The log drawn has ml-1m's numbers of
users, items and events and a skew like its own; its content does not matter for the speed.
"""

import argparse
import tempfile
import time
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from tabulate import tabulate

from recbole_lsrec.config import Config
from recbole_lsrec.quick_start import build_model
from recbole_lsrec.run_data import load_data, load_log

SIDES = {
    "last": {"train_positions": "last"},
    "all": {"train_positions": "all"},
    "all, sampled_softmax": {"train_positions": "all", "position_loss": "sampled_softmax"},
    "all, gbce": {"train_positions": "all", "position_loss": "gbce"},
}

N_CATEGORIES = 18  # as ml-1m has genres; what is in them does not matter for the speed
OF_BOTH = {"BERT4Rec": {"ft_ratio": 0.0}}  # masks alone; sequences with one at their end are as dear on either side


def drawn_log(seed: int = 0) -> pd.DataFrame:
    """6,040 users, 3,706 items, about 1,000,209 events."""
    rng = np.random.default_rng(seed)
    activity = rng.lognormal(0.0, 1.0, 6040)
    count = np.maximum(20, (activity / activity.sum() * 1_000_209).astype(int))
    user = np.repeat(np.arange(6040), count)
    item = np.minimum(3705, (rng.random(len(user)) ** 2 * 3706).astype(int))
    return pd.DataFrame({"user_id": user, "item_id": item, "timestamp": 1_500_000_000 + np.arange(len(user))})


class Side:
    """A model in training, with the targets and the seconds so far."""

    def __init__(self, name: str, settings: dict[str, Any], log: Any) -> None:
        config = Config(name, "log", config_dict=settings)
        data = load_data(config, log)
        self.model = build_model(config, data).train()
        self.batches: Iterator[Any] = cycle(data.train)
        self.in_epoch = len(data.train)
        self.adam = torch.optim.Adam(self.model.parameters())
        self.targets, self.steps, self.seconds = 0, 0, 0.0

    def step(self, counts: bool) -> None:
        """Makes one batch and trains on it."""
        started = time.process_time()
        batch = next(self.batches)
        self.adam.zero_grad()
        self.model.calculate_loss(batch).backward()
        self.adam.step()
        if counts:
            self.seconds += time.process_time() - started
            self.steps += 1
            self.targets += targets_in(batch)


def targets_in(batch: Any) -> int:
    """How many events the loss of a batch asks for."""
    for places in ("next_item_id_list", "MASK_INDEX"):
        if places in batch.interaction:
            return int((batch[places] > 0).sum())
    return len(batch)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parquet", help="a log with user_id, item_id, timestamp")
    parser.add_argument(
        "--models", nargs="+", default=["SASRec", "GRU4Rec", "NARM", "BERT4Rec"], help="SASRecF and GRU4RecF too"
    )
    parser.add_argument("--length", type=int, default=50)
    parser.add_argument("--batches", type=int, default=5, help="measured, of each side")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    events = drawn_log() if arguments.parquet is None else pd.read_parquet(arguments.parquet)
    with tempfile.TemporaryDirectory() as folder:
        settings = {
            "data_path": folder,
            "load_col": {"inter": ["user_id", "item_id", "timestamp", "category_id"]},
            "CATEGORY_FIELD": "category_id",
            "MAX_ITEM_LIST_LENGTH": arguments.length,
            "train_batch_size": 2048,
            "eval_args": {"mode": "full"},
            "state": "ERROR",
        }
        (Path(folder) / "log").mkdir()
        columns = events[["user_id", "item_id", "timestamp"]].assign(category_id=events["item_id"] % N_CATEGORIES)
        columns.columns = ["user_id:token", "item_id:token", "timestamp:float", "category_id:token"]
        columns.to_csv(Path(folder) / "log" / "log.inter", sep="\t", index=False)
        rows = []
        for name in arguments.models:
            log = load_log(Config(name, "log", config_dict=settings))
            sides = {
                side: Side(name, {**settings, **OF_BOTH.get(name, {}), **more}, log) for side, more in SIDES.items()
            }
            torch.autograd.set_detect_anomaly(False)  # importing RecBole's models turns it on; our trainer turns it off
            for batch in range(arguments.batches + 1):  # the first is to warm up
                for side in sides.values():
                    side.step(counts=batch > 0)
            last = sides["last"].targets / sides["last"].seconds
            for side, of in sides.items():
                speed, epoch = of.targets / of.seconds, of.seconds / of.steps * of.in_epoch
                rows.append([name, side, f"{speed:,.0f}", f"{epoch:,.0f}", f"{speed / last:.1f}"])
        print(f"{len(log.user):,} events, {log.item_num - 1:,} items, length {arguments.length}, one thread, CPU time")
        print(tabulate(rows, ["model", "train_positions", "targets/s", "s an epoch", "x last"], disable_numparse=True))


if __name__ == "__main__":
    main()
