"""Ours beside the paper's: one table, as values, as Markdown and for the terminal."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from tabulate import tabulate

from recbole_lsrec.json_files import finite
from recbole_lsrec.page.numbers import metric
from recbole_lsrec.reproduce.entry import Entry, entry_names, read_entry
from recbole_lsrec.reproduce.ours import Ours, Value

_CLOSE = 0.02  # logs of the same name that differ more than this in users, items or events are said to differ


def substitute(entry: Entry, ours: Ours) -> str | None:
    """Says why the paper's numbers do not belong beside ours; None where the data set is the paper's by name and real."""
    name, papers = entry.plan.datasets[0].name, ", ".join(_papers_data(entry))
    if ours.simulated:
        return f"SUBSTITUTE: {name} is a simulated log; the paper has {papers}. Its numbers do not belong beside these."
    if name not in _papers_data(entry):
        return f"SUBSTITUTE: {name}; the paper has {papers}. Its numbers do not belong beside these."
    return None


def comparison(entry: Entry, ours: Ours, quick: bool) -> dict[str, Any]:
    """Everything the table shows, as plain values for JSON."""
    label, name = substitute(entry, ours), entry.plan.datasets[0].name
    asked = entry.rows()  # of the systems that were chosen
    shown = ours.rows and not label  # without a finished run nothing tells whether the log is simulated
    numbers = {} if not shown else {row: values for row, values in entry.numbers.get(name, {}).items() if row in asked}
    systems = [system.name for system in entry.plan.systems]
    told = dict.fromkeys([*ours.rows, *numbers])
    silent = set(ours.missing) - {_system(row, systems) for row in told}
    order = sorted([*told, *silent], key=lambda row: systems.index(_system(row, systems)))
    rows = [
        {
            "row": row,
            "ours": _shown(entry, ours.rows.get(row)),
            "further": {protocol: _shown(entry, rows[row]) for protocol, rows in ours.further.items() if row in rows},
            "paper": dict(zip(entry.columns, numbers[row], strict=True)) if row in numbers else None,
            "missing": ours.missing.get(_system(row, systems))
            or (None if row in ours.rows else "the log has no such targets"),
        }
        for row in order
    ]
    return finite(
        {
            "entry": entry.name,
            "title": entry.plan.title,
            "paper": entry.where,
            "dataset": name,
            "substitute": label,
            "sizes": dict(ours.sizes),
            "paper_sizes": _papers_sizes(entry) if shown else None,
            "protocol": ours.protocol,
            "seeds": [] if entry.kind == "statistics" else list(entry.plan.seeds),
            "budget": dict(entry.plan.budget) or None,
            "quick": quick,
            "rows": rows,
            "notes": list(entry.notes),
        }
    )


def _shown(entry: Entry, found: Mapping[str, Value] | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {shown: asdict(found[key]) for shown, key in entry.columns.items() if key in found}


def _system(row: str, systems: Sequence[str]) -> str:
    """The system of a row: the row is its name, alone or before a change and a group."""
    return max((name for name in systems if f"{row}, ".startswith(f"{name}, ")), key=len)


def text(found: Mapping[str, Any], columns: list[str], form: str = "simple") -> str:
    """The comparison to be read.

    Args:
        found: what :func:`comparison` gave.
        columns: names, as the paper has them.
        form: of the table, as ``tabulate`` names it.
    """
    return "\n".join([*_heading(found), "", _table(found, columns, form), *_below(found)])


def _heading(found: Mapping[str, Any]) -> list[str]:
    lines = [f"{found['title']} ({found['paper']}), on {found['dataset']}"]
    lines += [found["substitute"]] if found["substitute"] else []
    if found["quick"]:
        lines.append("QUICK: a few steps and one seed; nothing is trained to its end.")
    if found["sizes"]:
        lines.append(f"The log: {_sizes(found['sizes'])}." + _of_paper(found["sizes"], found["paper_sizes"]))
    if found["seeds"]:
        budget = ", ".join(f"{key} {size:g}" for key, size in (found["budget"] or {}).items())
        lines.append(
            f"Seeds {', '.join(map(str, found['seeds']))}; {budget or 'trained until early stopping or epochs'}; "
            f"ranked under {found['protocol'] or 'nothing, no run is finished'}."
        )
    return lines


def _table(found: Mapping[str, Any], columns: list[str], form: str) -> str:
    lines = []
    several = any(row["further"] for row in found["rows"])
    for row in found["rows"]:
        if row["ours"] is not None:
            whose = f"ours, {found['protocol']}" if several else "ours"
            lines.append([row["row"], whose, *(_value(row["ours"].get(column)) for column in columns)])
        for protocol, values in row["further"].items():
            lines.append(["", f"ours, {protocol}", *(_value(values.get(column)) for column in columns)])
        if row["paper"] is not None:
            name = "" if row["ours"] is not None else row["row"]
            lines.append([name, "paper", *(_number(row["paper"][column]) for column in columns)])
        if row["ours"] is None and row["paper"] is None:
            lines.append([row["row"], "", *("" for _ in columns)])
    return tabulate(
        lines, ["", "", *columns], form, disable_numparse=True, colalign=["left", "left", *["right"] * len(columns)]
    )


def _below(found: Mapping[str, Any]) -> list[str]:
    missing = [f"{row['row']}: {row['missing']}" for row in found["rows"] if row["missing"]]
    return [
        *(["", "Missing:", *(f"- {line}" for line in missing)] if missing else []),
        *(["", "Notes:", *(f"- {note}" for note in found["notes"])] if found["notes"] else []),
    ]


def _value(value: Mapping[str, Any] | None) -> str:
    if value is None:
        return "-"
    return _number(value["mean"]) + ("" if value["sd"] is None else f" ± {_number(value['sd'])}")


def _number(value: float | None) -> str:
    if value is None:
        return "?"
    return f"{value:,}" if isinstance(value, int) else metric(value)


def _papers_data(entry: Entry) -> list[str]:
    """Data sets of the table in the paper, whatever the entry was narrowed to."""
    return [data.name for data in read_entry(entry.name).plan.datasets]


def _papers_sizes(entry: Entry) -> Mapping[str, float | None] | None:
    """Of the log, from the paper's table of statistics, or what the entry says of them."""
    paper = entry.name.split("-")[0]
    for name in entry_names():
        if name.startswith(f"{paper}-t"):
            other = read_entry(name)
            rows = other.numbers.get(entry.plan.datasets[0].name) if other.kind == "statistics" else None
            if rows and {"users", "items", "events"} <= set(other.columns.values()):
                return dict(zip(other.columns.values(), next(iter(rows.values())), strict=True))
    return entry.sizes or None


def _sizes(sizes: Mapping[str, Any]) -> str:
    return ", ".join(f"{_number(sizes[key])} {key}" for key in ("users", "items", "events") if key in sizes)


def _of_paper(sizes: Mapping[str, Any], paper: Mapping[str, Any] | None) -> str:
    if not paper:
        return ""
    text = f" The paper's: {_sizes(paper)}."
    if all(abs(sizes[key] - paper[key]) <= _CLOSE * paper[key] for key in sizes if key in paper):
        return text
    return f"{text} THE LOGS DIFFER, so their numbers do too."
