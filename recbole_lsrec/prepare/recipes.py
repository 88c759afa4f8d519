"""How the papers cut a raw log to the one they used: named steps, each counted, each known or our reading."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from recbole_lsrec.errors import DataError, counted
from recbole_lsrec.prepare.database import one, text
from recbole_lsrec.prepare.events import keep_rows, sizes
from recbole_lsrec.prepare.layout import Source
from recbole_lsrec.prepare.ledger import Ledger

VIEW_WORDS = ("view", "pv", "click", "clk", "page_view", "pageview")


@dataclass(frozen=True)
class Recipe:
    """What a paper keeps of a log.

    Args:
        name: on the command line.
        views_only: only views are kept.
        no_repeats: of a user and item the first event is kept.
        one_category: items with several categories are removed.
        users: share of users that is drawn.
        k_core: least number of events of an item, and of a user.
        iterate: whether the k-core is repeated until it holds for both; else items once, then users once.
        known: what the paper or its code says.
        ours: what we had to decide.
    """

    name: str
    views_only: bool = False
    no_repeats: bool = False
    one_category: bool = False
    users: float = 1.0
    k_core: int = 1
    iterate: bool = False
    known: str = ""
    ours: str = ""


RECIPES = {
    "none": Recipe("none", known="everything that can be read is kept"),
    "clsr": Recipe(
        "clsr", views_only=True, no_repeats=True, one_category=True, users=0.05, k_core=10,
        known="CLSR's code: page views, no repeats of user and item, no items of several categories, 5 % of the users, "
        "items with 10 events, then users with 10",
        ours="the seed of the draw (the code's has none), the first of repeats is kept, the order of the steps",
    ),
    "lsidn": Recipe(
        "lsidn", one_category=True, users=0.05, k_core=10,
        known="LSIDN's code: all behaviours with repeats, no items of several categories, 5 % of the users, items with 10 "
        "events, then users with 10",
        ours="the seed of the draw (the code's has none), the order of the steps",
    ),
    "slsrec": Recipe(
        "slsrec", one_category=True, users=0.05, k_core=10,
        known="SLSRec, section 4: clicks, carts, collections and purchases; the size of its table 1",
        ours="all else, from LSIDN's code, whose lineage fits that size: the appendix with the filters is not public",
    ),
}  # fmt: skip


def apply(connection: Any, recipe: Recipe, source: Source, seed: int, ledger: Ledger) -> None:
    """Cuts the table ``log`` to what the recipe keeps, and counts every step.

    Raises:
        DataError: the recipe keeps views and the log does not say what a view is, or nothing is left.
    """

    def keep(name: str, condition: str, note: str = "") -> None:
        if not keep_rows(connection, ledger, name, condition, note):
            told = "; ".join(
                f"{step.step}: {counted(step.removed_rows, 'row')}" for step in ledger.steps[1:] if step.removed_rows
            )
            raise DataError(
                f"--recipe {recipe.name}: nothing is left of "
                f"{counted(ledger.steps[0].rows, 'row')} (removed by {told}); ask for less with "
                "--recipe, --k-core or --sample-users."
            )

    if recipe.views_only:
        views = source.views or _view_words(connection)
        keep(f"event types: {', '.join(views)}", f"event_type IN ({', '.join(map(text, views))})")
    if recipe.one_category:
        several = "SELECT item FROM log WHERE category <> '' GROUP BY item HAVING count(DISTINCT category) > 1"
        keep("items of several categories", f"item NOT IN ({several})")
    if recipe.no_repeats:
        first = 'SELECT arg_min(row, (ns, row)) FROM log GROUP BY "user", item'
        keep("repeats of user and item", f"row IN ({first})", "the first is kept")
    if recipe.users < 1:
        count = one(connection, f'SELECT greatest(1, round(count(DISTINCT "user") * {recipe.users})) FROM log')
        drawn = (
            f"SELECT u FROM (SELECT DISTINCT \"user\" AS u FROM log) ORDER BY md5('{seed}:' || u), u "
            f"LIMIT {int(count[0])}"
        )
        keep(f"{100 * recipe.users:g}% of the users", f'"user" IN ({drawn})', f"seed {seed}")
    if recipe.k_core > 1:
        _k_core(recipe, keep, connection)


def _view_words(connection: Any) -> tuple[str, ...]:
    found = [row[0] for row in connection.execute("SELECT DISTINCT event_type FROM log ORDER BY 1").fetchall()]
    views = tuple(word for word in found if word.lower() in VIEW_WORDS)
    if not views:
        raise DataError(
            f"--recipe: keeps views, but the event types are {', '.join(map(repr, found[:20]))}; accepted as views: "
            f"{', '.join(VIEW_WORDS)}. Name the column with --event-type, or take another recipe."
        )
    return views


def _k_core(recipe: Recipe, keep: Callable[..., None], connection: Any) -> None:
    k, turn = recipe.k_core, 0
    while True:
        before = sizes(connection)[0]
        for what, column in (("items", "item"), ("users", '"user"')):
            enough = f"SELECT {column} FROM log GROUP BY {column} HAVING count(*) >= {k}"
            keep(
                f"{what} with {k} events", f"{column} IN ({enough})", f"round {turn + 1}" if recipe.iterate else "once"
            )
        turn += 1
        if not recipe.iterate or sizes(connection)[0] == before:
            return
