"""The page of a search: one HTML file that needs no network."""

import json
from itertools import accumulate
from typing import Any

import numpy as np
import plotly.graph_objects as go
from jinja2 import Environment, PackageLoader, StrictUndefined
from plotly.offline import get_plotlyjs

from recbole_lsrec.evaluation.protocol_table import by_protocol
from recbole_lsrec.tuning import journal
from recbole_lsrec.tuning.result import BEST, counts, table
from recbole_lsrec.tuning.settings import SearchResult, Trial
from recbole_lsrec.tuning.space import Domain
from recbole_lsrec.tuning.trial import Job

PAGE = "tune.html"
# Okabe and Ito's colours, which people with any colour vision can tell apart; the symbols say the same again.
_MARKS = {
    "finished": ("#0072b2", "circle"),
    "stopped": ("#e69f00", "x"),
    "error": ("#d55e00", "cross"),
    "unfinished": ("#767676", "diamond-open"),
}


def write(found: SearchResult, job: Job) -> None:
    """Writes ``tune.html``."""
    environment = Environment(
        loader=PackageLoader("recbole_lsrec.tuning"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    scored = [trial for trial in found.trials if trial.score is not None]
    figures = [over_time(found), by_epoch(found), parallel_coordinates(found, job.space.domains)] if scored else []
    text = environment.get_template("tune.html.j2").render(
        found=found,
        model=job.model if isinstance(job.model, str) else job.model.__name__,
        dataset=job.dataset,
        counts={status: n for status, n in counts(found).items() if n},
        best_file=BEST,
        commands=[event["command"] for event in journal.read(job.folder) if event["event"] == "sitting"],
        columns=list(table(found)),
        rows=[[_text(value) for value in row] for row in table(found).itertuples(index=False)],
        script=get_plotlyjs() if figures else "",
        charts=[
            figure.to_html(full_html=False, include_plotlyjs=False, config={"displayModeBar": False})
            for figure in figures
        ],
        tested=by_protocol(found.test_result or {}),
    )
    (job.folder / PAGE).write_text(text, encoding="utf-8")


def over_time(found: SearchResult) -> go.Figure:
    """The best score so far, and each trial's, against the seconds the search had run."""
    seen = sorted(
        (trial.began + epoch["seconds"], epoch["score"])
        for trial in found.trials
        for epoch in trial.epochs
        if trial.status != "error"
    )
    best = list(accumulate((score for _, score in seen), max if found.bigger else min))
    figure = go.Figure(
        go.Scatter(x=[at for at, _ in seen], y=best, line={"shape": "hv", "color": "black"}, name="best so far")
    )
    for status, (colour, symbol) in _MARKS.items():
        trials = [trial for trial in found.trials if trial.status == status and trial.score is not None]
        if trials:
            figure.add_scatter(
                x=[trial.began + trial.seconds for trial in trials],
                y=[trial.score for trial in trials],
                mode="markers",
                marker={"color": colour, "symbol": symbol, "size": 9},
                name=status,
                hovertext=[_hover(trial) for trial in trials],
            )
    return _laid_out(figure, "Best score over time", "seconds of search", found.metric)


def by_epoch(found: SearchResult) -> go.Figure:
    """The learning curve of every trial."""
    figure = go.Figure()
    for trial in found.trials:
        colour, symbol = _MARKS[trial.status]
        is_best = trial.id == found.best_trial
        figure.add_scatter(
            x=[epoch["epoch"] for epoch in trial.epochs],
            y=[epoch["score"] for epoch in trial.epochs],
            mode="lines+markers",
            line={"color": "black" if is_best else colour, "width": 3 if is_best else 1},
            marker={"symbol": symbol, "size": 5},
            name=f"{trial.id} (best)" if is_best else trial.id,
            hovertext=_hover(trial),
            showlegend=is_best,
        )
    return _laid_out(figure, "Validation score by epoch", "epoch", found.metric)


def parallel_coordinates(found: SearchResult, domains: tuple[Domain, ...]) -> go.Figure:
    """One line per trial through its settings and its score."""
    trials = [trial for trial in found.trials if trial.score is not None]
    scores = [trial.score for trial in trials]
    axes = [_axis(domain, [trial.settings[domain.keys[0]] for trial in trials]) for domain in domains]
    lines = {"color": scores, "colorscale": "Cividis", "showscale": True, "reversescale": not found.bigger}
    figure = go.Figure(go.Parcoords(line=lines, dimensions=[*axes, {"label": found.metric, "values": scores}]))
    return _laid_out(figure, "Settings and score", None, None)


def _axis(domain: Domain, values: list[Any]) -> dict[str, Any]:
    label = domain.name
    if domain.kind == "choice":
        places = {json.dumps(value): at for at, value in enumerate(domain.values)}
        at = [places[json.dumps(value)] for value in values]
        return {"label": label, "values": at, "tickvals": list(places.values()), "ticktext": list(places)}
    if domain.kind == "loguniform":
        low, high = np.log10(domain.values)
        ticks = np.linspace(low, high, 5)
        text = [f"{10**tick:.2g}" for tick in ticks]
        return {"label": label, "values": np.log10(values), "range": [low, high], "tickvals": ticks, "ticktext": text}
    return {"label": label, "values": values, "range": list(domain.values)}


def _laid_out(figure: go.Figure, title: str, x: str | None, y: str | None) -> go.Figure:
    return figure.update_layout(
        template="simple_white", title=title, xaxis_title=x, yaxis_title=y, height=420, margin={"t": 90, "b": 60}
    )


def _hover(trial: Trial) -> str:
    return "<br>".join([f"{trial.id} {trial.status}", *(f"{key}: {value}" for key, value in trial.settings.items())])


def _text(value: Any) -> str:
    if isinstance(value, float):
        return "" if np.isnan(value) else f"{value:.4g}"
    return str(value)
