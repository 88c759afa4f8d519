"""SLSRec's ablations (the paper's Table 3) on a data set, several seeds, as a Markdown table.

    python benchmarks/slsrec_ablations.py --seeds 2020 2021 2022           # trains what --run_dir does not hold yet
    python benchmarks/slsrec_ablations.py --run_dir runs/ablations --only_table

All runs meet the same frozen candidates (candidate_seed), so rows differ by model and seed alone.
"""

import argparse
import json
from pathlib import Path

import pandas as pd
from tqdm import tqdm

from recbole_lsrec.quick_start import run_recbole_lsrec

VARIANTS = {
    "full": [],
    "without cl": ["cl"],
    "without cate": ["cate"],
    "without long": ["long"],
    "without short": ["short"],
}
TIED = "full: tied targets"
METRICS = ["ndcg@10", "hit@2", "mrr", "auc", "gauc", "full/ndcg@10", TIED]


def finished(run_dir: Path, dataset: str, preset: str) -> pd.DataFrame:
    """One line per finished run in the folder."""
    lines = []
    for path in sorted(run_dir.glob("*/result.json")):
        run = json.loads(path.read_text())
        if (run["model"], run["dataset"], run["config"].get("preset")) != ("SLSRec", dataset, preset):
            continue
        variant = next(name for name, parts in VARIANTS.items() if parts == run["config"]["without"])
        instances = pd.read_parquet(path.parent / "instances.parquet").query("phase == 'test' and protocol == 'full'")
        values = {m: run["test_result"][m] for m in METRICS[:-1]} | {TIED: (instances["ties"] > 0).mean()}
        lines.append({"variant": variant, "seed": run["seed"], **values})
    return pd.DataFrame(lines, columns=["variant", "seed", *METRICS])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", default="cosmetics")
    parser.add_argument("--preset", default="literal")
    parser.add_argument("--seeds", type=int, nargs="+", default=[2020, 2021, 2022])
    parser.add_argument("--run_dir", type=Path, default=Path("runs/ablations"))
    parser.add_argument("--only_table", action="store_true")
    arguments = parser.parse_args()
    have = finished(arguments.run_dir, arguments.dataset, arguments.preset)
    done = set(zip(have["variant"], have["seed"], strict=True))
    wanted = [(name, seed) for seed in arguments.seeds for name in VARIANTS if (name, seed) not in done]
    for name, seed in tqdm([] if arguments.only_table else wanted):
        settings = {
            "without": VARIANTS[name],
            "seed": seed,
            "preset": arguments.preset,
            "run_dir": str(arguments.run_dir),
        }
        run_recbole_lsrec(
            "SLSRec", arguments.dataset, config_dict={**settings, "show_progress": False, "state": "ERROR"}
        )
    table = finished(arguments.run_dir, arguments.dataset, arguments.preset)
    table = table[table["seed"].isin(arguments.seeds)]
    groups = table.groupby("variant", sort=False)[METRICS]
    cells = groups.mean().round(4).astype(str) + " ± " + groups.std().round(4).astype(str)
    cells.insert(0, "seeds", table.groupby("variant")["seed"].count())
    print(cells.reindex([name for name in VARIANTS if name in cells.index]).to_markdown())


if __name__ == "__main__":
    main()
