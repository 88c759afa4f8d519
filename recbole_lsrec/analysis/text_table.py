"""A table for a terminal of 100 columns."""

from typing import Any

from tabulate import tabulate

WIDTH = 100


def text_table(heads: list[str], rows: list[list[Any]], align: str) -> str:
    """Plain columns, each with its side in ``align``: ``l`` or ``r``."""
    sides = [{"l": "left", "r": "right"}[side] for side in align]
    # The heads are a row like any other: tabulate makes a column with a head two wider than it has to be.
    return tabulate([heads, *rows], tablefmt="plain", colalign=sides, disable_numparse=True)
