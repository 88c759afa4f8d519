"""Does a trained model's alpha, and its loss by shuffling, follow the planted cause of each target? As Markdown tables.

    python benchmarks/clsr_counterfactuals.py --seeds 2020 2021 2022 --epochs 3    # trains what --run_dir does not hold yet
    python benchmarks/clsr_counterfactuals.py --only_table

Stated before anything was run: shuffling the history hurts short-driven targets more than long-driven ones, and alpha,
the weight of the long-term interest, is higher on long-driven targets. Standard errors are over users (the contrast
between the two kinds too); the last line of a table is mean and standard deviation over the seeds.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

from recbole_lsrec.analysis.counterfactual.intervention import Intervention
from recbole_lsrec.analysis.counterfactual.measure import Counterfactuals, counterfactual
from recbole_lsrec.quick_start import run_recbole_lsrec

KINDS = ["short-driven", "long-driven"]
ASKED = [Intervention("shuffle"), Intervention("truncate", 3), Intervention("alpha", 0.0), Intervention("alpha", 1.0)]


def finished(run_dir: Path, model: str, dataset: str, epochs: int) -> dict[int, Path]:
    """Run folders by seed."""
    found = {}
    for path in sorted(run_dir.glob("*/result.json")):
        run = json.loads(path.read_text())
        if (run["model"], run["dataset"], run["config"]["epochs"]) == (model, dataset, epochs):
            found[run["seed"]] = path.parent
    return found


def alpha_line(seed: int, found: Counterfactuals) -> dict[str, object]:
    """Mean alpha of both kinds, and what the purchases' mean is above that of the other events."""
    table = found.alpha.set_index("group")
    line: dict[str, object] = {"seed": seed} | {kind: table.loc[kind, "mean"] for kind in KINDS}
    return line | {
        "long less short": table.loc["long-driven", "contrast"],
        "se": table.loc["long-driven", "contrast_se"],
        "p": table.loc["long-driven", "contrast_p"],
        "purchase less others": table.loc["purchase", "contrast"],
        "se ": table.loc["purchase", "contrast_se"],
    }


def change_line(seed: int, found: Counterfactuals, change: Intervention, metric: str) -> dict[str, object]:
    """The metric of both kinds, what the change does to it, and how much more it takes from the short-driven."""
    table = found.table[(found.table["metric"] == metric) & (found.table["by"] == "planted")]
    untouched, changed = (
        table[table["intervention"] == name].set_index("group") for name in ("untouched", change.name)
    )
    line: dict[str, object] = {"seed": seed} | {kind: untouched.loc[kind, "value"] for kind in KINDS}
    line |= {f"{kind}, change": changed.loc[kind, "difference"] for kind in KINDS}
    return line | {
        "short less long": changed.loc["short-driven", "contrast"],
        "se": changed.loc["short-driven", "contrast_se"],
        "p": changed.loc["short-driven", "contrast_p"],
    }


def alpha_within(found: dict[int, Counterfactuals]) -> pd.DataFrame:
    """Mean alpha of both kinds within what can be seen of a target: does it open a session, does its category go on?"""
    parts = []
    for one in found.values():
        instances = one.run.lines(one.phase, "pop99").instances
        kind = next(group.chosen for group in one.groups if group.name == "long-driven")
        opens = instances["gap_s"] > one.run.result["config"]["session_threshold"]
        goes_on = instances["same_category"].astype(object)
        seen = goes_on.map({True: "same category", False: "another category"}).fillna("unknown")
        parts.append(
            pd.DataFrame(
                {
                    "target": opens.map({True: "opens a session: ", False: "goes on: "}) + seen,
                    "kind": np.where(kind, KINDS[1], KINDS[0]),
                    "alpha": one.alpha_values,
                }
            )
        )
    cells = pd.concat(parts).groupby(["target", "kind"])["alpha"].agg(["mean", "size"]).unstack("kind")
    return pd.DataFrame(
        {
            **{kind: cells["mean", kind].map("{:.4f}".format) for kind in KINDS},
            **{f"{kind}, targets": (cells["size", kind] // len(found)).astype(int) for kind in KINDS},
        }
    )


def show(title: str, lines: list[dict[str, object]]) -> None:
    """One table with mean and standard deviation over the seeds."""
    table = pd.DataFrame(lines)
    values = table.drop(columns=["seed", *[name for name in table if name.strip() in ("p", "se")]])
    summary = {name: f"{values[name].mean():.4f} ± {values[name].std():.4f}" for name in values}
    shown = table.map(lambda v: f"{v:.4f}" if isinstance(v, float) else v)
    if "p" in table:
        shown["p"] = ["<.0001" if p < 0.0001 else f"{p:.4f}" for p in table["p"]]
    shown = pd.concat([shown, pd.DataFrame([{"seed": "all", **summary}])], ignore_index=True).fillna("")
    print(f"{title}\n\n{shown.to_markdown(index=False)}\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="CLSR")
    parser.add_argument("--dataset", default="cosmetics")
    parser.add_argument("--seeds", type=int, nargs="+", default=[2020, 2021, 2022])
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--metrics", nargs="+", default=["ndcg@10", "auc"])
    parser.add_argument("--run_dir", type=Path, default=Path("runs/counterfactuals"))
    parser.add_argument("--only_table", action="store_true")
    arguments = parser.parse_args()
    model, dataset, run_dir = arguments.model, arguments.dataset, arguments.run_dir
    have = finished(run_dir, model, dataset, arguments.epochs)
    missing = [] if arguments.only_table else [seed for seed in arguments.seeds if seed not in have]
    for seed in tqdm(missing, desc="Training"):
        settings = {"seed": seed, "epochs": arguments.epochs, "run_dir": str(run_dir), "eval_args": {"mode": "pop99"}}
        run_recbole_lsrec(model, dataset, config_dict={**settings, "show_progress": False, "state": "ERROR"})
    have = finished(run_dir, model, dataset, arguments.epochs)
    found = {
        seed: counterfactual(have[seed], arguments.metrics, protocols=["pop99"], interventions=ASKED)
        for seed in arguments.seeds
        if seed in have
    }
    show(f"alpha of {model}", [alpha_line(seed, one) for seed, one in found.items()])
    print(f"alpha of {model} within what can be seen, all seeds\n\n{alpha_within(found).to_markdown()}\n")
    for metric in arguments.metrics:
        for change in ASKED:
            lines = [change_line(seed, one, change, metric) for seed, one in found.items()]
            show(f"{metric} of {model}, {change.name}", lines)


if __name__ == "__main__":
    main()
