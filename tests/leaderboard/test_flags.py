import pytest

from recbole_lsrec.errors import ConfigError
from recbole_lsrec.leaderboard.flags import Flags, plan_from_flags, read_flags, with_flags
from recbole_lsrec.leaderboard.plan import parse_plan
from recbole_lsrec.leaderboard.text import slug
from recbole_lsrec.own_models import absolute

FILE = parse_plan(
    {
        "title": "File",
        "datasets": [{"name": "shop", "settings": {"ties": "optimistic"}}, "other"],
        "seeds": [1, 2],
        "budget": {"train_seconds": 5},
        "systems": {
            "A": {"model": "SASRec", "settings": {"n_layers": 1, "eval_args": {"fewer": "allow"}}},
            "B": {"model": "GRU4Rec"},
            "C": {"not_built": "no"},
        },
    },
    "file",
)


def test_models_alone_get_the_presets_of_their_names():
    plan = plan_from_flags(Flags(["SASRec", "SLSRec"], ["shop"], [7], {"train_steps": 3}))
    assert plan.title == "SASRec, SLSRec on shop"
    assert [(system.name, system.model, system.preset) for system in plan.systems] == [
        ("SASRec", "SASRec", "SASRec"),
        ("SLSRec", "SLSRec", None),
    ]
    assert (plan.seeds, plan.budget) == ((7,), {"train_steps": 3})


def test_two_classes_of_one_name_are_two_systems():
    given = ["a.py:Mine", "b.py:Mine", "SASRec", "c.py:SASRec", "GRU4Rec", "d.py:Other"]
    names = {"a.py:Mine": "a.py:Mine", "b.py:Mine": "b.py:Mine", "SASRec": "SASRec", "c.py:SASRec": "c.py:SASRec",
             "GRU4Rec": "GRU4Rec", "Other": "d.py:Other"}  # fmt: skip
    systems = plan_from_flags(Flags(given, ["shop"])).systems
    assert {system.name: system.model for system in systems} == {name: absolute(model) for name, model in names.items()}


@pytest.mark.parametrize("flag", ["models", "datasets"])
def test_a_name_given_twice_is_refused(flag: str):
    twice = {"models": ["A", "a"], "datasets": ["other", "Other"]}[flag]
    with pytest.raises(ConfigError, match=f"--{flag}: '{twice[0]}' is there twice; name each once"):
        with_flags(FILE, Flags(**{flag: twice}))


def test_a_model_given_twice_without_a_file_is_refused():
    with pytest.raises(ConfigError, match="--models: 'SASRec' is there twice"):
        plan_from_flags(Flags(["SASRec", "Pop", "SASRec"], ["shop"]))


def test_a_command_without_anything_says_what_to_give():
    with pytest.raises(ConfigError, match="give a FILE, or at least one --models and one --datasets"):
        plan_from_flags(Flags(models=["SASRec"]))


def test_flags_choose_from_a_file_and_win_over_it():
    settings = {"ties": "pessimistic", "eval_args": {"mode": "full"}}
    plan = with_flags(FILE, Flags(["C", "A"], ["other"], [9], {"train_steps": 3}, "New", settings))
    assert [system.name for system in plan.systems] == ["C", "A"]
    assert plan.systems[1].settings == {
        "n_layers": 1,
        "ties": "pessimistic",
        "eval_args": {"fewer": "allow", "mode": "full"},
    }
    assert [data.label for data in plan.datasets] == ["other"]
    assert (plan.seeds, plan.budget, plan.title) == ((9,), {"train_steps": 3}, "New")


def test_no_flags_change_nothing():
    assert with_flags(FILE, Flags()) == FILE


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (Flags(models=["D"]), "--models: found 'D'; the file has: A, B, C"),
        (Flags(datasets=["shopp"]), r"--datasets: found 'shopp'; .* Did you mean 'shop'\?"),
        (Flags(datasets=["/logs/shop"]), "dataset: found '/logs/shop'; accepted: the name of a folder in data_path"),
        (Flags(datasets=["a**b"]), r"--datasets: found 'a\*\*b'; the file has: shop, other; and any data set"),
        (Flags(settings={"seed": "3"}), "found 'seed', which is not set here"),
    ],
)
def test_what_the_file_does_not_have_is_refused(flags, message):
    with pytest.raises(ConfigError, match=message):
        with_flags(FILE, flags)


def test_names_of_systems_and_data_sets_in_any_case():
    plan = with_flags(FILE, Flags(models=["c", "A"], datasets=["OTHER"]))
    assert list(plan.to_dict()["systems"]) == ["C", "A"]
    assert [data["label"] for data in plan.to_dict()["datasets"]] == ["other"]


def test_a_data_set_of_ones_own_is_run_by_the_systems_and_settings_of_a_file(tmp_path, monkeypatch):
    (tmp_path / "logs" / "mine").mkdir(parents=True)
    (tmp_path / "logs" / "mine" / "mine.inter").touch()
    plan = with_flags(FILE, Flags(datasets=["mine", "other"], settings={"data_path": str(tmp_path / "logs")}))
    assert [(data.name, data.label, data.settings) for data in plan.datasets] == [
        ("mine", "mine", {}),
        ("other", "other", {}),
    ]
    monkeypatch.chdir(tmp_path)
    with pytest.raises(
        ConfigError, match="--datasets: found 'mine'; the file has: shop, other; and any data set in data_path"
    ):
        with_flags(FILE, Flags(datasets=["mine"]))
    (tmp_path / "logs").rename("atomic_data")
    assert [data.name for data in with_flags(FILE, Flags(datasets=["mine"])).datasets] == ["mine"]


def test_slug():
    assert slug("SLSRec w/o cl on ml-100k") == "slsrec-w-o-cl-on-ml-100k"


def test_a_slug_of_other_letters_is_no_empty_name():
    assert slug("推荐 2") == "推荐-2"
    assert slug("???") == "leaderboard"


@pytest.mark.parametrize("flag", ["models", "datasets", "seeds"])
@pytest.mark.parametrize("text", ["", " , "])
def test_a_flag_that_names_nothing_is_refused(flag, text):
    with pytest.raises(ConfigError, match=f"--{flag}: found '{text}'; accepted: values separated by commas"):
        read_flags(**{flag: text})
