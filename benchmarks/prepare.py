"""Preparing a raw log: `recbole-lsrec prepare` against a plain pandas script.

    python benchmarks/prepare.py                  # 1M rows in the layout of Taobao's UserBehavior.csv
    python benchmarks/prepare.py --rows 20000000 --only ours

Each side runs in a process of its own on the same file and writes an atomic file sorted by user and time. The pandas script
does nothing else: all columns as text, no check, no account, no statistics, no category per item. CPU seconds are of the process
and all its threads; peak is its resident memory.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from tabulate import tabulate

NAMES = ["user", "item", "category", "event", "time"]
_PART = 1_000_000


def write_raw(path: Path, rows: int, seed: int = 1) -> None:
    """Rows of users with about a hundred events each, items of a long tail, nine days, in the order of users."""
    rng = np.random.default_rng(seed)
    users = max(1, rows // 100)
    with path.open("w", encoding="utf-8") as file:
        for start in range(0, rows, _PART):
            n = min(_PART, rows - start)
            user = np.sort(rng.integers(start * users // rows, max(1, (start + n) * users // rows), n)) + 1
            item = (rng.pareto(1.1, n) * 1000).astype(np.int64) % max(2, rows // 25) + 1
            event = rng.choice(["pv", "buy", "cart", "fav"], n, p=[0.9, 0.02, 0.05, 0.03])
            time = rng.integers(1511539200, 1512316800, n)
            columns = (user.tolist(), item.tolist(), (item % 9000).tolist(), event.tolist(), time.tolist())
            file.writelines(f"{u},{i},{c},{e},{t}\n" for u, i, c, e, t in zip(*columns, strict=True))


def with_pandas(raw: Path, folder: Path) -> None:
    """What a plain script does."""
    import pandas as pd

    frame = pd.read_csv(raw, names=NAMES, dtype=str)
    frame = frame.astype({"time": "int64"}).sort_values(["user", "time"], kind="stable")
    head = {"user": "user_id:token", "item": "item_id:token", "time": "timestamp:float", "event": "event_type:token"}
    frame[list(head)].rename(columns=head).to_csv(folder / "log.inter", sep="\t", index=False)


def with_ours(raw: Path, folder: Path) -> None:
    """The command's function."""
    from recbole_lsrec.prepare.command import Options, prepare

    prepare("taobao", [raw], folder, "log", Options())


def measure(side: str, raw: Path) -> dict[str, float]:
    """CPU seconds and MiB of one side, in a process of its own."""
    done = subprocess.run(
        [sys.executable, __file__, "--side", side, "--raw", str(raw)], check=True, capture_output=True, text=True
    )
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--only", choices=["ours", "pandas"])
    parser.add_argument("--side", choices=["ours", "pandas"], help=argparse.SUPPRESS)
    parser.add_argument("--raw", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.side:
        with tempfile.TemporaryDirectory(dir=given.raw.parent) as folder:
            {"ours": with_ours, "pandas": with_pandas}[given.side](given.raw, Path(folder))
        used = resource.getrusage(resource.RUSAGE_SELF)
        print(json.dumps({"cpu": used.ru_utime + used.ru_stime, "peak": used.ru_maxrss / 1024}))
        return
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder) / "UserBehavior.csv"
        write_raw(raw, given.rows)
        found = {side: measure(side, raw) for side in ("pandas", "ours") if given.only in (None, side)}
    lines = [
        [side, f"{of['cpu']:.1f}", f"{given.rows / of['cpu']:,.0f}", f"{of['peak']:,.0f}"] for side, of in found.items()
    ]
    if len(found) == 2:
        cpu, peak = (found["ours"][key] / found["pandas"][key] for key in ("cpu", "peak"))
        lines.append(["ours / pandas", f"{cpu:.2f}", "", f"{peak:.2f}"])
    print(tabulate(lines, [f"{given.rows:,} rows", "CPU s", "rows per CPU s", "peak MiB"]))


if __name__ == "__main__":
    main()
