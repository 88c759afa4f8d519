"""Damages what every door of the package reads, a file at a time: data, settings, run folders, checkpoints, boards, searches.

    python -m tests.fuzz.doors_fuzz --inputs 5000 --seed 1

prints a table of doors and outcomes (``outcomes.py``), and every failure with what reproduces it.
"""

import argparse
import json
import re
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from recbole_lsrec import checkpoint
from recbole_lsrec.analysis.comparable import labels
from recbole_lsrec.analysis.saved_runs import load_run_folder
from recbole_lsrec.analysis.strata_report import describe_strata
from recbole_lsrec.config import Config
from recbole_lsrec.config.values import parse_command_line
from recbole_lsrec.data.candidates.given import read_candidates
from recbole_lsrec.data.dataset import SessionDataset
from recbole_lsrec.evaluation.popularity import kept_lambda
from recbole_lsrec.item_catalogue import load_catalogue
from recbole_lsrec.leaderboard.board import load_board
from recbole_lsrec.leaderboard.cell_run import CellRun
from recbole_lsrec.leaderboard.plan import read_plan
from recbole_lsrec.leaderboard.store import Store
from recbole_lsrec.quick_start import run_recbole_lsrec
from recbole_lsrec.run_files import read_curves, read_result
from recbole_lsrec.tuning import journal, result
from recbole_lsrec.tuning.preset import preset_yaml
from recbole_lsrec.tuning.settings import SearchSettings
from recbole_lsrec.tuning.space import read_space
from tests.fuzz.outcomes import Door, fuzz, table
from tests.leaderboard.test_store import RESULT, planned

# --- the doors --------------------------------------------------------------------------------------------------------


def doors(folder: Path) -> dict[str, Door]:
    """Every door, with what it reads whole; makes one small run in a folder."""
    log = _log_files()
    data = folder / "data" / "log"
    data.mkdir(parents=True)
    for name, content in log.items():
        (data / name).write_bytes(content)
    settings = _settings(folder / "data", folder / "runs")
    run = Path(run_recbole_lsrec("GRU4Rec", "log", config_dict={**settings, "epochs": 1})["run_folder"])
    kept = {name: (run / name).read_bytes() for name in ("result.json", "instances.parquet", "scores-uni5.npy")}
    return {
        "atomic files": Door(log, _read_log),
        "candidate file": Door({"given.csv": _candidates(folder, settings)}, _reads_candidates(settings)),
        "checkpoint": Door({"checkpoint.pt": (run / "checkpoint.pt").read_bytes()}, _read_checkpoint, promised=True),
        "catalogue": Door({"catalogue.pt": (run / "catalogue.pt").read_bytes()}, _read_catalogue, promised=True),
        "ranks and scores": Door(
            {name: content for name, content in kept.items() if name != "result.json"},
            _reads_run(kept["result.json"]),
            promised=True,
        ),
        "result.json": Door(kept, _read_run),
        "split.json": Door({**kept, "split.json": (run / "split.json").read_bytes()}, _read_run),
        "yaml": Door({"own.yaml": yaml.safe_dump(_plain_settings()).encode()}, _read_yaml),
        "command line": Door({"line": "\n".join(_LINE).encode()}, _read_line),
        "space": Door({"space.yaml": _SPACE}, lambda at: str(read_space(at / "space.yaml", "GRU4Rec"))),
        "plan": Door({"plan.yaml": _PLAN}, lambda at: str(read_plan(at / "plan.yaml"))),
        "search": Door({"settings.json": _search(folder), "journal.jsonl": _JOURNAL}, _read_search),
        "finished cells": Door(_cells(folder), _read_cells),
        "preset": Door({"tune.json": _TUNED}, preset_yaml),
        "strata": Door(kept, _read_strata),
        "popularity": Door(_corrected(kept["result.json"]), _read_popularity),
        "board": Door({"leaderboard.json": _BOARD}, lambda at: str(load_board(at))),
    }


def _log_files() -> dict[str, bytes]:
    rng = np.random.default_rng(1)
    lines = [
        f"u{rng.integers(12)}\ti{rng.integers(25)}\t{1_580_000_000 + 997 * n}\t{rng.random():.3f}\tc{rng.integers(3)}"
        for n in range(160)
    ]
    header = "user_id:token\titem_id:token\ttimestamp:float\trating:float\tkind:token"
    items = [f"i{n}\tred blue\t{n}.5 2" for n in range(25)]
    return {
        "log.inter": "\n".join([header, *lines, ""]).encode(),
        "log.item": "\n".join(["item_id:token\ttags:token_seq\tvector:float_seq", *items, ""]).encode(),
    }


