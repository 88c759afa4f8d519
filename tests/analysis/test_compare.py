import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from recbole_lsrec.analysis.compare import compare
from recbole_lsrec.analysis.comparison_text import comparison_text
from recbole_lsrec.analysis.comparison_words import notes
from recbole_lsrec.analysis.significance import ResampledAUC, bootstrap
from recbole_lsrec.analysis.user_metrics import Metric
from recbole_lsrec.errors import ConfigError, DataError
from recbole_lsrec.evaluation.metrics import OWN_METRICS, OwnMetric, pooled_auc
from tests.analysis.saved_run_files import random_run, write_own_model
from tests.command_line import exit_code

MRR, AUC = Metric.parse("mrr"), Metric.parse("auc")


def test_equal_models_of_other_numbers_of_seeds_differ_in_nothing(folder):
    """The mean of three equal numbers may be another than that of two, in the last bit."""
    ranks, users = np.random.default_rng(0).integers(1, 40, 300), [f"u{number}" for number in range(300)]
    among = {"columns": {"n_candidates": 40}}
    seeds = {"GRU4Rec": (1, 2, 3), "SASRec": (1, 2)}
    runs = [
        folder(f"{name}-{seed}", ranks, users, model=name, seed=seed, **among) for name in seeds for seed in seeds[name]
    ]
    (pair,) = compare(runs, Metric.parse("ndcg@40")).pairs
    assert (pair.difference, pair.p_users, pair.p, pair.p_holm) == (0, 1, 1, 1)
    assert (pair.low, pair.high, pair.win, pair.loss) == (0, 0, 0, 0)
    assert not pair.significant(0.05)


def test_one_run_a_model_by_hand(folder):
    # Reciprocal ranks of users a, b, c: (1 + 1/2) / 2, 1, 1/4 and 1/2, 1, 1/2.
    runs = [folder("one", [1, 2, 1, 4]), folder("two", [2, 2, 1, 2], model="SASRec")]
    found = compare(runs, MRR)
    assert (found.users, found.instances, found.users_left_out) == (3, 4, 0)
    first, second = found.models
    assert (first.label, second.label) == ("GRU4Rec", "SASRec")
    assert first.runs[0].value == pytest.approx((1 + 0.5 + 1 + 0.25) / 4)
    assert first.runs[0].over_users == pytest.approx(2 / 3)
    assert (first.mean, first.sd) == (pytest.approx(2 / 3), None)
    (pair,) = found.pairs
    assert pair.difference == pytest.approx(0)  # .25, 0, -.25
    assert (pair.win, pair.tie, pair.loss) == (1, 1, 1)
    assert (pair.t_users, pair.d, pair.p_users) == (pytest.approx(0), pytest.approx(0), pytest.approx(1))
    assert (pair.low, pair.high) == (pytest.approx(-0.25), pytest.approx(0.25))  # 1 of 27 draws is thrice the same user
    assert (pair.about, pair.seed_se, pair.t, pair.p, pair.p_holm) == ("runs", None, None, None, None)


def test_three_models_have_three_pairs_and_holm(folder):
    runs = [
        random_run(folder, f"r{number}-{seed}", number + seed, model=f"M{number}", seed=seed)
        for number in (1, 3, 21)
        for seed in (1, 2)
    ]
    found = compare(runs, MRR)
    assert [(pair.a, pair.b) for pair in found.pairs] == [("M1", "M2"), ("M1", "M3"), ("M2", "M3")]
    p = sorted(pair.p for pair in found.pairs)
    adjusted = sorted(pair.p_holm for pair in found.pairs)
    assert adjusted == pytest.approx([3 * p[0], max(3 * p[0], 2 * p[1]), max(3 * p[0], 2 * p[1], p[2])])
    assert found.pairs[1].difference == pytest.approx(found.pairs[0].difference + found.pairs[2].difference)


def test_lower_is_better_for_the_mean_rank(folder):
    runs = [folder("one", [1, 1, 1, 4]), folder("two", [2, 2, 3, 2], model="SASRec")]
    (pair,) = compare(runs, Metric.parse("meanrank")).pairs
    assert pair.difference == pytest.approx((-1 - 2 + 2) / 3)
    assert (pair.win, pair.tie, pair.loss) == (2, 0, 1)


