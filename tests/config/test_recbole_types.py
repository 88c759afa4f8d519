"""What the settings of RecBole's models may be, where RecBole itself takes anything."""

import re
from typing import Any

import pytest

from recbole_lsrec.config import Config
from recbole_lsrec.config.known import model_settings
from recbole_lsrec.errors import ConfigError
from recbole_lsrec.registry import get_model, model_names
from tests.config.wrong_values import wrong_values

MODELS = [name for names in model_names().values() for name in names]


@pytest.mark.parametrize(
    ("model", "key", "value", "accepted"),
    [
        ("BPR", "embedding_size", 0, "a whole number greater than 0"),
        ("SASRec", "n_heads", 0, "a whole number greater than 0"),
        ("SASRec", "n_layers", 0, "a whole number greater than 0"),
        ("NARM", "n_layers", 0, "a whole number greater than 0"),
        ("DIEN", "alpha", -0.5, "a number of at least 0"),
        ("GCSAN", "weight", 2.5, "a number from 0 to 1"),
        ("LightGCN", "n_layers", -1, "a whole number of at least 0"),
        ("CORE", "n_heads", 3, "a divisor of embedding_size, which is 64"),
        ("DIN", "mlp_hidden_size", [64, 0], "a list of whole numbers greater than 0, at least one"),
        ("SRGNN", "step", -1, "a whole number of at least 0"),
        ("GRU4Rec", "dropout_prob", 1.0, "a number of at least 0 and below 1"),
        ("NARM", "dropout_probs", [0.1, 1.5], "a list of 2 numbers of at least 0 and below 1"),
        ("NARM", "dropout_probs", [0.1], "a list of 2 numbers of at least 0 and below 1"),
        ("HGN", "reg_weight", 0.1, "a list of 2 numbers of at least 0"),
        ("SHAN", "reg_weight", [0.1, 0.1, 0.1], "a list of 2 numbers of at least 0"),
        ("FISM", "reg_weights", [], "a list of 2 numbers of at least 0"),
        ("NAIS", "reg_weights", [0.1, 0.1], "a list of 3 numbers of at least 0"),
        ("DMF", "item_hidden_size_list", [64, 32], "a list that ends with 64, as user_hidden_size_list does"),
        ("DMF", "item_hidden_size_list", [], "a list of whole numbers greater than 0, at least one"),
        ("NeuMF", "mlp_hidden_size", [], "a list of whole numbers greater than 0, at least one"),
        ("ConvNCF", "cnn_strides", [4, 4], "4 numbers, as in cnn_kernels"),
        ("ConvNCF", "cnn_channels", [1, 32], "1 and then 4 numbers, as many as in cnn_kernels"),
        ("ConvNCF", "cnn_channels", [2, 8, 8, 8, 8], "1 and then 4 numbers, as many as in cnn_kernels"),
        ("SGL", "ssl_tau", 0.0, "a number greater than 0"),
        ("LightGCN", "reg_weight", -0.1, "a number of at least 0"),
        ("SGL", "type", "XX", "one of ED, ND, RW"),
        ("LINE", "order", 3, "one of 1, 2"),
        ("BERT4Rec", "mask_ratio", 2, "a number greater than 0 and at most 1, or ~ for none"),
        ("BERT4Rec", "ft_ratio", -0.5, "a number from 0 to 1, or ~ for none"),
    ],
)
def test_what_makes_no_sense_is_refused(model: str, key: str, value: Any, accepted: str) -> None:
    said = f"{key}: found {value!r} (config_dict); accepted: {accepted}."
    with pytest.raises(ConfigError, match=f"^{re.escape(said)}$"):
        Config(model, "ml-100k", config_dict={key: value})


def test_an_end_of_what_makes_sense_is_accepted() -> None:
    assert Config("LightGCN", "ml-100k", config_dict={"n_layers": 0})["n_layers"] == 0
    assert Config("SRGNN", "ml-100k", config_dict={"step": 0})["step"] == 0
    assert Config("GRU4Rec", "ml-100k", config_dict={"dropout_prob": 0})["dropout_prob"] == 0


@pytest.mark.parametrize("model", MODELS)
def test_the_defaults_of_every_model_are_accepted_and_what_is_beyond_its_bounds_is_not(model: str) -> None:
    for key, one in model_settings(get_model(model)).items():
        assert one.holds(one.default), key
        assert not any(one.holds(value) for value in wrong_values(one)), key
