"""Verdicts on tables of which only what decides is there."""

from types import SimpleNamespace

from recbole_lsrec.leaderboard.page import words
from recbole_lsrec.leaderboard.page.standing import Standing


def table(place, **known):
    plain = {"untested": None, "comparison": None, "unseen": None, "rows": [], "columns": []}
    return SimpleNamespace(main="mrr", standings={"mrr": place}, **{**plain, **known})


def test_seeds_of_equal_results_are_not_called_one_seed():
    """A model that only counts has the same result under every seed."""
    models = [SimpleNamespace(label=label, sd=0.0) for label in "ABC"]
    place = Standing(list("ABC"), None, None, ["A", "B"], [], 1)
    assert words.verdict(table(place, comparison=SimpleNamespace(models=models, pairs=[]))) == (
        "No system is significantly best in mrr: A is first, and B cannot be told apart from it."
    )


def test_where_less_is_better_a_system_outside_the_order_is_above_with_less():
    means = {"A": (5.0, False), "B": (4.0, True), "C": (6.0, True)}
    rows = [
        SimpleNamespace(system=name, values={"mrr": SimpleNamespace(mean=mean)}, rising=rising)
        for name, (mean, rising) in means.items()
    ]
    columns = [SimpleNamespace(key="mrr", higher_is_better=False)]
    told = words.verdict(table(Standing(["A"], None, None, ["A"], [], 0), rows=rows, columns=columns))
    assert told.endswith(" But B (4.0000) has a better mean, and is not ranked: still rising, or validated once.")
