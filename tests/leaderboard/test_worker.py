import torch

from recbole_lsrec.environment import code_fingerprint
from recbole_lsrec.leaderboard.worker import run_cell


def test_a_node_with_other_code_gives_no_number(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # a worker leaves its folder
    run = run_cell("SASRec", "shop", {}, 1, "other", None)
    assert run.error.startswith("ConfigError: the code in ")
    assert (run.folder, run.files) == ("", {})


def test_a_cell_that_needs_too_much_memory_says_so(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("recbole_lsrec.leaderboard.worker.run_recbole_lsrec", lambda *_, **__: torch.empty(1 << 60))
    run = run_cell("SASRec", "shop", {}, 1, code_fingerprint(), None)
    assert run.error.startswith("memory is used up; smaller train_batch_size")


def test_a_cell_uses_the_threads_it_is_given_and_hands_back_its_folder(shop, monkeypatch):
    before = torch.get_num_threads()
    run = run_cell("SASRec", "shop", {**shop, "train_steps": 2, "seed": 5}, 2, code_fingerprint(), None)
    assert torch.get_num_threads() == 2
    torch.set_num_threads(before)
    assert run.error is None
    assert run.folder.startswith("SASRec-shop-5-")
    assert {"result.json", "instances.parquet", "checkpoint.pt", "log"} <= set(run.files)
    assert any(name.startswith("tensorboard/") for name in run.files)
