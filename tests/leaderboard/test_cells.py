import shutil
from pathlib import Path

import pytest

from recbole_lsrec.config import Config
from recbole_lsrec.data.files import sha256_of
from recbole_lsrec.errors import ConfigError, DataError
from recbole_lsrec.leaderboard.cells import cell_settings, differences, make_cells
from recbole_lsrec.leaderboard.plan import parse_plan, plan_file, read_plan


def plan_for(shop, **more):
    settings = {key: value for key, value in shop.items() if key not in ("show_progress", "state")}
    values = {"datasets": ["shop"], "systems": {"A": {"model": "SASRec"}}, "settings": settings, **more}
    return parse_plan(values, "plan")


def test_cells_are_ordered_so_that_every_system_has_a_result_early(shop):
    systems = {"A": {"model": "SASRec"}, "B": {"model": "GRU4Rec"}, "C": {"not_built": "no"}}
    cells = make_cells(plan_for(shop, seeds=[1, 2], systems=systems), threads=1)
    assert [(cell.seed, cell.system.name) for cell in cells] == [
        (1, "A"),
        (1, "B"),
        (1, "C"),
        (2, "A"),
        (2, "B"),
        (2, "C"),
    ]
    assert len({cell.log_key for cell in cells if cell.system.model}) == 1  # one log for all
    assert cells[0].name == "A on shop, seed 1"


def test_a_later_layer_wins(shop):
    systems = {
        "preset": {"model": "SASRec", "preset": "SASRec"},
        "own": {"model": "SASRec", "preset": "SASRec", "settings": {"n_layers": 3, "hidden_dropout_prob": 0.3}},
    }
    data = [{"name": "shop", "settings": {"n_heads": 1, "ties": "optimistic"}}]
    plan = plan_for(shop, systems=systems, datasets=data, budget={"train_steps": 7})
    tuned = {("own", "shop"): {"n_heads": 4, "hidden_dropout_prob": 0.1}}
    preset, own = (cell.settings for cell in make_cells(plan, threads=1, tuned=tuned))
    assert (preset["n_layers"], preset["n_heads"], preset["ties"], preset["train_steps"]) == (2, 1, "optimistic", 7)
    assert (own["n_layers"], own["n_heads"], own["hidden_dropout_prob"]) == (3, 4, 0.1)


def test_settings_of_single_models_on_a_data_set(shop):
    data = [{"name": "shop", "settings": {"of_model": {"SASRec": {"n_heads": 1}, "GRU4Rec": {"num_layers": 3}}}}]
    plan = plan_for(shop, systems={"A": {"model": "SASRec"}, "B": {"model": "GRU4Rec"}}, datasets=data)
    sasrec, gru = (cell.settings for cell in make_cells(plan, threads=1))
    assert (sasrec["n_heads"], gru["num_layers"]) == (1, 3)
    wrong = [{"name": "shop", "settings": {"of_model": {"SASRec": {"train_batch_size": "many"}}}}]
    with pytest.raises(ConfigError, match=r"found 'many' \(plan: datasets, shop\)"):
        plan_for(shop, datasets=wrong)


def test_the_plan_of_the_papers_fits_all_models_on_all_logs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "logs/retailrocket").mkdir(parents=True)  # not shipped
    plan = read_plan(plan_file("papers"))
    for data in plan.datasets:
        where = {"data_path": str(tmp_path / "logs")} if data.name == "retailrocket" else {}
        for system in plan.systems:
            config = Config(system.model, data.name, config_dict={**cell_settings(plan, system, data, 2020), **where})
            dear = system.name in ("NCF", "DIN", "DIEN", "SURGE", "LSIDN")
            assert config["eval_protocols"]["test"] == ["pop99", "uni99", *([] if dear else ["full"])]
            assert config["eval_protocols"]["valid"] == ["pop99"]
            assert config["MAX_ITEM_LIST_LENGTH"] == 20


