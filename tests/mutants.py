"""A random sample of mutmut's mutants, and what became of it: see docs/guarantees.md.

Mutants that a file has are drawn in proportion, and one at least of each file.
"""

import argparse
import json
import math
import random
from pathlib import Path

from scipy.stats import binomtest

MUTANTS = Path("mutants")
KILLED = {1, 3, 24, 36, 152, 255, -24}  # by a test, or by the time that a loop without end takes


def outcomes() -> dict[str, dict[str, int | None]]:
    """File -> mutant -> the exit code of its tests; None where they have not been run, 33 where no test reaches it."""
    found = {}
    for path in sorted(MUTANTS.rglob("*.meta")):
        codes = json.loads(path.read_text(encoding="utf-8"))["exit_code_by_key"]
        if codes:
            found[str(path.relative_to(MUTANTS)).removesuffix(".meta")] = codes
    return found


def sample(size: int, seed: int) -> list[str]:
    """Names of mutants, the same for the same seed and code."""
    files = outcomes()
    total, rng = sum(map(len, files.values())), random.Random(seed)
    return [
        name for codes in files.values() for name in rng.sample(sorted(codes), math.ceil(size * len(codes) / total))
    ]


def report() -> str:
    """How many of those that were run are killed, by file; the survivors by name."""
    lines, survivors, ran, killed = [], [], 0, 0
    for file, codes in outcomes().items():
        run = {name: code for name, code in codes.items() if code is not None}
        survived = sorted(name for name, code in run.items() if code not in KILLED)
        lines += [f"{file}: {len(run) - len(survived)} of {len(run)} killed ({len(codes)} mutants)"] if run else []
        survivors += survived
        ran, killed = ran + len(run), killed + len(run) - len(survived)
    interval = binomtest(killed, ran).proportion_ci(method="wilson") if ran else None
    told = f", {interval.low:.1%} to {interval.high:.1%} with 95 % confidence" if interval else ""
    return "\n".join([*lines, *survivors, f"{killed} of {ran} killed: {killed / max(ran, 1):.1%}{told}"])


def main() -> None:
    """From the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--sample", type=int, help="print so many names; without it, what became of those that were run"
    )
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    print("\n".join(sample(given.sample, given.seed)) if given.sample else report())


if __name__ == "__main__":
    main()
