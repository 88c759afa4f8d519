"""Leaderboard folders written by hand: synthetic ranks, no training."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from recbole_lsrec.analysis.saved_runs import Lines
from recbole_lsrec.analysis.user_metrics import Metric
from recbole_lsrec.leaderboard.board import load_board
from recbole_lsrec.leaderboard.page.collect import collect
from tests.analysis.saved_run_files import table, write_run

METRICS = ["hit@2", "ndcg@2", "mrr"]
N_CANDIDATES = 20
USERS = [f"u{number:02d}" for number in range(40)]
CONFIG = {"valid_metric": "NDCG@2", "gauc_by": "instance", "ties": "average", "filter_seen": False,
          "eval_args": {"mode": {"test": ["pop3", "full"]}, "exclude": ["positive"]}}  # fmt: skip


def write_cell(
    out: Path,
    system: str,
    ranks: Mapping[str, Sequence[float]],
    seed: int = 1,
    users: Sequence[str] = USERS,
    config: Mapping[str, Any] | None = None,
    columns: Mapping[str, Any] | None = None,
    dataset: str = "tiny",
    result: Mapping[str, Any] | None = None,
    **cell: Any,
) -> dict[str, Any]:
    """Writes the run folder of a finished cell, tested under the protocols of ``ranks``, and returns the cell."""
    tables, test_result = [table(users, np.ones(len(users)), phase="valid")], {}
    for number, (protocol, its) in enumerate(ranks.items()):
        lines = table(users, its, protocol=protocol, **{"n_candidates": N_CANDIDATES, **(columns or {})})
        tables.append(lines)
        prefix = f"{protocol}/" if number else ""
        test_result |= {prefix + name: round(Metric.parse(name).of(Lines(lines, None)), 4) for name in METRICS}
    name = f"{system}-{seed}".replace("/", "-")
    folder = write_run(
        out / "runs" / name,
        pd.concat(tables),
        seed=seed,
        model=system,
        config={**CONFIG, "seed": seed, **(config or {})},
    )
    stored = json.loads((folder / "result.json").read_text())
    stored |= {
        "dataset": dataset,
        "test_result": test_result,
        "valid_score_bigger": True,
        "history": [{"epoch": 0, "train_seconds": 3.0, "share": 0.5, "valid_seconds": 0.2}],
        "seconds_per_epoch": 6.0,
        "parameters": 1000 * (seed + 1),
        "peak_memory_mb": {"process": 500.0},
        "versions": {"torch": "2.13.0"},
        **(result or {}),
    }
    (folder / "result.json").write_text(json.dumps(stored))
    return {"system": system, "model": system, "dataset": dataset, "seed": seed, "status": "done", "reason": None,
            "run_folder": f"runs/{name}", "attempts": 1, "seconds": 12.5, "tuned": None, "below_band": None, **cell}  # fmt: skip


def empty_cell(system: str, status: str, reason: str | None, seed: int | None = 1, **cell: Any) -> dict[str, Any]:
    """A cell without a run."""
    return {"system": system, "model": None, "dataset": "tiny", "seed": seed, "status": status, "reason": reason,
            "run_folder": None, "attempts": 0, "seconds": None, "tuned": None, "below_band": None, **cell}  # fmt: skip


def write_board(out: Path, cells: Sequence[Mapping[str, Any]], **changes: Any) -> Path:
    """Writes ``leaderboard.json``."""
    board = {
        "title": "Tiny board",
        "command": "recbole-lsrec leaderboard tiny.yaml",
        "started": "2026-11-21T07:00:00+00:00",
        "finished": "2026-11-21T07:30:00+00:00",
        "plan": {"seeds": [1, 2]},
        "budget": {"train_steps": 120},
        "bit_reproducible": True,
        "environment": {"cores": 2},
        "cells": list(cells),
    }
    out.mkdir(parents=True, exist_ok=True)
    (out / "leaderboard.json").write_text(json.dumps({**board, **changes}))
    return out


def reported(out: Path) -> list[dict[str, Any]]:
    """What ``report.json`` holds of each data set, of a leaderboard whose page nobody looks at."""
    return json.loads(json.dumps(collect(load_board(out)).to_dict()))["datasets"]


def ranks(level: float, seed: int, spread: float = 0.5) -> list[float]:
    """Ranks of the 40 users around ``level``, at least 1."""
    return np.maximum(1.0, level + np.random.default_rng(seed).normal(0, spread, len(USERS))).tolist()


def three_levels(out: Path) -> list[dict[str, Any]]:
    """Good, Fair and Poor with two seeds each: every difference under pop3 is clear, under full none but Poor's is."""
    cells = []
    for number, (system, level) in enumerate({"Fair": 1.7, "Good": 1.1, "Poor": 9.0}.items()):
        for seed in (1, 2):
            its = {
                "pop3": ranks(level, 10 * number + seed, 0.1),
                "full": ranks(9.0 if system == "Poor" else 2.0, 100 * number + seed, 0.5),
            }
            cells.append(write_cell(out, system, its, seed))
    return cells