def test_what_changes_a_result_changes_the_identity(shop, monkeypatch):
    def identity(threads=1, gpus=0, **more):
        return make_cells(plan_for(shop, **more), threads, gpus=gpus)[0].identity

    before = identity()
    assert identity() == before
    assert differences(before, identity(threads=2)) == "threads: 1 -> 2"
    assert differences(before, identity(gpus=1)) == "gpu: False -> True"
    other = identity(systems={"A": {"model": "SASRec", "settings": {"n_layers": 1}}})
    assert differences(before, other) == "n_layers: 2 -> 1"
    with monkeypatch.context() as edited:
        edited.setattr("recbole_lsrec.environment.code_fingerprint", lambda: "other")
        assert differences(before, identity()) == "the code changed"
    with monkeypatch.context() as updated:
        updated.setattr("torch.__version__", "9.9")
        assert differences(before, identity()) == f"torch: {before['versions']['torch']} -> 9.9"
    with (Path(shop["data_path"]) / "shop/shop.inter").open("a") as file:
        file.write("1\t1\t1600000000\t1\n")
    assert differences(before, identity()) == "the data files changed"


def test_a_file_of_candidates_has_a_hash_of_its_own(shop, tmp_path):
    lists = tmp_path / "lists.tsv"
    lists.write_text("user_id\titem_id\tnegatives\n")
    settings = {**shop, "candidates": "lists.tsv", "eval_args": {"mode": {"valid": "full", "test": ["file"]}}}
    (cell,), (without,) = make_cells(plan_for(settings), 1), make_cells(plan_for(shop), 1)
    assert cell.identity["candidates"] == sha256_of([lists])
    assert without.identity["candidates"] is None


def test_a_data_set_of_the_same_name_in_another_folder_has_its_own_log(shop, tmp_path):
    copied = shutil.copytree(shop["data_path"], tmp_path / "copied")
    changed = shutil.copytree(shop["data_path"], tmp_path / "changed")
    with (changed / "shop/shop.inter").open("a") as file:
        file.write("1\t1\t1600000000\t1\n")
    folders = {"shop": shop["data_path"], "copied": copied, "changed": changed}
    data = [{"name": "shop", "label": label, "settings": {"data_path": str(at)}} for label, at in folders.items()]
    own, same, other = (cell.log_key for cell in make_cells(plan_for(shop, datasets=data), 1))
    assert own == same != other


def test_where_the_files_lie_and_what_is_shown_does_not_matter(shop, tmp_path, monkeypatch):
    before = make_cells(plan_for(shop), 1)[0]
    (tmp_path / "data").rename(tmp_path / "moved")
    monkeypatch.chdir(tmp_path)
    settings = {**shop, "data_path": "moved", "state": "DEBUG", "candidate_cache": "elsewhere"}
    after = make_cells(plan_for(settings), 1)[0]
    assert after.identity == before.identity
    assert after.settings["data_path"] == str(tmp_path / "moved")


def test_settings_that_do_not_fit_are_refused_before_anything_runs(shop):
    with pytest.raises(ConfigError, match=r"A on shop: n_layer: .* Did you mean 'n_layers'"):
        make_cells(plan_for(shop, systems={"A": {"model": "SASRec", "settings": {"n_layer": 1}}}), 1)
    (Path(shop["data_path"]) / "shop/shop.inter").unlink()
    with pytest.raises(DataError, match=r"holds no shop.inter; put it there, or set data_path"):
        make_cells(plan_for(shop), 1)


def test_many_changed_settings_are_counted():
    before = {"settings": dict.fromkeys("abcdefg", 0), "code": 1, "data": 1}
    now = {"settings": dict.fromkeys("abcdefg", 1), "code": 1, "data": 1, "model": "M"}
    text = differences(before, {**now, "dataset": None, "threads": None, "gpu": None})
    assert text == "model: None -> M; a: 0 -> 1; b: 0 -> 1; c: 0 -> 1; d: 0 -> 1; e: 0 -> 1; 2 more settings"
