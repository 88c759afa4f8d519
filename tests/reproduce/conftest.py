"""A tiny log of a shop with event types, and the command on it."""

import numpy as np
import pandas as pd
import pytest
import ray

from recbole_lsrec.cli import main

SETTINGS = [
    "--load_col={inter: [user_id, item_id, timestamp, category_id, event_type]}",
    "--CATEGORY_FIELD=category_id",
    "--MAX_ITEM_LIST_LENGTH=12",
    "--eval_args={mode: [uni9, full]}",
    "--train_batch_size=128",
]


@pytest.fixture(scope="session")
def logs(tmp_path_factory):
    """Folder with one log under two names: ``shop``, and ``tmall``, which is the name of a paper's."""
    rng = np.random.default_rng(5)
    n = 1500
    item = np.minimum(rng.geometric(0.06, n), 80)
    frame = pd.DataFrame(
        {
            "user_id:token": rng.integers(0, 60, n),
            "item_id:token": item,
            "timestamp:float": 1_580_000_000 + rng.integers(0, 40, n) * 86_400 + rng.integers(0, 3600, n),
            "category_id:token": item % 7,
            "event_type:token": np.where(rng.random(n) < 0.3, "purchase", "view"),
        }
    )
    folder = tmp_path_factory.mktemp("logs")
    for name in ("shop", "tmall"):
        (folder / name).mkdir()
        frame.to_csv(folder / name / f"{name}.inter", sep="\t", index=False)
    return folder


@pytest.fixture(scope="module")
def one_cpu():
    """A Ray of one CPU for the tests of a module."""
    ray.init("local", num_cpus=1, include_dashboard=False, log_to_driver=False, logging_level="error")
    yield
    ray.shutdown()


@pytest.fixture
def reproduce(logs, tmp_path):
    """Runs the command in ``tmp_path`` and returns its exit code."""

    def run(entry, dataset, *more):
        given = ["--dataset", dataset, "--out", str(tmp_path), *more, f"--data_path={logs}", *SETTINGS]
        with pytest.raises(SystemExit) as ended:
            main(["reproduce", entry, *given])
        return ended.value.code

    return run
