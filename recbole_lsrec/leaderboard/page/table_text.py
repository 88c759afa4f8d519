"""The main column of each table of a leaderboard, for the terminal."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tabulate import tabulate

from recbole_lsrec.json_files import read_json
from recbole_lsrec.leaderboard.page.write import VALUES
from recbole_lsrec.page.numbers import metric


def table_text(out: Path) -> str:
    """The systems of a written report with their main metric under each protocol, a table for each data set.

    Args:
        out: the leaderboard's folder, after :func:`recbole_lsrec.leaderboard.page.write.write_report`.
    """
    return "\n\n".join(_section(section) for section in read_json(out / VALUES)["datasets"] if section["tables"])


def _section(section: Mapping[str, Any]) -> str:
    mains = [table["main"] for table in section["tables"]]
    one = mains[0] if len(set(mains)) == 1 else None  # else each column says its own
    heads = [table["protocol"] if one else f"{table['protocol']}, {table['main']}" for table in section["tables"]]
    cells = [{row["system"]: _cell(row, table["main"]) for row in table["rows"]} for table in section["tables"]]
    rows = [[system, *(own.get(system, "") for own in cells)] for system in cells[0]]
    header = [section["dataset"] + (f": {one}" if one else ""), *heads]
    return tabulate(rows, header, disable_numparse=True, colalign=["left", *["right"] * len(cells)])


def _cell(row: Mapping[str, Any], main: str) -> str:
    if main not in row["values"]:
        return "-" if row["values"] else row["status"]
    value = row["values"][main]
    spread = "" if value["sd"] is None else f" ± {metric(value['sd'])}"
    return f"{metric(value['mean'])}{spread}{' ↗' if row['rising'] else ''}"
