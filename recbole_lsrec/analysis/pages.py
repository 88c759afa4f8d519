"""A comparison, and a run by strata, as HTML files that need no network."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
from matplotlib.axes import Axes

from recbole_lsrec import __version__
from recbole_lsrec.analysis.compare import Comparison
from recbole_lsrec.analysis.compare_groups import GroupPair, group_note, group_tables
from recbole_lsrec.analysis.comparison_words import heading, notes, pair_rows, run_rows, seed_rows
from recbole_lsrec.analysis.strata import STRATA
from recbole_lsrec.analysis.strata_report import StrataReport, strata_heading, strata_notes, strata_rows
from recbole_lsrec.page.ink import MUTED, Panel, look, panel, rows_down
from recbole_lsrec.page.numbers import MINUS, confidence, signed, typeset_rows
from recbole_lsrec.page.numbers import metric as number
from recbole_lsrec.page.render import html_environment
from recbole_lsrec.whole_files import write_text

_NORMAL_95 = 1.96


class Table(NamedTuple):
    """A table with the charts above it."""

    title: str
    panels: list[Panel]
    heads: list[str]
    rows: list[list[Any]]


def write_comparison(path: Path, found: Comparison, groups: Sequence[GroupPair]) -> None:
    """Writes the pairs' differences as a chart, and runs, seeds, pairs and what was tested within groups as tables."""
    tables = [Table("Runs", [], *run_rows(found))]
    if any(model.sd is not None for model in found.models):
        tables.append(Table("Over seeds", [], *_typeset(seed_rows(found))))
    if found.pairs:
        tables.insert(0, Table("Pairs", [_pairs_panel(found)], *_typeset(pair_rows(found))))
    tables += [
        Table(title[0].upper() + title[1:], [], *_typeset((heads, rows)))
        for title, heads, rows in group_tables(groups, found.alpha)
    ]
    told = [*notes(found), *([group_note(groups, found.alpha)] if groups else [])]
    _write(path, f"Comparison: {found.metric} on {found.dataset}", heading(found), tables, told)


def write_strata(path: Path, report: StrataReport) -> None:
    """Writes a chart and a table for each way to cut the instances."""
    tables = [
        Table(
            STRATA[str(column)].title.capitalize(),
            [_stratum_panel(str(column), part, metric.name) for metric in report.metrics],
            *_typeset(strata_rows(part, report.metrics)),
        )
        for column, part in report.table.groupby("by", sort=False)
    ]
    result = report.run.result
    title = f"Strata: {result['model']} on {result['dataset']}"
    _write(path, title, strata_heading(report), tables, strata_notes(report.table))


def _write(path: Path, title: str, heading: list[str], tables: list[Table], told: list[str]) -> None:
    template = html_environment("recbole_lsrec.analysis").get_template("tables.html.j2")
    page = template.render(title=title, version=__version__, glyphs=[], heading=heading, tables=tables, notes=told)
    write_text(path, page + "\n")


def _pairs_panel(found: Comparison) -> Panel:
    of = {model.name: f"{model.name} {model.label.split()[0]}" for model in found.models}
    names = [f"{of[pair.a]} {MINUS} {of[pair.b]}" for pair in found.pairs]

    def draw(axes: Axes) -> None:
        for place, pair in enumerate(found.pairs):
            colour, marker = look(0)
            axes.plot([pair.low, pair.high], [place, place], color=colour)
            axes.plot([pair.difference], [place], marker, color=colour, markeredgewidth=0)
        rows_down(axes, names)
        axes.axvline(0, color=MUTED, linewidth=0.8)
        axes.set_xlabel(f"{found.metric}, first less second")

    text = "; ".join(
        f"{name}: {signed(pair.difference)}, {signed(pair.low)} to {signed(pair.high)}"
        for name, pair in zip(names, found.pairs, strict=True)
    )
    title = f"Differences with their {confidence(found.alpha)} intervals over users"
    return Panel(title, f"{text}.", panel("pairs", draw, height=1.2 + 0.32 * len(names)))


def _stratum_panel(column: str, part: pd.DataFrame, name: str) -> Panel:
    groups, value, error = list(part["group"]), part[name], _NORMAL_95 * part[f"{name}_se"].fillna(0)

    def draw(axes: Axes) -> None:
        colour, marker = look(0)
        axes.errorbar(
            value, range(len(groups)), xerr=error, fmt=marker, color=colour, markeredgewidth=0, elinewidth=1.2
        )
        rows_down(axes, groups)
        axes.set_xlabel(name)

    text = "; ".join(f"{group}: {number(of)}" for group, of in zip(groups, value, strict=True))
    drawn = panel(f"{column} {name}", draw, height=1.2 + 0.32 * len(groups))
    return Panel(f"{name}, with 95 % over users", f"{text}.", drawn)


def _typeset(table: tuple[list[str], list[list[Any]]]) -> tuple[list[str], list[list[Any]]]:
    heads, rows = table
    return heads, typeset_rows(rows)
