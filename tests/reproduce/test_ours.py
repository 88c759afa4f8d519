"""Our side of a table, from finished runs."""

from pathlib import Path

from recbole_lsrec.analysis.saved_runs import load_run_folder
from recbole_lsrec.leaderboard.board import Board, Cell
from recbole_lsrec.quick_start import run_recbole_lsrec
from recbole_lsrec.reproduce.entry import read_entry
from recbole_lsrec.reproduce.ours import trained


def test_every_protocol_of_the_test_is_there_with_cost_and_memory(shop, monkeypatch):
    settings = {**shop, "metrics": ["Hit", "NDCG", "MRR", "Precision"], "topk": [10], "valid_metric": "NDCG@10"}
    folder = run_recbole_lsrec("Pop", "shop", config_dict=settings)["run_folder"]
    run = load_run_folder(folder)
    cell = Cell("Pop", "Pop", "shop", 2020, "done", run=run)
    board = Board("T", "", None, None, {}, None, True, {}, [cell])
    monkeypatch.setattr("recbole_lsrec.reproduce.ours.load_board", lambda _: board)

    ours = trained(read_entry("difflsrec-t1").on("shop"), Path(folder))
    first, more = ours.rows["Pop"], ours.further["full"]["Pop"]
    assert ours.protocol == "uni9"
    assert list(ours.further) == ["full"]
    assert set(more) == {"hit@10", "ndcg@10", "mrr@10", "precision@10"}
    assert {key: value.mean for key, value in first.items()} == {key: run.test_result[key] for key in more}
    assert {key: value.mean for key, value in more.items()} == {key: run.test_result[f"full/{key}"] for key in more}

    memory = trained(read_entry("clsr-c3").on("shop"), Path(folder)).rows["Pop"]["memory_gb"].mean
    assert memory == run.result["peak_memory_mb"]["process"] / 1024
