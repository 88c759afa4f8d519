"""``preset: strong``, with a preset written here."""

import json
from pathlib import Path

import pytest

from recbole_lsrec.config import Config, strong
from recbole_lsrec.config.early import check_early
from recbole_lsrec.config.layers import Layer
from recbole_lsrec.config.values import read_yaml
from recbole_lsrec.errors import ConfigError
from recbole_lsrec.tuning.preset import preset_yaml


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Strong settings of SLSRec, beside nothing else."""
    folder = tmp_path / "leaderboard" / "presets"
    folder.mkdir(parents=True)
    (folder / "SLSRec-strong.yaml").write_text("data_loss: softmax\ncontrastive_weight: 0.3\nepochs: 7\n")
    monkeypatch.setattr(strong, "properties_dir", lambda: tmp_path)


def test_it_stands_above_the_data_set_and_below_what_is_given(shipped: None) -> None:
    usual = Config("SLSRec", "cosmetics")
    assert usual["contrastive_weight"] != 0.3  # which the data set's yaml says
    config = Config("SLSRec", "cosmetics", config_dict={"preset": "strong", "epochs": 5})
    assert (config["data_loss"], config["contrastive_weight"], config["epochs"]) == ("softmax", 0.3, 5)
    assert config["preset"] == "literal"  # what the structure is, strong or not
    again = Config("SLSRec", "cosmetics", config_dict=config.plain())
    assert again.final_config_dict == config.final_config_dict


def test_the_highest_place_decides(shipped: None) -> None:
    given = {"preset": "strong"}
    assert Config("SLSRec", "cosmetics", config_dict=given, command_line=["--preset=lineage"])["epochs"] != 7
    assert (
        Config("SLSRec", "cosmetics", config_dict={"preset": "lineage"}, command_line=["--preset=strong"])["epochs"]
        == 7
    )


def test_a_model_without_a_search_is_refused_with_what_to_do(shipped: None) -> None:
    check_early("SASRec", [Layer("line", {"preset": "strong"})])  # the first look leaves it to Config
    with pytest.raises(
        ConfigError, match=r"strong settings are known of SLSRec\. `recbole-lsrec tune --model SASRec --space"
    ):
        Config("SASRec", "cosmetics", command_line=["--preset=strong"])


def test_another_word_than_strong_is_refused_where_a_model_has_no_presets() -> None:
    with pytest.raises(
        ConfigError, match=r"^preset: found 'Strong' \(command line\); accepted with SASRec: strong, or ~ "
    ):
        Config("SASRec", "cosmetics", command_line=["--preset=Strong"])


def test_a_strong_preset_can_be_taken_back() -> None:
    usual = Config("SASRec", "cosmetics")["learning_rate"]
    given = {"preset": "strong"}
    assert Config("SASRec", "cosmetics", config_dict=given)["learning_rate"] == 0.003 != usual
    assert Config("SASRec", "cosmetics", config_dict=given, command_line=["--preset=~"])["learning_rate"] == usual


def test_a_folder_that_is_no_search_is_said_to_be_none(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"holds no tune\.json; give the folder of a finished search"):
        preset_yaml(tmp_path)


def test_an_unfinished_search_is_no_preset(tmp_path: Path) -> None:
    trials = [{"status": "stopped"}, {"status": "error"}, {"status": "unfinished"}]
    settings = {"model": "/mine.py:Mine"}
    found = {"best": {"n_layers": 2}, "complete": False, "planned": 24, "trials": trials, "settings": settings}
    (tmp_path / "tune.json").write_text(json.dumps(found))
    told = (
        r"not finished: 2 of 24 trials have ended; go on with: recbole-lsrec tune --resume .* --model=/mine\.py:Mine$"
    )
    with pytest.raises(ConfigError, match=told):
        preset_yaml(tmp_path)


def test_a_search_of_a_strong_space_becomes_a_preset(tmp_path: Path) -> None:
    negatives = {"distribution": "uniform", "sample_num": 4}
    best = {
        "data_loss": "softmax",
        "reg_weight": 1e-6,
        "train_neg_sample_args": negatives,
        "alpha_hidden_sizes": [80, 40],
    }
    told = {"model": "SLSRec", "dataset": "cosmetics", "method": "random", "scheduler": "asha", "search_seed": 2020}
    found = {"best": best, "best_score": 0.5, "metric": "NDCG@10", "trials": [{}] * 24, "complete": True}
    given = {"data_path": "/here", "train_seconds": 60}
    (tmp_path / "tune.json").write_text(
        json.dumps({**found, "settings": {**told, "config_dict": given, "config_files": ["/here/wide.yaml"]}})
    )
    text = preset_yaml(tmp_path)
    assert text.startswith(
        "# Strong settings of SLSRec, found on cosmetics: the best of 24 trials by NDCG@10 on validation\n"
    )
    assert (
        "(0.5000; random, asha, search seed 2020; train_seconds 60, those of wide.yaml)." in text
    )  # where the log was is no setting
    (tmp_path / "SLSRec-strong.yaml").write_text(text)
    assert read_yaml(tmp_path / "SLSRec-strong.yaml") == best
    assert "alpha_hidden_sizes: [80, 40]  # (list of int) Hidden layers of eq. 10" in text
