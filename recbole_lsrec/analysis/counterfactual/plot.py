"""A counterfactual evaluation as one HTML file that needs no network."""

from html import escape
from pathlib import Path

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.colors import qualitative
from plotly.subplots import make_subplots

from recbole_lsrec.analysis.counterfactual.groups import TITLES
from recbole_lsrec.analysis.counterfactual.interventions import SIDES
from recbole_lsrec.analysis.counterfactual.measure import Counterfactuals
from recbole_lsrec.analysis.counterfactual.text import counterfactual_text, heading

PANELS = {"alpha": "fixed alpha (0 short only, 1 long only)", "truncate": "last k events", "shuffle": "shuffle"}
_NORMAL_95 = 1.96


def write_html(path: Path, found: Counterfactuals) -> None:
    """Writes figures of alpha and of every protocol, metric and way to group the targets, and the tables as text."""
    figures = [] if found.alpha is None else [_alpha_figure(found)]
    for (protocol, metric), part in found.table.groupby(["protocol", "metric"], sort=False):
        for by, cut in part.groupby("by", sort=False):
            figures.append(_figure(cut, f"{metric}, {protocol}: {TITLES[str(by)]}"))
    # The library goes in once, with the first figure.
    divs = [figure.to_html(full_html=False, include_plotlyjs=number == 0) for number, figure in enumerate(figures)]
    lines = "".join(f"<p>{escape(line)}</p>" for line in heading(found))
    page = (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Counterfactual evaluation</title></head>'
        f'<body style="font-family: sans-serif">{lines}{"".join(divs)}<pre>{escape(counterfactual_text(found))}</pre>'
        "</body></html>\n"
    )
    path.write_text(page, encoding="utf-8")


def _alpha_figure(found: Counterfactuals) -> go.Figure:
    """How alpha is distributed in each group."""
    figure = go.Figure()
    edges = np.linspace(0, 1, 41)
    for group in found.groups:
        share = np.histogram(found.alpha_values[group.chosen], edges)[0] / group.chosen.sum()
        figure.add_scatter(
            x=(edges[1:] + edges[:-1]) / 2, y=share, name=group.name, line={"shape": "hvh"}, mode="lines"
        )
    return figure.update_layout(
        title="alpha of the targets, untouched model", xaxis_title="alpha", yaxis_title="share of the group", height=350
    )


def _figure(cut: pd.DataFrame, title: str) -> go.Figure:
    """The metric against alpha and against the events kept, and the loss by shuffling, a colour for each group."""
    panels = cut.loc[cut["kind"] != "none", ["kind", "side"]].drop_duplicates().to_dict("records")
    panels.sort(key=lambda panel: list(PANELS).index(panel["kind"]))
    names = [PANELS[p["kind"]] + ("" if pd.isna(p["side"]) else f", {SIDES[p['side']]}") for p in panels]
    figure = make_subplots(cols=len(panels), subplot_titles=names)
    for number, (name, lines) in enumerate(cut.groupby("group", sort=False)):
        colour = qualitative.Plotly[number % len(qualitative.Plotly)]
        untouched = lines.loc[lines["kind"] == "none", "value"].item()
        for column, panel in enumerate(panels, 1):
            same_side = lines["side"].isna() if pd.isna(panel["side"]) else lines["side"] == panel["side"]
            part = lines[(lines["kind"] == panel["kind"]) & same_side].sort_values("setting")
            error = {"array": _NORMAL_95 * part["difference_se"], "thickness": 1}
            style = {"name": str(name), "legendgroup": str(name), "showlegend": column == 1}
            if panel["kind"] == "shuffle":
                figure.add_bar(
                    x=[str(name)], y=part["difference"], error_y=error, marker_color=colour, row=1, col=column, **style
                )
                continue
            line = {"color": colour}
            figure.add_scatter(x=part["setting"], y=part["value"], error_y=error, line=line, row=1, col=column, **style)
            figure.add_hline(untouched, line={**line, "dash": "dash", "width": 1}, row=1, col=column)
            if panel["kind"] == "truncate":
                figure.update_xaxes(type="log", col=column)
    note = "bars: 95 % of the paired difference to the untouched model (dashed), over users"
    return figure.update_layout(title=f"{title}<br><sup>{note}</sup>", height=400)
