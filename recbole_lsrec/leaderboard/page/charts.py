"""The panels of the page."""

from collections.abc import Mapping, Sequence
from textwrap import fill

import numpy as np
from matplotlib.axes import Axes

from recbole_lsrec.analysis.strata import STRATA
from recbole_lsrec.leaderboard.page.agreement import common_metric, places
from recbole_lsrec.leaderboard.page.alphas import BINS, Alpha
from recbole_lsrec.leaderboard.page.cost import Cost
from recbole_lsrec.leaderboard.page.cuts import Cut
from recbole_lsrec.leaderboard.page.popularity import Corrected
from recbole_lsrec.leaderboard.page.results import Table
from recbole_lsrec.page.ink import INK, MUTED, Panel, look, panel, rows_down
from recbole_lsrec.page.numbers import metric, short

_COSTS = {
    "seconds_per_epoch": ("Training time", "seconds an epoch"),
    "ms_per_user": ("Scoring time", "ms a validation target"),
    "memory_mb": ("Memory", "peak of the process, MB"),
    "parameters": ("Size", "trained parameters"),
}


def seeds_panel(table: Table, number: Mapping[str, int]) -> Panel:
    """The main metric of each system: every seed hollow, the mean filled."""
    rows = [row for row in table.rows if table.main in row.values]

    def draw(axes: Axes) -> None:
        for place, row in enumerate(rows):
            colour, marker = look(number[row.system])
            value = row.values[table.main]
            axes.plot([min(value.runs), max(value.runs)], [place, place], color=colour, linewidth=2, alpha=0.35)
            axes.plot(value.runs, [place] * len(value.runs), marker, color=colour, markersize=4, fillstyle="none")
            axes.plot(value.mean, place, marker, color=colour, markersize=8, markeredgewidth=0)
        rows_down(axes, [row.system for row in rows])
        axes.set_xlabel(table.main)

    ordered = ", ".join(
        f"{row.system} {metric(row.values[table.main].mean)}{' (outside the order)' if row.rising else ''}"
        for row in rows
    )
    svg = panel(f"seeds {table.dataset} {table.protocol}", draw, height=0.7 + 0.3 * len(rows))
    return Panel(f"{table.protocol}: {table.main} by seed", f"From best to worst: {ordered}.", svg)


def ranks_panel(tables: Sequence[Table], number: Mapping[str, int]) -> Panel | None:
    """Place of each system under each protocol; None for a single protocol or system."""
    shown = common_metric(tables)
    order = places(tables, shown) if shown else {}
    shared = [system for system in number if all(system in order[name] for name in order)]
    if len(order) < 2 or len(shared) < 2:
        return None
    kept = [[system for system in best_first if system in shared] for best_first in order.values()]
    place = {system: [best_first.index(system) + 1 for best_first in kept] for system in shared}

    def draw(axes: Axes) -> None:
        for system in shared:
            colour, marker = look(number[system])
            axes.plot(range(len(order)), place[system], marker=marker, color=colour, markersize=7, linewidth=2)
            axes.annotate(fill(system, 16), (len(order) - 1, place[system][-1]), (9, 0), textcoords="offset points",
                          va="center", fontsize=8)  # fmt: skip
        axes.set_xticks(range(len(order)), list(order))
        axes.set_yticks(range(1, len(shared) + 1))
        axes.set_xlim(-0.2, len(order) - 1 + 0.45 * (len(order) - 1))
        axes.set_ylim(len(shared) + 0.5, 0.5)
        axes.set_ylabel("place")
        axes.spines[:].set_visible(False)
        axes.tick_params(length=0)

    text = "; ".join(f"{name}: {', '.join(best_first)}" for name, best_first in zip(order, kept, strict=True))
    svg = panel(f"ranks {tables[0].dataset}", draw, height=max(2.0, 0.7 + 0.3 * len(shared)))
    return Panel(f"Place of each system by protocol: {shown}", f"Best first. {text}.", svg)


def cost_panels(table: Table, costs: Sequence[Cost], number: Mapping[str, int]) -> list[Panel]:
    """The main metric against each cost that some system has."""
    return [p for key in _COSTS if (p := _cost_panel(table, costs, key, number))]


def _cost_panel(table: Table, costs: Sequence[Cost], key: str, number: Mapping[str, int]) -> Panel | None:
    means = {row.system: row.values[table.main].mean for row in table.rows if table.main in row.values}
    points = [(cost.system, getattr(cost, key), means[cost.system]) for cost in costs
              if cost.system in means and getattr(cost, key) is not None]  # fmt: skip
    if not points:
        return None
    title, label = _COSTS[key]

    def draw(axes: Axes) -> None:
        for system, spent, value in points:
            colour, marker = look(number[system])
            axes.plot(spent, value, marker, color=colour, markersize=9, markeredgewidth=0, clip_on=False)
        spent = [point[1] for point in points]
        if max(spent) > 20 * min(spent):
            axes.set_xscale("log")
        else:
            axes.set_xlim(0, 1.08 * max(spent))
        axes.grid(True)
        axes.locator_params(axis="y", nbins=5)
        axes.xaxis.set_major_formatter(lambda x, _: short(x))
        axes.set_xlabel(label)
        axes.set_ylabel(f"{table.main}, {table.protocol}")

    text = "; ".join(f"{system} {short(spent)}" for system, spent, _ in points)
    return Panel(title, f"{label}: {text}.", panel(f"cost {table.dataset} {key}", draw))


