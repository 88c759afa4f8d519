"""What is said of tables: verdicts and notes."""

import json
from types import SimpleNamespace

from recbole_lsrec.leaderboard.page import words, write_report
from recbole_lsrec.leaderboard.page.standing import Standing
from tests.leaderboard.page.board_files import ranks, reported, write_board, write_cell


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


def test_only_tested_systems_are_below_the_second_for_certain():
    place = Standing(list("ABC"), "A", "B", ["A"], [], 3)
    rows = [SimpleNamespace(system=name, values={}, rising=False) for name in "ABC"]
    assert words.verdict(table(place, rows=rows)) == (
        "A is best in mrr: significantly better than every other system. B is second, significantly better than every system"
        " below it."
    )
    rows.append(SimpleNamespace(system="D", values={}, rising=True))
    assert words.verdict(table(place, rows=rows)) == (
        "A is best in mrr: significantly better than every other system that was tested. B is second, significantly better"
        " than every tested system below it."
    )


def test_one_seed_each_is_said_where_it_is_so(tmp_path):
    first = [write_cell(tmp_path, "A", {"pop3": ranks(2, seed)}, seed) for seed in (1, 2)]
    other = write_cell(tmp_path, "B", {"pop3": ranks(2, 3)}, 1)
    for cells, verdict, note in (
        ([first[0], other], "One seed each, so no system is called better in ndcg@2: ", "of these two runs each"),
        (
            [*first, other],
            "In every pair a system has one seed, so no system is called better in ndcg@2: ",
            "of these runs alone",
        ),
    ):
        (told,) = reported(write_board(tmp_path, cells))[0]["tables"]
        assert told["verdict"].startswith(verdict)
        assert f"The pairs below are {note}: differences and intervals, no tests." in told["notes"]


def test_the_setting_says_that_some_targets_have_fewer_competitors(tmp_path):
    for short, said in (
        (0, "each ranked among 19 frozen negatives drawn by popularity, the target excluded"),
        (
            1,
            "each ranked among 19 frozen negatives drawn by popularity (fewer for 1 target, at least 7), the target excluded",
        ),
        (
            3,
            "each ranked among 19 frozen negatives drawn by popularity (fewer for 3 targets, at least 7), the target excluded",
        ),
    ):
        kept = {"n_candidates": [8, 11, 15][:short] + [20] * (40 - short)}
        cells = [
            write_cell(tmp_path / str(short), name, {"pop3": ranks(2, 1), "full": ranks(2, 1)}, columns=kept)
            for name in "AB"
        ]
        write_report(write_board(tmp_path / str(short), cells))
        for name in ("leaderboard.md", "leaderboard.html"):
            text = (tmp_path / str(short) / name).read_text()
            assert said in text
            assert "each ranked among all items; seen items ranked too" in text


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
    (table,) = reported(write_board(tmp_path, cells))[0]["tables"]
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
