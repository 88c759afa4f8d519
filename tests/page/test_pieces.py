"""The pieces of all pages."""

import re

from recbole_lsrec.page.ink import Panel
from recbole_lsrec.page.render import html_environment

FIGURES = '{% from "pieces.html.j2" import figures %}{{ figures(panels, numbers) }}'


def test_a_legend_stands_in_one_unbroken_row_with_the_first_charts() -> None:
    panels = [Panel(f"chart {number}", "A text.", "<svg></svg>") for number in range(4)]
    page = html_environment("recbole_lsrec.tuning").from_string(FIGURES)
    _, first, second = page.render(panels=panels, numbers={"SLSRec": 0}).split('<div class="row">')
    assert re.findall(r'class="legend"|chart \d(?=</)', first) == ['class="legend"', "chart 0", "chart 1", "chart 2"]
    assert re.findall(r'class="legend"|chart \d(?=</)', second) == ["chart 3"]
    assert "legend" not in page.render(panels=panels, numbers=None)
    style, _, _ = html_environment("recbole_lsrec.tuning").loader.get_source(page.environment, "style.css")
    assert re.search(r"@media print .*\.row \{ break-inside: avoid; \}", style, re.DOTALL)
