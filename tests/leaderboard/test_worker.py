import re
from pathlib import Path

import pytest
import torch

from recbole_lsrec.checkpoint import versions
from recbole_lsrec.data.files import sha256_of
from recbole_lsrec.environment import code_fingerprint
from recbole_lsrec.errors import DataError
from recbole_lsrec.leaderboard import worker
from recbole_lsrec.leaderboard.worker import load, run_cell
from recbole_lsrec.processes.group import ProcessLost

SAME = {"code": code_fingerprint(), "own_model": None, "versions": versions(), "candidates": None}


def test_a_node_with_other_code_gives_no_number(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # a worker leaves its folder
    run = run_cell("SASRec", "shop", {}, 1, {**SAME, "code": "other"}, None)
    assert run.error.startswith("ConfigError: the code in ")
    assert (run.folder, run.files) == ("", {})


def test_a_model_of_ones_own_that_was_edited_meanwhile_gives_no_number(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text("class Mine:\n    pass\n")
    mine = f"{tmp_path}/mine.py:Mine"
    run = run_cell(mine, "shop", {}, 1, {**SAME, "own_model": {"model": mine, "sha256": "0"}}, None)
    assert run.error.startswith(f"ConfigError: the source of {mine} on node ")


def test_a_node_with_other_versions_gives_no_number(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run = run_cell("SASRec", "shop", {}, 1, {**SAME, "versions": {**versions(), "numpy": "0.1"}}, None)
    assert re.match(
        r"ConfigError: node .* has other versions .* \(in brackets\): numpy [\d.]+ \(0\.1\)\. Start", run.error
    )
    assert run.files == {}


def test_candidates_that_were_edited_meanwhile_give_no_number(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lists = tmp_path / "lists.tsv"
    lists.write_text("as planned")
    identity, settings = {**SAME, "candidates": sha256_of([lists])}, {"candidates": str(lists)}
    monkeypatch.setattr(worker, "run_recbole_lsrec", lambda *_, **__: None)
    assert run_cell("SASRec", "shop", settings, 1, identity, None).error is None
    monkeypatch.setattr(worker, "run_recbole_lsrec", lambda *_, **__: lists.write_text("edited"))
    for _ in ("while it ran", "before"):
        error = run_cell("SASRec", "shop", settings, 1, identity, None).error
        assert error.startswith(f"DataError: {lists} on node ")
        assert "is not the file that this leaderboard began with: it was edited meanwhile" in error


def test_a_log_that_was_edited_meanwhile_gives_no_number(shop):
    with pytest.raises(DataError, match=r"/shop were changed since this leaderboard began. Start it again: "):
        load("SASRec", "shop", shop, "0" * 64)


def test_a_cell_that_needs_too_much_memory_says_so(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("recbole_lsrec.leaderboard.worker.run_recbole_lsrec", lambda *_, **__: torch.empty(1 << 60))
    run = run_cell("SASRec", "shop", {}, 1, SAME, None)
    assert run.error.startswith("memory is used up; smaller train_batch_size")


def test_a_cell_that_lost_one_of_its_processes_has_no_result(tmp_path, monkeypatch):
    def lose(*_, **__):
        raise ProcessLost("process 1 of 2 was killed")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("recbole_lsrec.leaderboard.worker.run_recbole_lsrec", lose)
    with pytest.raises(ProcessLost):
        run_cell("SASRec", "shop", {}, 1, SAME, None)


def test_a_cell_uses_the_threads_it_is_given_and_hands_back_its_folder(shop, monkeypatch):
    before = torch.get_num_threads()
    run = run_cell("SASRec", "shop", {**shop, "train_steps": 2, "seed": 5}, 2, SAME, None)
    assert torch.get_num_threads() == 2
    torch.set_num_threads(before)
    assert run.error is None
    assert run.folder.startswith("SASRec-shop-5-")
    assert {"result.json", "instances.parquet", "checkpoint.pt", "log"} <= set(run.files)
    assert any(name.startswith("tensorboard/") for name in run.files)
