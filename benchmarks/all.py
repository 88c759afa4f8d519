"""Runs the benchmarks and writes their ratios into the README's table: no number there is typed by hand.

    python benchmarks/all.py --quick                      # every row, fewer repetitions: some minutes each
    python benchmarks/all.py --quick --only load two_stage      # these rows; the others stay as they are
    python benchmarks/all.py                              # as each script measures by default

Each script runs alone, on one thread, and measures us against its alternative in the same run.
"""

import argparse
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

HERE = Path(__file__).resolve().parent
README = HERE.parent / "README.md"
BEGIN, END = "<!-- benchmarks/all.py writes this table -->\n", "<!-- the end of the table -->\n"
HEADER = "| what | compared with | times better | script |\n|---|---|---|---|\n"


@dataclass(frozen=True)
class Row:
    """A line of the table.

    Attributes:
        what: is measured.
        against: which alternative.
        ratios: pattern of the script's output, with groups ``name`` and ``ratio``.
        always: arguments.
        quick: further ones.
    """

    what: str
    against: str
    ratios: str
    always: str = ""
    quick: str = ""


ROWS = {
    "dataset_build": Row(
        "building the instances of 1M events from the file (length 50), and peak memory",
        "RecBole's `SequentialDataset`",
        r"^(?P<name>instances ready|and every window gathered once|peak memory): (?P<ratio>[\d.]+)x",
    ),
    "load": Row(
        "loading a log of 1M events, from its files and from the cache",
        "RecBole's `Dataset`, before it sorts or splits",
        r"^ +(?P<name>\w+) +[\d.]+ s of CPU, (?P<ratio>[\d.]+) times less than RecBole",
    ),
    "anomaly_detection": Row(
        "a training step",
        "the same with autograd's anomaly detection, which importing RecBole's models turns on",
        r"^(?P<name>\w+) *:.*: (?P<ratio>[\d.]+)x",
        "--clock cpu",
        "--batches 2 --repeats 3",
    ),
    "freed_memory": Row(
        "a training step",
        "malloc's default, which returns some freed memory to the system",
        r"^(?P<name>[\w ]+): .*: (?P<ratio>[\d.]+)x",
        "",
        "--batches 1 --repeats 3",
    ),
    "all_positions": Row(
        "targets per second with `train_positions: all`",
        "one window per target, as in RecBole",
        r"^(?P<name>\w+ +all.*?) +[\d,]+ +[\d,]+ +(?P<ratio>[\d.]+)$",
        "",
        "--batches 2",
    ),
    "equal_time": Row(
        "NDCG@10 among all items of ml-100k after 60 seconds of training with `train_positions: all`",
        "one window per target, as in RecBole",
        r"^\S+ +(?P<name>\w+) +\S+ -> .* -> \S+ \((?P<ratio>[\d.]+)x\)$",
    ),
    "sparse_embeddings": Row(
        "a training step with 1,000,000 items and sparse gradients",
        "dense gradients and Adam",
        r"^\| (?P<name>\w+) +\| +1,000,000 \|.*?\|.*?\| +(?P<ratio>[\d.]+) \|",
        "--items 5000 1000000",
        "--steps 3",
    ),
    "train_throughput": Row(
        "training with 1+4 candidates",
        "one row per candidate",
        r"^(?P<name>\w+ \w+=\w+) +on .*?, (?P<ratio>[\d.]+)x of row per candidate",
        "--clock cpu --models SLSRec CLSR",
        "--batches 8",
    ),
    "sampled_evaluation": Row(
        "ranking among 99 uniform negatives, ml-100k",
        "RecBole's loader and trainer",
        r"^(?P<name>\w+): full ranking.*\n +uni99: ours.*?: +(?P<ratio>[\d.]+)x",
        "--clock cpu",
        "--repeats 1 --users 16",
    ),
    "full_ranking": Row(
        "ranking all items of ml-100k",
        "RecBole's way, one row per user and item",
        r"^(?P<name>SLSRec \w+|DIN \(\d+ users\)|DIEN): .*: +(?P<ratio>[\d.]+)x",
        "--clock cpu",
        "--repeats 1 --users 8",
    ),
    "two_stage": Row(
        "ranking all items of the bundled log with `full_stage: two_stage`",
        "`exact`: every item scored",
        r"^(?P<name>\w+) on .*\((?P<ratio>\d+)x\), recall",
    ),
}


def line(name: str, output: str, date: str) -> str:
    """The line of a script from what it printed.

    Raises:
        SystemExit: it printed no ratio.
    """
    row = ROWS[name]
    found = [(" ".join(m["name"].split()), float(m["ratio"])) for m in re.finditer(row.ratios, output, re.MULTILINE)]
    if not found:
        raise SystemExit(f"{name}.py: no ratio in its output:\n{output}")
    shown = ", ".join(f"{what} {ratio:.0f}" if ratio >= 10 else f"{what} {ratio:.1f}" for what, ratio in found)
    return f"| {row.what} | {row.against} | {shown} | `{name}.py`, {date} |\n"


def written(readme: str, lines: dict[str, str]) -> str:
    """The README with these lines in its table, in the order of ``ROWS``; lines of other scripts stay."""
    before, _, rest = readme.partition(BEGIN)
    table, _, after = rest.partition(END)
    old = {m[1]: text for text in table.splitlines(keepends=True) if (m := re.search(r"\| `(\w+)\.py`", text))}
    merged = {**old, **lines}
    return before + BEGIN + HEADER + "".join(merged[name] for name in ROWS if name in merged) + END + after


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer repetitions")
    parser.add_argument("--only", nargs="+", default=list(ROWS), choices=list(ROWS), metavar="SCRIPT")
    arguments = parser.parse_args()
    date = datetime.now(timezone.utc).date().isoformat()
    for name in arguments.only:
        row = ROWS[name]
        options = row.always.split() + (row.quick.split() if arguments.quick else [])
        command = [sys.executable, str(HERE / f"{name}.py"), *options]
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        output = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=environment).stdout
        text = line(name, output, date)
        print(text, end="", flush=True)
        # After each, so that what was measured is kept whatever comes.
        README.write_text(written(README.read_text(encoding="utf-8"), {name: text}), encoding="utf-8")


if __name__ == "__main__":
    main()
