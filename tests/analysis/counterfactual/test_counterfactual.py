"""From a trained run folder to tables, JSON and page, with every kind of model, on a small simulated log."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from recbole_lsrec.analysis.counterfactual.apply import changed_loader
from recbole_lsrec.analysis.counterfactual.intervention import Intervention
from recbole_lsrec.analysis.counterfactual.measure import counterfactual
from recbole_lsrec.errors import ConfigError, DataError
from recbole_lsrec.evaluation.evaluator import evaluate
from recbole_lsrec.quick_start import load_run, run_recbole_lsrec
from recbole_lsrec.simulated.generate import Parameters, write_log
from tests.command_line import exit_code

SMALL = Parameters(users=30, items=60, interactions=900, categories=7, seed=3)
SETTINGS = {
    "load_col": {"inter": ["user_id", "item_id", "timestamp", "category_id", "event_type"]},
    "CATEGORY_FIELD": "category_id",
    "MAX_ITEM_LIST_LENGTH": 8,
    "eval_args": {"split": {"RS": [0.7, 0.1, 0.2]}, "mode": {"valid": ["uni5"], "test": ["uni9", "full"]}},
    "train_batch_size": 64,
    "eval_batch_size": 50,
    "show_progress": False,
    "state": "ERROR",
}


@pytest.fixture(scope="module")
def small_log(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    write_log(folder / "small", "small", SMALL)
    return folder


@pytest.fixture(scope="module")
def runs(small_log):
    """``runs(model, **settings)``: a run folder, trained once for all tests."""
    made = {}

    def run(model: str, **settings) -> Path:
        key = (model, repr(settings))
        if key not in made:
            where = {"data_path": str(small_log), "run_dir": str(small_log / "runs")}
            given = {**SETTINGS, **where, "train_steps": 20, **settings}
            made[key] = Path(run_recbole_lsrec(model, "small", config_dict=given)["run_folder"])
        return made[key]

    return run


def table(found, **chosen) -> pd.DataFrame:
    lines = found.table
    for column, value in chosen.items():
        lines = lines[lines[column] == value]
    return lines.set_index("intervention")


MODELS = ["SLSRec", "CLSR", "SLiRec"]


@pytest.mark.parametrize("model", [*MODELS, "GRU4Rec", "DIN"])
def test_untouched_equals_the_run_bit_for_bit(runs, model):
    folder = runs(model)
    result = json.loads((folder / "result.json").read_text())
    config, data, trained = load_run(folder)
    assert evaluate(trained, data.test, config).metrics == result["test_result"]
    found = counterfactual(folder, ["ndcg@10", "mrr", "auc"], interventions=[Intervention("truncate", 3)])
    assert found.other_ranks == {"uni9": 0, "full": 0}
    for protocol, metric, key in [
        ("uni9", "ndcg@10", "ndcg@10"),
        ("uni9", "mrr", "mrr"),
        ("uni9", "auc", "auc"),
        ("full", "ndcg@10", "full/ndcg@10"),
        ("full", "mrr", "full/mrr"),
    ]:
        value = table(found, protocol=protocol, metric=metric, group="all").loc["untouched", "value"]
        assert round(value, 4) == result["test_result"][key], (protocol, metric)
    assert table(found, protocol="full", metric="auc").empty  # only ranks are kept there


def test_the_lambda_of_a_runs_results_stays_in_them(runs):
    folder = runs("GRU4Rec", popularity_correction=-0.5, corrected_results=True)
    found = counterfactual(folder, ["ndcg@10"], interventions=[Intervention("truncate", 8)])  # the whole window
    assert found.other_ranks == {"uni9": 0, "full": 0}
    result = json.loads((folder / "result.json").read_text())["test_result"]
    for protocol, key in (("uni9", "ndcg@10"), ("full", "full/ndcg@10")):
        lines = table(found, protocol=protocol, group="all")
        assert lines["value"].round(4).tolist() == [result[key]] * 2


@pytest.mark.parametrize("model", [*MODELS, "GRU4Rec"])
def test_truncating_to_the_window_is_the_untouched_model(runs, model):
    found = counterfactual(runs(model), ["ndcg@10"], interventions=[Intervention("truncate", 8)])
    touched = found.table[found.table["kind"] == "truncate"]
    assert (touched["difference"] == 0).all()
    assert (touched["difference_se"] == 0).all()
    assert (touched["difference_p"] == 1).all()


def test_fixing_the_alpha_a_model_was_trained_with_changes_nothing(runs):
    found = counterfactual(
        runs("CLSR", manual_alpha=0.25),
        ["ndcg@10", "auc"],
        interventions=[Intervention("alpha", 0.25), Intervention("alpha", 1.0)],
        protocols=["uni9"],
    )
    of_all = table(found, group="all", metric="auc")
    assert of_all.loc["alpha 0.25", "difference"] == 0
    assert of_all.loc["alpha 1 (long only)", "difference"] != 0
    assert found.alpha["mean"].tolist() == [0.25] * len(found.alpha)
    assert found.alpha["sd"].tolist() == [0] * len(found.alpha)


def test_the_table_against_its_definition(runs):
    """Every number of one line from the ranks that two plain passes give."""
    folder = runs("SLSRec")
    found = counterfactual(folder, ["mrr"], protocols=["uni9"], interventions=[Intervention("shuffle")], seed=5)
    config, data, model = load_run(folder)
    before = evaluate(model, data.test, config).instances.query("protocol == 'uni9'")
    change = Intervention("shuffle")
    after = evaluate(model, changed_loader(data.test, change, 5), config).instances.query("protocol == 'uni9'")
    truth = pd.read_parquet(Path(config["data_path"]) / "small.planted.parquet")
    truth = truth.set_index(["user_id", "item_id", "timestamp"])["long_driven"]
    truth = truth[~truth.index.duplicated()]
    kind = truth.loc[list(zip(before["user_id"], before["item_id"], before["timestamp"], strict=True))].to_numpy()
    gain = 1 / after["rank"].to_numpy() - 1 / before["rank"].to_numpy()
    line = table(found, by="planted", group="long-driven").loc["shuffle"]
    assert line["instances"] == kind.sum()
    assert line["difference"] == pytest.approx(gain[kind == 1].mean())
    assert line["contrast"] == pytest.approx(gain[kind == 1].mean() - gain[kind == 0].mean())
    assert table(found, group="short-driven").loc["shuffle", "contrast"] == pytest.approx(-line["contrast"])
    by_user = pd.DataFrame({"user": before["user_id"].to_numpy(), "gain": gain - gain.mean()})
    sums = by_user.groupby("user")["gain"].sum()
    expected = np.sqrt(len(sums) / (len(sums) - 1) * (sums**2).sum()) / len(gain)
    assert table(found, group="all").loc["shuffle", "difference_se"] == pytest.approx(expected)

    alpha = before["alpha"].to_numpy(dtype=np.float64)
    rows = found.alpha.set_index("group")
    assert rows.loc["all", "mean"] == pytest.approx(alpha.mean())
    assert rows.loc["all", ["p10", "median", "p90"]].tolist() == pytest.approx(np.percentile(alpha, [10, 50, 90]))
    assert rows.loc["long-driven", "contrast"] == pytest.approx(alpha[kind == 1].mean() - alpha[kind == 0].mean())
    views = (before["event_type"] == "view").to_numpy()
    assert rows.loc["view", "contrast"] == pytest.approx(alpha[views].mean() - alpha[~views].mean())
    assert np.isnan(rows.loc["all", "contrast"])


def test_a_metric_in_two_spellings_is_asked_once(runs):
    found = counterfactual(runs("SLSRec"), ["mrr", "MRR"], protocols=["uni9"], interventions=[Intervention("shuffle")])
    assert len(table(found, group="all")) == 2  # untouched and shuffled


def test_seed_of_the_shuffle_and_only_that(runs):
    ask = [Intervention("shuffle")]
    values = [
        counterfactual(runs("SLSRec"), ["auc"], protocols=["uni9"], interventions=ask, seed=seed)
        .table["value"]
        .tolist()
        for seed in (1, 1, 2)
    ]
    assert values[0] == values[1]
    assert values[0] != values[2]


@pytest.mark.parametrize("model", ["SLSRec", *(pytest.param(other, marks=pytest.mark.slow) for other in MODELS[1:])])
def test_the_command(runs, tmp_path, capsys, model):
    files = [f"--json={tmp_path / 'c.json'}", f"--html={tmp_path / 'c.html'}"]
    assert exit_code(["counterfactual", str(runs(model)), "--metric", "ndcg@5", "--protocol", "uni9", *files]) == 0
    text = capsys.readouterr().out
    assert f"{model} on small, seed" in text
    assert "every rank that its run saved" in text
    assert "alpha, the weight of the long-term interest" in text
    for words in ("shuffle", "last 5", "alpha 0 (short only)", "alpha 0.5", "alpha 1 (long only)", "long-driven"):
        assert words in text
    assert max(map(len, text.splitlines())) <= 100
    stored = json.loads((tmp_path / "c.json").read_text())
    assert stored["other_ranks"] == {"uni9": 0}
    n_groups = 1 + len({line["group"] for line in stored["alpha"]}) - 1
    assert len(stored["differences"]) == n_groups * (1 + 1 + 4 + 11)  # untouched, shuffle, 1 2 3 5 of 8, 0 to 1
    page = (tmp_path / "c.html").read_text()
    assert page.count("<html") == 1
    assert page.count("<figure>") > 2
    assert not re.search(r"https?:|<script src=", page)  # nothing is fetched
    assert len(page) < 2**20


def test_one_sided(runs, tmp_path, capsys):
    options = ["--protocol=uni9", "--truncate=2", "--truncate=8", "--alpha=1", "--one-sided", "--by=event_type"]
    assert (
        exit_code(
            [
                "counterfactual",
                str(runs("SLSRec")),
                *options,
                f"--json={tmp_path / 'c.json'}",
                f"--html={tmp_path / 'h'}",
            ]
        )
        == 0
    )
    lines = json.loads((tmp_path / "c.json").read_text())["differences"]
    value = {line["intervention"]: line["value"] for line in lines if line["group"] == "all"}
    sides = [f"last {k}{side}" for side in ("", ", short only", ", long only") for k in (2, 8)]
    assert list(value) == ["untouched", *sides, "alpha 1 (long only)"]
    assert value["last 8, long only"] == value["alpha 1 (long only)"]  # the window has 8 places
    assert value["last 8"] == value["untouched"]
    assert value["last 2, long only"] != value["last 2"]
    assert ", short only" in (tmp_path / "h").read_text()


def test_a_model_without_alpha(runs, capsys):
    """RecBole's models and ablations: histories may be changed, alpha may not be asked for."""
    found = counterfactual(runs("GRU4Rec"), protocols=["uni9"])
    assert found.alpha is None
    assert set(found.table["kind"]) == {"none", "shuffle", "truncate"}
    for folder in (runs("GRU4Rec"), runs("SLSRec", without=["long"])):
        assert exit_code(["counterfactual", str(folder), "--alpha", "0.5"]) == 2
        assert "no alpha to fix; ask for shuffle and truncate only" in " ".join(capsys.readouterr().err.split())