def test_users_whose_targets_have_no_competitor_are_counted_not_hidden(folder):
    lone = {"n_candidates": [4, 4, 4, 1]}
    runs = [folder("one", [1, 2, 1, 1], columns=lone), folder("two", [2, 2, 3, 1], columns=lone, model="SASRec")]
    found = compare(runs, Metric.parse("gauc"))
    assert (found.users, found.users_left_out) == (2, 1)
    assert found.pairs[0].difference == pytest.approx(((5 / 6 - 2 / 3) + (1 - 1 / 3)) / 2)
    assert "1 user left out" in comparison_text(found)


@pytest.mark.parametrize(
    "given",
    [
        {"metric": None},
        {"protocol": 3},
        {"alpha": 0},
        {"alpha": 1.5},
        {"alpha": "x"},
        {"resamples": 0},
        {"resamples": 1.5},
        {"bootstrap_seed": -1},
        {"bootstrap_seed": None},
    ],
)
def test_an_argument_that_is_none_is_refused(given, folder):
    runs, (name,) = [random_run(folder, "one", 1), random_run(folder, "two", 2, model="SASRec")], given
    with pytest.raises(ConfigError, match=f"^{name}: found .*; accepted: "):
        compare(runs, **given)


def test_runs_come_one_by_one_and_a_single_path_is_refused(folder):
    runs = [random_run(folder, "one", 1), random_run(folder, "two", 2, model="SASRec")]
    assert compare(iter(runs)).to_dict() == compare(runs).to_dict()
    for given in (str(runs[0]), runs[0], None):
        with pytest.raises(DataError, match=r"^compare: found .*; accepted: a list of two or more run folders\.$"):
            compare(given)


def test_pooled_auc_is_tested_by_drawing_users(folder):
    runs = [random_run(folder, "one", 1), random_run(folder, "two", 9, model="SASRec")]
    found = compare(runs, AUC, resamples=400)
    areas = [pooled_auc(np.load(run / "scores-pop3.npy")) for run in runs]
    (pair,) = found.pairs
    assert [model.mean for model in found.models] == pytest.approx(areas)
    assert pair.difference == pytest.approx(areas[0] - areas[1])
    assert pair.low < pair.difference < pair.high
    assert (pair.d, pair.win) == (None, None)
    assert pair.difference / pair.t_users == pytest.approx((pair.high - pair.low) / (2 * 1.96), rel=0.15)


def test_a_pair_is_significant_by_its_adjusted_p_and_only_where_there_is_a_difference(folder):
    (pair,) = compare([folder("one", [1, 2, 1, 4]), folder("two", [2, 2, 1, 2], model="SASRec")], MRR).pairs
    found = [
        replace(pair, difference=difference, p=p, p_holm=p_holm).significant(0.05)
        for difference, p, p_holm in ((0.1, 0.03, 0.06), (0.1, 0.03, 0.05), (0.0, 0.03, 0.03), (0.1, None, None))
    ]
    assert found == [False, True, False, False]


def test_users_without_a_value_in_one_of_the_runs_are_left_out_of_all(folder, monkeypatch):
    unranked = OwnMetric("early", lambda rank, _: np.where(rank > 3, np.nan, rank), higher_is_better=False)
    monkeypatch.setitem(OWN_METRICS, "early", unranked)
    found = compare([folder("one", [1, 2, 1, 4]), folder("two", [2, 2, 1, 2], model="SASRec")], "early")
    assert (found.users, found.users_left_out) == (2, 1)
    assert found.pairs[0].difference == pytest.approx((1.5 - 2 + 1 - 1) / 2)


def test_the_interval_has_the_confidence_asked_for(folder):
    (pair,) = compare(
        [folder("one", [1, 2, 1, 4]), folder("two", [2, 2, 1, 2], model="SASRec")], MRR, alpha=0.5, resamples=999
    ).pairs
    drawn = np.random.default_rng(2020).integers(0, 3, (999, 3))  # of users who differ by .25, 0, -.25
    expected = np.percentile(np.array([0.25, 0, -0.25])[drawn].mean(axis=1), [25, 75])
    assert (pair.low, pair.high) == pytest.approx(tuple(expected))


