"""What the page says of popularity put in or taken out, from curves written by hand."""

import json

import pytest

from recbole_lsrec.errors import DataError
from recbole_lsrec.leaderboard.page import write_report
from recbole_lsrec.page.numbers import MINUS
from tests.analysis.saved_run_files import sign
from tests.leaderboard.page.board_files import ranks, reported, write_board, write_cell

LAMBDAS = [-1.0, 0.0, 1.0]


def cell(out, system, seed, curves, chosen, asked="valid", in_results=False, **columns):
    told = {"metric": "ndcg@2", "lambda": chosen, "in_results": in_results, "phase": "test", "with": {}, "without": {}}
    its = {"pop3": ranks(2.0, seed), "full": ranks(3.0, seed)}
    made = write_cell(
        out,
        system,
        its,
        seed,
        config={"popularity_correction": asked},
        columns=columns,
        result={"popularity_correction": told},
    )
    held = {"lambdas": LAMBDAS, "test": {name: {"ndcg@2": values} for name, values in curves.items()}}
    (out / made["run_folder"] / "popularity.json").write_text(json.dumps(held))
    sign(out / made["run_folder"])
    return made


def test_systems_whose_lambda_another_metric_chose_are_left_out_and_named(tmp_path):
    made = [
        cell(tmp_path, system, 1, {"pop3": [0.1, value, 0.1], "full": [0.1, value, 0.1]}, {"pop3": 0.0, "full": 0.0})
        for system, value in (("Better", 0.8), ("Worse", 0.2), ("Other", 3.5))
    ]
    folder = tmp_path / made[2]["run_folder"]
    for name in ("result.json", "popularity.json"):
        (folder / name).write_text((folder / name).read_text().replace('"ndcg@2": [', '"meanrank": ['))
    result = json.loads((folder / "result.json").read_text())
    result["popularity_correction"]["metric"] = "meanrank"
    (folder / "result.json").write_text(json.dumps(result))
    sign(folder)
    write_report(write_board(tmp_path, made))
    (found,) = json.loads((tmp_path / "report.json").read_text())["datasets"]
    assert [one["system"] for one in found["corrected"]] == ["Better", "Worse", "Better", "Worse"]
    said = "Left out, since another metric chose their lambda: Other."
    assert said in (tmp_path / "leaderboard.md").read_text()
    assert said in (tmp_path / "leaderboard.html").read_text()


@pytest.fixture
def board(tmp_path):
    """Under pop3 Lift leads and stays; under full Probability leads until Lift gets its own lambda."""
    return write_board(
        tmp_path,
        [
            cell(tmp_path, "Lift", 1, {"pop3": [0.2, 0.6, 0.1], "full": [0.1, 0.2, 0.5]}, {"pop3": 0.0, "full": 1.0}),
            cell(tmp_path, "Lift", 2, {"pop3": [0.4, 0.5, 0.1], "full": [0.1, 0.2, 0.3]}, {"pop3": -1.0, "full": 1.0}),
            cell(
                tmp_path,
                "Probability",
                1,
                {"pop3": [0.3, 0.2, 0.1], "full": [0.1, 0.3, 0.2]},
                {"pop3": -1.0, "full": 0.0},
            ),
        ],
    )


