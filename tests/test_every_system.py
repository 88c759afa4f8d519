"""Every system of the papers, with floors and strong baselines, as their leaderboard has them: all meet the same test."""

import json
from pathlib import Path

import pytest

from recbole_lsrec.leaderboard.board import load_board
from recbole_lsrec.leaderboard.cells import cell_settings
from recbole_lsrec.leaderboard.plan import plan_file, read_plan
from recbole_lsrec.quick_start import run_recbole_lsrec
from tests.command_line import exit_code

PLAN = read_plan(plan_file("papers"))
SAME = ("data", "split", "candidates")


def test_all_start_and_meet_the_same_split_and_candidates(shop, tmp_path):
    found = {}
    for system in PLAN.systems:
        own = cell_settings(PLAN, system, PLAN.datasets[0], 2020)
        del own["train_seconds"]
        settings = {**own, **shop, "train_steps": 2, "eval_args": {"mode": ["uni9"]}, "run_dir": str(tmp_path)}
        result = run_recbole_lsrec(system.model, "shop", config_dict=settings)
        assert 0 < result["test_result"]["mrr"] < 1, system.name
        stored = json.loads((Path(result["run_folder"]) / "result.json").read_text())
        found[system.name] = [stored["fingerprints"][part] for part in SAME]
    assert all(prints == found["SLSRec"] for prints in found.values())


@pytest.mark.slow  # 24 systems of 200 steps on each log: half an hour of one core
@pytest.mark.parametrize("dataset", ["ml-100k", "cosmetics"])
def test_all_run_from_the_command_line(dataset, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    given = ["--datasets", dataset, "--seeds", "2020", "--train-steps", "200", "--jobs", "1", f"--out={tmp_path}"]
    assert exit_code(["leaderboard", "papers", *given, "--eval_args={mode: [pop99]}"]) == 0
    cells = load_board(tmp_path).cells
    assert [cell.system for cell in cells] == [system.name for system in PLAN.systems]
    results = [cell.run.result for cell in cells]
    assert all(0 < result["test_result"]["mrr"] < 1 for result in results)
    first, *others = ([result["fingerprints"][part] for part in SAME] for result in results)
    assert all(prints == first for prints in others)
