"""Writes the tables that put boards side by side: the best of each kind (docs/answer.md), all systems (docs/answer_by_log.md).

    python docs/make_answer.py

It reads the boards' tables in docs/results and, for who can be told apart, their pairs.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import click
import pandas as pd
import yaml

from recbole_lsrec.model_table import LINES
from recbole_lsrec.model_table import LONG_SHORT as LONG_SHORT_FAMILY
from recbole_lsrec.registry import OTHER_NAMES

DOCS = Path(__file__).parent
RESULTS = DOCS / "results"
PLAN = DOCS.parent / "properties" / "leaderboard" / "answer.yaml"
_MODELS = {name for name, line in LINES.items() if line.family == LONG_SHORT_FAMILY}
LONG_SHORT = (
    *_MODELS,
    *(theirs for theirs, ours in OTHER_NAMES.items() if ours in _MODELS),
)  # how systems' names begin
ALPHA = 0.05
AMONG = {"pop99": "99 popular", "uni99": "99 uniform", "full": "all"}
# The best-trained board of each log and split.
BOARDS = (
    "answer-amazon-beauty",
    "answer-retailrocket",
    "answer-cosmetics",
    "answer-ml-100k",
    "answer-ml-1m",
    "answer-completejourney-to-the-end",
    "answer-taobao-favourites",
    "answer-retailrocket-by-time",
    "answer-ml-100k-by-time",
    "answer-ml-1m-by-time",
    "answer-completejourney-by-time",
    "answer-taobao-favourites-by-time",
    "answer-cosmetics-by-time",
)
# Boards of the plan; three seeds, but for Taobao's two.
WHOLE = (
    "answer-amazon-beauty",
    "answer-retailrocket",
    "answer-retailrocket-by-time",
    "answer-completejourney",
    "answer-ml-100k",
    "answer-taobao-favourites",
    "answer-cosmetics",
)


# Of `compare`'s headings and groups, in words.
GROUPS = {
    ("target met before", "in history"): "met before",
    ("target met before", "not in history"): "new to the user",
    ("category of the target, and those of the current session", "different"): "of another category than the session's",
    ("category of the target, and those of the current session", "same"): "of a category of the session",
    ("gap since the user's last event", "up to 1 min"): "up to a minute after the last event",
    ("gap since the user's last event", "1 to 30 min"): "up to 30 minutes",
    ("gap since the user's last event", "30 min to 1 day"): "30 minutes to a day",
    ("gap since the user's last event", "1 to 7 days"): "1 to 7 days",
    ("sessions in the history", "1"): "of a user with 1 session so far",
    ("sessions in the history", "2"): "2 sessions",
    ("sessions in the history", "3-4"): "3 and 4",
    ("sessions in the history", "5-9"): "5 to 9",
    ("sessions in the history", "10 and more"): "10 and more",
    ("events of the current session", "1"): "after 1 event of the current session",
    ("events of the current session", "2"): "2 events",
    ("events of the current session", "3-4"): "3 and 4",
    ("events of the current session", "5-9"): "5 to 9",
    ("events of the current session", "10 and more"): "10 and more",
}


class Row(NamedTuple):
    """One log under one protocol; a figure in bold is significantly ahead of the other."""

    log: str
    among: str
    long_short: str
    other: str
    training: str


def rows() -> Iterator[Row]:
    """The best of each kind, of all boards in their order."""
    for board in BOARDS:
        table = _of(board, "ndcg@10")
        table = table[table.status == "done"]  # neither rising nor untested
        for (log, protocol), systems in table.groupby(["dataset", "protocol"], sort=False):
            best = _best(systems, "mean")
            ahead = max(best, key=lambda line: line["mean"])
            level = _level(board, log, protocol, systems)
            told_apart = not {line.system for line in best} <= level
            long_short, other = (
                f"**{text}**" if told_apart and line is ahead else text
                for line, text in ((line, f"{line.system} {_short(line['mean'])}") for line in best)
            )
            training = f"[{_seconds(board)} s, {ahead.seeds} seeds](results/{board}.md)"
            yield Row(_name(log), AMONG[protocol], long_short, other, training)


def glance() -> str:
    """The table of the best of each kind."""
    return _table(Row("log", "among", "best long- and short-term", "best other", "training"), rows())


def whole(protocol: str) -> str:
    """All systems of the plan, long- and short-term ones first, on every log of the plan's boards, under one protocol."""
    systems = list(yaml.safe_load(PLAN.read_text(encoding="utf-8"))["systems"])
    systems.sort(key=lambda system: not system.startswith(LONG_SHORT))  # stable: the plan's order within both
    boards = [board for board in WHOLE if protocol in set(_of(board, "ndcg@10").protocol)]
    columns = [_column(board, protocol) for board in boards]
    logs = [f"[{log}](results/{board}.md)" for board, (log, _) in zip(boards, columns, strict=True)]
    return _table(
        [f"among {AMONG[protocol]}", *logs],
        ([system, *(cells.get(system, "not run") for _, cells in columns)] for system in systems),
    )


def corrected() -> str:
    """The best of each kind once each system has its own lambda of popularity."""
    return _table(("log", "among", "best long- and short-term", "best other"), _corrected())


def _corrected() -> Iterator[Sequence[str]]:
    for board in BOARDS:
        page = (RESULTS / f"{board}.md").read_text(encoding="utf-8")
        # Protocol, system, lambda by seed, mean without, mean with.
        found = re.findall(
            r"^\| (\w+) \| ([^|]+?)(?: ↗)? \| [^|]+ \| [\d.]+ \| [*_]*([\d.]+)[*_]* \|$", page, re.MULTILINE
        )
        own = pd.DataFrame(found, columns=["protocol", "system", "own"]).astype({"own": float})
        table = _of(board, "ndcg@10").merge(own, on=["protocol", "system"])
        for (log, protocol), systems in table.groupby(["dataset", "protocol"], sort=False):
            best = _best(systems, "own")
            ahead = _ahead(_pairs(board, log, protocol, corrected=True), *(line.system for line in best))
            yield [_name(log), AMONG[protocol], *(_change(line, line.system == ahead) for line in best)]


