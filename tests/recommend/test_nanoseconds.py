"""A run whose log counts nanoseconds, 2**53 of which float64 rounds to 256, answers in the order of the log."""

import json

import numpy as np
import pandas as pd
import pytest

from recbole_lsrec.cli import main
from recbole_lsrec.quick_start import run_recbole_lsrec
from recbole_lsrec.recommend import Recommender

FIRST = 1_600_000_000_000_000_001


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A run on 30 users with ten events 100 ns apart, the last first in the file."""
    place = tmp_path_factory.mktemp("ns")
    rng = np.random.default_rng(1)
    rows = [
        f"u{user}\t{rng.integers(1, 40)}\t{FIRST + user * 10**14 + 100 * step}"
        for user in range(30)
        for step in range(9, -1, -1)
    ]
    (place / "ns").mkdir()
    header = "user_id:token\titem_id:token\ttimestamp:float"
    (place / "ns" / "ns.inter").write_text("\n".join([header, *rows]) + "\n")
    settings = {
        "data_path": str(place),
        "run_dir": str(place / "runs"),
        "load_col": {"inter": ["user_id", "item_id", "timestamp"]},
        "timestamp_unit": "ns",
        "eval_args": {"mode": "full"},
        "epochs": 1,
        "MAX_ITEM_LIST_LENGTH": 8,
        "show_progress": False,
        "state": "ERROR",
    }
    return run_recbole_lsrec("SASRec", "ns", config_dict=settings)["run_folder"]


def test_events_are_read_in_the_order_of_their_times(folder, tmp_path):
    recommender = Recommender.load(folder)
    items = recommender.catalogue.tokens["item_id"][1:5].tolist()
    times = [FIRST + 100 * step for step in range(4)]
    frame = pd.DataFrame({"user": "a", "item": items, "timestamp": times}).iloc[::-1]
    frame.to_csv(tmp_path / "h.csv", index=False)
    for histories in (frame, tmp_path / "h.csv"):
        ((_, batch),) = recommender.windows(histories, now=times[-1] + 1)
        assert batch["item_id_list"][0, :4].tolist() == [1, 2, 3, 4]
    ((_, batch),) = recommender.windows(items)  # without times
    assert batch["item_id_list"][0, :4].tolist() == [1, 2, 3, 4]


def test_the_time_that_a_command_asks_about_is_exact(folder, tmp_path, capsys):
    (tmp_path / "h.jsonl").write_text(json.dumps({"user": "a", "item": "1", "timestamp": FIRST}) + "\n")
    asked = ["recommend", folder, "--histories", str(tmp_path / "h.jsonl"), "--now"]
    with pytest.raises(SystemExit):
        main([*asked, str(FIRST - 1)])
    assert f"has an event at {FIRST}, after now ({FIRST - 1})" in capsys.readouterr().err
