"""A counterfactual evaluation as one HTML file that needs no network."""

from pathlib import Path
from typing import Any, NamedTuple

from recbole_lsrec import __version__
from recbole_lsrec.analysis.counterfactual.charts import alpha_panel, change_panels
from recbole_lsrec.analysis.counterfactual.groups import TITLES
from recbole_lsrec.analysis.counterfactual.measure import Counterfactuals
from recbole_lsrec.analysis.counterfactual.text import alpha_rows, difference_rows, heading, notes
from recbole_lsrec.page.ink import Panel, glyph
from recbole_lsrec.page.numbers import typeset_rows
from recbole_lsrec.page.render import html_environment
from recbole_lsrec.whole_files import write_text


class Cut(NamedTuple):
    """One way to group the targets under one metric and protocol."""

    title: str
    groups: dict[str, int]
    panels: list[Panel]
    heads: list[str]
    rows: list[list[Any]]


def write_html(path: Path, found: Counterfactuals) -> None:
    """Writes figures and tables of alpha, and of every protocol, metric and way to group the targets."""
    result = found.run.result
    sections = {
        f"{metric}, {protocol}": [
            _cut(f"{metric} {protocol}", str(by), cut) for by, cut in part.groupby("by", sort=False)
        ]
        for (protocol, metric), part in found.table.groupby(["protocol", "metric"], sort=False)
    }
    cuts = [cut for section in sections.values() for cut in section]
    template = html_environment("recbole_lsrec.analysis.counterfactual").get_template("counterfactual.html.j2")
    page = template.render(
        title=f"Counterfactual evaluation: {result['model']} on {result['dataset']}",
        version=__version__,
        glyphs=[glyph(number) for number in range(max(len(cut.groups) for cut in cuts))],
        heading=heading(found),
        notes=notes(found),
        alpha=_alpha_cuts(found),
        sections=sections,
    )
    write_text(path, page + "\n")


def _cut(name: str, by: str, cut: Any) -> Cut:
    heads, rows = difference_rows(cut)
    title = TITLES[by][0].upper() + TITLES[by][1:]
    return Cut(
        title, _numbered(cut["group"]), change_panels(f"{name} {by}", cut), ["change", *heads[1:]], typeset_rows(rows)
    )


def _alpha_cuts(found: Counterfactuals) -> list[Cut]:
    if found.alpha is None:
        return []
    cuts = []
    for by, lines in found.alpha.groupby("by", sort=False):
        groups = [group for group in found.groups if group.by == by]
        heads, rows = alpha_rows(lines)
        title = TITLES[str(by)][0].upper() + TITLES[str(by)][1:]
        drawn = alpha_panel(str(by), found.alpha_values, groups)
        numbered = _numbered(group.name for group in groups)
        cuts.append(Cut(title, numbered, [drawn], ["group", *heads[1:]], typeset_rows(rows)))
    return cuts


def _numbered(names: Any) -> dict[str, int]:
    return {name: number for number, name in enumerate(dict.fromkeys(names))}
