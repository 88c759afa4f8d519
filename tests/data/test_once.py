"""What identifies a log and its split is computed once for all that ask."""

import copy
import hashlib
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from recbole_lsrec.data import dataset as module
from recbole_lsrec.data.split.phases import Split
from recbole_lsrec.data.split_report import split_report
from recbole_lsrec.run_data import load_data, load_log

ROWS = [(f"u{u}", f"i{(u * 7 + 3 * t) % 23}", 1000 * t + u) for u in range(12) for t in range(9)]


@pytest.fixture
def hashed(monkeypatch):
    """Grows with each hash that the dataset begins."""
    begun = []

    def sha256(*given):
        begun.append(given)
        return hashlib.sha256(*given)

    monkeypatch.setattr(module, "hashlib", SimpleNamespace(sha256=sha256))
    return begun


def test_log_and_split_are_hashed_once_for_two_loaders_two_protocols_and_two_runs(load, hashed):
    config = load(ROWS, loss_type="BPR", eval_args={"mode": ["uni5", "pop5"]}).config
    log = load_log(config)
    data = load_data(config, log)
    assert len(data.valid.candidates) == len(data.test.candidates) == 2
    assert len(hashed) == 2  # of the events, of the split
    again = load_data(config, log)
    split_report(again.dataset)
    assert again.test.hashes == data.test.hashes
    assert again.test.dataset.training_events() is data.train.dataset.training_events() is log.training_events()
    assert (again.dataset.fingerprint(), again.dataset.split_fingerprint()) == (
        log.fingerprint(),
        log.split_fingerprint(),
    )
    assert len(hashed) == 2


def test_what_all_share_nobody_can_change(load):
    log = load(ROWS)
    log.build()
    with pytest.raises(ValueError, match="read-only"):
        log.training_events()[0] = False


def test_a_new_log_on_the_same_items_is_hashed_anew(load, hashed):
    log = load(ROWS)
    train, _, _ = log.build()
    before, training = train.fingerprint(), train.training_events()
    other = copy.copy(log)
    other.feat_name_list = ["inter_feat"]
    other.inter_feat = pd.DataFrame({"user_id": [1, 1, 2], "item_id": [3, 4, 3], "timestamp": [5, 6, 7]})
    other._change_feat_format()
    other.split = Split(*(np.array(rows, dtype=np.int64) for rows in ([1], [], [])))
    assert other.fingerprint() != before
    assert other.training_events().tolist() == [True, True, False]
    assert (train.fingerprint(), len(hashed)) == (before, 2)
    assert train.training_events() is training
