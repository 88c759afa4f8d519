"""A disk that is full wherever something is written: one line and exit code 3, no half file, and what was there stays.

Files may not be larger than a limit (``RLIMIT_FSIZE``), in a fork of this process.
"""

import os
import resource
import sys
from pathlib import Path

import numpy as np
import pytest

from recbole_lsrec.cli import main
from recbole_lsrec.errors import MachineError
from recbole_lsrec.json_files import write_json
from recbole_lsrec.leaderboard.board import LEADERBOARD
from recbole_lsrec.leaderboard.cell_run import CellRun
from recbole_lsrec.leaderboard.store import Store
from recbole_lsrec.quick_start import run_recbole_lsrec
from recbole_lsrec.run_files import write_instances
from recbole_lsrec.tuning import journal
from recbole_lsrec.whole_files import save_array
from tests.leaderboard.test_store import planned
from tests.shop_log import shop_settings


def with_files_up_to(size, act):
    """Exit code of ``act`` in a fork that may not write larger files, and what it says."""
    reading, writing = os.pipe()
    if not (child := os.fork()):
        code = 99
        try:
            os.close(reading)
            os.dup2(writing, 1)
            os.dup2(writing, 2)
            sys.stdout = sys.stderr = os.fdopen(writing, "w", buffering=1)
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
            act()
            code = 0
        except SystemExit as ended:
            code = int(ended.code or 0)
        except MachineError as error:
            print(f"Error: {error}")
            code = 3
        finally:
            sys.stdout.flush()
            os._exit(code)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        said = pipe.read()
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), said


def refused(size, act):
    """The last line of what is said; all of it, where it ended in another way."""
    code, said = with_files_up_to(size, act)
    assert code == 3, (code, said)
    assert "Traceback" not in said
    return said.strip().splitlines()[-1]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A small run, and where it is."""
    where = tmp_path_factory.mktemp("run")
    own = {"eval_args": {"mode": ["uni9", "full"]}, "epochs": 1, "state": "ERROR", "run_dir": str(where / "runs")}
    settings = {**shop_settings(where), **own, "train_batch_size": 512}
    return Path(run_recbole_lsrec("GRU4Rec", "shop", config_dict=settings)["run_folder"]), settings


@pytest.mark.parametrize(("size", "file"), [(200, "split.json"), (10_000, "checkpoint.pt")])
def test_a_run(run, tmp_path, size, file):
    settings = {**run[1], "run_dir": str(tmp_path)}
    line = refused(size, lambda: run_recbole_lsrec("GRU4Rec", "shop", config_dict=settings))
    assert f"{file}: cannot be written: " in line
    (folder,) = [path for path in tmp_path.iterdir() if path.name[0] != "."]
    assert not (folder / file).exists()
    assert not list(tmp_path.rglob("*.part"))
    assert not list(tmp_path.glob(".candidates/*.npy")) or size > 2300


@pytest.mark.parametrize("size", [500, 300_000])
def test_prepare(tmp_path, size):
    (tmp_path / "log.csv").write_text("user,item,time\n" + "\n".join(f"u{n},i{n % 99},{n}" for n in range(50_000)))
    line = refused(
        size, lambda: main(["prepare", "csv", "--raw", str(tmp_path / "log.csv"), "--out", str(tmp_path / "o")])
    )
    assert "prepare cannot work there: the disk is full" in line
    assert not (tmp_path / "o").exists()


@pytest.mark.parametrize(
    "command",
    [
        ["export", "RUN", "--format", "onnx"],
        ["export", "RUN", "--format", "torchscript"],
        ["export", "RUN", "--format", "embeddings"],
        ["recommend", "RUN", "--histories", "histories.csv"],
        ["strata", "RUN"],
    ],
    ids=lambda command: " ".join(command),
)
def test_what_is_made_of_a_run(run, tmp_path, monkeypatch, command):
    monkeypatch.chdir(tmp_path)
    users = "".join(f"u{n},3,1580000000\n" for n in range(99))
    Path("histories.csv").write_text(f"user,item,timestamp\n{users}")
    out = Path("out.parquet" if "embeddings" in command else "out.csv")
    out.write_text("older")
    option = "--csv" if command[0] == "strata" else "--out"
    line = refused(100, lambda: main([str(run[0]) if word == "RUN" else word for word in command] + [option, str(out)]))
    assert line.startswith(f"Error: {out}: cannot be written: ")
    assert out.read_text() == "older"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["histories.csv", out.name]


def test_an_array_is_written_or_refused(tmp_path):  # numpy 1 alone leaves a short file and says nothing
    def ours():
        with pytest.raises(OSError, match="File too large"):
            save_array(tmp_path / "ours.npy", np.zeros(100))

    assert with_files_up_to(200, ours) == (0, "")


def test_scores_of_a_run(tmp_path, monkeypatch):
    monkeypatch.setattr("pandas.DataFrame.to_parquet", lambda _, part, index: part.write_text(""))
    import pandas as pd

    scores = [{"uni9": np.zeros((100, 10), dtype=np.float32)}]
    line = refused(200, lambda: write_instances(tmp_path, [pd.DataFrame()], scores))
    assert "scores-uni9.npy: cannot be written: " in line
    assert [path.name for path in tmp_path.iterdir()] == ["instances.parquet"]


def test_a_leaderboard(tmp_path):
    write_json(tmp_path / LEADERBOARD, {"title": "older"})
    before = (tmp_path / LEADERBOARD).read_bytes()
    store = Store(tmp_path)
    cell = CellRun("A-1", {"result.json": b"x" * 500}, 0.5, None)
    assert "A-1: a finished run cannot be kept: " in refused(200, lambda: store.keep(planned(1), cell, 1))
    assert "leaderboard.json: cannot be written: " in refused(
        200, lambda: write_json(tmp_path / LEADERBOARD, {"a": "b" * 300})
    )
    assert (tmp_path / LEADERBOARD).read_bytes() == before
    assert not [path for path in Store(tmp_path).out.glob("runs/*") if path.name[0] != "."]


def test_the_journal_of_a_search(tmp_path, monkeypatch):
    journal.write(tmp_path, "sitting", command="tune")
    line = refused(300, lambda: [journal.write(tmp_path, "end", trial=f"{n}") for n in range(9)])
    assert "journal.jsonl: cannot be written: " in line
    assert [event["event"] for event in journal.read(tmp_path)][:2] == ["sitting", "end"]


def test_a_clock_that_is_set_back(run, tmp_path, monkeypatch):
    """Seconds are never negative, folders have names of their own, and what is kept is read."""
    import time

    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() - 86_400 * 400)
    settings = {**run[1], "run_dir": str(tmp_path)}
    folders = {run_recbole_lsrec("GRU4Rec", "shop", config_dict=settings)["run_folder"] for _ in range(2)}
    assert len(folders) == 2
    journal.write(tmp_path, "sitting", command="tune")
    monkeypatch.setattr(time, "time", lambda: now() - 86_400 * 500)
    journal.write(tmp_path, "start", trial="a", settings={})
    assert journal.spent(tmp_path) == 0
