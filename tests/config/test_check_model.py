"""How a class says that it wants its training pairs."""

import pytest
from recbole.model.abstract_recommender import SequentialRecommender
from recbole.utils import InputType

from recbole_lsrec.config import Config
from recbole_lsrec.errors import ConfigError


class Lists(SequentialRecommender):
    """Learns from whole lists."""

    input_type = InputType.LISTWISE


class Text(SequentialRecommender):
    """Says its kind by a word."""

    input_type = "pairwise"


def test_a_model_of_lists_samples_no_negatives() -> None:
    assert Config(Lists, "ml-100k")["train_neg_sample_args"]["distribution"] == "none"
    with pytest.raises(
        ConfigError, match=r"^train_neg_sample_args: found .*accepted: ~, because the input_type of Lists is LIST"
    ):
        Config(Lists, "ml-100k", config_dict={"train_neg_sample_args": {"sample_num": 2}})


def test_an_input_type_that_is_none_is_refused() -> None:
    with pytest.raises(
        ConfigError, match=r"^model: the class Text has the input_type 'pairwise'; accepted: POINTWISE, PAIRWISE"
    ):
        Config(Text, "ml-100k")
