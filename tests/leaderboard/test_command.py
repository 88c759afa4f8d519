"""The command from its flags to its exit code; what runs the cells is replaced."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from recbole_lsrec.leaderboard import command
from recbole_lsrec.leaderboard.board import Cell
from recbole_lsrec.leaderboard.run import Summary
from tests.command_line import exit_code

DONE = Cell("A", "SASRec", "shop", 1, "done")


@pytest.fixture
def called(monkeypatch):
    """What the command asks to be run; ``cells`` and ``interrupted`` say how it ends."""
    seen = SimpleNamespace(cells=[DONE], interrupted=False)

    def run_leaderboard(plan, out, resources, typed, say):
        seen.plan, seen.out, seen.resources, seen.typed = plan, out, resources, typed
        return Summary(seen.cells, 0, seen.interrupted)

    monkeypatch.setattr(command, "run_leaderboard", run_leaderboard)
    monkeypatch.setattr(command, "write_report", lambda out: out / "leaderboard.html")
    monkeypatch.setattr(command, "table_text", lambda out: "the table")
    return seen


def code_of(*arguments):
    return exit_code(["leaderboard", *arguments])


def test_flags_without_a_file(called, capsys):
    typed = [
        "--models=SASRec,SLSRec",
        "--datasets",
        "shop",
        "--ties=optimistic",
        "--seeds",
        "1,2",
        "--train-steps",
        "5",
    ]
    typed += ["--cpus", "2"]
    assert code_of(*typed) == 0
    assert [system.name for system in called.plan.systems] == ["SASRec", "SLSRec"]
    assert (called.plan.seeds, called.plan.budget, called.plan.settings) == (
        (1, 2),
        {"train_steps": 5},
        {"ties": "optimistic"},
    )
    assert str(called.out) == "leaderboards/sasrec-slsrec-on-shop"
    assert called.resources.cpus == 2
    assert called.typed == ["leaderboard", *typed]
    assert capsys.readouterr().out == (
        "the table\nPage: leaderboards/sasrec-slsrec-on-shop/leaderboard.html\n"
        "1 cell finished (0 found from before), 0 with an error, 0 to do\n"
    )


def test_a_file_that_ships_by_name_with_flags(called):
    given = ["--out", "here", "cosmetics", "--models", "SASRec", "--eval_args={mode: full}"]
    assert code_of(*given) == 0
    assert [system.settings for system in called.plan.systems] == [{"eval_args": {"mode": "full"}}]
    assert (called.plan.budget, str(called.out)) == ({"train_seconds": 120}, "here")
    assert code_of("cosmetics") == 0
    assert str(called.out) == "leaderboards/cosmetics"


def test_an_error_cell_and_an_under_fitted_one_are_said(called, capsys):
    called.cells = [replace(DONE, below_band="too low"), replace(DONE, status="error", reason="it broke")]
    assert code_of("cosmetics") == 1
    told = capsys.readouterr()
    assert "A on shop, seed 1: below its band: too low" in told.err
    assert "A on shop, seed 1: no result: it broke" in told.err


def test_ctrl_c_says_how_to_go_on(called, capsys):
    called.interrupted = True
    assert code_of("cosmetics") == 130
    assert "the same command goes on from here" in capsys.readouterr().out


def test_ctrl_c_in_a_search_does_not_say_that_nothing_is_to_do(called, capsys):
    called.cells, called.interrupted = [], True
    assert code_of("cosmetics") == 130
    assert capsys.readouterr().out == "Interrupted; the same command goes on from here.\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere.yaml"], "nowhere.yaml: no such file"),
        ([], "give a FILE, or at least one --models"),
        (["cosmetics", "--seeds", "a"], "--seeds: found 'a'"),
        (["cosmetics", "--train-steps", "5", "--train-seconds", "5"], "--train-seconds, --train-steps: found"),
    ],
)
def test_what_is_wrong_is_one_line(called, capsys, arguments, message):
    assert code_of(*arguments) == 2
    assert message in capsys.readouterr().err
