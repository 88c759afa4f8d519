"""A small shop's log, for runs from end to end in seconds."""

import os
import signal

import pytest
import torch
from hypothesis import settings

from tests.shop_log import shop_settings

settings.register_profile("any machine", deadline=None)  # a busy one is no failure
settings.load_profile("any machine")
os.environ.setdefault("RAY_worker_niceness", "0")  # Ray's 15 starves its workers beside anything else that runs
# A forked process has none of its parent's threads, and torch would wait for them without end.
os.register_at_fork(after_in_child=lambda: torch.set_num_threads(1))
signal.signal(signal.SIGINT, signal.default_int_handler)  # tests send it, and a shell's background job starts without


@pytest.fixture(autouse=True)
def no_anomaly_detection():
    """RecBole turns it on when its SINE is imported, which doubles every backward pass; our trainer turns it off too."""
    torch.autograd.set_detect_anomaly(False)


@pytest.fixture
def shop(tmp_path, monkeypatch):
    """Settings for a small log with categories, and an empty working directory."""
    monkeypatch.chdir(tmp_path)
    own = {"eval_args": {"mode": ["uni9", "full"]}, "train_batch_size": 128, "epochs": 2, "state": "ERROR"}
    return {**shop_settings(tmp_path), **own}
