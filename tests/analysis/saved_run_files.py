"""Run folders written by hand, for tests of what reads them."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from recbole_lsrec.run_files import COLUMNS
from recbole_lsrec.whole_files import file_sha256


def table(user: Sequence[str], rank: Sequence[float], **columns: Any) -> pd.DataFrame:
    """Instances of one phase and protocol; columns not given hold the same value everywhere."""
    n = len(user)
    plain = {
        "row": np.arange(n) + 10,
        "phase": "test",
        "protocol": "pop3",
        "user_id": list(user),
        "item_id": [f"i{number}" for number in range(n)],
        "timestamp": np.arange(n) * 100,
        "rank": np.asarray(rank, dtype=float),
        "n_candidates": 4,
        "ties": 0,
        "corrected_rank": np.nan,
        "alpha": np.full(n, np.nan, dtype=np.float32),
        "history_length": 5,
        "n_sessions": 1,
        "session_length": 1,
        "gap_s": 60,
        "in_history": False,
        "same_category": pd.Series([None] * n, dtype="boolean"),
        "event_type": pd.Series([None] * n, dtype=object),
        "item_pop_third": "low",
        "item_events": 3,
    }
    return pd.DataFrame({**plain, **columns})[COLUMNS]


def write_run(
    folder: Path,
    instances: pd.DataFrame,
    scores: Mapping[str, np.ndarray] | None = None,
    model: str = "GRU4Rec",
    seed: int = 1,
    config: Mapping[str, Any] | None = None,
    **fingerprints: Any,
) -> Path:
    """Writes what a run leaves, as far as comparisons read it."""
    folder.mkdir(parents=True)
    instances.to_parquet(folder / "instances.parquet", index=False)
    for protocol, values in (scores or {}).items():
        np.save(folder / f"scores-{protocol}.npy", values)
    result = {
        "model": model,
        "dataset": "tiny",
        "seed": seed,
        "simulated": False,
        "fingerprints": {"data": "d1", "split": "s1", "candidates": {"test/pop3": "c1"}, "code": "k1", **fingerprints},
        "config": {"seed": seed, "ties": "average", "eval_args": {"mode": {"test": ["pop3"]}}, **(config or {})},
    }
    (folder / "result.json").write_text(json.dumps(result))
    sign(folder)
    return folder


def sign(run: Path) -> None:
    """Gives ``result.json`` the hashes of the files as they are now."""
    result = json.loads((run / "result.json").read_text())
    files = [run / "instances.parquet", *sorted(run.glob("scores-*.npy")), *sorted(run.glob("popularity.json"))]
    result["files"] = {file.name: file_sha256(file) for file in files}
    (run / "result.json").write_text(json.dumps(result))


def random_run(folder: Callable[..., Path], name: str, number: int, shuffled: bool = False, **options: Any) -> Path:
    """200 instances of 39 users with scores, in two protocols; ``shuffled`` puts the same lines in another order."""
    shared, own = np.random.default_rng(0), np.random.default_rng(number)
    user = shared.integers(0, 40, 200)
    scores = own.normal(0, 1, (200, 4)) + np.eye(4)[0] * (0.5 + 0.1 * number)
    order = np.random.default_rng(99).permutation(200) if shuffled else np.arange(200)
    ranks = 1.0 + (scores[:, 1:] > scores[:, :1]).sum(1)
    columns = {key: np.asarray(value)[order] for key, value in
               {"row": np.arange(200), "item_id": user.astype(str), "timestamp": user * 7}.items()}  # fmt: skip
    return folder(
        name, ranks[order], user[order].astype(str), columns=columns, scores={"pop3": scores[order]}, **options
    )


def write_own_model(run: Path, place: str, sha256: str | None = None) -> None:
    """Makes a run one of a class of the user's own."""
    result = json.loads((run / "result.json").read_text())
    (run / "result.json").write_text(json.dumps({**result, "own_model": {"model": place, "sha256": sha256}}))
