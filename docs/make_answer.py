"""Prints the first table of docs/answer.md: of every board, the best long- and short-term model beside the best of the others.

    python docs/make_answer.py

It reads the boards' tables in docs/results and, for who can be told apart, their verdicts in docs/results/README.md.
"""

import re
from pathlib import Path
from typing import NamedTuple

import click
import pandas as pd

RESULTS = Path(__file__).parent / "results"
LONG_SHORT = ("SLSRec", "CLSR", "SLi-Rec", "DiffLSRec", "LSIDN", "SURGE", "MARank")
AMONG = {"pop99": "99 popular", "uni99": "99 uniform", "full": "all"}
# The best-trained board of each log and split; None for all of its logs.
BOARDS = {
    "answer-amazon-beauty": None,
    "answer-retailrocket": None,
    "papers-cosmetics": None,
    "papers-ml-100k": None,
    "strong": "completejourney",
    "answer-retailrocket-by-time": None,
    "answer-by-time": "cosmetics by time",
}


class Row(NamedTuple):
    """One log under one protocol; a figure in bold is significantly ahead of the other."""

    log: str
    among: str
    long_short: str
    other: str
    training: str


def rows() -> list[Row]:
    """Of all boards, in their order."""
    found = []
    for board, only in BOARDS.items():
        table = pd.read_csv(RESULTS / f"{board}.csv")
        table = table[(table.metric == "ndcg@10") & (table.status == "done")]  # neither rising nor untested
        seconds = re.search(r"budget: ([\d,]+) seconds", (RESULTS / f"{board}.md").read_text(encoding="utf-8"))
        assert seconds is not None, board
        for (log, protocol), systems in table.groupby(["dataset", "protocol"], sort=False):
            if only not in (None, log):
                continue
            ours = systems.system.str.startswith(LONG_SHORT)
            best = [systems[which].nlargest(1, "mean").iloc[0] for which in (ours, ~ours)]
            ahead = max(best, key=lambda line: line["mean"])
            level = level_with_first(_verdict(board, log, protocol), set(systems.system))
            told_apart = not {line.system for line in best} <= level
            long_short, other = (_shown(line, told_apart and line is ahead) for line in best)
            training = f"[{seconds[1]} s, {ahead.seeds} seeds](results/{board}.md)"
            name = f"{log} (simulated)" if "cosmetics" in log else log
            found.append(Row(name, AMONG[protocol], long_short, other, training))
    return found


def _shown(line: pd.Series, bold: bool) -> str:
    text = f"{line.system} {line['mean']:.3f}".replace(" 0.", " .")
    return f"**{text}**" if bold else text


def _verdict(board: str, log: str, protocol: str) -> str:
    index = (RESULTS / "README.md").read_text(encoding="utf-8")
    section = next(part for part in index.split("\n## ") if f"[{board}.md]" in part)
    start = f"* {log}, {protocol}: "
    return next(line.removeprefix(start) for line in section.splitlines() if line.startswith(start))


def level_with_first(verdict: str, systems: set[str]) -> set[str]:
    """The systems that cannot be told from the first, and the first; of one that is best nothing need be level."""
    if "no system can be told apart from" in verdict:
        return systems
    named = {part.strip() for part in re.split(r"[:,]|\b(?:and|nor|only|cannot|is)\b", verdict)}
    return set() if " is best in " in verdict else systems & named


@click.command()
def command() -> None:
    """Print the table."""
    click.echo("| log | among | best long- and short-term | best other | training |\n|---|---|---|---|---|")
    for row in rows():
        click.echo(f"| {' | '.join(row)} |")


if __name__ == "__main__":
    command()