def cut_panels(table: Table, cuts: Sequence[Cut], number: Mapping[str, int]) -> list[Panel]:
    """One panel a stratum: groups down, the systems beside each other in every group."""
    by_column = {by: [cut for cut in cuts if cut.by == by] for by in STRATA}
    return [_cut_panel(table, by, own, number) for by, own in by_column.items() if own]


def _cut_panel(table: Table, by: str, cuts: Sequence[Cut], number: Mapping[str, int]) -> Panel:
    names = [*STRATA[by].names, "unknown"]
    groups = sorted({cut.group for cut in cuts}, key=names.index)
    systems = list(dict.fromkeys(cut.system for cut in cuts))
    size = {cut.group: cut for cut in cuts}
    total = sum(size[group].instances for group in groups)
    step = min(0.13, 0.76 / len(systems))

    def draw(axes: Axes) -> None:
        for line, system in enumerate(systems):
            colour, marker = look(number[system])
            own = {cut.group: cut for cut in cuts if cut.system == system}
            place = [groups.index(group) + step * (line - (len(systems) - 1) / 2) for group in own]
            mean = [cut.mean for cut in own.values()]
            error = [cut.se or 0.0 for cut in own.values()]
            axes.errorbar(mean, place, xerr=error, fmt=marker, color=colour, markersize=5, markeredgewidth=0,
                          elinewidth=1.2)  # fmt: skip
        rows_down(axes, groups)
        for row, group in enumerate(groups):
            share = f"{size[group].instances / total:.0%}{' *' if size[group].few else ''}"
            axes.annotate(share, (0, row), (-5, -10), ("axes fraction", "data"), "offset points", ha="right", va="center",
                          fontsize=8, color=MUTED)  # fmt: skip
        axes.set_xlabel(table.main)

    text = "; ".join(f"{cut.group}, {cut.system} {metric(cut.mean)}" for cut in cuts)
    svg = panel(f"cut {table.dataset} {by}", draw, height=0.7 + len(groups) * max(0.45, 0.08 * len(systems) + 0.15))
    title = STRATA[by].title
    return Panel(title[0].upper() + title[1:], f"{text}.", svg)


def popularity_panels(dataset: str, found: Sequence[Corrected], number: Mapping[str, int]) -> list[Panel]:
    """One panel a protocol: the metric over lambda, a line a system, a mark at each seed's own lambda."""
    names = dict.fromkeys(one.protocol for one in found)
    return [_popularity_panel(dataset, [one for one in found if one.protocol == name], number) for name in names]


def _popularity_panel(dataset: str, found: Sequence[Corrected], number: Mapping[str, int]) -> Panel:
    protocol, metric_name = found[0].protocol, found[0].metric

    def draw(axes: Axes) -> None:
        axes.axvline(0, color=MUTED, linewidth=0.8, linestyle=(0, (3, 3)))
        for one in found:
            colour, marker = look(number[one.system])
            axes.plot(one.lambdas, one.values, color=colour)
            chosen = sorted(set(one.chosen))
            at = [one.values[one.lambdas.index(value)] for value in chosen]
            axes.plot(chosen, at, marker, color=colour, markersize=7, markeredgewidth=0)
        axes.grid(True)
        axes.locator_params(nbins=5)
        axes.set_xlabel("popularity out   ←   lambda   →   popularity in", color=MUTED, fontsize=8)
        axes.set_ylabel(metric_name)

    ends = [
        f"{one.system} {metric(one.values[0])} at {one.lambdas[0]:g}, {metric(one.without)} at 0, {metric(one.values[-1])} "
        f"at {one.lambdas[-1]:g}"
        for one in found
    ]
    svg = panel(f"popularity {dataset} {protocol}", draw)
    return Panel(f"{protocol}: {metric_name} over lambda", f"{'; '.join(ends)}.", svg)


def alpha_panels(dataset: str, alphas: Sequence[Alpha], number: Mapping[str, int]) -> list[Panel]:
    """One panel a system, one outline a seed."""
    systems = list(dict.fromkeys(alpha.system for alpha in alphas))
    top = max((max(alpha.shares) for alpha in alphas), default=1.0)
    return [_alpha_panel(dataset, [a for a in alphas if a.system == system], top, number) for system in systems]


def _alpha_panel(dataset: str, alphas: Sequence[Alpha], top: float, number: Mapping[str, int]) -> Panel:
    system = alphas[0].system

    def draw(axes: Axes) -> None:
        colour, _ = look(number[system])
        edges = np.linspace(0, 1, BINS + 1)
        for alpha in alphas:
            axes.stairs(alpha.shares, edges, color=colour, fill=True, alpha=0.18)
            axes.stairs(alpha.shares, edges, color=colour, linewidth=1.3)
            axes.axvline(alpha.quantiles[2], color=INK, linewidth=0.8, linestyle=(0, (3, 3)))
        axes.set_xlim(0, 1)
        axes.set_ylim(0, 1.05 * top)
        axes.yaxis.set_major_formatter(lambda y, _: f"{y:.0%}")
        axes.locator_params(axis="y", nbins=4)
        axes.set_xlabel("short-term interest   ←   weight   →   long-term interest", color=MUTED, fontsize=8)
        axes.set_ylabel("targets")

    medians = ", ".join(f"seed {alpha.seed} {alpha.quantiles[2]:.2f}" for alpha in alphas)
    return Panel(system, f"Medians: {medians}.", panel(f"alpha {dataset} {system}", draw, height=1.9))
