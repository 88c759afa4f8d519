"""Copies the tables of finished leaderboards into a folder, with an index that says what each found.

    python docs/make_results.py docs/results leaderboards/cosmetics leaderboards/ml-100k leaderboards/retailrocket

Nothing is trained: the tables are written anew from the runs of each board, by the code that is here now.
"""

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import click

from recbole_lsrec.errors import LSRecError
from recbole_lsrec.leaderboard.page import write_report
from recbole_lsrec.page.escape import markdown

TABLES = (".md", ".csv", "-pairs.csv")


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.argument("boards", nargs=-1, required=True, type=click.Path(exists=True, file_okay=False, path_type=Path))
def main(folder: Path, boards: tuple[Path, ...]) -> None:
    """Write the tables of the leaderboard folders BOARDS into FOLDER, with README.md as their index."""
    names = [board.resolve().name for board in boards]
    if twice := next((name for name in names if names.count(name) > 1), None):
        sys.exit(f"make_results: two boards are called {twice}, and their tables would be one file; rename a folder.")
    folder.mkdir(parents=True, exist_ok=True)
    lines = ["# Results", "", "Written by `docs/make_results.py` from finished runs; nothing here is typed by hand."]
    for board, name in zip(boards, names, strict=True):
        try:
            write_report(board)
        except LSRecError as error:
            sys.exit(f"make_results: {error}")
        report = json.loads((board / "report.json").read_text(encoding="utf-8"))
        if report["finished"] is None:
            sys.exit(f"make_results: {board} is not finished; start its leaderboard again first.")
        for kind in TABLES:
            shutil.copyfile(board / f"leaderboard{kind}", folder / f"{name}{kind}")
        budget = json.loads((board / "leaderboard.json").read_text(encoding="utf-8"))["budget"]
        lines += ["", *index(name, report, budget)]
    (folder / "README.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    click.echo(f"{folder}: {len(boards)} leaderboards")


def index(name: str, report: dict[str, Any], budget: dict[str, float] | None) -> list[str]:
    """Title with logs and budget, links, command, and the verdict of every table."""
    about = [", ".join(section["dataset"] for section in report["datasets"])]
    units = {"train_seconds": "s", "train_steps": "steps"}
    about += [f"{value:,.10g} {units[key]}" for key, value in (budget or {}).items()]
    links = ", ".join(f"[{name}{kind}]({name}{kind})" for kind in TABLES)
    lines = [
        f"## {markdown(report['title'])} ({markdown('; '.join(about))})",
        "",
        f"{links}; finished {report['finished']}",
        "",
        f"    {report['command']}",
        "",
    ]
    for section in report["datasets"]:
        lines += [
            f"* {markdown(section['dataset'])}, {table['protocol']}: {markdown(table['verdict'])}"
            for table in section["tables"]
        ]
    return lines


if __name__ == "__main__":
    main()
