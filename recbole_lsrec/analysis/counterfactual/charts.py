"""The panels of a counterfactual evaluation, one colour and marker for each group of targets."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from recbole_lsrec.analysis.counterfactual.groups import Group
from recbole_lsrec.analysis.counterfactual.intervention import SIDES
from recbole_lsrec.page.ink import MUTED, Panel, look, panel, rows_down
from recbole_lsrec.page.numbers import metric, signed, weight

_TITLES = {"alpha": "Fixed alpha", "truncate": "Only the last events", "shuffle": "Shuffled"}
_ACROSS = {"alpha": "alpha: 0 short-term only, 1 long-term only", "truncate": "events kept"}
_NORMAL_95 = 1.96
_BINS = 40


def alpha_panel(by: str, alpha: np.ndarray, groups: Sequence[Group]) -> Panel:
    """How the untouched model's alpha is distributed in each group of one cut."""
    edges = np.linspace(0, 1, _BINS + 1)
    shares = [np.histogram(alpha[group.chosen], edges)[0] / group.chosen.sum() for group in groups]

    def draw(axes: Axes) -> None:
        for number, share in enumerate(shares):
            axes.stairs(share, edges, color=look(number)[0], linewidth=1.3)
        axes.set_xlim(0, 1)
        axes.yaxis.set_major_formatter(lambda y, _: f"{y:.0%}")
        axes.set_xlabel(_ACROSS["alpha"])
        axes.set_ylabel("share of the group")

    text = "; ".join(f"{group.name}: mean {weight(alpha[group.chosen].mean())}" for group in groups)
    return Panel("Alpha of the targets, untouched model", f"{text}.", panel(f"alpha {by}", draw))


def change_panels(name: str, cut: pd.DataFrame) -> list[Panel]:
    """The metric against alpha and against the events kept, and what shuffling takes from it.

    Args:
        name: of the metric, protocol and cut, for ids that are unique in the page.
        cut: lines of :func:`differences_table` of one metric, protocol and cut.
    """
    asked = cut.loc[cut["kind"] != "none", ["kind", "side"]].drop_duplicates().to_dict("records")
    asked.sort(key=lambda kind: list(_TITLES).index(kind["kind"]))
    return [_panel(name, cut, kind["kind"], None if pd.isna(kind["side"]) else kind["side"]) for kind in asked]


def _panel(name: str, cut: pd.DataFrame, kind: str, side: float | None) -> Panel:
    groups = list(dict.fromkeys(cut["group"]))
    parts = [_lines(cut[cut["group"] == group], kind, side) for group in groups]
    untouched = [cut.loc[(cut["group"] == group) & (cut["kind"] == "none"), "value"].item() for group in groups]
    measured = cut["metric"].iloc[0]

    def draw_values(axes: Axes) -> None:
        for number, part in enumerate(parts):
            colour, marker = look(number)
            axes.errorbar(part["setting"], part["value"], _NORMAL_95 * part["difference_se"].fillna(0), fmt=f"-{marker}",
                          color=colour, markersize=4, markeredgewidth=0, elinewidth=1)  # fmt: skip
            axes.axhline(untouched[number], color=colour, linewidth=0.8, linestyle=(0, (4, 3)))
        if kind == "truncate":
            axes.set_xscale("log")
            kept = sorted(parts[0]["setting"].astype(int))
            axes.set_xticks(kept, [str(k) for k in kept])
            axes.minorticks_off()
        axes.set_xlabel(_ACROSS[kind])
        axes.set_ylabel(measured)

    def draw_differences(axes: Axes) -> None:
        for number, part in enumerate(parts):
            colour, marker = look(number)
            axes.errorbar(part["difference"], [number], xerr=_NORMAL_95 * part["difference_se"].fillna(0), fmt=marker,
                          color=colour, markersize=6, markeredgewidth=0, elinewidth=1.2)  # fmt: skip
        rows_down(axes, groups)
        axes.axvline(0, color=MUTED, linewidth=0.8)
        axes.set_xlabel(f"{measured}, difference to untouched")

    def told(part: pd.DataFrame) -> str:
        if kind == "shuffle":
            return ", ".join(signed(value) for value in part["difference"])
        return ", ".join(
            f"{setting:g}: {metric(value)}" for setting, value in zip(part["setting"], part["value"], strict=True)
        )

    height = 0.8 + 0.3 * len(groups) if kind == "shuffle" else 2.6
    drawn = panel(
        f"{name} {kind} {side}", draw_differences if kind == "shuffle" else draw_values, height=max(1.3, height)
    )
    title = _TITLES[kind] + ("" if side is None else f", {SIDES[side]}")
    shown = "difference" if kind == "shuffle" else "value"
    text = "; ".join(f"{group}: {told(part)}" for group, part in zip(groups, parts, strict=True))
    return Panel(f"{title}: {shown}", f"{text}.", drawn)


def _lines(lines: pd.DataFrame, kind: str, side: float | None) -> pd.DataFrame:
    same_side = lines["side"].isna() if side is None else lines["side"] == side
    return lines[(lines["kind"] == kind) & same_side].sort_values("setting")
