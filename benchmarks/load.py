"""CPU time and memory from atomic files to a log: RecBole's own loading, ours from the files, and ours from the cache.

Each measurement is a process of its own. RecBole's is its ``SequentialDataset`` without ``build``, which for histories
would take minutes more; ours includes sorting, sessions, splits, and one training batch of GRU4Rec. Everything is measured
after the imports and the settings. The log is generated: shuffled lines, ids of 6 to 8 characters, whole seconds.

    python benchmarks/load.py 1 5                # millions of events
    python benchmarks/load.py 20 --without-recbole
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc

HEADER = "user_id:token\titem_id:token\ttimestamp:float\n"
BLOCK = 5_000_000


def write_log(path: Path, events: int) -> None:
    """Writes a log with a hundred events a user, in no order."""
    rng = np.random.default_rng(1)
    users, items = max(1, events // 100), max(1, events // 50)
    path.parent.mkdir(parents=True)
    with path.open("wb") as file:
        file.write(HEADER.encode())
        for at in range(0, events, BLOCK):
            n = min(BLOCK, events - at)
            user = pa.array(rng.integers(0, users, n)).cast(pa.string())
            item = pa.array(np.minimum(rng.geometric(20 / items, n), items)).cast(pa.string())
            seconds = pa.array(1_577_836_800 + rng.integers(0, 200 * 86_400, n))
            table = pa.table({"u": pa.compute.binary_join_element_wise("u", user, ""), "i": item, "t": seconds})
            pc.write_csv(table, file, pc.WriteOptions(include_header=False, delimiter="\t", quoting_style="none"))


def measure(kind: str, folder: str) -> dict[str, float | str]:
    """Loads once in this process."""
    import logging

    from recbole.config import Config as StockConfig
    from recbole.data.dataset import SequentialDataset

    from recbole_lsrec.config import Config
    from recbole_lsrec.run_data import load_data

    logging.disable(logging.CRITICAL)
    settings = {"data_path": folder, "load_col": {"inter": ["user_id", "item_id", "timestamp"]}}
    settings |= {"train_neg_sample_args": None}
    own = {"run_dir": str(Path(folder) / "runs"), "eval_args": {"mode": "full"}}
    make = StockConfig if kind == "RecBole" else Config
    config = make("GRU4Rec", "log", config_dict=settings if kind == "RecBole" else {**settings, **own})
    before, base = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    if kind == "RecBole":
        SequentialDataset(config)
    else:
        data = load_data(config)
        next(iter(data.train))
    seconds, peak = time.process_time() - before, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    data_hash = "" if kind == "RecBole" else data.dataset.fingerprint()
    return {"seconds": seconds, "peak_mb": peak / 1024, "imports_mb": base / 1024, "data": data_hash}


def main() -> None:
    """Prints a table for each size."""
    parser = argparse.ArgumentParser()
    parser.add_argument("millions", nargs="*", type=float, default=[1.0])
    parser.add_argument("--without-recbole", action="store_true")
    parser.add_argument("--measure", nargs=2, metavar=("KIND", "FOLDER"))
    arguments = parser.parse_args()
    if arguments.measure:
        print(json.dumps(measure(*arguments.measure)))
        return
    for millions in arguments.millions:
        with tempfile.TemporaryDirectory() as folder:
            write_log(Path(folder) / "log" / "log.inter", int(millions * 1e6))
            size = (Path(folder) / "log" / "log.inter").stat().st_size / 1e6
            print(f"{millions:g}M events, {size:.0f} MB")
            kinds = ["files", "cache"] if arguments.without_recbole else ["RecBole", "files", "cache"]
            found = {kind: _in_a_process(kind, folder) for kind in kinds}
            if found["files"]["data"] != found["cache"]["data"]:
                raise SystemExit("the log from the cache is another than that from the files")
            for kind, of in found.items():
                before = kinds[: kinds.index(kind)]
                ratios = "".join(
                    f", {found[other]['seconds'] / of['seconds']:.1f} times less than {other}" for other in before
                )
                memory = f"peak {of['peak_mb']:.0f} MB, of which imports {of['imports_mb']:.0f}"
                print(f"  {kind:8}{of['seconds']:8.2f} s of CPU{ratios}; {memory}", flush=True)


def _in_a_process(kind: str, folder: str) -> dict:
    command = [sys.executable, "-W", "ignore", __file__, "--measure", kind, folder]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1])


if __name__ == "__main__":
    main()