def _settings(data: Path, runs: Path) -> dict[str, Any]:
    return {
        "data_path": str(data),
        "run_dir": str(runs),
        "load_col": {
            "inter": ["user_id", "item_id", "timestamp", "rating", "kind"],
            "item": ["item_id", "tags", "vector"],
        },
        "eval_args": {"mode": ["uni5", "full"], "fewer": "allow"},
        "MAX_ITEM_LIST_LENGTH": 5,
        "metrics": ["NDCG", "Hit"],
        "topk": [3],
        "valid_metric": "NDCG@3",
        "loss_type": "CE",
        "train_neg_sample_args": None,
        "show_progress": False,
        "state": "CRITICAL",
    }


def _read_log(folder: Path) -> Any:
    """The log's fingerprints; every line is an event, or was removed and counted."""
    root = folder.parent / f"{folder.name}-root"
    (root / "log").mkdir(parents=True, exist_ok=True)
    for name in ("log.inter", "log.item"):
        shutil.copy(folder / name, root / "log" / name)
    try:
        log = SessionDataset(Config("GRU4Rec", "log", config_dict=_settings(root, root / "runs")))
        log.build()
    finally:
        shutil.rmtree(root)
    text = (folder / "log.inter").read_bytes().decode("utf-8-sig")
    lines = [line for line in re.split("\r\n|\r|\n", text)[1:] if line]
    removed = sum(int(entry["rows"]) for entry in log.filter_report)
    assert len(log.user) + removed == len(lines), f"{len(log.user)} events and {removed} removed of {len(lines)} lines"
    assert (log.time >= 0).all()
    return log.fingerprint(), log.features_fingerprint(), str(log.item_feat["tags"].tolist())


def _candidates(folder: Path, settings: dict[str, Any]) -> bytes:
    log = SessionDataset(Config("GRU4Rec", "log", config_dict=settings))
    *_, test = log.build()
    users, items = log.field2id_token["user_id"], log.field2id_token["item_id"]
    lines = ["user_id,item_id,negatives,timestamp"]
    for row in [*log.split.valid, *test.rows]:
        others = [item for item in items[1:9] if item != items[log.item[row]]][:6]
        lines.append(f"{users[log.user[row]]},{items[log.item[row]]},{' '.join(others)},{log.time[row]}")
    return "\n".join([*lines, ""]).encode()


def _reads_candidates(settings: dict[str, Any]) -> Callable[[Path], Any]:
    log = SessionDataset(Config("GRU4Rec", "log", config_dict=settings))
    *_, test = log.build()

    def read(folder: Path) -> Any:
        chosen = read_candidates(folder / "given.csv", test)
        assert chosen.shape[0] == len(test.rows)
        assert not (chosen == test.item[test.rows][:, None]).any(), "the target is among its negatives"
        return chosen.tolist()

    return read


def _read_checkpoint(folder: Path) -> Any:
    found = checkpoint.load(folder / "checkpoint.pt")
    return found.metadata, str(found.tensors)


def _read_catalogue(folder: Path) -> Any:
    found = load_catalogue(folder)
    return {name: tokens.tolist() for name, tokens in found.tokens.items()}, found.popularity.tolist()


def _read_run(folder: Path) -> Any:
    run = load_run_folder(folder)
    labels([run])
    lines = {name: run.lines("test", name) for name in run.instances["protocol"].unique()}
    ranks = {name: its.instances["rank"].tolist() for name, its in lines.items()}
    return ranks, {name: None if its.scores is None else its.scores.tolist() for name, its in lines.items()}


def _read_strata(folder: Path) -> Any:
    report = describe_strata(folder, ("ndcg@3",), "test", None, ())
    return report.text(), str(report.to_dict())


def _corrected(result: bytes) -> dict[str, bytes]:
    told = {"metric": "ndcg@3", "in_results": False, "phase": "test", "lambda": {"uni5": 0.5, "full": 1.0}}
    told |= {"with": {"ndcg@3": 0.5}, "without": {"ndcg@3": 0.4}}
    curves = {
        "lambdas": [0.0, 0.5],
        "valid": {"full": {"ndcg@3": [0.1, 0.2]}},
        "test": {"full": {"ndcg@3": [0.1, 0.3]}},
    }
    held = {**json.loads(result), "popularity_correction": told}
    return {
        "result.json": json.dumps(held, indent=2).encode(),
        "popularity.json": json.dumps(curves, indent=2).encode(),
    }


def _read_popularity(folder: Path) -> Any:
    read_result(folder)
    return kept_lambda(folder, {"popularity_correction": "valid"}), str(read_curves(folder))


def _reads_run(told: bytes) -> Callable[[Path], Any]:
    def read(folder: Path) -> Any:
        (folder / "result.json").write_bytes(told)
        return _read_run(folder)

    return read


_LINE = [
    "--epochs=3",
    "--learning_rate",
    "0.01",
    "--eval_args={mode: [uni9, full]}",
    "--topk=[5, 10]",
    "--hidden_size=32",
    "--popularity_correction=valid",
    "--nproc=1",
]


