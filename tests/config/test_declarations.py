"""The declarations of settings: equal to the yaml files, and complete."""

import re
from pathlib import Path
from typing import Any

import pytest

from recbole_lsrec.config.known import LAYERS, general_settings, plugin_keys, settings_for
from recbole_lsrec.config.no_effect import NO_EFFECT
from recbole_lsrec.config.option_table import with_tables
from recbole_lsrec.config.paths import RECBOLE, properties_dir, yamls_named
from recbole_lsrec.config.setting import Effect, Setting, settings_of
from recbole_lsrec.config.values import read_yaml
from recbole_lsrec.registry import get_model, model_names

OURS = [name for name in model_names()["recbole_lsrec"] if hasattr(get_model(name), "options_class")]


def commented_lines(path: Path) -> dict[str, str]:
    """The comment behind each key at the beginning of a line."""
    return dict(re.findall(r"^(\w+):.*?#\s*(\(.*)$", path.read_text(encoding="utf-8"), re.MULTILINE))


@pytest.mark.parametrize("name", OURS)
def test_the_yaml_of_a_model_is_its_declaration(name: str) -> None:
    model = get_model(name)
    path = properties_dir() / "model" / f"{name}.yaml"
    declared = settings_of(model.options_class)
    comments = commented_lines(path)
    assert read_yaml(path) == {key: declared[key].default for key in comments}
    assert comments == {key: declared[key].comment for key in comments}
    elsewhere = {key for base in model.__mro__[1:] for file in yamls_named(base.__name__) for key in read_yaml(file)}
    assert set(declared) <= {*comments, *elsewhere}


# Below such a heading stands what matches a paper or its code, or a part that a paper's tables take away.
FOR_EXPERTS = re.compile(r"# (To match|Set by|Parts that|Cost, and|Numbers that)")


@pytest.mark.parametrize("name", OURS)
def test_a_user_has_twelve_options_of_a_model_to_understand(name: str) -> None:
    text = (properties_dir() / "model" / f"{name}.yaml").read_text(encoding="utf-8")
    assert len(re.findall(r"^\w+:", FOR_EXPERTS.split(text)[0], re.MULTILINE)) <= 12


@pytest.mark.parametrize(
    "path", sorted((properties_dir().parent / "docs/models").glob("*.md")), ids=lambda path: path.stem
)
def test_the_option_tables_of_the_docs_are_current(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert with_tables(text) == text, "python -m recbole_lsrec.config.option_table writes them"


def test_overall_yaml_is_the_declaration_of_all_runs() -> None:
    path = properties_dir() / "overall.yaml"
    declared = general_settings()
    values = read_yaml(path)
    parted = {key for key, one in declared.items() if one.parts}
    assert set(values) <= set(declared)
    assert {k: v for k, v in values.items() if k not in parted} == {
        k: declared[k].default for k in set(values) - parted
    }
    assert commented_lines(path) == {key: declared[key].comment for key in values}


def test_defaults_that_are_recboles_are_recboles() -> None:
    theirs = {
        key: value
        for name in ("overall", "dataset/sample")
        for key, value in read_yaml(RECBOLE / f"properties/{name}.yaml").items()
    }
    ours = read_yaml(properties_dir() / "overall.yaml")
    declared = {key: one for layer in LAYERS for key, one in settings_of(layer).items() if not one.parts}
    both = {key: one.default for key, one in declared.items() if key in theirs and key not in ours}
    assert both == {key: theirs[key] for key in both}


def test_every_key_of_recbole_is_declared_or_does_nothing() -> None:
    for name in ("overall", "dataset/sample"):
        assert set(read_yaml(RECBOLE / f"properties/{name}.yaml")) <= set(general_settings()), name


@pytest.mark.parametrize("name", OURS)
def test_every_default_is_accepted_by_its_own_declaration(name: str) -> None:
    for key, one in settings_for(get_model(name)).items():
        assert key in NO_EFFECT or one.parts or one.holds(one.default), key


def test_a_model_that_declares_a_default_of_its_own_keeps_what_a_key_may_change() -> None:
    assert settings_for(get_model("SLSRec"))["MAX_ITEM_LIST_LENGTH"].effect is Effect.FEATURES
    assert settings_for(get_model("SLSRec"))["MAX_ITEM_LIST_LENGTH"].source == "Paper, section 4."


def test_what_is_ours_and_not_recboles() -> None:
    assert {"session_threshold", "ties", "train_steps"} <= set(plugin_keys())
    assert not {"epochs", "eval_args", "data_path"} & set(plugin_keys())


@pytest.mark.parametrize(
    ("kind", "value", "fits"),
    [
        (int, True, False),
        (int, 1.0, False),
        (float, 1, True),
        (float, float("nan"), False),
        (bool, 1, False),
        (list[int], [1, "2"], False),
    ],
)
def test_types_are_strict(kind: Any, value: Any, fits: bool) -> None:
    assert Setting("key", kind, 0).holds(value) is fits
