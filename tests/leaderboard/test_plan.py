import pytest

from recbole_lsrec.config import Config
from recbole_lsrec.config.paths import properties_dir
from recbole_lsrec.config.values import read_yaml
from recbole_lsrec.errors import ConfigError
from recbole_lsrec.leaderboard.cells import cell_settings
from recbole_lsrec.leaderboard.plan import DataSet, System, parse_plan, plan_file, read_plan
from recbole_lsrec.reproduce.entry import read_entry

SMALLEST = {"datasets": ["shop"], "systems": {"A": {"model": "SASRec"}}}


def test_every_key_is_read():
    plan = parse_plan(
        {
            "title": "Two splits",
            "datasets": ["shop", {"name": "shop", "label": "shop GTS", "settings": {"MAX_ITEM_LIST_LENGTH": 20}}],
            "seeds": [2020, 2021],
            "budget": {"train_steps": 100},
            "settings": {"metrics": ["NDCG"]},
            "systems": {
                "SASRec": {"model": "SASRec", "preset": "SASRec"},
                "SLSRec w/o cl": {"model": "SLSRec", "settings": {"without": ["cl"]}},
                "LSIDN": {"not_built": "its code is not public"},
            },
        },
        "plan.yaml",
    )
    assert plan.title == "Two splits"
    assert plan.datasets == (DataSet("shop", "shop"), DataSet("shop", "shop GTS", {"MAX_ITEM_LIST_LENGTH": 20}))
    assert plan.seeds == (2020, 2021)
    assert plan.budget == {"train_steps": 100}
    assert plan.systems == (
        System("SASRec", "SASRec", "SASRec"),
        System("SLSRec w/o cl", "SLSRec", None, {"without": ["cl"]}),
        System("LSIDN", None, not_built="its code is not public"),
    )
    assert parse_plan(plan.to_dict(), "again") == plan


def test_what_is_left_out_has_a_plain_default():
    plan = parse_plan(SMALLEST, "plan.yaml")
    assert (plan.title, plan.seeds, plan.budget, plan.settings, plan.tune) == ("Leaderboard", (2020,), {}, {}, None)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sistems": {}}, r"plan.yaml: found the key 'sistems'; .* Did you mean 'systems'\?"),
        ({"systems": {}}, "plan.yaml: systems: found {}"),
        ({"systems": {"A": {"preset": "SASRec"}}}, "systems, A: found .*accepted: {model: NAME"),
        ({"systems": {"A": {"model": "X", "not_built": "y"}}}, "systems, A: found"),
        (
            {"systems": {"A": {"model": "SASRec", "preset": "SASRek"}}},
            r"preset: found 'SASRek'.*Did you mean 'SASRec'\?",
        ),
        ({"systems": {"A": {"model": "SASRec", "settings": {"seed": 1}}}}, "found 'seed'.*list the seeds under seeds"),
        ({"settings": {"train_steps": 1}}, "found 'train_steps'.*give it under budget"),
        ({"datasets": "shop"}, r"datasets: found 'shop'; accepted: a list"),
        ({"datasets": ["shop", {"name": "shop"}]}, "'shop' is there twice; give each a label"),
        ({"systems": {1: {"model": "Pop"}, "1": {"model": "Markov"}}}, "systems: '1' is there twice; give each a name"),
        ({"datasets": [{"label": "x"}]}, "datasets, entry 1: found"),
        ({"seeds": [1, 1]}, "seeds: 1 is there twice; a repeat is no new seed"),
        ({"seeds": ["a"]}, "seeds: found"),
        ({"seeds": [2020, -1]}, "seeds: found"),
        ({"budget": {"train_steps": 10, "train_seconds": 1}}, "budget: found"),
        ({"budget": {"train_steps": 1.5}}, "budget: found"),
        ({"budget": {"train_seconds": 0}}, "budget: found"),
        ({"budget": {"epochs": 3}}, "budget: found"),
        ({"tune": 8}, r"tune: found 8; accepted: a mapping such as \{trials: 8\}"),
        ({"tune": {"trails": 8}}, r"tune: found the key 'trails'.*Did you mean 'trials'\?"),
    ],
)
def test_what_is_wrong_is_named(change, message):
    with pytest.raises(ConfigError, match=message):
        parse_plan({**SMALLEST, **change}, "plan.yaml")


