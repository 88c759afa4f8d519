"""Every declared option of every model refuses what it must, wherever the value comes from, before data are read."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from recbole_lsrec.config import Config
from recbole_lsrec.config.known import general_settings, model_settings
from recbole_lsrec.config.no_effect import NO_EFFECT
from recbole_lsrec.config.setting import Setting
from recbole_lsrec.errors import ConfigError
from recbole_lsrec.leaderboard.cells import make_cells
from recbole_lsrec.leaderboard.plan import parse_plan
from recbole_lsrec.registry import declared_options, get_model, model_names
from recbole_lsrec.tuning.search import checked
from recbole_lsrec.tuning.settings import SearchSettings
from tests.config.wrong_values import wrong_values

MODELS = [name for name in model_names()["recbole_lsrec"] if hasattr(get_model(name), "options_class")]
GENERAL = {key: one for key, one in general_settings().items() if key not in NO_EFFECT}
CASES = [
    (model, key, value)
    for model, settings in [("SASRec", GENERAL), *((name, model_settings(get_model(name))) for name in MODELS)]
    for key, one in settings.items()
    for value in wrong_values(one)
]


def refuses(key: str, *arguments: Any, **more: Any) -> None:
    """What is wrong is said in one line that begins with the key."""
    with pytest.raises(ConfigError) as caught:
        Config(*arguments, **more)
    assert str(caught.value).startswith(f"{key}: found "), caught.value
    assert "\n" not in str(caught.value)


def test_there_is_something_to_refuse_for_every_setting_that_says_what_it_accepts() -> None:
    for model in MODELS:
        for key, one in model_settings(get_model(model)).items():
            assert list(wrong_values(one)), key
            assert not any(one.holds(value) for value in wrong_values(one)), key


@pytest.mark.parametrize("model", sorted({"SASRec", *MODELS}))
def test_from_a_dictionary(model: str) -> None:
    for key, value in ((key, value) for name, key, value in CASES if name == model):
        refuses(key, model, "cosmetics", config_dict={key: value})


@pytest.mark.slow
@pytest.mark.parametrize("model", sorted({"SASRec", *MODELS}))
def test_from_the_command_line_and_from_a_file(model: str, tmp_path: Path) -> None:
    path = tmp_path / "wrong.yaml"
    for key, value in ((key, value) for name, key, value in CASES if name == model):
        path.write_text(yaml.safe_dump({key: value}), encoding="utf-8")
        refuses(key, model, "cosmetics", [path])
        if not _is_text(key, model):
            refuses(key, model, "cosmetics", command_line=[f"--{key}={value}"])


@pytest.mark.slow
@pytest.mark.parametrize("model", MODELS)
def test_from_a_plan_and_a_search_space(model: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def opened(*_: Any) -> None:
        raise AssertionError("a file of data was opened")

    monkeypatch.setattr("recbole_lsrec.leaderboard.cells.files_of", opened)
    for key, value in ((key, value) for name, key, value in CASES if name == model):
        plan = {
            "datasets": ["cosmetics"],
            "systems": {"first": {"model": "SASRec"}, "row": {"model": model, "settings": {key: value}}},
        }
        elsewhere = f"plan: systems, row: settings: found '{key}', which is not set here"
        with pytest.raises(ConfigError, match=rf"^((row on cosmetics: )?{key}: found |{elsewhere})"):
            make_cells(parse_plan(plan, "plan"), threads=1)
        space = {key: {"choice": [value]}}
        with pytest.raises(ConfigError, match=rf"^(space: )?{key}(: found | cannot be drawn)"):
            checked(SearchSettings(model, "cosmetics", tmp_path, space=space))


@pytest.mark.parametrize("name", model_names()["recbole_lsrec"])
def test_options_are_found_without_importing_the_model(name: str) -> None:
    assert declared_options(name) is getattr(get_model(name), "options_class", None)


@pytest.mark.parametrize(
    "arguments",
    [
        "run --model=SLSRec --dataset=cosmetics --category_tie=lst",
        "run --model=DiffLSRec --dataset=cosmetics --beta_last=7",
        "run --model=CLSR --dataset=cosmetics --recent_k=-1",
        "run --model=SLSRec --dataset=cosmetics --alpha_hidden_sizes=[-3]",
        "run --config_files=run.yaml",
        "leaderboard plan.yaml",
        "leaderboard --models=SLSRec --datasets=cosmetics --category_tie=lst",
        "reproduce slsrec-t2 --dataset=cosmetics --category_tie=lst",
        "tune --model=SLSRec --dataset=cosmetics --space=space.yaml",
    ],
)
def test_a_wrong_option_is_refused_before_torch_and_ray_are_imported(arguments: str, tmp_path: Path) -> None:
    system = {"model": "SLSRec", "settings": {"category_tie": "lst"}}
    (tmp_path / "plan.yaml").write_text(yaml.safe_dump({"datasets": ["cosmetics"], "systems": {"A": system}}))
    (tmp_path / "run.yaml").write_text("{model: SLSRec, dataset: cosmetics, category_tie: lst}")
    (tmp_path / "space.yaml").write_text("category_tie: {choice: [last, recnt]}")
    program = (
        "import sys; from recbole_lsrec.cli import main\n"
        "try: main()\n"
        "finally: print(sorted({'torch', 'ray', 'pandas'} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments.split()], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    *told, modules = done.stderr.strip().splitlines()
    assert done.returncode == 2
    assert len(told) == 1, done.stderr
    assert re.search(r"(category_tie|beta_last|recent_k|alpha_hidden_sizes): found .*; accepted: ", told[0])
    assert modules == "[]"
    assert {path.name for path in tmp_path.iterdir()} == {"plan.yaml", "run.yaml", "space.yaml"}


def _is_text(key: str, model: str) -> bool:
    """On a command line everything is text, so a key that takes any text takes all of it."""
    declared: Setting = {**GENERAL, **model_settings(get_model(model))}[key]
    return "str" in declared.kinds
