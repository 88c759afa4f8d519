"""Runs that are killed at any moment, reading, keeping, training or testing: what is left goes on to the same end.

Each run is a fork of this process, which has torch already, so that a hundred kills take minutes.
"""

import json
import os
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from recbole_lsrec.cli import main
from recbole_lsrec.data import filtered
from recbole_lsrec.quick_start import run_recbole_lsrec

pytestmark = pytest.mark.slow  # a hundred processes
KILLS = {signal.SIGKILL: 100, signal.SIGTERM: 30}


@pytest.fixture(autouse=True)
def kept(monkeypatch):
    """A small log is kept in the cache too."""
    monkeypatch.setattr(filtered, "_WORTH_KEEPING", 0)


def forked(act: Callable[[], Any]) -> int:
    """The process in which ``act`` runs."""
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        out = os.open("said", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(out, 1)
        os.dup2(out, 2)
        act()
        code = 0
    except SystemExit as ended:
        code = int(ended.code or 0)
    finally:
        os._exit(code)


def outcome(folder: Path) -> dict[str, Any]:
    """What must not depend on kills."""
    result = json.loads((folder / "result.json").read_text())
    history = [{k: v for k, v in epoch.items() if not k.endswith("_seconds")} for epoch in result["history"]]
    names = ("best_valid_score", "best_valid_result", "test_result", "fingerprints", "files")
    return {"history": history, **{name: result[name] for name in names}}


def killed_after(child: int, seconds: float, number: int) -> int | None:
    """Kills a process after a while; its exit code, None if the signal was not there to be caught, if it ended before."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.005)
    os.kill(child, number)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.mark.parametrize("number", KILLS, ids=lambda number: number.name)
def test_a_run_killed_at_any_moment_ends_as_the_uninterrupted_one(shop, number, capsys):
    rng, kills, finished = random.Random(1), 0, 0
    Path("shop.yaml").write_text(json.dumps({**shop, "epochs": 4, "train_batch_size": 32}))
    line = ["-m", "GRU4Rec", "-d", "shop", "--config_files", "shop.yaml"]
    whole = outcome(Path(run_recbole_lsrec("GRU4Rec", "shop", ["shop.yaml"])["run_folder"]))
    started = time.monotonic()  # what is imported on first use has been
    run_recbole_lsrec("GRU4Rec", "shop", ["shop.yaml"])
    usual = time.monotonic() - started
    place = 0
    while kills < KILLS[number]:
        place += 1
        runs = Path(f"runs{place}")
        while not list(runs.glob("*/result.json")):
            begun = [path.parent for path in runs.glob("*/checkpoint.pt")]
            command = ["run", "--resume", str(begun[0])] if begun else ["run", *line, f"--run_dir={runs}"]
            code = killed_after(forked(lambda command=command: main(command)), rng.uniform(0.02, 1.1) * usual, number)
            kills += code in (-number, 128 + number)
            assert code in (0, -number, 128 + number), Path("said").read_text()[-2000:]
        finished += 1
        (folder,) = [path.parent for path in runs.glob("*/result.json")]
        assert outcome(folder) == whole
        assert not list(folder.glob(".*.part"))
    with capsys.disabled():
        print(f"{kills} {number.name} over {finished} runs, 0 differences")