def test_a_file_that_ships_is_found_by_its_name_and_by_its_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = properties_dir() / "leaderboard/cosmetics.yaml"
    assert plan_file("cosmetics") == path
    assert plan_file("properties/leaderboard/cosmetics.yaml").samefile(path)
    with pytest.raises(ConfigError, match=r"cosmetix: no such file; .*cosmetics"):
        plan_file("cosmetix")


@pytest.mark.parametrize("name", ["cosmetics", "ml-100k", "retailrocket", "papers", "answer", "strong"])
def test_every_plan_that_ships_has_the_floors(name):
    assert [system.model for system in read_plan(plan_file(name)).systems][:3] == ["Pop", "ItemKNN", "Markov"]


def test_the_plan_of_the_papers_has_all_their_systems_and_the_modern_baselines():
    plan = read_plan(plan_file("papers"))
    entries = (read_entry(name) for name in ("slsrec-t2", "clsr-t2", "difflsrec-t1"))
    of_papers = {system.model for entry in entries for system in entry.plan.systems}
    models = {system.model for system in plan.systems}
    assert len(models) == len(plan.systems) == 24
    assert models == of_papers | {"ItemKNN", "gSASRec", "eSASRec", "SASRecSS"}
    assert [data.name for data in plan.datasets] == ["cosmetics", "ml-100k", "retailrocket"]
    assert len(plan.seeds) == 2
    assert plan.budget == {"train_seconds": 60}


def test_the_plan_of_the_answer_has_each_log_under_both_splits():
    plan = read_plan(plan_file("answer"))
    labels = [data.label for data in plan.datasets]
    assert labels == [label for name in labels[::2] for label in (name, f"{name} by time")]
    assert len(labels) == 14
    small = {"ml-100k", "retailrocket", "amazon-beauty-2023", "cosmetics"}  # few users in a tenth of the time
    for data in plan.datasets[1::2]:
        targets = {"targets": "successive"} if data.name in small else {}
        assert data.settings["eval_args"]["split"] == {"GTS": {"valid": 0.8, "test": 0.9, **targets}}
    assert (len(plan.seeds), plan.budget) == (3, {"train_seconds": 300})
    assert plan.settings["popularity_correction"] == "valid"
    for data in plan.datasets[4:8]:  # every system, with and without categories, ranked among all items or not
        for system in plan.systems:
            if system.model is not None:
                Config(system.model, "ml-100k", config_dict=cell_settings(plan, system, data, 2020))


@pytest.mark.parametrize(
    ("of_model", "message"),
    [
        ({"SASRek": {"n_heads": 1}}, "plan.yaml: datasets, shop: of_model: found 'SASRek'.* Did you mean 'SASRec'"),
        (3, r"of_model: found 3 \(plan.yaml: datasets, shop\); accepted: settings by model"),
        ({"SASRec": 3}, "of_model: found {'SASRec': 3}"),
    ],
)
def test_settings_of_single_models_name_models(of_model, message):
    with pytest.raises(ConfigError, match=message):
        parse_plan({**SMALLEST, "datasets": [{"name": "shop", "settings": {"of_model": of_model}}]}, "plan.yaml")


