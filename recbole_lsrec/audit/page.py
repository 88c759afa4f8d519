"""An audit as one HTML file that needs no network, and as text."""

from pathlib import Path

from tabulate import tabulate

from recbole_lsrec import __version__
from recbole_lsrec.audit import charts
from recbole_lsrec.audit.measure import Audit
from recbole_lsrec.audit.verdict import findings, verdict
from recbole_lsrec.errors import counted
from recbole_lsrec.log_checks.times import date
from recbole_lsrec.page.numbers import percent, plain, span
from recbole_lsrec.page.render import html_environment
from recbole_lsrec.whole_files import write_text


def write_html(path: Path, audit: Audit) -> None:
    """Writes the page."""
    found = findings(audit)
    page = html_environment("recbole_lsrec.audit").get_template("audit.html.j2").render(
        title=f"Audit of {audit.dataset}",
        version=__version__,
        glyphs=[],
        audit=audit,
        verdict=verdict(found),
        findings=found,
        size=size_in_words(audit),
        threshold=threshold_in_words(audit),
        sessions=charts.session_panels(audit),
        gaps=[charts.gap_panel(audit)],
        order=[charts.order_panel(audit)],
        drift=[charts.drift_panel(audit)],
        cut_table=cut_rows(audit),
        share_table=share_rows(audit),
        drift_table=drift_rows(audit),
    )  # fmt: skip
    write_text(path, page + "\n")


def audit_text(audit: Audit) -> str:
    """For the terminal."""
    found = findings(audit)
    lines = [f"{audit.dataset}: {size_in_words(audit)}", "", verdict(found)]
    lines += [f"  {'+' if kind == 'good' else '-' if kind == 'bad' else '!'} {text}" for kind, text in found]
    heads, rows = cut_rows(audit)
    return "\n".join([*lines, "", tabulate(rows, heads), "", threshold_in_words(audit)])


def size_in_words(audit: Audit) -> str:
    """Counts and dates."""
    size = audit.size
    first, last = date(size["first"]), date(size["last"])
    return (
        f"{counted(size['events'], 'event', ',')} of {counted(size['users'], 'user', ',')} and "
        f"{counted(size['items'], 'item', ',')}, {first} to {last}; "
        f"{size['mean_length']:.1f} events a user, median {size['median_length']:.0f}."
    )


def threshold_in_words(audit: Audit) -> str:
    """The threshold in force and the one suggested."""
    in_force = "the log's own sessions are used" if audit.own_sessions else f"in force: {audit.session_threshold} s"
    return f"Suggested session_threshold: {audit.suggested.seconds} s: {audit.suggested.reason} ({in_force})."


def cut_rows(audit: Audit) -> tuple[list[str], list[list[str]]]:
    """Heads and rows of the table of thresholds."""
    heads = ["threshold", "sessions", "a user", "users with one", "events a session", "with one event",
             "targets with both"]  # fmt: skip
    own = "the log's own" if audit.own_sessions else "as set"
    rows = []
    for cut in [audit.now, *audit.cuts]:
        name = own if cut.threshold is None else span(cut.threshold)
        rows.append([name, plain(cut.sessions), plain(cut.per_user), percent(cut.one_session_users), plain(cut.events),
                     percent(cut.single), percent(cut.with_both)])  # fmt: skip
    return heads, rows


def share_rows(audit: Audit) -> list[list[str]]:
    """Shares, each with what it is a share of."""
    ties, again, new = audit.equal_times, audit.repeats, audit.unseen
    rows: list[tuple[str, float]] = [
        ("events that share their time with another of their user", ties["events"]),
        ("test targets that do", ties["targets"]),
        ("events that are copies of an earlier line (user, item, time)", ties["copies"]),
        ("test targets that are", ties["copied_targets"]),
        ("events that repeat an item of their user", again["ever"]),
        ("events that repeat an item of their session", again["in_session"]),
        ("events that repeat the item just before", again["just_before"]),
    ]
    if audit.same_category:
        same = audit.same_category
        rows += [
            ("events with the category of the event before", same["at_all"]),
            ("the same, inside a session", same["in_session"]),
            ("the same, over a break", same["after_break"]),
            ("the same, by chance", same["by_chance"]),
        ]
    rows += [
        ("events of the 1 % busiest users", audit.activity.top_1),
        ("events on the 1 % most popular items", audit.popularity["top_1"]),
        ("events on the 10 % most popular items", audit.popularity["top_10"]),
        ("test targets without a training event", new["targets"]),
        ("uniform negatives without one (popularity-sampled: never)", new["uniform_negatives"]),
    ]
    return [[name, percent(value)] for name, value in rows] + [
        ["Gini coefficient of popularity", f"{audit.popularity['gini']:.3f}"]
    ]


def drift_rows(audit: Audit) -> list[list[str]]:
    """One row a period."""
    rows = []
    for of in audit.drift:
        begin, end = date(of["begin"]), date(of["end"])
        shares = percent(of.get("new")), percent(of.get("moved"))
        rows.append([f"{begin} to {end}", plain(of["events"]), *shares, plain(of.get("top"))])
    return rows
