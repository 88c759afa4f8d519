"""Every shipped entry: complete, readable, with settings that its models accept."""

from pathlib import Path

import pytest

from recbole_lsrec.config import Config
from recbole_lsrec.errors import ConfigError
from recbole_lsrec.leaderboard.cells import cell_settings
from recbole_lsrec.reproduce.entry import entry_names, parse_entry, read_entry
from recbole_lsrec.reproduce.ours import group_names

# What the three papers measure; figures 1 and 2 of SLSRec and CLSR, 3 of SLSRec, 4 of CLSR and 1 of DiffLSRec are drawings.
ALL = [
    *(f"clsr-t{n}" for n in range(1, 12)),
    *(f"clsr-f{n}" for n in (3, 5, 6, 7, 8)),
    *(f"clsr-c{n}" for n in (1, 2, 3)),  # claims of the text
    *("difflsrec-t1", "difflsrec-f2", "difflsrec-f3"),
    *("slsrec-t1", "slsrec-t2", "slsrec-t3", "slsrec-f4", "slsrec-f5"),
]
SMALL = {
    "title": "T",
    "kind": "training",
    "datasets": ["taobao"],
    "systems": {"A": {"model": "SASRec"}},
    "columns": {"AUC": "auc"},
    "paper": {"where": "table 1", "numbers": {"taobao": {"A": [0.5]}}},
}


def test_every_table_and_figure_has_an_entry() -> None:
    assert entry_names() == ALL


@pytest.mark.parametrize("name", ALL)
def test_every_system_has_settings_that_its_model_accepts(name: str, tmp_path: Path) -> None:
    entry = read_entry(name)
    for data in entry.plan.datasets:
        (tmp_path / data.name).mkdir()  # of the logs named only cosmetics is shipped
        for system in entry.plan.systems:
            if system.model is not None:
                settings = cell_settings(entry.plan, system, data, 2020)
                Config(system.model, data.name, config_dict={"data_path": str(tmp_path), **settings})


@pytest.mark.parametrize("name", ALL)
def test_the_columns_of_a_trained_entry_are_metrics_of_its_runs(name: str) -> None:
    entry = read_entry(name)
    metrics, topk = entry.plan.settings.get("metrics", []), entry.plan.settings.get("topk", [])
    accepted = {metric.lower() for metric in metrics} | {f"{metric.lower()}@{k}" for metric in metrics for k in topk}
    if entry.kind != "statistics":
        assert set(entry.columns.values()) <= accepted | {"alpha", "train_minutes", "memory_gb"}


def test_every_system_of_the_papers_is_built() -> None:
    tables = ("slsrec-t2", "clsr-t2", "difflsrec-t1")
    assert not [system.name for name in tables for system in read_entry(name).plan.systems if system.not_built]
    assert [len(read_entry(name).plan.systems) for name in tables] == [14, 13, 10]  # three floors of ours in each


@pytest.mark.parametrize("name", ALL)
def test_every_entry_that_measures_a_metric_has_the_floors(name: str) -> None:
    entry = read_entry(name)
    costs = {"train_minutes", "memory_gb"}
    if entry.kind != "statistics" and not set(entry.columns.values()) <= costs:
        assert [system.model for system in entry.plan.systems][:3] == ["Pop", "ItemKNN", "Markov"]


def test_numbers_of_the_papers() -> None:
    assert read_entry("slsrec-t2").numbers["cosmetics"]["SLSREC"][:3] == (0.8734, 0.8793, 0.5066)
    assert read_entry("clsr-t3").numbers["taobao"]["CLSR, untouched, purchase/like"] == (0.8616, 0.3568)
    assert read_entry("difflsrec-t1").numbers["amazon-movies"]["DiffLSRec"][0] == 0.77058411
    split = read_entry("clsr-t5").numbers["taobao"]["data set"]
    assert sum(split) == read_entry("clsr-t1").numbers["taobao"]["data set"][2]


@pytest.mark.parametrize("data", ["taobao", "tmall", "cosmetics"])
def test_the_gain_of_slsrec_in_auc_is_the_printed_one(data: str) -> None:
    rows = dict(read_entry("slsrec-t2").numbers[data])
    auc = rows.pop("SLSREC")[0]
    printed = {"taobao": 0.41, "tmall": 0.76, "cosmetics": 0.13}[data]
    assert round(100 * (auc / max(row[0] for row in rows.values()) - 1), 2) == printed


def test_an_entry_keeps_the_settings_of_its_own_data_set_only() -> None:
    entry = read_entry("clsr-t3")
    assert entry.on("taobao").plan.datasets[0].settings["eval_args"]["split"]["GTS"]["train_events"] == ["pv"]
    assert entry.on("shop").plan.datasets[0].settings == {}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "table"}, "kind: found 'table'; accepted: training, statistics, counterfactual"),
        ({"sistems": {}}, "found the key 'sistems'"),
        (
            {"paper": {"where": "t", "numbers": {"tmall": {"A": [1]}}}},
            "numbers of 'tmall', which is not under datasets",
        ),
        ({"paper": {"where": "t", "numbers": {"taobao": {"B": [1]}}}}, "taobao: no row 'B'"),
        ({"paper": {"where": "t", "numbers": {"taobao": {"A": [1, 2]}}}}, "A: found 2 numbers for 1 columns"),
        ({"paper": {"were": "t"}}, "paper: found the key 'were'"),
    ],
)
def test_a_wrong_file_is_refused(change: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        parse_entry("x", {**SMALL, **change})


def test_an_unknown_entry_is_refused() -> None:
    with pytest.raises(ConfigError, match="slsrec-t9: no such entry; accepted: clsr-t1"):
        read_entry("slsrec-t9")


def test_two_groups_with_one_name_of_the_papers_stay_apart() -> None:
    entry = read_entry("clsr-t4")
    assert group_names(entry, ["all", "view", "purchase"]) == {"all": "", "view": "click", "purchase": "purchase/like"}
    assert group_names(entry, ["all", "view", "purchase", "like"]) == {
        "all": "",
        "view": "click",
        "purchase": "purchase/like (purchase)",
        "like": "purchase/like (like)",
    }