def test_each_system_is_shown_at_the_lambdas_of_validation(board):
    write_report(board)
    found = json.loads((board / "report.json").read_text())["datasets"][0]["corrected"]
    assert [(one["protocol"], one["system"]) for one in found] == [
        ("pop3", "Lift"),
        ("pop3", "Probability"),
        ("full", "Lift"),
        ("full", "Probability"),
    ]
    first = found[0]
    assert first["values"] == pytest.approx([0.3, 0.55, 0.1])
    assert (first["chosen"], first["without"], first["at_chosen"]) == (
        [0.0, -1.0],
        0.55,
        0.5,
    )  # not the best of the test
    assert [one["at_chosen"] for one in found[1:]] == pytest.approx([0.3, 0.4, 0.3])
    sentence = (
        "With its own lambda for each system the order of the means changes under full (Lift first instead of Probability; "
        f"τ of the two orders {MINUS}1.00), and stays what it was under pop3."
    )
    ends = "at an end of what was tried, so that more might be better still: under pop3 Lift and Probability; under full Lift."
    for name in ("leaderboard.html", "leaderboard.md"):
        text = (board / name).read_text()
        assert sentence in text
        assert ends in text
    assert f"| pop3 | Lift | 0, {MINUS}1 | 0.5500 | 0.5000 |" in (board / "leaderboard.md").read_text()
    page = (board / "leaderboard.html").read_text()
    assert f'<td class="num" data-value="-0.5">0, {MINUS}1</td>' in page  # a column of lambdas is sorted by their mean
    assert '<td class="num" data-value="0.5">0.5</td>' in page  # epochs
    assert "pop3: ndcg@2 over lambda" in (board / "leaderboard.html").read_text()


def test_systems_are_tested_each_at_its_own_lambda(tmp_path):
    """Plain ranks are one level for all; with its own lambda Good is ahead, and Fair and Poor are level."""
    curves, chosen = {"pop3": [0.2, 0.3, 0.4], "full": [0.2, 0.3, 0.4]}, {"pop3": 1.0, "full": 1.0}
    cells = [
        cell(tmp_path, system, seed, curves, chosen, corrected_rank=ranks(level, 10 * number + seed, 0.3))
        for number, (system, level) in enumerate({"Good": 1.1, "Fair": 2.5, "Poor": 2.5}.items())
        for seed in (1, 2)
    ]
    board = write_board(tmp_path, cells)
    write_report(board)
    said = "pop3: Good is best in ndcg@2: significantly better than every other system."
    text = (board / "leaderboard.md").read_text()
    assert said in text
    assert "| pop3 | Good | +1 | 0.3000 | **0.4000** |" in text
    assert "| pop3 | Fair | +1 | 0.3000 | 0.4000 |" in text
    assert said in (board / "leaderboard.html").read_text()
    head, *pairs = (line.split(",") for line in (board / "leaderboard-pairs.csv").read_text().splitlines())
    assert head[-1] == "corrected"
    assert [(*pair[:5], pair[-1]) for pair in pairs if pair[1] == "pop3"] == [
        ("tiny", "pop3", "ndcg@2", "Good", "Fair", ""),
        ("tiny", "pop3", "ndcg@2", "Good", "Poor", ""),
        ("tiny", "pop3", "ndcg@2", "Fair", "Poor", ""),
        ("tiny", "pop3", "ndcg@2", "Good", "Fair", "yes"),
        ("tiny", "pop3", "ndcg@2", "Good", "Poor", "yes"),
        ("tiny", "pop3", "ndcg@2", "Fair", "Poor", "yes"),
    ]
    test = json.loads((board / "report.json").read_text())["datasets"][0]["corrected_tests"][0]
    assert [pair["p_holm"] < 0.05 for pair in test["comparison"]["pairs"]] == [True, True, False]


def test_runs_without_corrected_ranks_are_shown_untested(board):
    write_report(board)
    said = "pop3: not tested: "
    text = (board / "leaderboard.md").read_text()
    assert said in text
    assert "has no corrected\\_rank for test/pop3; run it again." in text


def test_a_lambda_inside_the_range_is_not_told_of(board):
    for folder in (board / "runs").iterdir():
        path = folder / "result.json"
        result = json.loads(path.read_text())
        result["popularity_correction"]["lambda"] = {"pop3": 0.0, "full": 0.0}
        path.write_text(json.dumps(result))
    write_report(board)
    assert "at an end of what was tried" not in (board / "leaderboard.md").read_text()


def test_a_system_that_was_still_rising_is_in_no_order(board):
    for seed in (1, 2):
        path = board / "runs" / f"Lift-{seed}" / "result.json"
        history = [{"epoch": 0, "train_seconds": 1.0, "share": 1.0, "valid_score": 0.1}]
        path.write_text(json.dumps({**json.loads(path.read_text()), "history": history}))
    write_report(board)
    said = "Whether lambdas change the order is not known: fewer than two systems are ranked under pop3 and full."
    assert said in (board / "leaderboard.md").read_text()


