"""Small leaderboards, and what their tests look at."""

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from recbole_lsrec.leaderboard.execute import Resources
from recbole_lsrec.leaderboard.plan import Plan, parse_plan
from recbole_lsrec.leaderboard.run import Summary, run_leaderboard

TWO = {"SASRec": {"model": "SASRec"}, "GRU4Rec": {"model": "GRU4Rec"}}


def plan_for(shop: dict[str, Any], **more: Any) -> Plan:
    """A plan on the shop's log; eight steps of a cell where nothing else is said."""
    settings = {key: value for key, value in shop.items() if key not in ("show_progress", "state", "epochs")}
    return parse_plan({"datasets": ["shop"], "budget": {"train_steps": 8}, "settings": settings, **more}, "plan")


def run(plan: Plan, out: Path, said: list[str] | None = None) -> Summary:
    """Runs a plan with one thread a cell on the Ray that is there."""
    return run_leaderboard(plan, out, Resources(), ["leaderboard"], ([] if said is None else said).append)


def saved(out: Path) -> dict[str, Any]:
    """``leaderboard.json``."""
    return json.loads((out / "leaderboard.json").read_text())


def tables(out: Path) -> dict[str, Any]:
    """What must not depend on interruptions: for each cell its status and every metric."""
    found = {}
    for cell in saved(out)["cells"]:
        result = out / cell["run_folder"] / "result.json" if cell["status"] == "done" else None
        metrics = json.loads(result.read_text()) if result else {}
        name = f"{cell['system']} on {cell['dataset']}, seed {cell['seed']}"
        found[name] = (cell["status"], metrics.get("best_valid_result"), metrics.get("test_result"))
    return found


def wait_until(holds: Callable[[], Any], seconds: float = 300) -> None:
    """Waits for something to become true."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.1)


def worker_of(cell: str, driver: int | None = None) -> psutil.Process | None:
    """The process that runs a cell for a driver, this process by default."""
    for process in psutil.Process(driver or os.getpid()).children(recursive=True):
        try:
            if f"ray::{cell}" in " ".join(process.cmdline()):
                return process
        except psutil.NoSuchProcess:
            continue
    return None
