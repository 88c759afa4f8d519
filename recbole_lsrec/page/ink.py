"""Panels as SVG text: drawn by matplotlib, coloured by the page's style sheet.

SVG without a script: a panel is some 10 KB, prints sharp, works offline and scales. Each panel is one figure, so that the
page can lay them side by side or, on a phone, one under the other. A colour is drawn as a key and replaced by a CSS
variable, so that dark mode needs no second picture.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from io import StringIO
from textwrap import fill
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import LogFormatter, LogFormatterMathtext

INK, MUTED, GRID = "#010101", "#020202", "#030303"
_VARIABLES = {INK: "--ink", MUTED: "--muted", GRID: "--grid"}
# Okabe and Ito (2008), told apart with any common colour blindness; yellow is too pale on white, black is the ink.
N_COLOURS = 7
_SERIES = [f"#04000{number}" for number in range(N_COLOURS)]
_VARIABLES |= {colour: f"--series-{number}" for number, colour in enumerate(_SERIES)}
_MARKERS = "osD^vPX*"
_WIDTH = 3.6  # of a panel, in inches
_STYLE: Any = {
    "svg.hashsalt": "lsrec",  # the same ids every time
    "svg.fonttype": "none",  # text stays text: searchable, and in the reader's font
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": GRID,
    "axes.labelcolor": INK,
    "axes.axisbelow": True,
    "xtick.color": GRID,
    "ytick.color": GRID,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": MUTED,
    "text.color": INK,
    "text.parse_math": False,  # a name may hold a $
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "lines.linewidth": 1.4,
    "lines.markersize": 6,
}


@dataclass(frozen=True)
class Panel:
    """A chart: ``title`` above it, ``text`` for who cannot see it, ``svg`` the drawing."""

    title: str
    text: str
    svg: str


def look(index: int) -> tuple[str, str]:
    """Colour and marker of what has this number; 7 colours and 8 markers tell 56 apart."""
    return _SERIES[index % N_COLOURS], _MARKERS[index % len(_MARKERS)]


def panel(name: str, draw: Callable[[Axes], None], height: float = 2.6) -> str:
    """Draws one panel.

    Args:
        name: unique in the page; makes the ids in the SVG unique and the same every time.
        draw: fills the axes.
        height: inches; 72 units of the SVG each.

    Returns:
        An ``<svg>`` element to be set into a page that defines the CSS variables of :data:`_VARIABLES`.
    """
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(_WIDTH, height), layout="constrained")
        axes = figure.add_subplot()
        draw(axes)
        for axis in (axes.xaxis, axes.yaxis):
            _write_powers_plainly(axis)
        return _svg(figure, name)


def _write_powers_plainly(axis: Axis) -> None:
    """A log axis writes its numbers as formulas, which stay text here."""
    major, minor = axis.get_major_formatter(), axis.get_minor_formatter()
    if isinstance(major, LogFormatterMathtext):
        axis.set_major_formatter(LogFormatter(labelOnlyBase=major.labelOnlyBase))
    if isinstance(minor, LogFormatterMathtext):
        axis.set_minor_formatter(LogFormatter(labelOnlyBase=minor.labelOnlyBase))


ROW_LETTERS = 18
"""Of a line of a name that :func:`rows_down` writes."""


def rows_down(axes: Axes, names: Sequence[str]) -> None:
    """Names down the left side, the first on top."""
    axes.set_yticks(range(len(names)), [fill(name, ROW_LETTERS) for name in names])
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0, labelcolor=INK)
    axes.spines["left"].set_visible(False)
    axes.grid(True, axis="x")
    axes.locator_params(axis="x", nbins=5)
    for place in range(1, len(names)):
        axes.axhline(place - 0.5, color=GRID, linewidth=0.4)


def glyph(index: int) -> str:
    """The marker of a system as a ``<symbol>`` named ``glyph-<index>``, for ``<use>`` in a line of text."""
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(0.2, 0.2))
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set_axis_off()
        colour, marker = look(index)
        axes.plot([0], [0], marker, color=colour, markersize=8, markeredgewidth=0)
        drawn = _svg(figure, f"glyph {index}")
        drawn = re.sub(r"<svg [^>]*(viewBox=\S+ \S+ \S+ \S+)[^>]*>", rf'<symbol id="glyph-{index}" \1>', drawn)
        return drawn.replace("</svg>", "</symbol>")


def _svg(figure: Figure, name: str) -> str:
    figure.patch.set_visible(False)
    for axes in figure.axes:
        axes.patch.set_visible(False)
    buffer = StringIO()
    FigureCanvasSVG(figure).print_svg(buffer, metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :].strip()
    text = re.sub(r"(?s)<metadata>.*?</metadata>", "", text)
    # A page may hold an id once: matplotlib's groups are named alike in every figure, and markers by their shape.
    text = re.sub(r' id="[A-Za-z0-9]+_\d+"', "", text)
    own = sha256(name.encode()).hexdigest()[:8]
    text = re.sub(r'(?<= id=")(?=\w)|(?<=href="#)|(?<=url\(#)', f"i{own}-", text)
    text = re.sub(r"(?s)<defs>\s*<style.*?</style>\s*</defs>", "", text)  # would hold for the whole page
    text = re.sub(r' xmlns(:xlink)?="[^"]+"', "", text).replace("xlink:href", "href")  # an HTML parser knows them
    text = text.replace("'DejaVu Sans'", "var(--font)")
    for colour, variable in _VARIABLES.items():
        text = text.replace(colour, f"var({variable})")
    return re.sub(r"\s*\n\s*", " ", text)