@pytest.mark.parametrize(
    ("asked", "in_results", "how"),
    [
        (["valid", "valid"], [False, False], "its own best lambda, chosen on validation, of score + lambda * log(training "
         "events). The tables above are without."),
        ([1.0, 1.0], [False, False], "the lambda that its settings give, of score"),
        (["valid", 1.0], [True, True], "chosen on validation, or the lambda that its settings give, of score + lambda * "
         "log(training events). The tables above are with it."),
        (["valid", "valid"], [True, False], "The tables above are with it for A alone."),
    ],
)  # fmt: skip
def test_the_page_says_whose_lambda_it_is_and_whether_the_tables_are_with_it(tmp_path, asked, in_results, how):
    curves, chosen = {"pop3": [0.2, 0.6, 0.7]}, {"pop3": 1.0}
    cells = [
        cell(tmp_path, system, 1, curves, chosen, own, within)
        for system, own, within in zip("AB", asked, in_results, strict=True)
    ]
    write_report(write_board(tmp_path, cells))
    for name in ("leaderboard.html", "leaderboard.md"):
        text = (tmp_path / name).read_text().replace(r"\*", "*")
        assert how in text
        assert ("at an end of what was tried" in text) == ("valid" in asked)


def test_a_system_of_which_a_run_has_no_lambda_is_not_there(board):
    (board / "runs" / "Lift-2" / "popularity.json").unlink()
    found = reported(board)[0]["corrected"]
    assert [one["system"] for one in found] == ["Probability", "Probability"]


def tell(board, correction, valid_metric="NDCG@2", bigger=True):
    """Every run says this of its correction and of what validated it; its curves are of the metric that it names."""
    for folder in (board / "runs").iterdir():
        result = json.loads((folder / "result.json").read_text())
        result["popularity_correction"] |= correction
        result["config"]["valid_metric"], result["valid_score_bigger"] = valid_metric, bigger
        (folder / "result.json").write_text(json.dumps(result))
        curves = (folder / "popularity.json").read_text()
        (folder / "popularity.json").write_text(curves.replace("ndcg@2", result["popularity_correction"]["metric"]))
        sign(folder)


def test_a_metric_told_in_place_of_the_validation_metric_has_its_own_better_side(board):
    tell(board, {"metric": "mrr"}, valid_metric="GiniIndex@10", bigger=False)  # which ranks do not give
    write_report(board)
    assert "(Lift first instead of Probability; " in (board / "leaderboard.md").read_text()


def test_a_metric_of_ones_own_that_is_not_registered_is_shown_untested(board):
    tell(board, {"metric": "top_share"}, valid_metric="full/top_share", bigger=False)
    write_report(board)
    text = (board / "leaderboard.md").read_text().replace("\\", "")
    assert "(Probability first instead of Lift; " in text  # less is better, as its run knew
    said = "full: not tested: top_share is a metric of your own, which the process that wrote this page had not registered."
    assert said in text


def test_a_protocol_for_which_validation_chose_no_lambda_is_not_there(board):
    tell(board, {"lambda": {"full": 1.0}})
    write_report(board)
    found = json.loads((board / "report.json").read_text())["datasets"][0]["corrected"]
    assert [(one["protocol"], one["chosen"]) for one in found] == [("full", [1.0, 1.0]), ("full", [1.0])]
    tell(board, {"lambda": {}})
    write_report(board)
    assert "Lift or probability?" not in (board / "leaderboard.md").read_text()


def test_a_damaged_curve_is_named(board):
    path = board / "runs" / "Lift-1" / "popularity.json"
    path.write_text(path.read_text().replace("0.6, ", ""))
    sign(path.parent)
    with pytest.raises(DataError, match=r"popularity\.json: holds no curves over its lambdas"):
        write_report(board)
