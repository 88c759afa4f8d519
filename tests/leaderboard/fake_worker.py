"""Workers that do nothing of weight, for tests of what happens around a cell. Imports nothing that takes seconds."""

import json
import os
import signal
from pathlib import Path

from recbole_lsrec.leaderboard.cell_run import CellRun

DEATHS = {901: 1, 902: 2}  # seed -> attempts that end with SIGKILL
LOSSES = {903: 1}  # seed -> attempts that lose a process of theirs


def load(model, dataset, settings, data):
    """Counts its calls in a file; fails for a length of 13."""
    with Path(settings["data_path"], "loads").open("a") as file:
        file.write(f"{dataset} {settings['MAX_ITEM_LIST_LENGTH']}\n")
    if settings["MAX_ITEM_LIST_LENGTH"] == 13:
        raise ValueError("the log is empty")
    return "the log"


def run_cell(model, dataset, settings, threads, identity, log):
    """Counts its attempts in a file; then dies, or makes a run folder, as its seed says."""
    assert log == "the log"
    seed = settings["seed"]
    attempts = Path(settings["data_path"], f"attempts-{model}-{seed}")
    with attempts.open("a") as file:
        file.write(f"{os.getpid()}\n")
    attempt = len(attempts.read_text().split())
    if attempt <= DEATHS.get(seed, 0):
        os.kill(os.getpid(), signal.SIGKILL)
    if attempt <= LOSSES.get(seed, 0):
        from recbole_lsrec.processes.group import ProcessLost

        raise ProcessLost("process 1 of 2 was killed")
    result = {
        "model": model,
        "dataset": dataset,
        "seed": seed,
        "simulated": False,
        "fingerprints": {},
        "config": settings,
        "files": {},
        "best_valid_result": {"ndcg@10": settings["train_steps"]},
        "test_result": {"ndcg@10": settings["train_steps"] + seed},
    }
    return CellRun(f"{model}-{seed}-{os.getpid()}", {"result.json": json.dumps(result).encode()}, 0.1, None)