def long_side() -> str:
    """By group of targets, SLSRec without its long side and with it, and how many users on each of the two logs."""
    page = (RESULTS / "slsrec-long-side.md").read_text(encoding="utf-8")
    logs = [_groups(part) for part in re.split(r"\n### For whom, .*, among 99 popular items\n", page)[1:]]
    body = (
        [words, *(text for log in logs for text in log.get(group, ("no categories", "")))]
        for group, words in GROUPS.items()
    )
    return _table(("target", "cosmetics (simulated)", "users", "RetailRocket", "users"), body)


def _groups(part: str) -> dict[tuple[str, str], tuple[str, str]]:
    """What `compare` printed of each group: both means, with a star where they differ, and the users."""
    heading, found = "", dict[tuple[str, str], tuple[str, str]]()
    for line in part.split("\n### ")[0].splitlines():
        if " (first) and " in line:
            heading = line.partition(":")[0]
        # Group, instances, users, whole, without, difference, interval, p.
        elif numbers := re.match(
            r"(\S.*?)  +[\d,]+ +([\d,]+) +(\d\.\d+) +(\d\.\d+) +[-+]\S+ +\S+ +\S+ +\S+?(\*?)$", line
        ):
            group, users, whole, without, star = numbers.groups()
            found[heading, group] = (f"{_short(float(without))} to {_short(float(whole))}{star}", users)
    return found


def _pairs(board: str, log: str, protocol: str, corrected: bool) -> pd.DataFrame:
    """The tests of one table, plain or of systems with their own lambda."""
    pairs = pd.read_csv(RESULTS / f"{board}-pairs.csv")
    return pairs[(pairs.dataset == log) & (pairs.protocol == protocol) & ((pairs.corrected == "yes") == corrected)]


def _ahead(pairs: pd.DataFrame, one: str, other: str) -> str | None:
    """Which of two systems is significantly ahead of the other."""
    for pair in pairs[pairs.p_holm <= ALPHA].itertuples():
        if {pair.a, pair.b} == {one, other}:
            return str(pair.a if pair.difference > 0 else pair.b)
    return None


def _level(board: str, log: str, protocol: str, systems: pd.DataFrame) -> set[str]:
    """The first and the systems that cannot be told from it; single seeds are never told apart."""
    pairs, first = _pairs(board, log, protocol, corrected=False), systems.nlargest(1, "mean").system.item()
    return {system for system in systems.system if _ahead(pairs, first, system) is None}


def _change(line: pd.Series, ahead: bool) -> str:
    rising = " ↑" if line.status == "rising" else ""
    text = f"{line.system} {_short(line['mean'])} → {_short(line.own)}{rising}"
    return f"**{text}**" if ahead else text


def _best(systems: pd.DataFrame, column: str) -> list[pd.Series]:
    """The long- and short-term system with the highest value, and the other one."""
    ours = systems.system.str.startswith(LONG_SHORT)
    return [systems[which].nlargest(1, column).iloc[0] for which in (ours, ~ours)]


def _column(board: str, protocol: str) -> tuple[str, dict[str, str]]:
    """The log, and the text of each system: bold is best, italics cannot be told from the first, an arrow is rising."""
    table = _of(board, "ndcg@10")
    cells = dict.fromkeys(table.system, "not ranked")
    table = table[table.protocol == protocol]
    (log,) = table.dataset.unique()
    done = table[table.status == "done"]
    level = _level(board, log, protocol, done)
    for line in table.itertuples():
        text = _short(line.mean)
        if line.status == "rising":
            text += " ↑"
        elif line.mark == "best":
            text = f"**{text}**"
        elif line.system in level:
            text = f"_{text}_"
        cells[line.system] = text
    return _name(log), cells


def _of(board: str, metric: str) -> pd.DataFrame:
    table = pd.read_csv(RESULTS / f"{board}.csv")
    return table[table.metric == metric]


def _seconds(board: str) -> str:
    found = re.search(r"budget: ([\d,]+) seconds", (RESULTS / f"{board}.md").read_text(encoding="utf-8"))
    assert found is not None, board
    return found[1]


def _name(log: str) -> str:
    return f"{log} (simulated)" if "cosmetics" in log else log


def _short(value: float) -> str:
    return f"{value:.3f}".removeprefix("0")


def _table(head: Sequence[str], body: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *body]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines).replace(" --- ", "---")


TABLES: dict[str, dict[str, Callable[[], str]]] = {
    "answer.md": {"glance": glance, "corrected": corrected, "long side": long_side},
    "answer_by_log.md": {protocol: (lambda protocol=protocol: whole(protocol)) for protocol in AMONG},
}


def with_tables(name: str) -> str:
    """A page with each of its tables between its two marks."""
    page = (DOCS / name).read_text(encoding="utf-8")
    for kind, table in TABLES[name].items():
        begin, end = f"<!-- docs/make_answer.py: {kind} -->\n", f"<!-- the end of {kind} -->\n"
        before, _, rest = page.partition(begin)
        _, found, after = rest.partition(end)
        assert found, f"{name}: the marks of the table {kind!r} are missing"
        page = f"{before}{begin}\n{table()}\n{end}{after}"
    return page


@click.command()
def command() -> None:
    """Write the tables into their pages."""
    for name in TABLES:
        (DOCS / name).write_text(with_tables(name), encoding="utf-8")


if __name__ == "__main__":
    command()
