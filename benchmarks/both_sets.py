"""Are results equal on the two sets of versions? Writes some in one environment, and compares with them in another.

    venv/bin/python benchmarks/both_sets.py pinned.json
    modern/bin/python benchmarks/both_sets.py modern.json --same-as pinned.json

Models of ours and five of RecBole's, one of which reads lists of tokens, train 10 steps on ml-100k with one thread. Loading,
and candidates have to be equal; the last bits of a sum are not, where numpy or torch differ, so metrics may differ by 1e-6.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from recbole_lsrec.quick_start import run_recbole_lsrec

MODELS = ["SLSRec", "CLSR", "SLiRec", "DiffLSRec", "SASRec", "GRU4Rec", "BERT4Rec", "NARM", "SASRecF"]
TOLERANCE = 1e-6
SETTINGS = {
    "train_steps": 10,
    "train_batch_size": 128,
    "MAX_ITEM_LIST_LENGTH": 10,
    "eval_args": {"mode": "pop99"},
    "metric_decimal_place": 12,
    "use_gpu": False,
    "show_progress": False,
    "state": "ERROR",
}


def results(model: str, folder: str) -> dict[str, Any]:
    """Fingerprints and test metrics of one short run."""
    found = run_recbole_lsrec(model, "ml-100k", config_dict={**SETTINGS, "run_dir": folder})
    stored = json.loads((Path(found["run_folder"]) / "result.json").read_text())
    told = {key: stored["fingerprints"][key] for key in ("data", "features", "split", "candidates")}
    return {"fingerprints": told, "test_result": {key: float(value) for key, value in found["test_result"].items()}}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, help="to be written")
    parser.add_argument("--same-as", type=Path, help="what this wrote in another environment")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        found = {model: results(model, folder) for model in MODELS}
    arguments.file.write_text(json.dumps(found, indent=1) + "\n")
    print(f"numpy {np.__version__}, pandas {pd.__version__}, torch {torch.__version__}")
    if arguments.same_as is None:
        return 0
    wrong = 0
    for model, other in json.loads(arguments.same_as.read_text()).items():
        mine = found[model]
        same = mine["fingerprints"] == other["fingerprints"] and set(mine["test_result"]) == set(other["test_result"])
        apart = max(abs(mine["test_result"][key] - value) for key, value in other["test_result"].items())
        equal = same and apart <= TOLERANCE
        wrong += not equal
        print(f"{model:10} fingerprints {'equal' if same else 'DIFFER'}, metrics at most {apart:.1e} apart"
              f"{'' if equal else '   NOT EQUAL'}")  # fmt: skip
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
