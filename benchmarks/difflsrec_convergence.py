"""DiffLSRec trained to early stopping, through the whole chain and on one step: does either converge? A Markdown table.

    python benchmarks/difflsrec_convergence.py --datasets ml-100k    # trains what --run_dir does not hold yet
    python benchmarks/difflsrec_convergence.py --only_table

All items are ranked; validation NDCG@10 is taken after every epoch, training ends after --patience epochs without a new best
one, and the best weights are tested. All other settings are those of difflsrec_training.py.
"""

import argparse
import itertools
import json
from pathlib import Path
from typing import Any

import pandas as pd

from recbole_lsrec.quick_start import run_recbole_lsrec

METRIC = "ndcg@10"
SETTINGS = {
    "train_batch_size": 128,
    "embedding_size": 32,
    "learning_rate": 3e-3,
    "MAX_ITEM_LIST_LENGTH": 20,
    "eval_args": {"mode": {"valid": ["full"], "test": ["full"]}},
    "metrics": ["NDCG", "Hit"],
    "topk": [10],
    "show_progress": False,
    "use_gpu": False,
}


def wanted(arguments: argparse.Namespace, training: str, seed: int) -> dict[str, Any]:
    """The settings of one run."""
    limits = {"epochs": arguments.epochs, "stopping_step": arguments.patience}
    return {**SETTINGS, **limits, "training": training, "seed": seed}


def finished(arguments: argparse.Namespace) -> dict[tuple[str, str, int], dict[str, Any]]:
    """Results in --run_dir, by data set, training and seed."""
    found = {}
    for path in sorted(arguments.run_dir.glob("DiffLSRec-*/result.json")):
        run = json.loads(path.read_text())
        config = run["config"]
        if (config["epochs"], config["stopping_step"]) == (arguments.epochs, arguments.patience):
            found[run["dataset"], config["training"], run["seed"]] = run
    return found


def line(run: dict[str, Any]) -> dict[str, Any]:
    """A row of the table."""
    scores = [epoch["valid_score"] for epoch in run["history"]]
    best = scores.index(max(scores))
    ended = "stopped early" if len(scores) - 1 - best >= run["config"]["stopping_step"] else "epochs ran out"
    return {
        "data": run["dataset"] + (" (SIMULATED)" if run["simulated"] else ""),
        "training": run["config"]["training"],
        "seed": run["seed"],
        "epochs": f"{len(scores)}, {ended}",
        "best epoch": best + 1,
        "loss, first": f"{run['history'][0]['train_loss']:.0f}",
        "loss, best": f"{run['history'][best]['train_loss']:.0f}",
        "valid after 1": f"{scores[0]:.4f}",
        "valid, best": f"{scores[best]:.4f}",
        "test": f"{run['test_result'][METRIC]:.4f}",
        "s per epoch": f"{run['seconds_per_epoch']:.1f}",
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--datasets", nargs="+", default=["ml-100k", "cosmetics"])
    parser.add_argument("--training", nargs="+", default=["chain", "one_step"])
    parser.add_argument("--seeds", type=int, nargs="+", default=[2020])
    parser.add_argument("--epochs", type=int, default=60, help="at most")
    parser.add_argument("--patience", type=int, default=3, help="epochs without a new best validation score")
    parser.add_argument("--run_dir", type=Path, default=Path("runs/difflsrec_convergence"))
    parser.add_argument("--only_table", action="store_true")
    arguments = parser.parse_args()
    runs = list(itertools.product(arguments.datasets, arguments.training, arguments.seeds))
    if not arguments.only_table:
        for dataset, training, seed in runs:
            if (dataset, training, seed) not in finished(arguments):
                given = {**wanted(arguments, training, seed), "run_dir": str(arguments.run_dir)}
                run_recbole_lsrec("DiffLSRec", dataset, config_dict=given)
    found = finished(arguments)
    print(
        pd.DataFrame([line(found[run]) for run in runs if run in found]).to_markdown(index=False, disable_numparse=True)
    )


if __name__ == "__main__":
    main()
