"""What a comparison says beside its numbers."""

import json

import pytest

from recbole_lsrec.analysis.compare import compare
from recbole_lsrec.analysis.comparison_text import comparison_text
from recbole_lsrec.analysis.user_metrics import Metric
from tests.analysis.saved_run_files import random_run, write_own_model

MRR = Metric.parse("mrr")


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (["run", "--model=SASRec", "--seed=7", "--eval_args={mode: {valid: [pop99], test: [pop99, uni99, full]}}"],
         "run --model=SASRec '--eval_args={mode: {valid: [pop99], test: [pop99, uni99, full]}}' --seed=8"),
        ([], "run --model=SASRec --dataset=tiny ... --seed=8"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("resumed", [False, True])
def test_the_command_for_another_seed_is_the_run_s_own_where_it_is_known(folder, command, told, resumed):
    run = folder("one", [1, 2, 1, 4], model="SASRec", seed=7, config={"resume": "a.pt"} if resumed else {})
    told = "run --model=SASRec --dataset=tiny ... --seed=8" if resumed else told
    result = json.loads((run / "result.json").read_text())
    (run / "result.json").write_text(json.dumps({**result, "command": command}))
    found = comparison_text(compare([run, folder("two", [1, 1, 1, 2])], MRR))
    assert f"  recbole-lsrec {told}" in found.splitlines()


def test_two_forms_of_one_model_are_told_apart_where_neither_command_is_known(folder):
    small, large = (random_run(folder, f"dim{dim}", dim, seed=1, config={"embedding_size": dim}) for dim in (16, 64))
    text = comparison_text(compare([small, large], MRR)).splitlines()
    assert [line for line in text if "--seed=2" in line] == [
        "  recbole-lsrec run --model=GRU4Rec --dataset=tiny ... --seed=2  # GRU4Rec embedding_size=16",
        "  recbole-lsrec run --model=GRU4Rec --dataset=tiny ... --seed=2  # GRU4Rec embedding_size=64",
    ]


def test_the_interval_is_named_by_its_confidence(folder):
    runs = [
        random_run(folder, f"a{number}", number, seed=1, model=model) for number, model in enumerate(("DIN", "SASRec"))
    ]
    assert "99.9% interval" in comparison_text(compare(runs, MRR, alpha=0.001))
    assert "95% interval" in comparison_text(compare(runs, MRR))


def test_the_claim_follows_the_number_of_seeds(folder):
    a1, a2 = (random_run(folder, f"a{seed}", seed, seed=seed) for seed in (1, 2))
    b1, b2 = (random_run(folder, f"b{seed}", 2 + seed, seed=seed, model="SASRec") for seed in (1, 2))
    c1 = random_run(folder, "c1", 7, model="DIN")
    alone = " ".join(comparison_text(compare([a1, b1], MRR)).split())
    assert "CLAIM: about these two runs alone. Another seed of the same model may turn the difference round" in alone
    assert "recbole-lsrec run --model=GRU4Rec --dataset=tiny ... --seed=2" in alone
    assert "recbole-lsrec run --model=SASRec --dataset=tiny ... --seed=2" in alone
    for verdict in ("*", " p ", "Holm", "better"):
        assert verdict not in alone
    assert "CLAIM: about the models as trained here, over users" in comparison_text(compare([a1, b2, a2, b1], MRR))
    uneven = compare([a1, a2, c1], MRR)
    assert [line.split()[-3:] for line in comparison_text(uneven).splitlines() if line.startswith("M1-M2")] == [
        ["these", "3", "runs"]
    ]
    assert "CLAIM: about these 3 runs alone. Another seed" in " ".join(comparison_text(uneven).split())
    mixed = compare([a1, a2, b1, b2, c1], MRR)
    assert [pair.about for pair in mixed.pairs] == ["models", "runs", "runs"]
    text = comparison_text(mixed)
    assert "CLAIM: about the models as trained here for pairs with p+seeds" in text
    assert "Of a pair with a single seed on a side: about these 3 runs alone." in " ".join(text.split())
    assert "recbole-lsrec run --model=DIN --dataset=tiny ... --seed=2" in text
    assert "--model=SASRec" not in text
    write_own_model(c1, "/models/mine.py:DIN")
    assert "recbole-lsrec run --model=/models/mine.py:DIN --dataset=tiny ... --seed=2" in comparison_text(
        compare([a1, c1], MRR)
    )
    assert mixed.pairs[0].p_holm == mixed.pairs[0].p  # the only test
    assert "One model: no pair to compare." in comparison_text(compare([a1, a2], MRR))


@pytest.mark.parametrize(
    ("phase", "asked", "in_results", "corrected", "told"),
    [
        ("valid", "valid", False, True, True),
        ("valid", "valid", True, False, True),
        ("valid", "valid", False, False, False),
        ("valid", 0.5, False, True, False),
        ("test", "valid", False, True, False),
    ],
)
def test_that_lambdas_were_chosen_on_these_targets_is_told(folder, phase, asked, in_results, corrected, told):
    config = {"popularity_correction": asked, "corrected_results": in_results}
    runs = [
        folder(
            model, [1, 2, 1, 4], model=model, config=config, columns={"phase": phase, "corrected_rank": [1, 1, 2, 4]}
        )
        for model in ("GRU4Rec", "SASRec")
    ]
    for run in runs:
        result = json.loads((run / "result.json").read_text())
        result["popularity_correction"] = {"metric": "mrr", "lambda": {"pop3": 0.5}, "phase": "test", "with": {}}
        (run / "result.json").write_text(json.dumps(result))
    found = compare(runs, MRR, phase, corrected=corrected)
    assert found.fitted_here == told
    assert ("Lambdas were chosen on these targets" in comparison_text(found)) == told
