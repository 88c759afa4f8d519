"""Small leaderboards, and what their tests look at."""

import json
from pathlib import Path
from typing import Any

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
