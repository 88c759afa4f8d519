"""The oracle's log, through the loaders that a run gets."""

import pytest

from recbole_lsrec.config import Config
from recbole_lsrec.run_data import load_data
from tests.guarantees.oracle import GAP, Log, events, write

LINES = events()


@pytest.fixture(scope="session")
def oracle():
    """The log as the file's lines say."""
    return Log(LINES)


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """Where the file is."""
    folder = tmp_path_factory.mktemp("guarantees")
    write(folder, LINES)
    return folder


@pytest.fixture(scope="session")
def settings(folder):
    """Settings of a run on the log; all that may be drawn is drawn (``uni500``, short lists allowed)."""
    return {
        "data_path": str(folder),
        "run_dir": str(folder / "runs"),
        "load_col": {"inter": ["user_id", "item_id", "timestamp", "event_type"]},
        "timestamp_unit": "s",
        "session_threshold": GAP,
        "MAX_ITEM_LIST_LENGTH": 4,
        "train_batch_size": 7,
        "eval_batch_size": 5,
        "metrics": ["NDCG", "Hit", "MRR", "GAUC"],
        "topk": [3],
        "valid_metric": "NDCG@3",
        "eval_args": {"mode": ["uni500"], "fewer": "allow"},
        "shuffle": False,
        "show_progress": False,
        "state": "ERROR",
    }


@pytest.fixture(scope="session")
def load(settings):
    """``load(model, **changes)``: the loaders of a run; ``eval_args`` is laid over the usual one."""

    def load_(model="GRU4Rec", **changes):
        eval_args = {**settings["eval_args"], **changes.pop("eval_args", {})}
        if model == "GRU4Rec":
            changes.setdefault("loss_type", "BPR")
        return load_data(Config(model, "log", config_dict={**settings, **changes, "eval_args": eval_args}))

    return load_
