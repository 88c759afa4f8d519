"""Time and memory to build the instances of a log: RecBole's SequentialDataset against SessionDataset.

    python benchmarks/dataset_build.py                      # 1M interactions, both, L=50
    python benchmarks/dataset_build.py --interactions 5000000 --only ours

Each side runs in a process of its own on the same file, in CPU seconds. "instances ready" is the time from the file to
instances that can be batched (RecBole's last step is data_augmentation; ours are sorting, sessions and offsets) and, for
ours, also what RecBole has then done already: gathering every window once, batch by batch.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import psutil
from recbole.model.sequential_recommender import GRU4Rec

SETTINGS = {
    "timestamp_unit": "s",  # times this small could be of any
    "load_col": {"inter": ["user_id", "item_id", "timestamp"]},
    "MAX_ITEM_LIST_LENGTH": 50,
    "train_neg_sample_args": None,
}


def write_synthetic(folder: Path, n: int, seed: int = 0) -> None:
    """A log of 50 events per user over 20,000 items, times small enough to be exact in RecBole's float32."""
    rng = np.random.default_rng(seed)
    users = n // 50
    table = np.column_stack(
        [np.repeat(np.arange(users), 50), rng.integers(0, 20_000, n), np.tile(np.arange(50) * 600, users)]
    )
    rng.shuffle(table)
    folder.mkdir(parents=True)
    with (folder / "synthetic.inter").open("w") as file:
        file.write("user_id:token\titem_id:token\ttimestamp:float\n")
        np.savetxt(file, table, fmt="%d", delimiter="\t")


def measure(side: str, folder: Path) -> dict[str, float]:
    """Builds one side in this process and returns seconds and MiB."""
    process = psutil.Process()
    settings = {**SETTINGS, "data_path": str(folder.parent)}
    if side == "recbole":
        from recbole.config import Config
        from recbole.data.dataset import SequentialDataset as Made
    else:
        from recbole_lsrec.config import Config
        from recbole_lsrec.data.dataset import SessionDataset as Made
    settings |= {"eval_args": {"split": {"LS": "valid_and_test"}, "order": "TO", "mode": "full"}, "repeatable": True}
    config = Config("GRU4Rec", "synthetic", config_dict=settings)
    before = process.memory_info().rss
    clock = time.process_time()
    dataset = Made(config)
    load = time.process_time() - clock
    loaded = process.memory_info().rss
    clock = time.process_time()
    dataset._change_feat_format()
    windows = time.process_time() - clock
    report = {"load_s": load, "windows_s": windows}
    if side == "ours":
        from recbole_lsrec.data.split.splitting import instance_rows

        rows = instance_rows(dataset.user)
        clock = time.process_time()
        for at in range(0, len(rows), 2048):
            batch = dataset.windows(rows[at : at + 2048])
            for column in batch.columns:  # made when they are read
                batch[column]
        report["gather_all_windows_s"] = time.process_time() - clock
        report["bytes_per_interaction_beyond_columns"] = (
            dataset.session.nbytes + dataset.start.nbytes + dataset.time.nbytes
        ) / len(dataset.user)
    else:
        feat = dataset.inter_feat.interaction
        lists = sum(column.nbytes for name, column in feat.items() if column.dim() > 1)
        report["bytes_per_interaction_beyond_columns"] = lists / len(dataset)
    clock = time.process_time()
    dataset._change_feat_format = lambda: None  # done above
    train = dataset.build()[0]
    report["split_s"] = time.process_time() - clock
    report["peak_rss_mib"] = peak_mib()
    if side == "ours":
        model = GRU4Rec(config, train)
        clock = time.process_time()
        model.calculate_loss(train.windows(train.rows[:2048])).backward()
        report["train_one_batch_s"] = time.process_time() - clock
    report["rss_added_mib"] = (process.memory_info().rss - loaded) / 2**20
    report["load_rss_mib"] = (loaded - before) / 2**20
    report["peak_rss_after_training_mib"] = peak_mib()
    return report


def peak_mib() -> float:
    """Largest resident memory of this process so far."""
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--interactions", type=int, default=1_000_000)
    parser.add_argument("--only", choices=["recbole", "ours"])
    parser.add_argument("--measure", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        side, folder = arguments.measure
        print("REPORT " + json.dumps(measure(side, Path(folder))))
        return
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "synthetic"
        write_synthetic(folder, arguments.interactions)
        reports = {}
        for side in ["recbole", "ours"] if arguments.only is None else [arguments.only]:
            run = subprocess.run(
                [sys.executable, __file__, "--measure", side, str(folder)],
                capture_output=True, text=True, cwd=scratch, env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
            )  # fmt: skip
            if run.returncode:
                sys.exit(run.stderr)
            reports[side] = json.loads(run.stdout.split("REPORT ")[1])
            print(f"{side}, {arguments.interactions:,} interactions, L=50")
            for name, value in reports[side].items():
                print(f"  {name:40s}{value:12.2f}")
    if len(reports) == 2:
        theirs, ours = reports["recbole"], reports["ours"]
        of_theirs, of_ours = (side["load_s"] + side["windows_s"] for side in (theirs, ours))
        print(f"instances ready: {of_theirs / of_ours:.0f}x faster")
        print(f"and every window gathered once: {of_theirs / (of_ours + ours['gather_all_windows_s']):.0f}x faster")
        print(f"peak memory: {theirs['peak_rss_mib'] / ours['peak_rss_mib']:.1f}x less")


if __name__ == "__main__":
    main()
