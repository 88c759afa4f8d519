"""Users per second with the k best of all items, from raw tokens, against RecBole's ``full_sort_topk`` of the same model.

    python benchmarks/recommend.py --models SASRec SLSRec --users 1000 --clock cpu

Three ways for the same users:

* ours: a frame of user, item and timestamp in, original ids out, whoever the users are.
* RecBole, test users: their numbers, ``full_sort_topk`` on its test loader, original ids; it knows no other users, and no
  other histories than the ones it was trained beside.
* RecBole, given histories: what it takes to answer others: their events as an atomic file, its data set and loaders, then
  the same. (Its numbers of items would be others than the model's; only the time is of interest here.)
"""

import argparse
import copy
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from recbole.data import data_preparation
from recbole.data.dataloader.general_dataloader import FullSortEvalDataLoader
from recbole.utils.case_study import full_sort_topk
from tabulate import tabulate

from benchmarks.stock_recbole import CLOCKS, seconds
from recbole_lsrec.quick_start import load_run, run_recbole_lsrec
from recbole_lsrec.recommend import Recommender
from tests.stock_recbole import StockConfig, StockDataset

K = 20


def measure(model: str, given: argparse.Namespace, folder: Path) -> list[object]:
    """A row of the table."""
    settings = {"run_dir": str(folder), "train_steps": 5, "eval_args": {"mode": ["uni9"]}, "state": "ERROR"}
    run = run_recbole_lsrec(model, given.dataset, config_dict=settings)["run_folder"]
    config, data, trained = load_run(run)
    dataset = data.test.dataset
    rows = dataset.rows[: given.users]
    users, items = dataset.field2id_token[dataset.uid_field], dataset.field2id_token[dataset.iid_field]
    before = np.concatenate([np.arange(dataset.start[dataset.user[row]], row) for row in rows])
    histories = pd.DataFrame(
        {"user": users[dataset.user[before]], "item": items[dataset.item[before]], "timestamp": dataset.time[before]}
    )
    recommender = Recommender.load(run)
    tokens = users[dataset.user[rows]]

    stock = copy.copy(config)
    stock.final_config_dict = {**config.final_config_dict, "metrics": ["Hit"], "eval_neg_sample_args": None}
    loader = FullSortEvalDataLoader(stock, dataset.view(rows), None)

    def of_test_users() -> np.ndarray:
        ids = dataset.token2id(dataset.uid_field, list(tokens))
        _, best = full_sort_topk(ids, trained, loader, K)
        return dataset.id2token(dataset.iid_field, best.numpy())

    def of_histories() -> None:
        fresh = _stock_loader(histories, folder)
        full_sort_topk(np.arange(1, fresh.dataset.user_num), trained, loader, K)

    theirs = pd.DataFrame({"user": tokens}).merge(recommender.recommend(histories, K), on="user", how="left")
    same = (theirs["item"].to_numpy().reshape(len(rows), K) == of_test_users()).mean()
    times = [
        seconds(call, given.clock, given.repeats)
        for call in (lambda: recommender.recommend(histories, K), of_test_users, of_histories)
    ]
    rates = [len(rows) / time for time in times]
    return [model, *(f"{rate:.0f}" for rate in rates), *(f"{times[n] / times[0]:.2f}" for n in (1, 2)), f"{same:.1%}"]


def _stock_loader(histories: pd.DataFrame, folder: Path) -> FullSortEvalDataLoader:
    """RecBole's data set and test loader of histories as its files have them."""
    data = folder / "given"
    data.mkdir(exist_ok=True)
    named = histories.set_axis(["user_id:token", "item_id:token", "timestamp:float"], axis=1)
    named.to_csv(data / "given.inter", sep="\t", index=False)
    settings = {
        "data_path": str(folder),
        "load_col": {"inter": ["user_id", "item_id", "timestamp"]},
        "train_neg_sample_args": None,
        "eval_args": {"split": {"LS": "valid_and_test"}, "order": "TO", "mode": "full"},
        "use_gpu": False,
    }
    config = StockConfig(model="SASRec", dataset="given", config_dict=settings)
    return data_preparation(config, StockDataset(config))[2]


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="+", default=["SASRec", "SLSRec"])
    parser.add_argument("--dataset", default="cosmetics")
    parser.add_argument("--users", type=int, default=1000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--clock", choices=list(CLOCKS), default="wall")
    given = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        rows = [measure(model, given, Path(folder)) for model in given.models]
    header = ["model", "users/s", "RecBole, test users", "RecBole, given histories", "ratio", "ratio", "same items"]
    print(tabulate(rows, header, disable_numparse=True))


if __name__ == "__main__":
    main()
