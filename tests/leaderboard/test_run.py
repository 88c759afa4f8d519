"""Leaderboards from plan to leaderboard.json."""

import os
import signal
import threading
import time

import psutil
import pytest
from filelock import FileLock

from recbole_lsrec import run_folder
from recbole_lsrec.errors import ConfigError
from recbole_lsrec.evaluation.saved_runs import load_run_folder
from recbole_lsrec.leaderboard.execute import Resources, connected
from tests.leaderboard.boards import TWO, plan_for, run, saved, tables

pytestmark = pytest.mark.usefixtures("two_cpus")
MIXED = {
    "good": {"model": "SASRec"},
    "raises": {"model": "SASRec", "settings": {"n_heads": 3}},
    "missing": {"not_built": "its code is not public"},
}


def test_a_model_that_raises_is_an_error_cell_and_the_others_finish(shop, tmp_path):
    out, said = tmp_path / "out", []
    summary = run(plan_for(shop, title="Mixed", systems=MIXED), out, said)
    content = saved(out)
    good, raises, missing = content["cells"]
    assert [cell["status"] for cell in content["cells"]] == ["done", "error", "not built"]
    assert raises["reason"].startswith("ValueError: The hidden size (64) is not a multiple of the number of attention")
    assert "Traceback" in (out / raises["run_folder"] / "error.txt").read_text()
    assert missing["reason"] == "its code is not public"
    assert (content["title"], content["budget"], content["bit_reproducible"]) == ("Mixed", {"train_steps": 8}, True)
    assert content["command"] == "recbole-lsrec leaderboard"
    assert content["environment"]["threads"] == "1"
    assert content["environment"]["cells_at_once"] == 2
    assert said == ["2 cells to run: at most 8 training steps each, 1 CPU threads and 0 GPUs each"]

    stored = load_run_folder(out / good["run_folder"])  # an ordinary run folder
    assert stored.result["config"]["train_steps"] == 8
    assert stored.result["versions"]["threads"] == "1"
    assert stored.result["fingerprints"]["code"] == run_folder.code_fingerprint()
    assert (summary.count("done"), summary.reused, summary.interrupted) == (1, 0, False)

    # Started again: what is finished stays, what failed is tried again, and a new setting says why a cell is run.
    again = run(plan_for(shop, systems={**MIXED, "raises": {"model": "SASRec", "settings": {"n_heads": 1}}}), out)
    assert (again.count("done"), again.reused) == (2, 1)
    assert saved(out)["cells"][0]["run_folder"] == good["run_folder"]
    assert saved(out)["started"] == content["started"]


def test_a_changed_setting_is_the_reason_to_run_a_cell_again(shop, tmp_path):
    systems = {"A": {"model": "GRU4Rec"}}
    run(plan_for(shop, systems=systems), tmp_path)
    before, said = saved(tmp_path), []
    run(plan_for(shop, systems=systems, budget={"train_steps": 9}), tmp_path, said)
    assert said[0] == "A on shop, seed 2020: run again, because train_steps: 8 -> 9"
    assert saved(tmp_path)["cells"][0]["run_again_because"] == "train_steps: 8 -> 9"
    run(plan_for(shop, systems=systems), tmp_path)  # back to what was there before
    assert saved(tmp_path)["cells"] == before["cells"]


def kill_worker_of(cell: str, times: int) -> threading.Thread:
    """SIGKILLs the worker that runs a cell, ``times`` times."""

    def watch() -> None:
        killed = set()
        until = time.monotonic() + 60
        while len(killed) < times and time.monotonic() < until:
            for process in psutil.process_iter(["cmdline"]):
                if f"ray::{cell}" in " ".join(process.info["cmdline"] or []) and process.pid not in killed:
                    os.kill(process.pid, signal.SIGKILL)
                    killed.add(process.pid)
            time.sleep(0.05)

    thread = threading.Thread(target=watch)
    thread.start()
    return thread


@pytest.mark.parametrize(("times", "status", "attempts"), [(1, "done", 2), (2, "error", 2)])
def test_a_dead_worker_costs_one_retry(shop, tmp_path, times, status, attempts):
    killer = kill_worker_of("SASRec on shop", times)
    run(plan_for(shop, systems={"SASRec": {"model": "SASRec"}}), tmp_path)
    killer.join()
    (cell,) = saved(tmp_path)["cells"]
    assert (cell["status"], cell["attempts"]) == (status, attempts)
    if status == "error":
        assert cell["reason"] == "the worker died 2 times (out of memory, or killed?)"


def test_ctrl_c_leaves_what_is_finished(shop, tmp_path, monkeypatch):
    out = tmp_path / "out"
    with monkeypatch.context() as patch:
        patch.setattr("recbole_lsrec.leaderboard.execute.tqdm.update", lambda bar: _interrupt())
        summary = run(plan_for(shop, systems=TWO), out)
    assert summary.interrupted
    assert sorted(cell["status"] for cell in saved(out)["cells"]) == ["done", "pending"]
    assert saved(out)["finished"] is None
    assert run(plan_for(shop, systems=TWO), out).reused == 1
    assert {status for status, *_ in tables(out).values()} == {"done"}


def _interrupt() -> None:
    raise KeyboardInterrupt


def test_data_that_cannot_be_loaded_are_an_error_of_their_cells(shop, tmp_path):
    broken = [{"name": "shop", "settings": {"val_interval": {"timestamp": "[0,1]"}}}]
    run(plan_for(shop, datasets=broken, systems={"A": {"model": "SASRec"}}), tmp_path / "out")
    assert saved(tmp_path / "out")["cells"][0]["reason"].startswith("DataError: shop.inter: no interaction is left")


def test_a_second_process_is_kept_out(shop, tmp_path):
    with FileLock(tmp_path / ".lock"), pytest.raises(ConfigError, match="another process works in"):
        run(plan_for(shop, systems=TWO), tmp_path)


def test_more_than_any_node_has_is_refused():
    with pytest.raises(ConfigError, match=r"cpus: 3, gpus: 0 for a cell is more than any node has \(2 CPUs"):
        with connected(Resources(cpus=3)):
            pass