def test_pooled_auc_is_averaged_over_the_seeds_on_each_draw(folder):
    runs = [random_run(folder, f"r{number}", number, model="AB"[number > 2], seed=number) for number in (1, 2, 3, 4)]
    (pair,) = compare(runs, AUC, resamples=50).pairs
    _, user = np.unique(np.random.default_rng(0).integers(0, 40, 200).astype(str), return_inverse=True)
    areas = [ResampledAUC(np.load(run / "scores-pop3.npy"), user) for run in runs]
    draws = bootstrap(
        lambda counts: (areas[0](counts) + areas[1](counts) - areas[2](counts) - areas[3](counts)) / 2,
        user.max() + 1,
        50,
        np.random.default_rng(2020),
    )
    assert (pair.low, pair.high) == pytest.approx(tuple(np.percentile(draws, [2.5, 97.5])))
    assert pair.t_users == pytest.approx(pair.difference / draws.std(ddof=1))


def test_the_order_of_the_lines_does_not_matter(folder):
    plain = [random_run(folder, "one", 1), random_run(folder, "two", 2, model="SASRec")]
    other = [plain[0], random_run(folder, "three", 2, model="SASRec", shuffled=True)]
    for name in ("ndcg@2", "auc", "gauc_rows"):
        before, after = (compare(runs, Metric.parse(name), resamples=200).to_dict() for runs in (plain, other))
        after["models"][1]["runs"][0]["folder"] = before["models"][1]["runs"][0]["folder"]
        assert before == after


def test_the_same_seed_of_the_draws_gives_the_same_interval(folder):
    runs = [random_run(folder, "one", 1), random_run(folder, "two", 2, model="SASRec")]
    first, again, other = (compare(runs, MRR, bootstrap_seed=seed).pairs[0] for seed in (5, 5, 6))
    assert first == again
    assert first.low != other.low
    assert first.p_users == other.p_users


def counted(run: Path) -> Path:
    """Makes a run one of a model that no seed changes."""
    result = json.loads((run / "result.json").read_text())
    (run / "result.json").write_text(json.dumps({**result, "seedless": True}))
    return run


def test_one_run_of_a_model_that_counts_stands_for_all_its_seeds(folder):
    # Users a, b, c: .75, 1, .25 of Pop; .5, 1, .5 and .25, .5, 1 of the two seeds, in the mean 2/3 and 7/12.
    pop = folder("pop", [1, 2, 1, 4], model="Pop")
    trained = [folder("one", [2, 2, 1, 2], model="SASRec"), folder("two", [4, 4, 2, 1], model="SASRec", seed=2)]
    before = compare([pop, *trained], MRR)
    assert (before.models[0].sd, before.pairs[0].about, before.pairs[0].p) == (None, "runs", None)
    assert "  recbole-lsrec run --model=Pop --dataset=tiny ... --seed=2" in comparison_text(before).splitlines()

    found = compare([counted(pop), *trained], MRR)
    (pair,) = found.pairs
    assert (found.models[0].sd, pair.about) == (0.0, "models")
    assert pair.difference == pytest.approx(2 / 3 - (2 / 3 + 7 / 12) / 2)  # of .375, .25, -.5
    assert pair.seed_se == pytest.approx(1 / 24)  # the two means lie 1/12 apart: sd 1/12 / sqrt(2), over sqrt(2)
    assert pair.t == pytest.approx(0.150756, rel=1e-5)  # 1/24 / sqrt(43/576 + 1/576)
    assert pair.p == pair.p_holm == pytest.approx(2 * stats.t.sf(0.150756, 44**2 / (43**2 / 2 + 1)), rel=1e-5)
    assert "One run stands for all seeds of Pop" in comparison_text(found)
    assert "Train more seeds" not in comparison_text(found)


