"""Text made safe for Markdown tables, LaTeX and spreadsheets."""

import re
from typing import Any

import pandas as pd

from recbole_lsrec.page.numbers import DASH, MINUS

_TEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "±": r"$\pm$", DASH: "--", MINUS: "$-$", "↓": r"$\downarrow$", "τ": r"$\tau$",
}  # fmt: skip


def tex(text: str) -> str:
    """LaTeX that prints as the text."""
    return "".join(_TEX.get(character, character) for character in text.replace("\n", " "))


def markdown(text: str) -> str:
    """Markdown that shows the text, on one line, in a table's cell too."""
    return re.sub(r"([\\`*_~&\[\]<>|])", r"\\\1", re.sub(r"\s*\n\s*", " ", text))


def code_span(text: str) -> str:
    """Text as code inside a line of Markdown, whatever backticks and ends of lines it holds."""
    text = " ".join(text.split())
    fence = "`" * (1 + max(map(len, re.findall("`+", text)), default=0))
    padding = " " if "`" in text else ""
    return f"{fence}{padding}{text}{padding}{fence}"


def cell(value: Any) -> Any:
    """A value of a sheet; a text that a spreadsheet would take for a formula gets an apostrophe before it."""
    if not isinstance(value, str) or value[:1] not in ("=", "+", "-", "@", "\t", "\r"):
        return value
    try:
        float(value)
    except ValueError:
        return f"'{value}"
    return value


def sheet(table: pd.DataFrame) -> str:
    """CSV, each value a :func:`cell`."""
    return table.apply(lambda column: column.map(cell)).to_csv(index=False)
