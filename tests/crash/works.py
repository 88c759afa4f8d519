"""Works that may be killed at any moment: how each is begun and taken up again, and what must not depend on kills."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import yaml

from recbole_lsrec.cli import main
from recbole_lsrec.config import Config
from recbole_lsrec.data import filtered
from recbole_lsrec.run_data import load_data
from tests.leaderboard.boards import tables
from tests.shop_log import shop_settings


class Work(NamedTuple):
    """A work on a folder.

    Attributes:
        go: begins it, or takes up what is there; in a process of its own.
        finished: whether nothing is left to do.
        outcome: what must be as without kills.
        kept: finished parts by name, which must be taken up as they are.
        warm: whether it may run in this process first, so that forks of it find everything imported.
    """

    go: Callable[[Path], object]
    finished: Callable[[Path], object]
    outcome: Callable[[Path], Any]
    kept: Callable[[Path], Mapping[str, Any]] = lambda _: {}
    warm: bool = True


def works(where: Path) -> dict[str, Work]:
    """The works, over a small log in a folder."""
    filtered._WORTH_KEEPING = 0  # a small log is kept in the cache too
    modes = {"eval_args": {"mode": ["uni9", "full"]}}
    settings = {**shop_settings(where), **modes, "train_batch_size": 128, "epochs": 2, "state": "ERROR"}
    (where / "raw").mkdir()
    lines = (where / "data" / "shop" / "shop.inter").read_text(encoding="utf-8").splitlines()[1:]
    table = "\n".join(["user,item,time,kind", *(line.replace("\t", ",") for line in lines)])
    (where / "raw" / "shop.csv").write_text(table + "\n", encoding="utf-8")
    return {
        "training": _training(where, settings),
        "cache": _cache(settings),
        "prepare": _prepare(where / "raw"),
        "leaderboard": _leaderboard(where, settings),
        "tune": _tune(where, settings),
    }


def _training(where: Path, settings: dict[str, Any]) -> Work:
    own = where / "training.yaml"
    own.write_text(yaml.safe_dump({**settings, "epochs": 4, "train_batch_size": 32}), encoding="utf-8")

    def go(folder: Path) -> None:
        begun = [str(path.parent) for path in folder.glob("*/checkpoint.pt")]
        new = ["-m", "GRU4Rec", "-d", "shop", "--config_files", str(own), f"--run_dir={folder}"]
        main(["run", *(["--resume", begun[0]] if begun else new)])

    return Work(go, lambda folder: list(folder.glob("*/result.json")), _of_a_run)


def _of_a_run(folder: Path) -> dict[str, Any]:
    (path,) = folder.glob("*/result.json")
    result = json.loads(path.read_text(encoding="utf-8"))
    history = [{k: v for k, v in epoch.items() if not k.endswith("_seconds")} for epoch in result["history"]]
    names = ("best_valid_score", "best_valid_result", "test_result", "fingerprints", "files")
    return {"history": history, **{name: result[name] for name in names}}


def _cache(settings: dict[str, Any]) -> Work:
    def config(folder: Path) -> Config:
        return Config("GRU4Rec", "shop", config_dict={**settings, "run_dir": str(folder)})

    def go(folder: Path) -> None:
        load_data(config(folder))
        (folder / "done").touch()

    def outcome(folder: Path) -> Any:
        """What is read from the caches that were built."""
        data = load_data(config(folder))
        log, lists = data.test.dataset, data.test.candidates
        return log.fingerprint(), {name: np.asarray(drawn).tolist() for name, drawn in lists.items()}

    return Work(go, lambda folder: (folder / "done").exists(), outcome)


def _prepare(raw: Path) -> Work:
    def go(folder: Path) -> None:
        main(["prepare", "csv", "--raw", str(raw), "--out", str(folder), "--name", "shop", "--item-features", "kind"])

    def outcome(folder: Path) -> Any:
        return {path.name: path.read_bytes() for path in (folder / "shop").iterdir() if path.suffix != ".json"}

    return Work(go, lambda folder: (folder / "shop" / "shop.inter").exists(), outcome)


def _leaderboard(where: Path, settings: dict[str, Any]) -> Work:
    own = {key: value for key, value in settings.items() if key not in ("show_progress", "state", "epochs")}
    plan = {"datasets": ["shop"], "budget": {"train_steps": 8}, "settings": own, "seeds": [1, 2]}
    plan["systems"] = {"GRU4Rec": {"model": "GRU4Rec"}}
    (where / "plan.yaml").write_text(yaml.safe_dump(plan), encoding="utf-8")

    def finished(folder: Path) -> bool:
        page, board = folder / "leaderboard.html", folder / "leaderboard.json"
        return page.is_file() and json.loads(board.read_text(encoding="utf-8"))["finished"] is not None

    return Work(
        lambda folder: main(["leaderboard", str(where / "plan.yaml"), "--out", str(folder), "--jobs", "1"]),
        finished,
        tables,
        lambda folder: {path.parent.name: path.read_bytes() for path in folder.glob("runs/*/cell.json")},
        warm=False,
    )


def _tune(where: Path, settings: dict[str, Any]) -> Work:
    space, own = where / "space.yaml", where / "tune.yaml"
    space.write_text("learning_rate: {choice: [0.001, 0.01]}\n", encoding="utf-8")
    own.write_text(yaml.safe_dump(settings), encoding="utf-8")
    first = ["-m", "GRU4Rec", "-d", "shop", "--config_files", str(own), "--space", str(space), "--search", "grid"]
    first += ["--scheduler", "none", "--concurrent", "1", "--trials", "2"]

    def go(folder: Path) -> None:
        begun = (folder / "journal.jsonl").is_file()
        main(["tune", *(["--resume", str(folder)] if begun else [*first, "--out", str(folder)])])

    def told(folder: Path) -> dict[str, Any]:
        return json.loads((folder / "tune.json").read_text(encoding="utf-8"))

    def outcome(folder: Path) -> Any:
        trials = [
            (trial["settings"], trial["status"], [(epoch["epoch"], epoch["score"]) for epoch in trial["epochs"]])
            for trial in told(folder)["trials"]
        ]
        return sorted(trials, key=str), told(folder)["best"], told(folder)["test_result"]

    return Work(
        go,
        lambda folder: (folder / "tune.html").is_file() and told(folder)["complete"] and told(folder)["test_result"],
        outcome,
        warm=False,
    )