def test_two_models_that_count_are_tested_over_users_alone(folder):
    runs = [counted(folder("pop", [1, 2, 1, 4], model="Pop")), counted(folder("knn", [2, 2, 2, 1], model="ItemKNN"))]
    (pair,) = compare(runs, MRR).pairs  # .25, .5, -.75
    assert (pair.about, pair.seed_se) == ("models", 0.0)
    assert (pair.t, pair.p) == (pytest.approx(pair.t_users), pytest.approx(pair.p_users))
    (pair,) = compare([runs[0], folder("new", [2, 2, 2, 1], model="SASRec")], MRR).pairs
    assert (pair.about, pair.p) == ("runs", None)  # the other side has one seed, of many


def test_two_users_who_differ_by_the_same_are_not_significant(folder):
    users, among = ["a", "b"], {"columns": {"n_candidates": 100}}
    runs = [
        counted(folder("knn", [1, 2], users, model="ItemKNN", **among)),
        counted(folder("pop", [50, 60], users, model="Pop", **among)),
    ]
    found = compare(runs, "hit@10")
    (pair,) = found.pairs
    assert (pair.difference, pair.p_users, pair.p, pair.p_holm, pair.d) == (1, 0.5, 0.5, 0.5, None)
    assert not pair.significant(0.05)
    assert "0.5000    -         2/0/0" in comparison_text(found)


# --- seeds --------------------------------------------------------------------------------------------------------------


def test_several_seeds_by_hand(folder):
    runs = [
        folder("one1", [1, 1, 1, 4], seed=1),
        folder("one2", [1, 1, 2, 2], seed=2),
        folder("two1", [2, 2, 1, 2], seed=1, model="SASRec"),
        folder("two2", [4, 4, 2, 1], seed=2, model="SASRec"),
    ]
    found = compare(runs, MRR)
    first, second = found.models
    # Means over users: (1 + 1 + .25) / 3 = .75, (1 + .5 + .5) / 3 = 2/3; (.5 + 1 + .5) / 3 = 2/3, (.25 + .5 + 1) / 3.
    assert (first.low, first.high) == (pytest.approx(2 / 3), pytest.approx(0.75))
    assert first.sd == pytest.approx((0.75 - 2 / 3) / np.sqrt(2))
    assert second.sd == pytest.approx((2 / 3 - 1.75 / 3) / np.sqrt(2))
    (pair,) = found.pairs
    users = np.array([1 - 0.375, 0.75 - 0.75, 0.375 - 0.75])  # of values averaged over the seeds
    assert pair.difference == pytest.approx(users.mean())
    assert (pair.win, pair.tie, pair.loss) == (1, 1, 1)
    assert pair.seed_se == pytest.approx(np.sqrt(first.sd**2 / 2 + second.sd**2 / 2))
    assert pair.t_users == pytest.approx(users.mean() / np.sqrt(users.var(ddof=1) / 3))
    assert pair.t == pytest.approx(users.mean() / np.sqrt(users.var(ddof=1) / 3 + pair.seed_se**2))
    assert pair.about == "models"


def test_each_side_has_the_degrees_of_freedom_of_its_own_seeds(folder):
    ranks = {
        ("A", 1): [1, 1, 1, 4],
        ("A", 2): [1, 1, 2, 2],
        ("A", 3): [1, 1, 1, 1],
        ("B", 1): [2, 2, 1, 2],
        ("B", 2): [4, 4, 4, 1],
    }
    found = compare([folder(f"{name}{seed}", of, seed=seed, model=name) for (name, seed), of in ranks.items()], MRR)
    (pair,), (a, b) = found.pairs, found.models
    over_users = (pair.difference / pair.t_users) ** 2
    parts = [(over_users, 2), (a.sd**2 / 3, 2), (b.sd**2 / 2, 1)]  # 3 users, 3 seeds, 2 seeds
    df = sum(part for part, _ in parts) ** 2 / sum(part**2 / own for part, own in parts)
    assert pair.p == pytest.approx(2 * stats.t.sf(pair.t, df))


def test_classes_of_one_name_and_other_source_are_other_models(folder):
    runs = [random_run(folder, f"a{seed}", seed, seed=seed) for seed in (1, 2, 3, 4)]
    for run, place, sha256 in zip(
        runs, ("/x/a.py", "/moved/a.py", "/x/a.py"), ("a" * 64, "a" * 64, "b" * 64), strict=False
    ):
        write_own_model(run, f"{place}:GRU4Rec", sha256)
    assert [(model.label, len(model.runs)) for model in compare(runs, MRR).models] == [
        ("GRU4Rec class=aaaaaaaa", 2),
        ("GRU4Rec class=bbbbbbbb", 1),
        ("GRU4Rec class=None", 1),
    ]


