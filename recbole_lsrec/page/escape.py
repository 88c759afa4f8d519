"""Text made safe for Markdown tables and LaTeX."""

import re

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
    return re.sub(r"([\\`*_\[\]<>|])", r"\\\1", re.sub(r"\s*\n\s*", " ", text))
