"""The panels of an audit."""

from matplotlib.axes import Axes

from recbole_lsrec.audit.measure import Audit
from recbole_lsrec.audit.sessions import THRESHOLDS
from recbole_lsrec.page.ink import MUTED, Panel, look, panel, rows_down
from recbole_lsrec.page.numbers import percent, short
from recbole_lsrec.prepare.suggest import EDGES

_TICKS = {1: "1 s", 60: "1 min", 1800: "30 min", 21_600: "6 h", 86_400: "1 d", 604_800: "1 w", 7_776_000: "90 d"}


def gap_panel(audit: Audit) -> Panel:
    """How long the pauses between events are, with the threshold."""

    def draw(axes: Axes) -> None:
        axes.stairs(audit.gaps, EDGES, color=look(0)[0], fill=True, alpha=0.35)
        axes.stairs(audit.gaps, EDGES, color=look(0)[0])
        axes.set_xscale("log")
        _mark(axes, audit)
        axes.set_ylabel("gaps")
        axes.yaxis.set_major_formatter(lambda y, _: short(y))

    most = int(EDGES[max(range(len(audit.gaps)), key=audit.gaps.__getitem__)])
    in_force = "the log has its own sessions" if audit.own_sessions else f"threshold {audit.session_threshold} s"
    text = f"Most gaps are around {most} s; {in_force}, suggested {audit.suggested.seconds} s."
    return Panel("Gaps between events of a user", text, panel("gaps", draw))


def session_panels(audit: Audit) -> list[Panel]:
    """What a threshold makes of the log."""
    return [
        _over_thresholds(audit, "Sessions a user", "per_user", False),
        _over_thresholds(audit, "Events a session", "events", False),
        _over_thresholds(audit, "Users with one session", "one_session_users", True),
        _over_thresholds(audit, "Targets with both interests", "with_both", True),
    ]


def drift_panel(audit: Audit) -> Panel:
    """What changes from one fifth of the events to the next."""
    periods = range(2, len(audit.drift) + 1)
    lines = {"events on new items": "new", "popularity moved": "moved"}

    def draw(axes: Axes) -> None:
        for number, (name, key) in enumerate(lines.items()):
            colour, marker = look(number)
            axes.plot(
                periods, [of[key] for of in audit.drift[1:]], color=colour, marker=marker, markersize=5, label=name
            )
        axes.set_xticks(list(periods))
        axes.set_ylim(0, 1)
        axes.yaxis.set_major_formatter(lambda y, _: f"{y:.0%}")
        axes.set_xlabel("fifth of the events, in time")
        axes.legend(frameon=False, fontsize=8)
        axes.grid(True, axis="y")

    text = "; ".join(f"{name}: {', '.join(percent(of[key]) for of in audit.drift[1:])}" for name, key in lines.items())
    return Panel("Share of each fifth", text, panel("drift", draw))


def order_panel(audit: Audit) -> Panel:
    """Hits with histories as they are (filled) and shuffled (hollow)."""
    order = audit.order
    rows = [("popularity", order.popular, None), ("Markov chain", order.markov, order.markov_shuffled)]
    if order.category is not None:
        rows.append(("last category", order.category, order.category_shuffled))

    def draw(axes: Axes) -> None:
        for place, (_, as_is, shuffled) in enumerate(rows):
            colour, marker = look(place)
            if shuffled is not None:
                axes.plot([as_is, shuffled], [place, place], color=colour, alpha=0.4, linewidth=2)
                axes.plot(shuffled, place, marker, color=colour, fillstyle="none", markersize=7)
            axes.plot(as_is, place, marker, color=colour, markersize=8, markeredgewidth=0)
        rows_down(axes, [name for name, _, _ in rows])
        axes.set_xlim(left=0)
        axes.set_xlabel("hit@10 over all items; hollow: shuffled")
        axes.xaxis.set_major_formatter(lambda x, _: f"{x:.0%}")

    text = "; ".join(f"{name} {percent(as_is)}, shuffled {percent(shuffled)}" for name, as_is, shuffled in rows)
    return Panel("Does order matter?", text, panel("order", draw, height=1.9))


def _over_thresholds(audit: Audit, title: str, key: str, is_share: bool) -> Panel:
    values = [getattr(cut, key) for cut in audit.cuts]

    def draw(axes: Axes) -> None:
        axes.plot(THRESHOLDS, values, color=look(0)[0], marker="o", markersize=4)
        axes.set_xscale("log")
        _mark(axes, audit)
        axes.set_ylim(bottom=0, top=1.02 if is_share else None)
        if is_share:
            axes.yaxis.set_major_formatter(lambda y, _: f"{y:.0%}")
        axes.grid(True, axis="y")

    told = percent if is_share else short
    text = "; ".join(f"{cut.threshold} s: {told(value)}" for cut, value in zip(audit.cuts, values, strict=True))
    return Panel(title, text, panel(f"threshold {key}", draw))


def _mark(axes: Axes, audit: Audit) -> None:
    low, high = axes.get_xlim()
    inside = {at: name for at, name in _TICKS.items() if low <= at <= high}
    axes.set_xticks(list(inside), list(inside.values()))
    axes.minorticks_off()
    if not audit.own_sessions:
        axes.axvline(audit.session_threshold, color=MUTED, linewidth=1, linestyle=(0, (4, 3)))