def test_what_is_refused(runs, small_log, tmp_path):
    folder = runs("GRU4Rec")
    with pytest.raises(DataError, match="under protocol 'pop99'"):
        counterfactual(folder, protocols=["pop99"])
    with pytest.raises(ConfigError, match="Did you mean 'event_type'"):
        counterfactual(folder, by=["event_typ"])
    with pytest.raises(ConfigError, match="auc needs the scores"):
        counterfactual(folder, ["auc"], protocols=["full"])
    with pytest.raises(DataError, match="no such folder"):
        counterfactual(tmp_path / "nowhere")
    copy = tmp_path / "run"
    shutil.copytree(folder, copy)
    result = json.loads((copy / "result.json").read_text())
    result["fingerprints"]["data"] = "0" * 64
    (copy / "result.json").write_text(json.dumps(result))
    with pytest.raises(DataError, match="the log now found has another fingerprint"):
        counterfactual(copy)


def test_planted_truth_of_another_log_is_refused(runs, small_log, tmp_path):
    path = small_log / "small" / "small.planted.parquet"
    shutil.move(path, tmp_path / "kept")
    try:
        ask = {"protocols": ["uni9"], "interventions": [Intervention("shuffle")]}
        assert set(counterfactual(runs("GRU4Rec"), **ask).table["by"]) == {"all", "event_type"}
        with pytest.raises(DataError, match=r"no small\.planted\.parquet beside it"):
            counterfactual(runs("GRU4Rec"), by=["planted"], **ask)
        pd.read_parquet(tmp_path / "kept").iloc[::-1].to_parquet(path)
        with pytest.raises(DataError, match="not, line by line"):
            counterfactual(runs("GRU4Rec"), by=["planted"], **ask)
    finally:
        shutil.move(tmp_path / "kept", path)


