import re

import pytest

from recbole_lsrec.config import Config
from recbole_lsrec.config.paths import properties_dir
from recbole_lsrec.leaderboard.presets import preset_names, preset_settings


def test_the_presets_that_ship():
    assert [name for name in preset_names() if not name.endswith("-strong")] == ["BERT4Rec", "GRU4Rec", "SASRec"]


@pytest.mark.parametrize("name", preset_names())
def test_every_value_fits_its_model_and_has_a_reason(name):
    settings = preset_settings(name)
    config = Config(name.removesuffix("-strong"), "ml-100k", config_dict=settings)
    for key, value in settings.items():
        found = config[key]
        assert ({**found, **value} == found) if isinstance(value, dict) else (found == value)
    text = (properties_dir() / f"leaderboard/presets/{name}.yaml").read_text()
    assert set(re.findall(r"^(\w+):.*# \(\w+\) \w", text, re.MULTILINE)) == set(settings)


def test_sasrec_is_trained_as_it_does_well():
    settings = preset_settings("SASRec")
    assert settings["loss_type"] == "CE"
    assert 0.2 <= settings["hidden_dropout_prob"] <= 0.5
