"""A leaderboard that is killed or interrupted ends as an undisturbed one."""

import os
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest
import yaml

from tests.leaderboard.boards import TWO, plan_for, run, saved, tables, wait_until, worker_of

pytestmark = pytest.mark.slow  # trains eight and more cells, each in a process of its own that imports torch
ROOT = Path(__file__).resolve().parents[2]
PROGRAM = "import sys; from recbole_lsrec.cli import main; main(sys.argv[1:])"


def start(folder, out):
    """The command as a user starts it, one cell at a time."""
    command = [sys.executable, "-c", PROGRAM, "leaderboard", "plan.yaml", "--out", out, "--jobs", "1"]
    places = {"TMPDIR": str(folder), "RAY_TMPDIR": tempfile.gettempdir()}  # in a long one Ray's sockets find no room
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", **places}
    return subprocess.Popen(command, cwd=folder, env=environment, stderr=subprocess.DEVNULL)


def test_kill_minus_9_in_the_middle_and_started_again_gives_the_same_tables(shop, tmp_path):
    plan = plan_for(shop, systems=TWO, seeds=[1, 2], budget={"train_steps": 12})
    (tmp_path / "plan.yaml").write_text(yaml.safe_dump(plan.to_dict()))
    assert start(tmp_path, "whole").wait() == 0
    driver = start(tmp_path, "killed")
    wait_until(lambda: list((tmp_path / "killed/runs").glob("*/cell.json")))
    wait_until(lambda: worker_of("GRU4Rec on shop", driver.pid))
    worker = worker_of("GRU4Rec on shop", driver.pid)
    driver.send_signal(signal.SIGKILL)
    driver.wait()
    states = [cell["status"] for cell in saved(tmp_path / "killed")["cells"]]
    assert "done" in states
    assert "pending" in states
    wait_until(lambda: not worker.is_running())  # Ray ends its processes when the driver is gone

    assert start(tmp_path, "killed").wait() == 0
    assert tables(tmp_path / "killed") == tables(tmp_path / "whole")
    assert saved(tmp_path / "killed")["finished"] is not None


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["ctrl-c", "terminated"]
)
def test_an_interruption_leaves_a_page_and_the_same_command_goes_on(shop, tmp_path, number, code):
    plan = plan_for(shop, systems=TWO, seeds=[1, 2])
    (tmp_path / "plan.yaml").write_text(yaml.safe_dump(plan.to_dict()))
    driver = start(tmp_path, "out")
    wait_until(lambda: list((tmp_path / "out/runs").glob("*/cell.json")))
    wait_until(lambda: list(tmp_path.glob("lsrec-cell-*")))
    driver.send_signal(number)
    assert driver.wait() == code
    assert not list(tmp_path.glob("lsrec-cell-*"))
    assert (tmp_path / "out/leaderboard.html").is_file()
    assert start(tmp_path, "out").wait() == 0
    assert [cell["status"] for cell in saved(tmp_path / "out")["cells"]] == ["done"] * 4


@pytest.mark.usefixtures("two_cpus")
def test_kill_minus_9_of_a_worker_costs_one_retry(shop, tmp_path):
    def kill():
        wait_until(lambda: worker_of("SASRec on shop"))
        worker_of("SASRec on shop").send_signal(signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    run(plan_for(shop, systems=TWO), tmp_path / "killed")
    killer.join()
    attempts = {cell["system"]: cell["attempts"] for cell in saved(tmp_path / "killed")["cells"]}
    assert attempts == {"SASRec": 2, "GRU4Rec": 1}
    run(plan_for(shop, systems=TWO), tmp_path / "whole")
    assert tables(tmp_path / "killed") == tables(tmp_path / "whole")
