"""Tables of docs/simulated_cosmetics.md: parameters, marginals beside real logs, rankers that only count.

    LSREC_REAL_DATA=<folder of parquet logs> python benchmarks/simulated_marginals.py

rewrites what stands between the markers in that page.
"""

import json
import os
import re
from dataclasses import fields
from pathlib import Path

import numpy as np
import pandas as pd
from simulated_checks import counting_rankers, marginals, sort_log

from recbole_lsrec.simulated.generate import ensure_cosmetics
from recbole_lsrec.simulated.parameters import Parameters

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "simulated_cosmetics.md"
TABLE_1 = {"users": 2515, "items": 5288, "interactions": 109580, "categories": 309, "mean length": 43.57}
REAL = {
    "RetailRocket": "retailrocket_sslrec",
    "Taobao favourites": "taobao_fav_khgt",
    "Complete Journey": "completejourney_druggm_cosmetics",
    "REES46 heads": "cosmetics_heads5x999",
}


def simulated() -> tuple[pd.DataFrame, pd.DataFrame]:
    """The bundled log and its planted truth, row by row the same events."""
    inter = ensure_cosmetics(ROOT / "atomic_data" / "cosmetics")
    log = pd.read_csv(inter, sep="\t").rename(columns=lambda column: column.split(":")[0])
    return log, pd.read_parquet(inter.with_name("cosmetics.planted.parquet"))


def marginal_table(log: pd.DataFrame, real_data: Path) -> str:
    """Simulated log, Table 1 and the real logs side by side."""
    columns = {"simulated": marginals(log), "SLSRec, Table 1": TABLE_1}
    for name, file in REAL.items():
        columns[name] = marginals(sort_log(pd.read_parquet(real_data / f"{file}.parquet")))
    rows = [f"| | {' | '.join(columns)} |", f"|---|{'---:|' * len(columns)}"]
    for key in columns["simulated"]:
        rows.append(f"| {key} | {' | '.join(_show(column.get(key, np.nan)) for column in columns.values())} |")
    return "\n".join(rows)


def ranker_table(log: pd.DataFrame, planted: pd.DataFrame) -> str:
    """Hit@10 of the counting rankers by planted cause."""
    hit = counting_rankers(log, planted["long_driven"].to_numpy())
    rows = [f"| Hit@10 over all items | {' | '.join(hit.columns)} |", f"|---|{'---:|' * len(hit.columns)}"]
    return "\n".join(rows + [f"| {name} | {' | '.join(map(_show, row))} |" for name, row in hit.iterrows()])


def _show(value: float) -> str:
    if np.isnan(value):
        return ""
    if value == int(value) and abs(value) >= 2:
        return f"{int(value):,}"
    return f"{value:.3f}" if value < 2 else f"{value:,.2f}" if value < 100 else f"{value:,.0f}"


def parameter_table() -> str:
    """Markdown table of every parameter: value, meaning, source."""
    rows = ["| parameter | value | meaning | source |", "|---|---|---|---|"]
    for f in fields(Parameters):
        value = ", ".join(map(str, f.default)) if isinstance(f.default, tuple) else f.default
        rows.append(f"| `{f.name}` | {value} | {f.metadata['meaning']} | {f.metadata['source']} |")
    return "\n".join(rows)


def main() -> None:
    """Rewrites the tables of the page."""
    folder = os.environ.get("LSREC_REAL_DATA")
    if not folder:
        raise SystemExit("Set LSREC_REAL_DATA to the folder with the real logs as parquet files.")
    log, planted = simulated()
    meta = json.loads((ROOT / "atomic_data/cosmetics/cosmetics.meta.json").read_text(encoding="utf-8"))
    hashes = [f"| {part} | `{sha}` |" for part, sha in meta["sha256"].items()]
    facts = [f"| {key} | {value} |" for key, value in meta["statistics"].items()]
    tables = {
        "parameters": parameter_table(),
        "marginals": marginal_table(log, Path(folder)),
        "rankers": ranker_table(log, planted),
        "hashes": "\n".join(["| of | SHA-256 |", "|---|---|", *hashes]),
        "statistics": "\n".join(["| | |", "|---|---|", *facts]),
    }
    page = PAGE.read_text(encoding="utf-8")
    for name, table in tables.items():
        begin, end = f"<!-- {name}: written by benchmarks/simulated_marginals.py -->", f"<!-- end of {name} -->"
        block = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.S)
        if not block.search(page):
            raise SystemExit(f"{PAGE}: markers of the table '{name}' are missing.")
        page = block.sub(lambda _, b=begin, t=table, e=end: f"{b}\n\n{t}\n\n{e}", page)
    PAGE.write_text(page, encoding="utf-8", newline="\n")
    print(f"Wrote {PAGE}")


if __name__ == "__main__":
    main()
