"""SLSRec's ablations (the paper's Table 3) on a data set, several seeds, each tested against the whole model.

    python benchmarks/slsrec_ablations.py                                  # trains what --run_dir does not hold yet
    python benchmarks/slsrec_ablations.py --dataset retailrocket --data_path FOLDER --always cate      # a log without categories
    python benchmarks/slsrec_ablations.py --only_table

All runs have the same budget and meet the same frozen candidates, so rows differ by model and seed alone. p is over
users and seeds, adjusted (Holm) for all pairs of a metric, as `recbole-lsrec compare` has it.
"""

import argparse
import json
from pathlib import Path
from typing import Any

from tabulate import tabulate
from tqdm import tqdm

from recbole_lsrec.analysis.compare import Comparison, compare
from recbole_lsrec.page.numbers import p_value
from recbole_lsrec.quick_start import run_recbole_lsrec

PARTS = {"whole": None, "without cl": "cl", "without cate": "cate", "without long": "long", "without short": "short"}
PROTOCOLS = ["pop99", "full"]


def finished(arguments: argparse.Namespace) -> dict[tuple[str, int], Path]:
    """Folders of the runs that there are, by variant and seed."""
    left = {name: part for name, part in PARTS.items() if part not in arguments.always}
    variants = {frozenset([*arguments.always, *([part] if part else [])]): name for name, part in left.items()}
    found = {}
    for path in sorted(arguments.run_dir.glob("*/result.json")):
        run = json.loads(path.read_text())
        same = (run["model"], run["dataset"], run["config"]["preset"]) == (
            "SLSRec",
            arguments.dataset,
            arguments.preset,
        )
        if same and run["seed"] in arguments.seeds:
            found[variants[frozenset(run["config"]["without"])], run["seed"]] = path.parent
    return found


def train(variant: str, seed: int, arguments: argparse.Namespace) -> None:
    """One run."""
    settings: dict[str, Any] = {
        "without": [*arguments.always, *([PARTS[variant]] if PARTS[variant] else [])],
        "preset": arguments.preset,
        "seed": seed,
        "run_dir": str(arguments.run_dir),
        "MAX_ITEM_LIST_LENGTH": 20,
        "train_seconds": arguments.train_seconds,
        "stopping_step": 10,
        "eval_args": {"mode": {"valid": ["pop99"], "test": PROTOCOLS}},
        "show_progress": False,
        "state": "ERROR",
    }
    if arguments.data_path:
        settings["data_path"] = arguments.data_path
    run_recbole_lsrec("SLSRec", arguments.dataset, config_dict=settings)


def against_the_whole(comparison: Comparison, folders: dict[str, list[Path]]) -> dict[str, list[str]]:
    """Of each variant: mean and deviation over seeds, its difference to the whole model, and that one's adjusted p."""
    variant = {path.name: name for name, paths in folders.items() for path in paths}
    name = {model.name: variant[Path(model.runs[0].folder).name] for model in comparison.models}
    cells = {name[m.name]: [f"{m.mean:.4f} ± {m.sd or 0:.4f}", "", ""] for m in comparison.models}
    for pair in comparison.pairs:
        a, b = name[pair.a], name[pair.b]
        if "whole" in (a, b):
            other, difference = (b, -pair.difference) if a == "whole" else (a, pair.difference)
            cells[other][1:] = [f"{difference:+.4f}", "" if pair.p_holm is None else p_value(pair.p_holm)]
    return cells


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", default="cosmetics")
    parser.add_argument("--data_path")
    parser.add_argument("--preset", default="literal")
    parser.add_argument("--always", nargs="*", default=[], help="parts that every variant is without")
    parser.add_argument("--train_seconds", type=float, default=60)
    parser.add_argument("--seeds", type=int, nargs="+", default=[2020, 2021, 2022, 2023, 2024])
    parser.add_argument("--run_dir", type=Path, default=Path("runs/ablations"))
    parser.add_argument("--only_table", action="store_true")
    arguments = parser.parse_args()
    variants = [name for name, part in PARTS.items() if part not in arguments.always]
    have = finished(arguments)
    wanted = [(name, seed) for seed in arguments.seeds for name in variants if (name, seed) not in have]
    for name, seed in tqdm([] if arguments.only_table else wanted):
        train(name, seed, arguments)
    runs = finished(arguments)
    folders = {name: [path for (variant, _), path in runs.items() if variant == name] for name in variants}
    rows = {name: [name, len(folders[name])] for name in variants if folders[name]}
    for protocol in PROTOCOLS:
        comparison = compare([path for paths in folders.values() for path in paths], protocol=protocol)
        for name, cells in against_the_whole(comparison, folders).items():
            rows[name] += cells
    heads = [head for protocol in PROTOCOLS for head in (f"{protocol} ndcg@10", "difference", "p")]
    print(tabulate(rows.values(), ["variant", "seeds", *heads], tablefmt="pipe", disable_numparse=True))


if __name__ == "__main__":
    main()
