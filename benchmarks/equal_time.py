"""NDCG@10 after the same training time with one window per target and at every position: a Markdown table.

    python benchmarks/equal_time.py                                     # four models on ml-100k, 60 seconds each
    python benchmarks/equal_time.py --datasets ml-100k cosmetics --seeds 2020 2021 2022 --seconds 120

Time is that of the training thread on a CPU. The two sides of a pair differ in `train_positions` alone, start from the same
weights and are tested with those that validation (99 popular items) preferred.
"""

import argparse
import statistics
import tempfile
from typing import Any

from tabulate import tabulate

from recbole_lsrec.quick_start import run_recbole_lsrec

METRICS = ("ndcg@10 pop99", "ndcg@10 full")


def trained(model: str, dataset: str, positions: str, seed: int, arguments: argparse.Namespace) -> list[float]:
    """The test metrics of one run."""
    settings: dict[str, Any] = {
        "train_positions": positions,
        "seed": seed,
        "train_seconds": arguments.seconds,
        "MAX_ITEM_LIST_LENGTH": arguments.length,
        "stopping_step": 10**6,
        "eval_args": {"fewer": "allow", "mode": {"valid": ["pop99"], "test": ["pop99", "full"]}},
        "metrics": ["NDCG"],
        "topk": [10],
        "state": "ERROR",
        "show_progress": False,
        "use_gpu": False,
        **({} if arguments.data_path is None else {"data_path": arguments.data_path}),
    }
    if model == "BERT4Rec":
        settings["ft_ratio"] = 0.0  # a share of windows with one mask, which is dear in both
    with tempfile.TemporaryDirectory() as folder:
        result = run_recbole_lsrec(model, dataset, config_dict={**settings, "run_dir": folder})["test_result"]
    return [result["ndcg@10"], result["full/ndcg@10"]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="+", default=["SASRec", "GRU4Rec", "NARM", "BERT4Rec"])
    parser.add_argument("--datasets", nargs="+", default=["ml-100k"])
    parser.add_argument("--data_path", help="of further data sets")
    parser.add_argument("--seeds", type=int, nargs="+", default=[2020])
    parser.add_argument("--seconds", type=float, default=60, help="of training")
    parser.add_argument("--length", type=int, default=50, help="of histories")
    arguments = parser.parse_args()
    rows = []
    for dataset in arguments.datasets:
        for model in arguments.models:
            means = {}
            for positions in ("last", "all"):
                of_seeds = [trained(model, dataset, positions, seed, arguments) for seed in arguments.seeds]
                means[positions] = [statistics.mean(values) for values in zip(*of_seeds, strict=True)]
            ratios = [after / before for before, after in zip(means["last"], means["all"], strict=True)]
            cells = zip(means["last"], means["all"], ratios, strict=True)
            rows.append([dataset, model, *(f"{last:.4f} -> {all_:.4f} ({ratio:.2f}x)" for last, all_, ratio in cells)])
            print(tabulate(rows[-1:], tablefmt="plain", disable_numparse=True), flush=True)
    print()
    print(tabulate(rows, ["data", "model", *METRICS], tablefmt="github", disable_numparse=True))


if __name__ == "__main__":
    main()
