"""A counterfactual evaluation to be read at a terminal of 100 columns."""

from textwrap import fill

import pandas as pd

from recbole_lsrec.analysis.counterfactual.groups import TITLES
from recbole_lsrec.analysis.counterfactual.measure import Counterfactuals
from recbole_lsrec.analysis.strata import FEW_USERS
from recbole_lsrec.analysis.text_table import WIDTH, text_table
from recbole_lsrec.errors import counted
from recbole_lsrec.page.numbers import metric, signed, spread, weight

LEVEL = 0.05


def heading(found: Counterfactuals) -> list[str]:
    """What was asked, and whether the untouched model is that of the run."""
    result = found.run.result
    table = found.table.iloc[0]
    lines = [
        f"{result['model']} on {result['dataset']}, seed {result['seed']}, {found.phase}: "
        f"{counted(table['instances'], 'instance')} "
        f"of {counted(table['users'], 'user')}; shuffle seed {found.seed}"
    ]
    lines += result["simulated"].splitlines()[:1] if isinstance(result["simulated"], str) else []
    other = {name: n for name, n in found.other_ranks.items() if n}
    if not other:
        return [*lines, "Untouched, the model gives every rank that its run saved."]
    counts = ", ".join(f"{n} under {name}" for name, n in other.items())
    return [*lines, f"Untouched, ranks that are not those its run saved (other threads, versions or noise?): {counts}."]


def counterfactual_text(found: Counterfactuals) -> str:
    """The heading, alpha, then a block for each protocol, metric and way to group the targets."""
    blocks = ["\n".join(fill(line, WIDTH) for line in heading(found))]
    if found.alpha is None:
        blocks.append(f"{found.run.result['model']}, as configured, has no alpha: only its histories were changed.")
    else:
        blocks.append("alpha, the weight of the long-term interest for the target\n" + _table(*alpha_rows(found.alpha)))
    for (protocol, name), part in found.table.groupby(["protocol", "metric"], sort=False):
        for by, cut in part.groupby("by", sort=False):
            blocks.append(f"{name}, {protocol}: {TITLES[str(by)]}\n" + _table(*difference_rows(cut)))
    return "\n\n".join([*blocks, "\n".join(fill(note, WIDTH) for note in notes(found))])


def alpha_rows(table: pd.DataFrame) -> tuple[list[str], list[list]]:
    """Heads and rows of the table of alpha."""
    heads = ["", "targets", "users", "mean", "sd", "10 %", "median", "90 %", "less the others'"]
    rows = [
        [
            line["group"],
            line["instances"],
            line["users"],
            spread(line["mean"], line["mean_se"], "+-"),
            *(weight(line[name]) for name in ("sd", "p10", "median", "p90")),
            ""
            if pd.isna(line["contrast"])
            else _difference(line["contrast"], line["contrast_se"], line["contrast_holm"]),
        ]
        for line in table.to_dict("records")
    ]
    return heads, rows


def difference_rows(cut: pd.DataFrame) -> tuple[list[str], list[list]]:
    """Heads and rows of a table of differences: interventions down, groups across."""
    groups = cut["group"].unique().tolist()
    rows = []
    for change, lines in cut.groupby("intervention", sort=False):
        row = [change]
        for line in lines.set_index("group").loc[groups].to_dict("records"):
            if line["kind"] == "none":
                row.append(spread(line["value"], line["value_se"], "+-"))
            else:
                mark = "#" if line["contrast_holm"] <= LEVEL else ""
                row.append(_difference(line["difference"], line["difference_se"], line["difference_holm"]) + mark)
        rows.append(row)
    return ["", *groups], rows


def notes(found: Counterfactuals) -> list[str]:
    """What the numbers are."""
    lines = [
        "Untouched: the metric; below: differences to it, on the same targets and candidates. +- is the standard error over"
        " users, of differences the paired one.",
        f"* differs from 0, Holm p <= {LEVEL:g} over all lines of a protocol and metric (of the alpha table).",
    ]
    if found.table["contrast_p"].notna().any():
        lines.append(f"# differs from the difference of the other groups' targets, Holm p <= {LEVEL:g} likewise.")
    tables = [found.table] if found.alpha is None else [found.table, found.alpha]
    if any((table["contrast"].notna() & table["contrast_p"].isna()).any() for table in tables):
        lines.append(f"A group is not tested against the others where it or they have fewer than {FEW_USERS} users.")
    return lines


def _difference(value: float, error: float, p: float) -> str:
    if pd.isna(value):
        return "-"
    known = "" if pd.isna(error) else f" +- {metric(error, like=value)}"
    return signed(value, "-") + known + ("*" if p <= LEVEL else "")


def _table(heads: list[str], rows: list[list]) -> str:
    return text_table(heads, rows, "l" * len(heads))
