"""Every system of the papers, with floors and strong baselines, from the command line on the same test."""

import json
from pathlib import Path

import pytest

from recbole_lsrec.cli import main

PAPERS = [
    "NeuMF",
    "DIN",
    "LightGCN",
    "Caser",
    "GRU4Rec",
    "DIEN",
    "SASRec",
    "BERT4Rec",
    "SURGE",
    "SLiRec",
    "CLSR",
    "LSIDN",
]
PAPERS += ["SLSRec", "FOSSIL", "MARank", "HGN", "DiffRec", "DiffLSRec"]
OTHERS = ["Pop", "ItemKNN", "Markov", "gSASRec", "eSASRec", "SASRecSS"]
LABELS = ("NeuMF", "DIN", "DIEN")  # trained on labels, which need negatives


@pytest.mark.slow  # 24 models of 200 steps on each log, all items ranked by models that read each: an hour or more
@pytest.mark.parametrize("dataset", ["ml-100k", "cosmetics"])
def test_all_meet_the_same_split_and_candidates(dataset, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = {}
    for model in [*PAPERS, *OTHERS]:
        given = ["--train_steps=200", "--train_batch_size=256", "--eval_args={mode: [pop99]}", "--show_progress=False"]
        given += ["--train_neg_sample_args={sample_num: 4}"] if model in LABELS else []
        with pytest.raises(SystemExit) as ended:
            main(["run", "--model", model, "--dataset", dataset, f"--run_dir={tmp_path}/{model}", *given])
        assert ended.value.code == 0, model
        (file,) = Path(tmp_path / model).glob("*/result.json")
        result = json.loads(file.read_text())
        assert 0 < result["test_result"]["mrr"] < 1
        found[model] = [result["fingerprints"][part] for part in ("data", "split", "candidates")]
    assert all(prints == found["SLSRec"] for prints in found.values())
