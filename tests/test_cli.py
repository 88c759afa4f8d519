"""What every command of the command line shares."""

import os
import re

import click
import pytest

from recbole_lsrec.cli import cli, main
from tests.command_line import exit_code

COMMANDS = """\
  prepare         Turn a raw log into a data set.
  audit           Check whether a log suits these models.
  simulate        Write a simulated log with planted interests.
  models          List the models that can be run.
  run             Train and test a model.
  tune            Search a model's hyper-parameters.
  preset          Print the best settings of a search, as yaml.
  leaderboard     Run models x data sets x seeds; write a page.
  reproduce       Run a table or figure of a paper.
  compare         Test differences between runs, over users.
  strata          Show a run's metrics by groups of targets.
  counterfactual  Score a run again on changed histories.
  planted         Compare a run's alpha with the planted truth.
  recommend       Recommend items from a trained run.
  serve           Serve recommendations over HTTP.
  export          Write a run's model for other programs.
"""


def test_help_has_the_commands_in_the_order_of_work_each_whole_on_a_line(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    assert exit_code(["--help"]) == 0
    assert capsys.readouterr().out.endswith(f"Commands:\n{COMMANDS}")


@pytest.mark.parametrize(
    ("command", "option"),
    [
        (["strata", "run"], "--json"),
        (["strata", "run"], "--csv"),
        (["compare", "one", "two"], "--json"),
        (["counterfactual", "run"], "--json"),
        (["counterfactual", "run"], "--html"),
    ],
)
def test_a_file_that_cannot_be_written_is_refused_before_any_work(command, option, tmp_path, capsys):
    wanted = tmp_path / "missing" / "x"
    assert exit_code([*command, option, str(wanted)]) == 2
    assert f"the folder {wanted.parent} does not exist" in " ".join(capsys.readouterr().err.split())


def test_two_outputs_in_one_file_are_refused_before_any_work(tmp_path, capsys):
    assert exit_code(["strata", "run", "--csv", str(tmp_path / "x"), "--json", str(tmp_path / "x")]) == 2
    assert f"{tmp_path / 'x'}: is given twice" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("command", "option"),
    [
        (["prepare", "csv", "--item-features", "price", "--item-features", "brand"], "--item-features"),
        (["recommend", "run", "--histories", "a.csv", "--histories=b.csv"], "--histories"),
        (["run", "-m", "SASRec", "--model=GRU4Rec", "--epochs=1"], "--model"),
        (["recommend", "run", "--histories", "a.csv", "--exclude-seen", "--include-seen"], "--exclude-seen"),
    ],
)
def test_an_option_given_twice_is_refused(command, option, capsys):
    assert exit_code(command) == 2
    assert capsys.readouterr().err.endswith(f"Error: {option}: is given 2 times; give it once.\n")


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (["tune", "--trial", "3", "--model", "SLSRec"], "No such option '--trial'. Did you mean '--trials'?"),
        (["run", "--resum=x"], "No such option '--resum'. Did you mean '--resume'?"),
        (["leaderboard", "papers", "--dataset", "x"], "No such option '--dataset'. Did you mean '--datasets'?"),
    ],
)
def test_an_option_that_is_nearly_one_is_no_setting(command, message, capsys):
    assert exit_code(command) == 2
    plain = re.sub("[:'.]", "", capsys.readouterr().err)  # click 8.1 and today's quote differently
    assert plain.strip().endswith(re.sub("[:'.]", "", message))


@pytest.mark.parametrize(
    "command",
    [
        ["compare", "one", "two", "--alpha", "nan"],
        ["recommend", "run", "--histories", "x.csv", "--now", "nan"],
        ["prepare", "csv", "--raw", "x.csv", "--max-refused", "nan"],
        ["prepare", "csv", "--raw", "x.csv", "--sample-users", "nan"],
        ["leaderboard", "papers", "--gpus", "nan"],
        ["tune", "--time-budget", "inf"],
        ["tune", "--cpus-per-trial", "nan"],
    ],
)
def test_what_is_no_finite_number_is_refused(command, capsys):
    assert exit_code(command) == 2
    assert (
        f"Invalid value for '{command[-2]}': found {command[-1]}; accepted: a finite number." in capsys.readouterr().err
    )


def test_what_is_no_number_is_called_so(capsys):
    with pytest.raises(SystemExit):
        main(["recommend", "a", "--histories", "b", "--now", "soon"])
    assert "Invalid value for '--now': 'soon' is not a valid number." in capsys.readouterr().err


def test_an_entry_that_does_not_exist_is_said_before_the_data_set_is_asked_for(capsys):
    assert exit_code(["reproduce", "slsrec-t99"]) == 2
    assert capsys.readouterr().err.startswith("Error: slsrec-t99: no such entry")


def test_a_search_that_is_none_has_no_preset(tmp_path, capsys):
    assert exit_code(["preset", str(tmp_path)]) == 2
    assert capsys.readouterr().err.startswith(
        f"Error: {tmp_path}: holds no tune.json; give the folder of a finished search"
    )


def test_help_is_given_and_shells_complete_whatever_is_given_twice(capsys, monkeypatch):
    twice = ["recommend", "x", "--k", "1", "--k", "2"]
    with pytest.raises(SystemExit) as ended:
        main([*twice, "--help"])
    assert (ended.value.code, "--histories" in capsys.readouterr().out) == (0, True)
    monkeypatch.setenv("COMP_WORDS", " ".join(["recbole-lsrec", *twice, "--hist"]))
    monkeypatch.setenv("COMP_CWORD", "7")
    monkeypatch.setenv("_RECBOLE_LSREC_COMPLETE", "bash_complete")
    with pytest.raises(SystemExit) as ended:
        main([])
    assert (ended.value.code, capsys.readouterr().out) == (0, "plain,--histories\n")


@pytest.mark.parametrize("name", cli.commands)
def test_no_option_shows_a_bound_that_it_has_not(name):
    """Of a number without bounds click shows ``x<=None``."""
    command = cli.commands[name]
    assert "None]" not in command.get_help(click.Context(command))


def test_a_word_that_is_no_text_is_one_line(capsys):
    """A file name of Latin-1 on a machine of UTF-8."""
    with pytest.raises(SystemExit) as ended:
        main(["prepare", "csv", "--raw", os.fsdecode(b"caf\xe9.csv"), "--name", "shop"])
    assert ended.value.code == 2
    assert r"Error: 'caf\udce9.csv': found bytes that are no utf-8" in capsys.readouterr().err
