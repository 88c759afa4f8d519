"""The main column of each table of a leaderboard, for the terminal."""

import csv
from pathlib import Path

from tabulate import tabulate

from recbole_lsrec.leaderboard.page.write import SHEET
from recbole_lsrec.page.numbers import metric


def table_text(out: Path) -> str:
    """The systems of a written report with their main metric under each protocol, a table for each data set.

    Args:
        out: the leaderboard's folder, after :func:`recbole_lsrec.leaderboard.page.write.write_report`.
    """
    first: dict[tuple[str, str, str], dict[str, str]] = {}  # the main metric stands first
    with (out / SHEET).open(encoding="utf-8", newline="") as file:
        for line in csv.DictReader(file):
            first.setdefault((line["dataset"], line["system"], line["protocol"]), line)
    texts = []
    for dataset in dict.fromkeys(dataset for dataset, _, _ in first):
        lines = {key[1:]: line for key, line in first.items() if key[0] == dataset}
        protocols, systems = (list(dict.fromkeys(key[n] for key in lines)) for n in (1, 0))
        main = next((line["metric"] for line in lines.values() if line["metric"]), "")
        rows = [[system, *(_cell(lines.get((system, protocol))) for protocol in protocols)] for system in systems]
        sides = ["left", *["right"] * len(protocols)]
        header = [f"{dataset}: {main}".removesuffix(": "), *protocols]
        texts.append(tabulate(rows, header, disable_numparse=True, colalign=sides))
    return "\n\n".join(texts)


def _cell(line: dict[str, str] | None) -> str:
    if line is None:
        return ""
    if not line["mean"]:
        return line["status"]
    spread = f" ± {metric(float(line['sd']))}" if line["sd"] else ""
    return f"{metric(float(line['mean']))}{spread}{' ↗' if line['status'] == 'rising' else ''}"