def test_runs_of_one_name_are_told_apart_by_the_settings_that_differ(folder):
    runs = [
        folder("full", [1, 2, 1, 4], model="SLSRec", config={"without": [], "worker": 0, "loss": {"weight": 0.1}}),
        folder("less", [2, 2, 1, 4], model="SLSRec", config={"without": ["cl", "cate"], "loss": {"weight": 0.1}}),
        folder("other", [2, 2, 1, 4], model="GRU4Rec", config={"hidden_size": 64}),
    ]
    labels = [model.label for model in compare(runs, MRR).models]
    assert labels == ["SLSRec without=[]", "SLSRec without=[cl,cate]", "GRU4Rec"]
    heavier = folder("heavier", [1, 2, 1, 4], model="SLSRec", config={"without": [], "loss": {"weight": 0.2}})
    labels = [model.label for model in compare([runs[0], heavier], MRR).models]
    assert labels == ["SLSRec loss.weight=0.1", "SLSRec loss.weight=0.2"]


def test_runs_of_other_source_code_are_no_seeds_of_one_model(folder):
    runs = [folder(f"s{seed}", [1, 2, 1, 4], seed=seed, code=code) for seed, code in ((1, "ab" * 8), (2, "cd" * 8))]
    found = compare(runs, MRR)
    assert [model.label for model in found.models] == ["GRU4Rec code=abababab", "GRU4Rec code=cdcdcdcd"]
    assert [pair.about for pair in found.pairs] == ["runs"]
    assert found.code_versions == 2
    assert "The runs were made by 2 versions of the code." in notes(found)
    other = folder("other", [1, 1, 1, 4], model="SASRec", code="ef" * 8)  # which runs of another name need not have
    assert [model.label for model in compare([runs[0], other], MRR).models] == ["GRU4Rec", "SASRec"]


def command(*arguments: object) -> int:
    return exit_code(["compare", *map(str, arguments)])


def test_the_command_prints_within_100_columns_and_writes_what_compare_found(folder, tmp_path, capsys):
    name = "SLSRec-retailrocket-{}-20261121T052519Z-30366f"
    runs = [
        random_run(folder, name.format(f"{model}{seed}"), 3 * seed + number, model="SLSRec", seed=seed,
                   config={"without": [model], "contrastive_weight": number, "attention_hidden_sizes": [80, 40 + number]})
        for seed in (1, 2) for number, model in enumerate(["cl", "cate", "long"])
    ]  # fmt: skip
    path = tmp_path / "found.json"
    assert command(*runs, "--metric", "NDCG@2", "--protocol", "pop3", "--json", path) == 0
    text = capsys.readouterr().out
    assert [line for line in text.splitlines() if len(line) > 100] == []
    assert "39 users, 200 instances" in text
    assert "...20261121T052519Z-30366f" in text
    found = compare(runs, Metric.parse("ndcg@2"), protocol="pop3").to_dict()
    assert json.loads(path.read_text()) == json.loads(json.dumps(found)) == found
    assert found["pairs"][0]["p_holm"] >= found["pairs"][0]["p"]


def test_a_number_that_json_lacks_becomes_null(folder, tmp_path):
    runs = [folder("one", [1, 1, 1, 1]), folder("two", [2, 2, 2, 2], model="SASRec")]
    path = tmp_path / "found.json"
    assert command(*runs, "--metric=mrr", "--json", path) == 0
    (pair,) = json.loads(path.read_text())["pairs"]
    assert (pair["t_users"], pair["p_users"], pair["p"], pair["win"]) == (None, 0.25, None, 3)


def test_the_command_refuses_in_one_line(folder, capsys):
    assert command(folder("one", [1, 2, 1, 4]), folder("two", [1, 2, 1, 2], data="d2", model="SASRec")) == 2
    assert "differ in data hash (d1 and d2)" in capsys.readouterr().err
