"""The panels of a search: best score over time, learning curves, and the score by each setting."""

import json
from itertools import accumulate
from textwrap import wrap

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from recbole_lsrec.errors import counted
from recbole_lsrec.page.ink import INK, ROW_LETTERS, Panel, look, panel, rows_down
from recbole_lsrec.page.numbers import general, metric
from recbole_lsrec.tuning.settings import SearchResult, Trial
from recbole_lsrec.tuning.space import Domain

_SIDE_BY_SIDE = 30
"""Letters of all choices that fit below a panel; longer ones stand at its side, one below the other."""

# Colour and marker of each status, by their numbers.
STATUSES = {"finished": 0, "stopped": 5, "error": 1, "unfinished": 6}


def over_time(found: SearchResult) -> Panel:
    """The best score so far, and each trial's, against the seconds the search had run."""
    seen = sorted(
        (trial.began + epoch["seconds"], epoch["score"])
        for trial in found.trials
        for epoch in trial.epochs
        if trial.status != "error"
    )
    best = list(accumulate((score for _, score in seen), max if found.bigger else min))

    def draw(axes: Axes) -> None:
        axes.step([at for at, _ in seen], best, where="post", color=INK)
        for trial, score in _scored(found):
            _point(axes, trial.began + trial.seconds, score, trial.status)
        axes.set_xlabel("seconds of search")
        axes.set_ylabel(f"validation {found.metric}")

    text = f"{metric(best[-1])} after {seen[-1][0]:.0f} s." if best else "No trial came to a validation."
    return Panel("Best score so far, and each trial at its end", text, panel("over time", draw))


def by_epoch(found: SearchResult) -> Panel:
    """The learning curve of every trial, the best one's in ink."""

    def draw(axes: Axes) -> None:
        for trial in found.trials:
            is_best = trial.id == found.best_trial
            colour, marker = look(STATUSES[trial.status])
            epochs, scores = [epoch["epoch"] for epoch in trial.epochs], [epoch["score"] for epoch in trial.epochs]
            axes.plot(epochs, scores, f"-{marker}", color=INK if is_best else colour, linewidth=2 if is_best else 0.8,
                      markersize=3, markeredgewidth=0, zorder=3 if is_best else 2)  # fmt: skip
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        axes.set_xlabel("epoch")
        axes.set_ylabel(f"validation {found.metric}")

    return Panel(
        "Validation score by epoch, the best trial thick",
        f"{counted(len(found.trials), 'trial')}.",
        panel("epochs", draw),
    )


def by_setting(found: SearchResult, domain: Domain) -> Panel:
    """The score of every trial against what it drew for one setting."""
    points = [(trial.settings[domain.keys[0]], score, trial.status) for trial, score in _scored(found)]
    places = {json.dumps(value): place for place, value in enumerate(domain.values)} if domain.kind == "choice" else {}
    labels = [text.strip('"') for text in places]
    text = "; ".join(f"{general(value)}: {metric(score)}" for value, score, _ in points)

    if len("".join(labels)) > _SIDE_BY_SIDE:

        def draw_down(axes: Axes) -> None:
            for value, score, status in points:
                _point(axes, score, places[json.dumps(value)], status)
            rows_down(axes, labels)
            axes.set_xlabel(f"validation {found.metric}")

        lines = max(len(wrap(label, ROW_LETTERS)) for label in labels)
        drawn = panel(f"setting {domain.name}", draw_down, height=max(2.6, 0.16 * lines * len(labels)))
        return Panel(domain.name, f"{text}.", drawn)

    def draw(axes: Axes) -> None:
        for value, score, status in points:
            _point(axes, places[json.dumps(value)] if places else value, score, status)
        if places:
            axes.set_xticks(list(places.values()), labels)
            axes.set_xlim(-0.5, len(places) - 0.5)
        elif domain.kind == "loguniform":
            axes.set_xscale("log")
        elif domain.kind == "int":
            axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        axes.set_xlabel(domain.name)
        axes.set_ylabel(f"validation {found.metric}")

    return Panel(domain.name, f"{text}.", panel(f"setting {domain.name}", draw))


def _scored(found: SearchResult) -> list[tuple[Trial, float]]:
    return [(trial, trial.score) for trial in found.trials if trial.score is not None]


def _point(axes: Axes, across: float, score: float, status: str) -> None:
    colour, marker = look(STATUSES[status])
    axes.plot(across, score, marker, color=colour, markersize=6, markeredgewidth=0, clip_on=False)