def _plain_settings() -> dict[str, Any]:
    return {
        "epochs": 3,
        "learning_rate": 0.01,
        "eval_args": {"mode": ["uni9", "full"]},
        "topk": [5, 10],
        "full_stage": "two_stage",
    }


def _read_yaml(folder: Path) -> Any:
    return str(Config("GRU4Rec", "ml-100k", [str(folder / "own.yaml")]).plain())


def _read_line(folder: Path) -> Any:
    line = (folder / "line").read_bytes().decode("utf-8", "surrogateescape").split("\n")
    return str(Config("GRU4Rec", "ml-100k", config_dict=parse_command_line(line)).plain())


_SPACE = b"learning_rate: {loguniform: [0.0001, 0.01]}\nhidden_size: {choice: [32, 64]}\nnum_layers: {int: [1, 3]}\n"
_PLAN = (
    b"title: Small\ndatasets: [ml-100k]\nseeds: [1, 2]\nbudget: {train_steps: 8}\nsystems:\n"
    b"  A: {model: SASRec}\n  B: {model: GRU4Rec, settings: {hidden_size: 32}}\n"
)
_EVENTS = [
    {"time": 0.0, "event": "sitting", "command": "recbole-lsrec tune"},
    {"time": 1.0, "event": "start", "trial": "a", "settings": {"hidden_size": 32}},
    {"time": 2.0, "event": "epoch", "trial": "a", "epoch": 1, "score": 0.5},
    {"time": 3.0, "event": "done", "trial": "a", "epoch": 2, "score": 0.4},
    {"time": 3.5, "event": "end", "trial": "a"},
    {"time": 4.0, "event": "start", "trial": "b", "settings": {"hidden_size": 64}},
    {"time": 8.0, "event": "error", "trial": "b", "reason": "ValueError: no"},
    {"time": 9.0, "event": "close"},
]
_JOURNAL = "".join(json.dumps(event) + "\n" for event in _EVENTS).encode()


_TUNED = json.dumps(
    {
        "best": {"hidden_size": 32, "learning_rate": 0.004},
        "best_score": 0.5,
        "metric": "NDCG@10",
        "trials": [{"id": "a"}, {"id": "b"}],
        "complete": True,
        "settings": {
            "model": "GRU4Rec",
            "dataset": "ml-100k",
            "config_dict": {"epochs": 3},
            "config_files": [],
            "method": "random",
            "scheduler": "asha",
            "search_seed": 2020,
        },
    },
    indent=2,
).encode()


def _search(folder: Path) -> bytes:
    (folder / "space.yaml").write_bytes(_SPACE)
    described = result.description(
        SearchSettings("GRU4Rec", "ml-100k", folder), read_space(folder / "space.yaml", "GRU4Rec")
    )
    return json.dumps(described, indent=2).encode()


def _read_search(folder: Path) -> Any:
    return str(result.read_settings(folder)), str(journal.read_trials(folder, bigger=True)), journal.spent(folder)


def _cells(folder: Path) -> dict[str, bytes]:
    store = Store(folder / "board")
    for seed in (1, 2):
        content = json.dumps({**RESULT, "seed": seed}).encode()
        store.keep(planned(seed), CellRun(f"A-{seed}", {"result.json": content}, 0.5, None), 1)
    files = sorted((folder / "board").glob("runs/*/*"))
    return {str(file.relative_to(folder / "board")): file.read_bytes() for file in files}


def _read_cells(folder: Path) -> Any:
    """Which cells are found; a damaged one is to be run again, never an error of the whole."""
    store = Store(folder)
    found = [store.find(planned(seed)) for seed in (1, 2)]
    assert any(found), "a damaged cell took the other with it"
    return [pair and (pair[0].name, pair[1].identity) for pair in found]


_BOARD = json.dumps(
    {
        "title": "Tiny board",
        "command": "recbole-lsrec leaderboard tiny.yaml",
        "started": "2026-11-21T07:00:00+00:00",
        "finished": None,
        "plan": {"seeds": [1, 2]},
        "budget": {"train_steps": 120},
        "bit_reproducible": True,
        "environment": {"cores": 2},
        "cells": [
            {
                "system": name,
                "model": None,
                "dataset": "tiny",
                "seed": 1,
                "status": "error",
                "reason": "no",
                "run_folder": None,
                "attempts": 1,
                "seconds": 1.5,
                "tuned": None,
                "below_band": None,
            }
            for name in ("A", "B")
        ],
    },
    indent=2,
).encode()


def main() -> None:
    """From the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        outcomes, failures = fuzz(doors(Path(folder)), given.inputs, given.seed)
    print(table(outcomes), *failures, sep="\n")


if __name__ == "__main__":
    main()
