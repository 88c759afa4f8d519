"""What is said of tables: verdicts and notes."""

import json
from types import SimpleNamespace

from recbole_lsrec.leaderboard.page import words, write_report
from recbole_lsrec.leaderboard.page.standing import Standing
from tests.leaderboard.page.board_files import ranks, write_board, write_cell


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


def test_ties_are_told(tmp_path):
    ties = {"ties": [1] * 10 + [0] * 30}
    cells = [
        write_cell(tmp_path, "A", {"pop3": ranks(2, 1)}, columns=ties),
        write_cell(tmp_path, "B", {"pop3": ranks(2, 2)}),
    ]
    write_report(write_board(tmp_path, cells))
    (table,) = json.loads((tmp_path / "report.json").read_text())["datasets"][0]["tables"]
    assert any("share of targets that score the same as some competitor: A 25%" in note for note in table["notes"])


def test_new_items_among_targets_and_negatives_are_told(tmp_path):
    unseen = {
        "test/pop3": {"targets": 0.247, "negatives": 0.0, "auc": 0.6235},
        "test/full": {"targets": 0.247, "negatives": 0.2, "auc": 0.52},
    }
    both = {"pop3": ranks(2, 1), "full": ranks(2, 2)}
    cells = [write_cell(tmp_path, name, both, result={"unseen_items": unseen}) for name in ("A", "B")]
    write_report(write_board(tmp_path, cells))
    pop, full = json.loads((tmp_path / "report.json").read_text())["datasets"][0]["tables"]
    assert pop["unseen"] == unseen["test/pop3"]
    start = "Without a training event: 24.7% of the targets, "
    assert (
        f"{start}0.0% of the competitors. Preferring items never seen in training, and nothing else, has an AUC of 0.62:"
        " part of every value here may be that."
    ) in pop["notes"]
    assert f"{start}20.0% of the competitors." in full["notes"]
    assert f"{start}20.0% of the competitors." in (tmp_path / "leaderboard.md").read_text()


def test_the_verdict_says_where_most_targets_are_new(tmp_path):
    for share, told in ((0.5, False), (0.97, True)):
        out = tmp_path / str(share)
        out.mkdir()
        unseen = {"test/pop3": {"targets": share, "negatives": 0.0, "auc": 0.9}}
        cells = [write_cell(out, name, {"pop3": ranks(2, 1)}, result={"unseen_items": unseen}) for name in ("A", "B")]
        write_report(write_board(out, cells))
        ((table,),) = (section["tables"] for section in json.loads((out / "report.json").read_text())["datasets"])
        assert (
            table["verdict"].endswith(
                " But 97.0% of the targets have no training event: this says how systems score what they never learnt, and "
                "little else."
            )
            is told
        )
        assert r"97.0\% of the targets" in (out / "leaderboard.tex").read_text() or not told