def test_strata_are_groups_too(runs):
    found = counterfactual(
        runs("SLSRec"), protocols=["uni9"], interventions=[Intervention("truncate", 1)], by=["history_length"]
    )
    assert found.alpha["group"].tolist()[0] == "all"
    assert set(found.alpha["by"]) == {"all", "history_length"}
    assert found.alpha["instances"].iloc[1:].sum() == found.alpha["instances"].iloc[0]


def test_nothing_stays_changed(runs):
    """The weights and the settings of the model are as loaded: asking twice gives the same."""
    ask = {"protocols": ["uni9"], "interventions": [Intervention("alpha", 0.0), Intervention("shuffle")]}
    torch.manual_seed(1)
    one = counterfactual(runs("SLiRec"), **ask)
    torch.manual_seed(2)
    two = counterfactual(runs("SLiRec"), **ask)
    pd.testing.assert_frame_equal(one.table, two.table)
    only = counterfactual(runs("SLiRec"), protocols=["uni9"], interventions=ask["interventions"][1:])
    columns = ["value", "difference", "difference_se"]
    shuffle = two.table[two.table["kind"] == "shuffle"][columns].reset_index(drop=True)
    pd.testing.assert_frame_equal(only.table[only.table["kind"] == "shuffle"][columns].reset_index(drop=True), shuffle)


def test_planted_truth_of_a_filtered_log_is_left_out_unless_asked_for(runs, caplog):
    run = runs("GRU4Rec", user_inter_num_interval="[25,inf)")
    with caplog.at_level("WARNING"):
        found = counterfactual(run, interventions=[Intervention("shuffle")])
    assert "describes 900 events that are not, line by line, the" in caplog.text
    assert set(found.table["by"]) == {"all", "event_type"}
    with pytest.raises(DataError, match="choose --by without planted"):
        counterfactual(run, interventions=[Intervention("shuffle")], by=["planted"])


@pytest.mark.parametrize("fusion", ["gate", "mean"])
def test_a_fixed_alpha_of_difflsrec_without_diffusion(runs, fusion):
    found = counterfactual(runs("DiffLSRec", fusion=fusion), interventions=[Intervention("alpha", 0.0)])
    assert set(found.table["intervention"]) == {"untouched", "alpha 0 (short only)"}
