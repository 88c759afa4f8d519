"""A leaderboard that is killed, or loses a node, ends as an undisturbed one."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest
import ray
import yaml
from ray.cluster_utils import Cluster

from tests.leaderboard.boards import TWO, plan_for, run, saved, tables

pytestmark = pytest.mark.slow  # trains eight and more cells, each in a process of its own that imports torch
ROOT = Path(__file__).resolve().parents[2]
PROGRAM = "import sys; from recbole_lsrec.cli import main; main(sys.argv[1:])"


def wait_until(holds, seconds=300):
    """Waits for something to become true."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.1)


def worker_of(cell):
    """The process that runs a cell, or None."""
    for process in psutil.process_iter(["cmdline"]):
        if f"ray::{cell}" in " ".join(process.info["cmdline"] or []):
            return process
    return None


def start(folder, out):
    """The command as a user starts it, one cell at a time."""
    command = [sys.executable, "-c", PROGRAM, "leaderboard", "plan.yaml", "--out", out, "--jobs", "1"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(command, cwd=folder, env=environment, stderr=subprocess.DEVNULL)


def test_kill_minus_9_in_the_middle_and_started_again_gives_the_same_tables(shop, tmp_path):
    plan = plan_for(shop, systems=TWO, seeds=[1, 2], budget={"train_steps": 12})
    (tmp_path / "plan.yaml").write_text(yaml.safe_dump(plan.to_dict()))
    assert start(tmp_path, "whole").wait() == 0
    driver = start(tmp_path, "killed")
    wait_until(lambda: len(list((tmp_path / "killed/runs").glob("*/cell.json"))) >= 1 and worker_of("GRU4Rec on shop"))
    driver.send_signal(signal.SIGKILL)
    driver.wait()
    states = [cell["status"] for cell in saved(tmp_path / "killed")["cells"]]
    assert "done" in states
    assert "pending" in states
    wait_until(lambda: worker_of("GRU4Rec on shop") is None)  # Ray ends its processes when the driver is gone

    assert start(tmp_path, "killed").wait() == 0
    assert tables(tmp_path / "killed") == tables(tmp_path / "whole")
    assert saved(tmp_path / "killed")["finished"] is not None


def test_ctrl_c_leaves_a_page_and_the_same_command_goes_on(shop, tmp_path):
    plan = plan_for(shop, systems=TWO, seeds=[1, 2])
    (tmp_path / "plan.yaml").write_text(yaml.safe_dump(plan.to_dict()))
    driver = start(tmp_path, "out")
    wait_until(lambda: list((tmp_path / "out/runs").glob("*/cell.json")))
    driver.send_signal(signal.SIGINT)
    assert driver.wait() == 130
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


def test_a_node_removed_in_the_middle_loses_nothing(shop, tmp_path):
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    second = cluster.add_node(num_cpus=1)
    ray.init(cluster.address, log_to_driver=False, logging_level="error")
    try:
        cluster.wait_for_nodes()
        out = tmp_path / "out"

        def remove():
            wait_until(lambda: worker_of("SASRec on shop") and worker_of("GRU4Rec on shop"))
            cluster.remove_node(second, allow_graceful=False)

        remover = threading.Thread(target=remove)
        remover.start()
        run(plan_for(shop, systems=TWO, seeds=[1, 2]), out)
        remover.join()
        cells = saved(out)["cells"]
        assert [cell["status"] for cell in cells] == ["done"] * 4
        assert 4 <= sum(cell["attempts"] for cell in cells) <= 5
        assert saved(out)["environment"]["nodes"] == 2
    finally:
        ray.shutdown()
        cluster.shutdown()
