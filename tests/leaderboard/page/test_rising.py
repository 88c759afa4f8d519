"""Which systems are outside the order."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

from recbole_lsrec.leaderboard.page import write_report
from recbole_lsrec.leaderboard.page.rising import is_rising, still_improving
from recbole_lsrec.leaderboard.page.table_text import table_text
from tests.leaderboard.page.board_files import ranks, three_levels, write_board, write_cell


def run(*scores):
    return SimpleNamespace(result={"valid_score_bigger": True, "history": [{"valid_score": score} for score in scores]})


@pytest.mark.parametrize(("rising", "stopped", "outside"), [(1, 1, False), (2, 1, True), (1, 2, False), (1, 0, True)])
def test_more_than_half_of_the_runs_were_still_rising(rising, stopped, outside):
    assert is_rising([run(0.1, 0.2)] * rising + [run(0.2, 0.1)] * stopped) is outside


def test_a_model_that_only_counts_is_not_still_improving(tmp_path):
    history = [{"epoch": 0, "train_seconds": 1.0, "share": 1.0, "train_loss": 0.0, "valid_score": 0.1}]
    cell = write_cell(tmp_path, "A", {"pop3": ranks(2, 1)}, 1, result={"history": history, "valid_score_bigger": True})
    write_report(write_board(tmp_path, [cell]))
    assert "still rising" not in (tmp_path / "leaderboard.md").read_text()


@pytest.mark.parametrize(
    ("bigger", "scores", "rising"),
    [
        (True, [0.1, 0.2, 0.3], True),
        (True, [0.1, 0.3, 0.2], False),
        (True, [0.1, 0.3, 0.3], False),  # the earlier of two equal ones is the best
        (True, [0.1, None, 0.3], True),  # an epoch without validation
        (False, [0.3, 0.1], True),
        (False, [0.1, 0.3], False),
        # A slow training, cut by its budget just after a dip: SLSRec on a million events.
        (True, [0.321, 0.346, 0.358, 0.366, 0.379, 0.376, 0.385, 0.384], True),
        (True, [0.321, 0.346, 0.358, 0.379, 0.376], False),  # five say little
        (True, [0.321, 0.346, 0.358, 0.366, 0.379, 0.385, 0.384, 0.383, 0.382], False),  # three since the best
        (True, [0.321, 0.346, 0.358, 0.366, 0.379, 0.376], True),  # six do
        (True, [0.15, 0.11, 0.12, 0.10, 0.14, 0.13, 0.16, 0.17, 0.19, 0.18], False),  # a correlation of .76
        # What was before the last ten does not matter, here and after a peak.
        (True, [0.37, 0.36, 0.35, 0.34, 0.28, 0.29, 0.30, 0.31, 0.32, 0.33, 0.34, 0.36, 0.39, 0.38], True),
        (True, [0.2, 0.15, 0.14, 0.13, 0.05, 0.06, 0.07, 0.08, 0.09, 0.10, 0.11, 0.12, 0.125, 0.13], True),
        (True, [0.35, 0.36, 0.35, 0.34, 0.35, 0.36, 0.34, 0.37, 0.35], False),  # nothing climbs
        (False, [-0.321, -0.346, -0.358, -0.366, -0.379, -0.376, -0.385, -0.384], True),
        # GRU4Rec on a small log: ten epochs of patience end it while it climbs again after a first peak.
        (True, [0.02, 0.17, 0.05, 0.04, 0.05, 0.06, 0.07, 0.08, 0.09, 0.11, 0.11, 0.12], True),
        (True, [0.17, 0.05, 0.04, 0.05, 0.06, 0.07, 0.08, 0.09, 0.11, 0.12], False),  # nine after the peak
        (False, [-0.02, -0.17, -0.05, -0.04, -0.05, -0.06, -0.07, -0.08, -0.09, -0.11, -0.11, -0.12], True),
        (True, [0.1, 0.3, 0.28, 0.29, 0.28, 0.27, 0.28, 0.27, 0.26, 0.27, 0.26], False),
        (True, [0.1, 0.3] + 10 * [0.2], False),
    ],
)
def test_a_run_whose_validation_was_still_rising_is_still_improving(bigger, scores, rising):
    history = [{} if score is None else {"valid_score": score} for score in scores]
    assert still_improving(SimpleNamespace(result={"valid_score_bigger": bigger, "history": history})) is rising


@pytest.mark.parametrize(("losses", "rising"), [((0.5, 0.0), True), ((0.0, 0.0), False)])
def test_a_loss_of_0_in_one_epoch_is_no_model_that_only_counts(losses, rising):
    history = [{"valid_score": score, "train_loss": loss} for score, loss in zip((0.1, 0.2), losses, strict=True)]
    assert still_improving(SimpleNamespace(result={"valid_score_bigger": True, "history": history})) is rising


@pytest.mark.parametrize("rising", [True, False])
def test_the_page_says_whose_validation_was_still_rising(tmp_path, rising):
    history = [
        {"epoch": n, "train_seconds": 1.0, "share": 1.0, "valid_score": score}
        for n, score in enumerate([0.1, 0.3, 0.2])
    ]
    cells = [
        write_cell(tmp_path, "A", {"pop3": ranks(2, 1)}, 1, result={"history": history[: 2 if rising else 3]}),
        write_cell(tmp_path, "A", {"pop3": ranks(2, 2)}, 2),
    ]
    write_report(write_board(tmp_path, cells))
    (found,) = json.loads((tmp_path / "report.json").read_text())["datasets"][0]["costs"]
    assert (found["still_improving"], found["runs"]) == (int(rising), 2)
    for page in ("leaderboard.md", "leaderboard.html"):
        assert ("validation was still rising in runs of A (1 of 2)." in (tmp_path / page).read_text()) == rising


def test_a_single_validation_is_called_so(tmp_path):
    history = [
        {"epoch": 0, "train_seconds": 1.0, "share": 1.0},
        {"epoch": 1, "train_seconds": 1.0, "share": 1.0, "valid_score": 0.3},
    ]
    once = {"history": history, "valid_score_bigger": True}
    twice = {**once, "history": [{**history[1], "valid_score": 0.1}, history[1]]}
    cells = [
        write_cell(tmp_path, system, {"pop3": ranks(2, seed)}, seed, result=result)
        for system, seed, result in (("A", 1, once), ("A", 2, once), ("B", 1, once), ("B", 2, twice), ("C", 1, twice))
    ]
    write_report(write_board(tmp_path, cells))
    (found,) = json.loads((tmp_path / "report.json").read_text())["datasets"]
    assert [(cost["still_improving"], cost["validated_once"]) for cost in found["costs"]] == [(2, 2), (2, 1), (1, 0)]
    assert [row["notes"][0] for row in found["tables"][0]["rows"]] == [
        "outside the order: a single validation in 2 of 2 runs, train longer",
        "outside the order: validation still rising in 2 of 2 runs, train longer",
        "outside the order: validation still rising in 1 of 1 runs, train longer",
    ]
    told = (
        "The training may have been too short: validation was still rising in runs of B (1 of 2), C (1 of 1);"
        " there was a single validation in runs of A (2 of 2), B (1 of 2)."
    )
    for page in ("leaderboard.md", "leaderboard.html"):
        assert told in (tmp_path / page).read_text()


def test_a_system_that_was_still_rising_is_shown_outside_the_order(tmp_path):
    """Good would be the best under both protocols; its trainings were too short."""
    short = [
        {"epoch": n, "train_seconds": 1.0, "share": 1.0, "valid_score": score}
        for n, score in enumerate([0.1, 0.2, 0.3])
    ]
    cells = three_levels(tmp_path)
    for cell in cells:
        if cell["system"] == "Good":
            path = tmp_path / cell["run_folder"] / "result.json"
            path.write_text(json.dumps({**json.loads(path.read_text()), "history": short}))
    write_report(write_board(tmp_path, cells))
    section = json.loads((tmp_path / "report.json").read_text())["datasets"][0]
    table = section["tables"][0]
    assert [(row["system"], row["rising"]) for row in table["rows"]] == [
        ("Fair", False),
        ("Poor", False),
        ("Good", True),
    ]
    values = {row["system"]: row["values"]["ndcg@2"] for row in table["rows"]}
    assert values["Good"]["mean"] > values["Fair"]["mean"]
    assert (values["Good"]["mark"], values["Fair"]["mark"]) == (None, "best")
    assert table["verdict"] == (
        "Fair is best in ndcg@2: significantly better than every other system that was tested. But Good "
        f"({values['Good']['mean']:.4f}) has a better mean, and is not ranked: still rising, or validated once."
    )
    assert values["Good"]["sd"] == pytest.approx(np.std(values["Good"]["runs"], ddof=1))
    assert values["Good"]["runs"] != [round(value, 4) for value in values["Good"]["runs"]]  # nothing of rounded numbers
    assert {model["label"] for model in table["comparison"]["models"]} == {"Fair", "Poor"}
    assert section["agreements"][0]["systems"] == 2
    assert "outside the order: validation still rising in 2 of 2 runs" in table["rows"][2]["notes"][0]
    text = (tmp_path / "leaderboard.md").read_text()
    assert "| Good ↗ | 2 |" in text
    assert "↗ may still rise" in (tmp_path / "leaderboard.html").read_text()
    assert [line.count("↗") for line in table_text(tmp_path).splitlines() if line.startswith("Good")] == [2]
