"""What the entries claim of the papers' and their codes' protocol, as settings of their runs and on a small log."""

from dataclasses import replace
from pathlib import Path

import pytest

from recbole_lsrec.config import Config
from recbole_lsrec.leaderboard.cells import cell_settings
from recbole_lsrec.reproduce.entry import entry_names, read_entry
from recbole_lsrec.reproduce.ours import statistics

OF_CODE = [name for name in entry_names() if not name.startswith("difflsrec") and read_entry(name).kind != "statistics"]
RULES = {"clsr": (100, 5), "slsrec": (20, 10)}  # epochs, stopping_step: CLSR's code, LSIDN's


def configs(name: str, tmp_path: Path):
    """Of every system of an entry on each of the paper's logs."""
    entry = read_entry(name)
    for data in entry.plan.datasets:
        (tmp_path / data.name).mkdir(exist_ok=True)
        for system in entry.plan.systems:
            settings = {**cell_settings(entry.plan, system, data, 2020), "data_path": str(tmp_path)}
            yield system, data, Config(system.model, data.name, config_dict=settings)


@pytest.mark.parametrize("name", OF_CODE)
def test_all_systems_have_the_printed_settings_and_the_protocol_of_the_code(name, tmp_path):
    for system, data, config in configs(name, tmp_path):
        found = {key: config[key] for key in ("train_batch_size", "learning_rate", "stopping_rule", "valid_metric")}
        assert found == {
            "train_batch_size": 500,
            "learning_rate": 0.001,
            "stopping_rule": "strict",
            "valid_metric": "GAUC",
        }, system.name
        assert (config["epochs"], config["stopping_step"]) == RULES[name.split("-")[0]]
        assert config["MAX_ITEM_LIST_LENGTH"] == (250 if data.name == "kuaishou" else 50)
        eval_args = config["eval_args"]
        assert (eval_args["popularity"], eval_args["pool"]) == ("all", "all")
        assert eval_args["mode"] == {"valid": ["pop4"], "test": ["pop99"]}


@pytest.mark.parametrize("name", ["clsr-t2", "slsrec-t2"])
def test_all_systems_are_as_wide_as_the_papers(name, tmp_path):
    widths = ("embedding_size", "hidden_size", "mf_embedding_size", "mlp_embedding_size")
    trained = [item for item in configs(name, tmp_path) if item[0].name not in ("Pop", "ItemKNN", "Markov")]
    for system, _, config in trained:
        found = {config[key] for key in widths if config[key] is not None}
        assert found == {40}, system.name
    for system, _, config in trained:
        if system.name in ("NCF", "DIN", "DIEN"):
            assert config["mlp_hidden_size"] == [100, 64]


@pytest.fixture(scope="module")
def taobao(tmp_path_factory):
    """A log under the name of Taobao: of 240 events 180 are clicks, among them 60 repeats."""
    folder = tmp_path_factory.mktemp("logs")
    (folder / "taobao").mkdir()
    start = 1511539200  # 25 November 2017, China's clock
    lines = ["user_id:token\titem_id:token\ttimestamp:float\tcategory_id:token\tevent_type:token"]
    for user in range(10):
        for turn in range(24):
            item = turn % 6 + 6 * (turn >= 12)
            kind = "buy" if 12 <= turn < 18 else "pv"
            lines.append(f"u{user}\ti{item}\t{start + turn * 32_000 + user}\tc{item % 3}\t{kind}")
    (folder / "taobao/taobao.inter").write_text("\n".join(lines) + "\n")
    return folder


@pytest.mark.parametrize(
    ("name", "events"),
    [("clsr-t1", 120), ("slsrec-t1", 240)],  # clicks without repeats; all behaviours
)
def test_each_entry_counts_what_its_paper_used(taobao, monkeypatch, name, events):
    monkeypatch.chdir(taobao)
    entry = read_entry(name).on("taobao")
    settings = {**entry.plan.settings, "data_path": str(taobao), "state": "ERROR", "timestamp_unit": "s"}
    found = statistics(replace(entry, plan=replace(entry.plan, settings=settings)))
    assert found.sizes["events"] == events
    assert found.sizes["users"] == 10


def test_steps_within_a_category(taobao, monkeypatch):
    monkeypatch.chdir(taobao)
    entry = read_entry("clsr-c1").on("taobao")
    settings = {"data_path": str(taobao), "state": "ERROR"}
    (row,) = statistics(replace(entry, plan=replace(entry.plan, settings=settings))).rows.values()
    assert row["same_category"].mean == 0  # categories go round: c0 c1 c2 c0 ...


def test_only_the_entries_of_the_codes_protocol_leave_the_clean_default():
    assert Config("SASRec", "cosmetics")["eval_args"]["popularity"] == "train"
    assert Config("SASRec", "cosmetics")["eval_args"]["pool"] == "seen"
