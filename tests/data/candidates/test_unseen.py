import json
import logging
from pathlib import Path

import numpy as np
import pytest

from recbole_lsrec.data.candidates.unseen import unseen_report
from recbole_lsrec.quick_start import run_recbole_lsrec

TRAINED = np.array([False, True, True, False, False])  # padding, then items 1 to 4


def test_among_drawn_negatives():
    # The first target is new and one of its two negatives; the second is known and its only negative too.
    found = unseen_report(np.array([3, 1]), np.array([[4, 1], [2, 0]]), TRAINED)
    assert found == {"targets": 0.5, "negatives": 0.25, "auc": pytest.approx((0.75 + 0.5) / 2)}


def test_among_all_items():
    # Of the three others of item 3 one is new, of item 1 two are.
    found = unseen_report(np.array([3, 1]), None, TRAINED)
    assert found == {"targets": 0.5, "negatives": 0.5, "auc": pytest.approx((5 / 6 + 1 / 6) / 2)}


def test_a_run_reports_the_gap_and_warns_where_it_gives_targets_away(load, tmp_path, caplog):
    rows = [(f"u{user}", f"i{(user + turn) % 7}", 100 * turn + user) for turn in range(6) for user in range(20)]
    rows += [(f"u{user}", f"new{user % 8}", 10_000 + user) for user in range(16)]  # targets that training never sees
    load(rows)
    settings = {"data_path": str(tmp_path), "run_dir": str(tmp_path / "runs"), "timestamp_unit": "s"}
    settings |= {"load_col": {"inter": ["user_id", "item_id", "timestamp"]}, "train_steps": 1, "show_progress": False}

    def run(**eval_args):
        caplog.clear()
        config = {**settings, "eval_args": {"mode": {"valid": ["pop3"], "test": ["pop3", "full"]}, **eval_args}}
        with caplog.at_level(logging.INFO):
            return run_recbole_lsrec("GRU4Rec", "tiny", config_dict=config)

    first = run()
    found = json.loads((Path(first["run_folder"]) / "result.json").read_text())["unseen_items"]
    assert found["test/pop3"] == {"targets": 0.8, "negatives": 0.0, "auc": 0.9}
    assert set(found) == {"valid/pop3", "test/pop3", "test/full"}
    assert "test, pop3: 80.0% of the targets and 0.0% of the negatives have no training event, so that" in caplog.text
    assert "has an AUC of 0.90" in caplog.text
    advised = [line for line in caplog.messages if "draws from all events" in line]
    assert [line.split(":")[0] for line in advised] == ["test, pop3"]  # among all items nothing is drawn
    assert "test, full: 80.0% of the targets" in caplog.text
    second = run(popularity="all", pool="all")
    drawn = json.loads((Path(second["run_folder"]) / "result.json").read_text())["unseen_items"]["test/pop3"]
    assert drawn["negatives"] > 0
    assert drawn["auc"] < 0.9
