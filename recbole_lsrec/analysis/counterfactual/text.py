"""A counterfactual evaluation to be read at a terminal of 100 columns."""

from textwrap import fill

import pandas as pd
from tabulate import tabulate

from recbole_lsrec.analysis.counterfactual.groups import TITLES
from recbole_lsrec.analysis.counterfactual.measure import Counterfactuals

LEVEL = 0.05
WIDTH = 100


def heading(found: Counterfactuals) -> list[str]:
    """What was asked, and whether the untouched model is that of the run."""
    result = found.run.result
    table = found.table.iloc[0]
    lines = [
        f"{result['model']} on {result['dataset']}, seed {result['seed']}, {found.phase}: {table['instances']} instances "
        f"of {table['users']} users; shuffle seed {found.seed}"
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
        blocks.append("alpha, the weight of the long-term interest for the target\n" + _alpha(found.alpha))
    for (protocol, metric), part in found.table.groupby(["protocol", "metric"], sort=False):
        for by, cut in part.groupby("by", sort=False):
            blocks.append(f"{metric}, {protocol}: {TITLES[str(by)]}\n" + _differences(cut))
    return "\n\n".join([*blocks, "\n".join(fill(note, WIDTH) for note in _notes(found))])


def _alpha(table: pd.DataFrame) -> str:
    heads = ["", "targets", "users", "mean", "sd", "10 %", "median", "90 %", "less the others'"]
    rows = [
        [
            line["group"],
            line["instances"],
            line["users"],
            _pm(line["mean"], line["mean_se"]),
            *(f"{line[name]:.3f}" for name in ("sd", "p10", "median", "p90")),
            "" if pd.isna(line["contrast"]) else _signed(line["contrast"], line["contrast_se"], line["contrast_holm"]),
        ]
        for line in table.to_dict("records")
    ]
    return _table(rows, heads)


def _differences(cut: pd.DataFrame) -> str:
    """Interventions down, groups across."""
    groups = cut["group"].unique().tolist()
    rows = []
    for change, lines in cut.groupby("intervention", sort=False):
        row = [change]
        for line in lines.set_index("group").loc[groups].to_dict("records"):
            if line["kind"] == "none":
                row.append(_pm(line["value"], line["value_se"]))
            else:
                mark = "#" if line["contrast_holm"] <= LEVEL else ""
                row.append(_signed(line["difference"], line["difference_se"], line["difference_holm"]) + mark)
        rows.append(row)
    return _table(rows, ["", *groups])


def _notes(found: Counterfactuals) -> list[str]:
    notes = [
        "Untouched: the metric; below: differences to it, on the same targets and candidates. +- is the standard error over"
        " users, of differences the paired one.",
        f"* differs from 0, Holm p <= {LEVEL:g} over all lines of a protocol and metric (of the alpha table).",
    ]
    if found.table["contrast"].notna().any():
        notes.append(f"# differs from the difference of the other groups' targets, Holm p <= {LEVEL:g} likewise.")
    return notes


def _pm(value: float, error: float) -> str:
    digits = 4 if abs(value) < 10 else 1
    return f"{value:.{digits}f}" + ("" if pd.isna(error) else f" +- {error:.{digits}f}")


def _signed(value: float, error: float, p: float) -> str:
    if pd.isna(value):
        return "-"
    return ("+" if value > 0 else "" if value < 0 else " ") + _pm(value, error) + ("*" if p <= LEVEL else "")


def _table(rows: list[list], heads: list[str]) -> str:
    # The heads are a row like any other: tabulate makes a column with a head two wider than it has to be.
    return tabulate([heads, *rows], tablefmt="plain", colalign=["left"] * len(heads), disable_numparse=True)
