"""Writing a report: one set of values, six files."""

import csv
import io
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from recbole_lsrec import __version__
from recbole_lsrec.analysis.strata import STRATA
from recbole_lsrec.json_files import write_values
from recbole_lsrec.leaderboard.board import load_board
from recbole_lsrec.leaderboard.page import charts, words
from recbole_lsrec.leaderboard.page.collect import Report, Section, collect
from recbole_lsrec.page.escape import cell, code_span, markdown, tex
from recbole_lsrec.page.ink import Panel, glyph
from recbole_lsrec.page.numbers import exact
from recbole_lsrec.page.render import html_environment, text_environment
from recbole_lsrec.whole_files import write_text

PACKAGE = "recbole_lsrec.leaderboard.page"
PAGE, TEXT, LATEX = "leaderboard.html", "leaderboard.md", "leaderboard.tex"
SHEET, PAIRS, VALUES = "leaderboard.csv", "leaderboard-pairs.csv", "report.json"
HEAD = ["dataset", "protocol", "system", "status", "metric", "mean", "sd", "seeds", "mark", "note"]
PAIR_HEAD = ["dataset", "protocol", "metric", "a", "b", "difference", "low", "high", "p", "p_holm", "corrected"]
LEAST_P = sys.float_info.min  # the tail of a t distribution may be less than any float, and no p is 0


def write_report(out: str | Path) -> Path:
    """Writes the page of a leaderboard folder, and its tables as Markdown, CSV, LaTeX and JSON.

    Nothing is trained or scored: everything comes from ``leaderboard.json`` and the run folders it names, so the page
    can be written again at any time, also while cells are pending.

    Args:
        out: the leaderboard's folder.

    Returns:
        Path of ``leaderboard.html``, one file that needs no network.

    Raises:
        DataError: the folder holds no leaderboard.
    """
    out = Path(out)
    report = collect(load_board(out))
    names = _names(report)
    write_text(out / PAGE, page(report))
    write_text(out / TEXT, text_environment(PACKAGE, markdown).get_template("leaderboard.md.j2").render(names))
    write_text(out / LATEX, text_environment(PACKAGE, tex).get_template("leaderboard.tex.j2").render(names))
    write_text(out / SHEET, _sheet(HEAD, lines(report)))
    write_text(out / PAIRS, _sheet(PAIR_HEAD, pair_lines(report)))
    write_values(out / VALUES, report.to_dict())
    return out / PAGE


def page(report: Report) -> str:
    """The page, with style and script inside."""
    number = {system: place for place, system in enumerate(report.board.systems)}
    return (
        html_environment(PACKAGE)
        .get_template("leaderboard.html.j2")
        .render(
            **_names(report),
            number=number,
            glyphs=[glyph(place) for place in number.values()],
            panels={section.dataset: _panels(section, number) for section in report.sections},
            strata=STRATA,
            plan=yaml.safe_dump(dict(report.board.plan), sort_keys=False, allow_unicode=True),
        )
    )


def lines(report: Report) -> Iterator[list[Any]]:
    """One line a number; a system without results has one line that says why."""
    for section in report.sections:
        for table in section.tables:
            for row in table.rows:
                status = "rising" if row.rising else row.status
                start, note = [section.dataset, table.protocol, row.system, status], "; ".join(row.notes)
                for key, value in row.values.items():
                    yield [*start, key, exact(value.mean), exact(value.sd), len(value.runs), value.mark or "", note]
                if not row.values:
                    yield [*start, "", "", "", 0, "", note]


def pair_lines(report: Report) -> Iterator[list[Any]]:
    """One line a pair of systems, in the metric that is compared: a minus b, its interval, p over users and seeds.

    The pairs of systems at their own lambda of popularity, marked so, come after those of the tables.
    """
    for section in report.sections:
        plain, with_lambda = ([of.comparison for of in part] for part in (section.tables, section.corrected_tests))
        for found in filter(None, plain + with_lambda):
            label = {model.name: model.label for model in found.models}
            for pair in found.pairs:
                numbers = (pair.difference, pair.low, pair.high)
                yield [
                    section.dataset,
                    found.protocol,
                    found.metric,
                    label[pair.a],
                    label[pair.b],
                    *map(exact, numbers),
                    *("" if p is None else f"{max(p, LEAST_P):.6g}" for p in (pair.p, pair.p_holm)),
                    "yes" if found.corrected else "",
                ]


def _sheet(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """CSV, safe to open with a spreadsheet."""
    sheet = io.StringIO()
    csv.writer(sheet, lineterminator="\n").writerows([head, *([cell(value) for value in row] for row in rows)])
    return sheet.getvalue()


def _panels(section: Section, number: dict[str, int]) -> dict[str, list[Panel]]:
    if not section.tables:
        return {name: [] for name in ("seeds", "ranks", "costs", "cuts", "alphas", "popularity")}
    first, ranks = section.tables[0], charts.ranks_panel(section.tables, number)
    return {
        "seeds": [charts.seeds_panel(table, number) for table in section.tables],
        "ranks": [ranks] if ranks else [],
        "costs": charts.cost_panels(first, section.costs, number),
        "cuts": charts.cut_panels(first, section.cuts, number),
        "alphas": charts.alpha_panels(section.dataset, section.alphas, number),
        "popularity": charts.popularity_panels(section.dataset, section.corrected, number),
    }


def _names(report: Report) -> dict[str, Any]:
    return {
        "title": report.board.title,
        "report": report,
        "board": report.board,
        "words": words,
        "code_span": code_span,
        "version": __version__,
    }
