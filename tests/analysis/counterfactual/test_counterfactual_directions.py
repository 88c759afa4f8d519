"""Whether interests find what was planted: two directions that were stated before anything was trained."""

import pytest

from recbole_lsrec.analysis.counterfactual.intervention import Intervention
from recbole_lsrec.analysis.counterfactual.measure import counterfactual
from recbole_lsrec.quick_start import run_recbole_lsrec


@pytest.mark.slow  # trains CLSR for three epochs on the simulated log: five minutes of one core
def test_clsr_finds_the_planted_causes(tmp_path, monkeypatch):
    """Shuffling hurts short-driven targets more than long-driven ones; alpha is higher on long-driven targets."""
    monkeypatch.chdir(tmp_path)
    settings = {"epochs": 3, "seed": 2020, "eval_args": {"mode": "pop99"}, "show_progress": False, "state": "ERROR"}
    folder = run_recbole_lsrec("CLSR", "cosmetics", config_dict=settings)["run_folder"]
    found = counterfactual(folder, ["ndcg@10"], interventions=[Intervention("shuffle")], by=["planted"])
    assert found.other_ranks == {"pop99": 0}
    shuffle = found.table[(found.table["kind"] == "shuffle")].set_index("group")
    assert shuffle.loc["short-driven", "difference"] < shuffle.loc["long-driven", "difference"]
    assert shuffle.loc["short-driven", "contrast_p"] < 0.001
    alpha = found.alpha.set_index("group")
    assert alpha.loc["long-driven", "mean"] > alpha.loc["short-driven", "mean"]
    assert alpha.loc["long-driven", "contrast_p"] < 0.001
