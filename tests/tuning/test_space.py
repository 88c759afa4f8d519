from pathlib import Path
from typing import Any

import pytest
from ray.tune.search.sample import Categorical, Float, Integer

from recbole_lsrec.config import Config
from recbole_lsrec.config.paths import properties_dir
from recbole_lsrec.errors import ConfigError
from recbole_lsrec.leaderboard.plan import plan_file, read_plan
from recbole_lsrec.registry import PLUGIN_MODELS, get_model
from recbole_lsrec.tuning.space import read_space

FORMS = """
learning_rate: {loguniform: [1e-4, 1e-2]}
n_layers: {int: [1, 3]}
mlp_hidden_size: {choice: [[64, 32], [64]]}
hidden_dropout_prob, attn_dropout_prob: {choice: [0.1, 0.3]}
"""


def test_forms_become_domains_of_ray(tmp_path: Path) -> None:
    (tmp_path / "space.yaml").write_text(FORMS)
    space = read_space(tmp_path / "space.yaml", "SASRec").for_tune("random")
    rate, layers, sizes, dropout = space.values()
    assert isinstance(rate, Float)
    assert (rate.lower, rate.upper) == (1e-4, 1e-2)
    assert isinstance(layers, Integer)
    assert (layers.lower, layers.upper) == (1, 4)  # Ray leaves the upper end out
    assert isinstance(sizes, Categorical)
    assert sizes.categories == ["[64, 32]", "[64]"]
    assert dropout.categories == ["0.1", "0.3"]


def test_a_draw_becomes_settings(tmp_path: Path) -> None:
    (tmp_path / "space.yaml").write_text(FORMS)
    space = read_space(tmp_path / "space.yaml", "SASRec")
    drawn = {"learning_rate": 0.002, "n_layers": 2, "mlp_hidden_size": "[64, 32]"}
    assert space.settings({**drawn, "hidden_dropout_prob, attn_dropout_prob": "0.3"}) == {
        "learning_rate": 0.002,
        "n_layers": 2,
        "mlp_hidden_size": [64, 32],
        "hidden_dropout_prob": 0.3,
        "attn_dropout_prob": 0.3,
    }


def test_a_grid_lists_choices_and_whole_numbers() -> None:
    space = read_space({"n_layers": {"int": [1, 3]}, "hidden_act": {"choice": ["gelu", "relu"]}}, "SASRec")
    assert space.grid_size() == 6
    assert space.for_tune("grid") == {
        "n_layers": {"grid_search": ["1", "2", "3"]},
        "hidden_act": {"grid_search": ['"gelu"', '"relu"']},
    }


def test_a_grid_has_no_ranges() -> None:
    with pytest.raises(ConfigError, match=r"learning_rate: found \{uniform: \[0.1, 0.2\]\}, which a grid cannot list"):
        read_space({"learning_rate": {"uniform": [0.1, 0.2]}}, "SASRec").grid_size()


@pytest.mark.parametrize(
    "form",
    [
        [0.1, 0.2],
        {"choice": []},
        {"normal": [0, 1]},
        {"uniform": [0, 1, 2]},
        {"uniform": [1, 0]},
        {"int": [1.5, 2]},
        {"loguniform": [0, 1]},
        {"choice": [1], "int": [1, 2]},
        {"int": [True, 2]},
    ],
)
def test_other_forms_are_refused(form: object) -> None:
    with pytest.raises(ConfigError, match=r"space: learning_rate: found .*; accepted: "):
        read_space({"learning_rate": form}, "SASRec")


def test_a_key_in_two_domains_is_refused() -> None:
    with pytest.raises(ConfigError, match="n_heads is there twice"):
        read_space({"n_heads": {"int": [1, 2]}, "n_layers, n_heads": {"int": [1, 2]}}, "SASRec")


def test_an_empty_space_is_refused() -> None:
    with pytest.raises(ConfigError, match="no hyper-parameter in it"):
        read_space({}, "SASRec")


def test_a_model_without_a_space_of_ours_needs_a_file() -> None:
    with pytest.raises(ConfigError, match=r"there is no STAMP\.yaml in properties/hyper .*SASRec.*--space"):
        read_space(None, "STAMP")


def test_every_system_of_the_papers_that_has_something_to_search_has_a_space() -> None:
    systems = {str(system.model) for system in read_plan(plan_file("papers")).systems}
    there = {path.stem for path in (properties_dir() / "hyper").glob("*.yaml")}
    assert systems - there == {"Pop", "Markov"}  # counts, without a hyper-parameter


HYPER = properties_dir() / "hyper"
LONG_SHORT, BASELINES = {"SLSRec", "CLSR", "SLiRec", "DiffLSRec"}, {"SASRec", "GRU4Rec", "BERT4Rec"}


def test_the_spaces_of_strong_presets() -> None:
    assert {path.stem for path in (HYPER / "strong").glob("*.yaml")} == LONG_SHORT | BASELINES
    with pytest.raises(ConfigError, match=r"there is no LSIDN\.yaml in properties/hyper/strong"):
        read_space("strong", "LSIDN")


@pytest.mark.parametrize("path", sorted(HYPER.rglob("*.yaml")), ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_every_value_of_our_spaces_is_accepted(path: Path) -> None:
    """And each file says where its values come from."""
    assert path.read_text().startswith("# Search space of ")
    if path.stem == "DiffLSRec" and path.stem not in PLUGIN_MODELS:
        pytest.skip("the model is not built")
    space = read_space("strong" if path.parent.name == "strong" else None, path.stem)
    for domain in space.domains:
        for value in domain.values:
            settings = {**space.first(), **dict.fromkeys(domain.keys, value)}
            config = Config(get_model(path.stem), "ml-100k", config_dict=settings)
            assert all(_holds(config[key], settings[key]) for key in settings)


def _holds(found: Any, given: Any) -> bool:
    """Whether a setting is what was given, which of a dictionary may be some parts."""
    return {**found, **given} == found if isinstance(given, dict) else bool(found == given)
