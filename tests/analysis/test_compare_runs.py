"""Comparisons of runs that were made, not written by hand."""

import pytest

from recbole_lsrec.analysis.compare import compare
from recbole_lsrec.analysis.user_metrics import Metric
from recbole_lsrec.errors import DataError
from recbole_lsrec.quick_start import run_recbole_lsrec


@pytest.mark.parametrize(("protocol", "prefix"), [("uni9", ""), ("full", "full/")])
def test_values_are_those_that_the_runs_reported(shop, protocol, prefix):
    settings = {**shop, "epochs": 1, "eval_args": {**shop["eval_args"], "split": {"RS": [0.6, 0.2, 0.2]}}}
    results = [
        run_recbole_lsrec(model, "shop", config_dict={**settings, "seed": seed})
        for model, seed in [("GRU4Rec", 1), ("SLSRec", 1), ("SLSRec", 2)]
    ]
    folders = [result["run_folder"] for result in results]
    for name in ["hit@5", "ndcg@10", "mrr", "meanrank", "gauc", *(["auc"] if protocol == "uni9" else [])]:
        found = compare(folders, Metric.parse(name), protocol=protocol, resamples=100)
        assert found.instances > found.users
        assert [model.label for model in found.models] == ["GRU4Rec", "SLSRec"]
        values = [run.value for model in found.models for run in model.runs]
        assert values == pytest.approx([result["test_result"][prefix + name] for result in results], abs=5.1e-5)
    other = run_recbole_lsrec("GRU4Rec", "shop", config_dict={**settings, "candidate_seed": 1})["run_folder"]
    if protocol == "uni9":
        with pytest.raises(DataError, match="they differ in candidates of test/uni9"):
            compare([folders[1], other], "mrr", protocol=protocol)
