"""A metric that a user registers, from the settings to a comparison."""

from dataclasses import replace

import numpy as np
import pytest

from recbole_lsrec.analysis.compare import compare
from recbole_lsrec.analysis.saved_runs import Lines, load_run_folder
from recbole_lsrec.analysis.strata_report import describe_strata
from recbole_lsrec.analysis.user_metrics import Metric
from recbole_lsrec.config import Config, metric_names
from recbole_lsrec.errors import ConfigError
from recbole_lsrec.evaluation import metrics
from recbole_lsrec.quick_start import run_recbole_lsrec
from tests.analysis.saved_run_files import table, write_run


@pytest.fixture
def top_share(monkeypatch):
    """Registered for one test."""
    for tables in (metrics.OWN_METRICS, metric_names.METRICS, metric_names.OWN_METRICS):
        monkeypatch.setitem(tables, "top_share", None)  # taken away again at the end

    @metrics.register("top_share", higher_is_better=False)
    def top_share(rank, n_candidates):
        return rank / n_candidates


@pytest.mark.usefixtures("top_share")
def test_values_by_hand():
    rank, n_negatives = np.array([1.0, 3.0, 2.5]), np.array([3, 3, 4])
    assert metrics.summarise(rank, n_negatives, ["top_share"], [1])["top_share"] == pytest.approx(
        (1 / 4 + 3 / 4 + 1 / 2) / 3
    )
    lines = Lines(table(["a", "b", "b"], rank, n_candidates=n_negatives + 1), None)
    metric = Metric.parse("Top_Share")
    assert not metric.higher_is_better
    assert metric.by_user(lines).values().tolist() == pytest.approx([1 / 4, 5 / 8])


@pytest.mark.usefixtures("top_share")
def test_a_target_without_a_value_is_in_no_mean():
    metrics.register("top_share")(lambda rank, n: np.where(rank == 3, np.nan, rank / n))
    found = metrics.summarise(np.array([1.0, 3.0, 2.0]), np.array([3, 3, 3]), ["top_share"], [1])
    assert found["top_share"] == (1 / 4 + 2 / 4) / 2


@pytest.mark.usefixtures("top_share")
def test_a_run_is_chosen_by_it_and_comparisons_and_strata_show_it(shop):
    settings = {**shop, "metrics": ["NDCG", "top_share"], "valid_metric": "top_share", "train_steps": 3}
    assert Config("GRU4Rec", "shop", config_dict=settings)["valid_metric_bigger"] is False
    folders = [run_recbole_lsrec("GRU4Rec", "shop", config_dict={**settings, "seed": s})["run_folder"] for s in (1, 2)]
    run = load_run_folder(folders[0])
    for protocol, key in (("uni9", "top_share"), ("full", "full/top_share")):
        lines = run.lines("test", protocol).instances
        assert run.test_result[key] == round((lines["rank"] / lines["n_candidates"]).mean(), 4)
    assert run.result["best_valid_score"] == run.result["best_valid_result"]["top_share"]
    assert describe_strata(folders[0], ["top_share"], by=["history_length"]).table["top_share"].between(0, 1).all()
    assert compare(folders, Metric.parse("top_share")).higher_is_better is False


@pytest.mark.usefixtures("top_share")
def test_users_without_a_value_in_one_run_are_in_no_mean_of_a_comparison(monkeypatch, tmp_path):
    partial = replace(metrics.OWN_METRICS["top_share"], function=lambda rank, _: np.where(rank == 1, np.nan, rank))
    monkeypatch.setitem(metrics.OWN_METRICS, "top_share", partial)
    users = ["a", "b", "c", "d"]
    ours = write_run(tmp_path / "ours", table(users, [1, 2, 3, 4]), model="A")
    theirs = write_run(tmp_path / "theirs", table(users, [2, 2, 2, 1]), model="B")
    found = compare([ours, theirs], "top_share")
    (pair,) = found.pairs
    assert (found.users, found.users_left_out) == (2, 2)  # b and c
    assert [model.mean for model in found.models] == [2.5, 2.0]
    assert pair.difference == 0.5


def test_names_that_are_taken_or_none_are_refused():
    with pytest.raises(ConfigError, match="'ndcg' is NDCG, which is there already"):
        metrics.register("ndcg")
    with pytest.raises(ConfigError, match="accepted: a name of lower-case letters"):
        metrics.register("Top@10")
    with pytest.raises(ConfigError, match="metrics: found 'top_share'"):
        Config("GRU4Rec", "cosmetics", config_dict={"metrics": ["top_share"]})


@pytest.mark.usefixtures("top_share")
def test_one_value_a_target_is_asked_for():
    metrics.register("top_share")(lambda rank, n: rank.mean())
    own = metrics.OWN_METRICS["top_share"]
    with pytest.raises(ConfigError, match=r"'top_share' gave values of shape \(\) for 2 ranks; accepted: one a rank"):
        own.of_instances(np.ones(2), np.full(2, 9))


@pytest.mark.usefixtures("top_share")
@pytest.mark.parametrize("function", [lambda rank, n: rank["x"], lambda rank, n: ["a"] * len(rank)])
def test_a_function_that_fails_is_named(function):
    metrics.register("top_share")(function)
    with pytest.raises(
        ConfigError, match=r"^metric: 'top_share' failed on 2 ranks \(\w+Error: .*\); mend its function\.$"
    ):
        metrics.OWN_METRICS["top_share"].of_instances(np.ones(2), np.full(2, 9))


@pytest.mark.usefixtures("top_share")
def test_a_function_that_writes_to_its_arrays_changes_no_other_metric():
    metrics.register("top_share")(lambda rank, n: np.divide(rank, n, out=rank))
    ranks = np.array([1.0, 4.0])
    assert metrics.OWN_METRICS["top_share"].of_instances(ranks, np.full(2, 8)).tolist() == [0.125, 0.5]
    assert ranks.tolist() == [1.0, 4.0]


@pytest.mark.parametrize(
    ("register", "found"),
    [
        (lambda: metrics.register(3), "found 3"),
        (lambda: metrics.register(lambda rank, n: rank), "found <function"),
        (lambda: metrics.register("top_share", higher_is_better="no"), "higher_is_better: found 'no'"),
        (lambda: metrics.register("top_share")(None), "'top_share' has no function"),
    ],
)
@pytest.mark.usefixtures("top_share")
def test_what_is_no_metric_is_refused(register, found):
    with pytest.raises(ConfigError, match=f"^metric: {found}.*accepted: "):
        register()
