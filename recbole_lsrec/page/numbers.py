"""How numbers are written, the same in every file."""

import re
from collections.abc import Iterable, Sequence
from math import isnan
from typing import Any

DASH, MINUS = "\u2013", "\u2212"
_NUMBER = re.compile(r"[<+\-\u2212]?\.?\d")


def metric(value: float | None, like: float | None = None) -> str:
    """Four decimals, as RecBole; fewer for a mean rank. A spread has as many as what it is ``like``."""
    if value is None or isnan(value):
        return DASH
    size = abs(value if like is None else like)
    return f"{value:.{4 if size < 10 else 2 if size < 100 else 1}f}"


def spread(value: float | None, error: float | None, sign: str = "±") -> str:
    """A metric with its standard error or deviation, where that is known."""
    known = value is not None and error is not None and not isnan(error)
    return metric(value) + (f" {sign} {metric(error, like=value)}" if known else "")


def exact(value: float | None) -> str:
    """Six decimals, for files that other programs read; nothing for what is not known."""
    return "" if value is None else f"{value:.6f}"


def weight(value: float) -> str:
    """Three decimals, of the long-term interest."""
    return DASH if isnan(value) else f"{value:.3f}"


def p_value(value: float | None) -> str:
    """Four decimals, never 0."""
    if value is None:
        return DASH
    return "<.0001" if value < 0.0001 else f"{value:.4f}"


def signed(value: float, minus: str = MINUS) -> str:
    """A difference, with a true minus; terminals that know ASCII alone get theirs."""
    return (f"{value:+.4f}" if abs(value) < 10 else f"{value:+.1f}").replace("-", minus)


def plain(value: float | None) -> str:
    """Three significant digits, thousands apart."""
    if value is None:
        return DASH
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def short(value: float) -> str:
    """1.2G, 1.2M, 420k, 53, 0.36."""
    value = float(f"{value:.3g}")  # first, as 999,600 is 1M
    for unit, name in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= unit:
            return f"{value / unit:.3g}{name}"
    return f"{value:.3g}"


def general(value: Any) -> str:
    """Any value of a setting: four significant digits of a number, nothing for one that is missing."""
    if isinstance(value, float):
        return "" if isnan(value) else f"{value:.4g}"
    return str(value)


def typeset(text: str) -> str:
    """Numbers as terminals have them with a page's signs, and not broken across lines."""
    return re.sub(r"-(?=[\d.])", MINUS, text.replace(" +- ", "\u00a0±\u00a0"))


def typeset_rows(rows: list[list[Any]]) -> list[list[Any]]:
    """The rows of a table with :func:`typeset` numbers; the first column holds names."""
    return [[name, *(typeset(str(value)) for value in values)] for name, *values in rows]


def percent(value: float | None) -> str:
    """One decimal."""
    return DASH if value is None else f"{value:.1%}"


def confidence(alpha: float) -> str:
    """That of the intervals of tests at a level: ``95%`` at .05."""
    return f"{100 * (1 - alpha):g}%"


def seconds(value: float | None) -> str:
    """2 h 3 min, 4 min 5 s, 6.1 s."""
    if value is None:
        return DASH
    if value < 60:
        return f"{value:.1f} s"
    minutes = round(value / 60)
    return f"{int(value) // 60} min {int(value) % 60} s" if value < 3600 else f"{minutes // 60} h {minutes % 60} min"


def span(value: int) -> str:
    """Whole seconds in the unit that fits: 30 min, 2 h, 7 d."""
    if value >= 86_399:
        return f"{round(value / 86_400)} d"
    return f"{value // 3600} h" if value % 3600 == 0 else f"{value // 60} min"


def budget(value: dict[str, float] | None) -> str:
    """What every cell may spend on training."""
    if not value:
        return "no budget: every cell trained until its early stopping or its number of epochs"
    words = {"train_seconds": "second{} of training", "train_steps": "optimiser step{}"}
    amounts = (
        f"{plain(amount)} {words.get(name, name).format('' if amount == 1 else 's')}" for name, amount in value.items()
    )
    return f"{', '.join(amounts)} a cell"


def when(value: str | int | None) -> str:
    """2026-11-21 07:06 UTC; a place in an order (``timestamp_unit: order``) as it is."""
    if isinstance(value, int):
        return str(value)
    return DASH if value is None else value[:16].replace("T", " ") + " UTC"


def numeric_columns(rows: Iterable[Sequence[Any]]) -> set[int]:
    """Which columns of a table, the first aside, hold numbers, or nothing where there is none."""
    columns = {at: [str(value).strip() for value in column] for at, column in enumerate(zip(*rows, strict=True))}
    return {
        at
        for at, texts in columns.items()
        if at
        and any(map(_NUMBER.match, texts))
        and all(_NUMBER.match(text) or text in ("", "-", DASH) for text in texts)
    }


FILTERS: dict[str, Any] = {
    "metric": metric,
    "p_value": p_value,
    "signed": signed,
    "plain": plain,
    "percent": percent,
    "seconds": seconds,
    "budget": budget,
    "when": when,
    "numeric_columns": numeric_columns,
}
