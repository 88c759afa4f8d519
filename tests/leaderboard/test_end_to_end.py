"""Leaderboards whose cells are trained."""

from pathlib import Path

import pytest

from recbole_lsrec import environment
from recbole_lsrec.analysis.saved_runs import load_run_folder
from recbole_lsrec.leaderboard.cells import differences, make_cells
from recbole_lsrec.leaderboard.execute import Resources
from recbole_lsrec.leaderboard.run import run_leaderboard
from tests.leaderboard.boards import plan_for, run, saved

pytestmark = pytest.mark.usefixtures("two_cpus")
MIXED = {
    "good": {"model": "SLSRec"},
    "raises": {"model": "SASRec", "settings": {"learning_rate": 1e30}},
    "missing": {"not_built": "its code is not public"},
}


def test_a_model_that_raises_is_an_error_cell_and_the_others_finish(shop, tmp_path):
    out = tmp_path / "out"
    run(plan_for(shop, title="Mixed", systems=MIXED), out)
    content = saved(out)
    good, raises, missing = content["cells"]
    assert [cell["status"] for cell in content["cells"]] == ["done", "error", "not built"]
    assert "the loss is NaN in epoch 0, batch " in raises["reason"]
    assert "Traceback" in (out / raises["run_folder"] / "error.txt").read_text()
    assert missing["reason"] == "its code is not public"
    assert (content["title"], content["budget"], content["bit_reproducible"]) == ("Mixed", {"train_steps": 8}, True)
    assert content["command"] == "recbole-lsrec leaderboard"
    assert (content["environment"]["threads"], content["environment"]["cells_at_once"]) == ("1", 2)

    stored = load_run_folder(out / good["run_folder"])  # an ordinary run folder
    assert stored.result["config"]["train_steps"] == 8
    assert stored.result["versions"]["threads"] == "1"
    assert stored.result["fingerprints"]["code"] == environment.code_fingerprint()


def test_a_model_of_ones_own_is_a_row_and_is_another_cell_when_its_source_changes(shop, tmp_path):
    example = Path(__file__).resolve().parents[2] / "examples" / "my_model.py"
    file, out = tmp_path / "mine.py", tmp_path / "out"
    file.write_text(example.read_text())
    plan = plan_for(shop, systems={"mine": {"model": "mine.py:SessionMean"}})  # relative: a worker stands elsewhere
    assert run(plan, out).count("done") == 1
    (cell,) = saved(out)["cells"]
    own = load_run_folder(out / cell["run_folder"]).result["own_model"]
    assert own["model"] == f"{file}:SessionMean"
    (before,) = make_cells(plan, threads=1)
    file.write_text(example.read_text() + "\n# changed\n")
    (after,) = make_cells(plan, threads=1)
    assert differences(before.identity, after.identity).startswith("own_model: ")


@pytest.mark.slow  # a worker that starts two processes
def test_the_processes_of_a_cell_divide_its_cpus(shop, tmp_path):
    plan = plan_for({**shop, "nproc": 2}, systems={"SLSRec": {"model": "SLSRec"}})
    summary = run_leaderboard(plan, tmp_path / "out", Resources(cpus=2), ["leaderboard"], [].append)
    assert summary.count("done") == 1, summary.cells
    (cell,) = saved(tmp_path / "out")["cells"]
    result = load_run_folder(tmp_path / "out" / cell["run_folder"]).result
    assert (result["processes"], result["versions"]["threads"]) == (2, "1")
