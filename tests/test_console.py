"""What a run shows and where; how it ends when it is interrupted."""

import io
import json
import logging
import os
import re
import signal
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
from recbole.utils import set_color

import recbole_lsrec
from recbole_lsrec import quick_start
from recbole_lsrec.console import DETAIL, NOW, RESULT, bar, logging_to
from recbole_lsrec.quick_start import run_recbole_lsrec
from tests.command_line import exit_code


def test_each_line_has_its_place(tmp_path, capsys):
    logger = logging.getLogger()
    before = logger.level, list(logger.handlers)
    with logging_to(tmp_path / "log", "INFO"):
        logger.info(set_color("a line", "blue"))
        logger.warning("beware")
        logger.warning("beware")
        logger.info("a detail", extra=DETAIL)
        logger.info("the result", extra=RESULT)
        logger.debug("nobody asked")
    assert (logger.level, logger.handlers) == before
    shown = capsys.readouterr()
    assert shown.out == "the result\n"
    assert [line.split("  ")[-1] for line in shown.err.splitlines()] == ["a line", "beware"]
    said = [line.split("  ")[-1] for line in (tmp_path / "log").read_text().splitlines()]
    assert said == ["a line", "beware", "beware", "a detail", "the result"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_a_full_disk_behind_stderr_ends_nothing_and_one_behind_stdout_does(tmp_path, monkeypatch):
    logger = logging.getLogger()
    for name in ("stdout", "stderr"):
        full = io.TextIOWrapper(open("/dev/full", "wb", buffering=0), write_through=True)  # noqa: SIM115
        monkeypatch.setattr(sys, name, full)
    with logging_to(tmp_path / "log", "INFO"):
        logger.info("a line")
        logger.warning("beware")
        with pytest.raises(OSError, match="No space left"):
            logger.info("the result", extra=RESULT)
    said = [line.split("  ")[-1] for line in (tmp_path / "log").read_text().splitlines()]
    assert said[:2] == ["a line", "beware"]


def test_a_warning_that_is_of_no_use_at_the_end_is_shown_at_once(capsys):
    with logging_to(None, "info"):
        logging.getLogger().warning("long", extra=NOW)
        assert capsys.readouterr().err.endswith("WARNING  long\n")
    assert capsys.readouterr().err == ""


def test_verbose_shows_it_all_and_warnings_at_once(capsys):
    with logging_to(None, "INFO", verbose=True):
        logging.getLogger().warning("beware")
        logging.getLogger().info("a detail", extra=DETAIL)
    assert [line.split("  ")[-1] for line in capsys.readouterr().err.splitlines()] == ["beware", "a detail"]


def test_warnings_are_shown_though_the_run_fails(capsys):
    def run():
        with logging_to(None, "INFO"):
            logging.getLogger().warning("beware")
            raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        run()
    assert "beware" in capsys.readouterr().err


def test_where_the_console_has_a_handler_each_line_is_there_once(capsys):
    notebooks = logging.StreamHandler(sys.stderr)
    logging.getLogger().addHandler(notebooks)
    try:
        with logging_to(None, "INFO"):
            logging.getLogger().info("once")
        assert notebooks in logging.getLogger().handlers
    finally:
        logging.getLogger().removeHandler(notebooks)
    assert capsys.readouterr().err.count("once") == 1


@pytest.mark.parametrize("terminal", [True, False])
def test_bars_are_for_terminals(terminal, monkeypatch, capsys):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)
    assert list(bar([1, 2], desc="Count")) == [1, 2]
    assert ("Count" in capsys.readouterr().err) == terminal


def test_no_bar_is_drawn_but_by_the_console():
    sources = Path(recbole_lsrec.__file__).parent.rglob("*.py")
    drawing = [path for path in sources if re.search(r"^ *(from|import) tqdm", path.read_text(), re.M)]
    assert [path.name for path in drawing] == ["console.py"]


def test_a_run_shows_little_and_its_log_has_all(shop, capsys):
    told = {**shop, "state": "INFO", "show_progress": True}
    folder = Path(run_recbole_lsrec("GRU4Rec", "shop", config_dict=told)["run_folder"])
    shown, log = capsys.readouterr(), (folder / "log").read_text()
    assert shown.out.startswith("test result by protocol\nmetric")
    assert "\x1b" not in shown.out + shown.err + log
    assert "%|" not in shown.err
    lines = shown.err.splitlines()
    assert [line.count("evaluating") for line in lines if "INFO  epoch " in line] == [1, 1]
    (differing,) = (line for line in lines if "differ from the defaults" in line)
    assert "MAX_ITEM_LIST_LENGTH=12" in differing
    assert "embedding_size" not in differing
    kinds = ["WARNING" in line for line in lines]
    assert any(kinds)
    assert kinds == sorted(kinds)  # warnings at the end
    assert "embedding_size" in log
    assert "ndcg@10" in log


INTERRUPTIONS = {"ctrl-c": (signal.SIGINT, 130), "terminated": (signal.SIGTERM, 143)}


@pytest.mark.parametrize("how", INTERRUPTIONS)
def test_an_interrupted_run_says_what_goes_on_with_it(how, shop, monkeypatch, capsys):
    number, code = INTERRUPTIONS[how]
    Path("shop.yaml").write_text(json.dumps({**shop, "state": "INFO"}))
    evaluate = quick_start.final_evaluation

    def interrupted(*_):
        os.kill(os.getpid(), number)
        signal.sigtimedwait([], 5)  # Python runs its handler here

    monkeypatch.setattr(quick_start, "final_evaluation", interrupted)
    assert exit_code(["run", "-m", "GRU4Rec", "-d", "shop", "--config_files", "shop.yaml"]) == code
    line = capsys.readouterr().err.splitlines()[-1]
    assert "To go on: recbole-lsrec run --resume runs/GRU4Rec-shop-2020-" in line

    monkeypatch.setattr(quick_start, "final_evaluation", evaluate)
    folder = line.rpartition(" ")[2]
    assert exit_code(["run", "--resume", folder, "--hidden_size", "7"]) == 2
    assert "hidden_size" in capsys.readouterr().err
    assert exit_code(["run", "--resume", folder]) == 0
    assert "test result by protocol" in capsys.readouterr().out
    assert (Path(folder) / "result.json").is_file()


def test_what_recbole_calls_and_newer_packages_will_drop_is_not_told_to_its_users(recwarn):
    with logging_to(None, "warning"):
        for module in ("recbole.trainer.trainer", "recbole_lsrec.trainer"):
            warnings.warn_explicit("will go", FutureWarning, "file.py", 1, module=module)
    assert len(recwarn) == 1  # ours


@pytest.mark.parametrize(("closed", "number"), [("stdout", 1), ("stderr", 2)])
def test_a_run_ends_well_where_its_caller_closed_a_stream(closed, number, shop):
    Path("shop.yaml").write_text(json.dumps({**shop, "state": "INFO"}))
    program = "from recbole_lsrec.cli import main; main()"
    run = [sys.executable, "-c", program, "run", "--model=Pop", "--dataset=shop", "--config_files=shop.yaml"]
    environment = {**os.environ, "PYTHONPATH": str(Path(recbole_lsrec.__file__).parents[1])}
    done = subprocess.run(
        ["sh", "-c", f'exec "$@" {number}>&-', "sh", *run], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert ("test result" in done.stdout) == (closed == "stderr")
    assert ("run folder" in done.stderr) == (closed == "stdout")