def test_settings_of_single_models_name_models_wherever_they_stand():
    asked = {"of_model": {"SASRek": {"n_heads": 1}}}
    for where, changed in (
        ("settings", {"settings": asked}),
        ("systems, A", {"systems": {"A": {"model": "SASRec", "settings": asked}}}),
    ):
        with pytest.raises(ConfigError, match=f"plan.yaml: {where}: of_model: found 'SASRek'.* Did you mean 'SASRec'"):
            parse_plan({**SMALLEST, **changed}, "plan.yaml")


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"settings": {"train_batch_size": "many"}}, "settings"),
        ({"datasets": [{"name": "shop", "settings": {"train_batch_size": "many"}}]}, "datasets, shop"),
        ({"systems": {"A": {"model": "SASRec", "settings": {"train_batch_size": "many"}}}}, "systems, A"),
    ],
)
def test_a_value_that_no_setting_takes_is_refused_when_the_plan_is_read(change, where):
    with pytest.raises(ConfigError, match=rf"train_batch_size: found 'many' \(plan.yaml: {where}\)"):
        parse_plan({**SMALLEST, **change}, "plan.yaml")


def test_a_budget_or_seed_of_a_single_model_is_refused():
    for key, value in (("train_steps", 7), ("train_seconds", 5), ("seed", 1), ("run_dir", "x"), ("resume", "x")):
        settings = {"of_model": {"SASRec": {key: value}}}
        with pytest.raises(ConfigError, match=f"datasets, entry 1: settings: found '{key}', which is not set here"):
            parse_plan({**SMALLEST, "datasets": [{"name": "shop", "settings": settings}]}, "plan.yaml")


def test_a_row_that_asks_for_strong_settings_as_a_preset_is_told_how():
    row = {"A": {"model": "SASRec", "preset": "strong"}}
    with pytest.raises(ConfigError, match=r"found 'strong'; .* are asked for by settings: {preset: strong}\.$"):
        parse_plan({**SMALLEST, "systems": row}, "plan.yaml")


@pytest.mark.parametrize("name", ["cosmetics", "ml-100k", "retailrocket"])
def test_the_plans_that_ship(name):
    plan = read_plan(plan_file(name))
    floors, baselines = ["Pop", "ItemKNN", "Markov"], ["GRU4Rec", "SASRec", "BERT4Rec"]
    assert [system.model for system in plan.systems] == [*floors, *baselines, "SLSRec", "CLSR", "DiffLSRec"]
    modes = plan.settings["eval_args"]["mode"]
    assert modes == {"valid": ["pop99"], "test": ["pop99", "uni99", "full"]}  # all items at every epoch take minutes
    assert len(plan.seeds) == 3
    assert plan.budget == {"train_seconds": 120}
    assert "tune" not in read_yaml(plan_file(name))


@pytest.mark.parametrize(
    ("more", "repeats"),
    [
        ({"budget": {"train_steps": 9}}, True),
        ({"budget": {"train_seconds": 9}}, False),
        ({"tune": {"trials": 2}}, False),  # ASHA's decisions depend on which trial is faster
        ({"tune": {"trials": 2, "scheduler": "none"}}, True),
        ({"tune": {"scheduler": "none", "method": "tpe"}}, False),
        ({"tune": {"scheduler": "none", "time_budget": 60}}, False),
    ],
)
def test_what_goes_by_the_clock_does_not_repeat_bit_for_bit(more, repeats):
    plan = parse_plan({"datasets": ["d"], "systems": {"A": {"model": "SASRec"}}, **more}, "f")
    assert plan.bit_reproducible is repeats


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"tune": {"trials": "8"}}, "f: tune: trials: found '8'; accepted: a whole number of at least 1"),
        ({"tune": {"trials": 2.5}}, "f: tune: trials: found 2.5"),
        ({"tune": {"time_budget": "10m"}}, "f: tune: time_budget: found '10m'; accepted: a number of seconds"),
        ({"tune": {"search_seed": -1}}, "f: tune: search_seed: found -1"),
        ({"systems": {"A, beta 1": {"model": "SASRec"}}}, "f: name: found 'A, beta 1'; accepted: no comma"),
        ({"datasets": [{"name": "d", "label": "d, GTS"}]}, "f: name: found 'd, GTS'; accepted: no comma"),
    ],
)
def test_what_would_fail_after_hours_is_refused(change, message):
    values = {"datasets": ["d"], "systems": {"A": {"model": "SASRec"}}, **change}
    with pytest.raises(ConfigError, match=message):
        parse_plan(values, "f")
