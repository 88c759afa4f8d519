"""RecBole's settings whose wrong values would stop a run in the middle, or change it in silence."""

from typing import Any

import pytest

from recbole_lsrec.config import Config
from recbole_lsrec.errors import ConfigError
from tests.config.helpers import refused, sasrec


def test_the_norm_of_gradients() -> None:
    assert sasrec(clip_grad_norm={"max_norm": 5})["clip_grad_norm"] == {"max_norm": 5}
    refused(r"^clip_grad_norm: found 'maxnorm' .* Did you mean 'max_norm'\?", clip_grad_norm={"maxnorm": 5})
    refused(
        r"^clip_grad_norm: max_norm: found -1 .*; accepted: a number greater than 0 and at most 1e\+15\.",
        clip_grad_norm={"max_norm": -1},
    )
    refused(r"^clip_grad_norm: max_norm: found nan", "--clip_grad_norm={max_norm: .nan}")
    refused(r"^clip_grad_norm: found {} .*; accepted: a dict such as {max_norm: 5}, or ~", clip_grad_norm={})


def test_a_number_of_negatives_has_an_end() -> None:
    assert sasrec(eval_args={"mode": "pop999999"})["eval_protocols"]["test"] == ["pop999999"]
    refused(r"^eval_args: mode: found 'pop1000000'", eval_args={"mode": "pop1000000"})


def test_words_that_recbole_looks_for() -> None:
    refused(r"^hidden_act: found 'gelo' .*; accepted: one of gelu, relu, swish, tanh, sigmoid\. Did", hidden_act="gelo")
    with pytest.raises(ConfigError, match=r"^pooling_mode: found 'median' .*; accepted: one of max, mean, sum\."):
        Config("DIN", "ml-100k", config_dict={"pooling_mode": "median"})


def test_a_single_word_is_recorded_as_the_list_that_it_stands_for() -> None:
    one, other = (Config("SLSRec", "ml-100k", config_dict={"without": given}) for given in ("cl", ["cl"]))
    assert one["without"] == ["cl"]
    assert one.plain() == other.plain()


@pytest.mark.parametrize("given", [{1: 2}, [1], "epochs"])
def test_a_dictionary_of_settings_is_one(given: Any) -> None:
    with pytest.raises(
        ConfigError, match=r"^config_dict: found .*; accepted: a dict, each key the name of a setting\.$"
    ):
        Config("SASRec", "ml-100k", config_dict=given)
    with pytest.raises(ConfigError, match=r"^config_file_list: found 3; accepted: paths of YAML files\.$"):
        Config("SASRec", "ml-100k", [3])


@pytest.mark.parametrize(
    ("transform", "share"), [("mask_itemseq", "mask_ratio"), ("crop_itemseq", "eta"), ("reorder_itemseq", "beta")]
)
def test_a_transform_needs_its_share(transform: str, share: str) -> None:
    assert sasrec(transform=transform, **{share: 0.5})[share] == 0.5
    refused(
        f"^{share}: found None; accepted: a number greater than 0 and at most 1 with transform: {transform}",
        transform=transform,
    )
    refused(f"^{share}: found 7 ", transform=transform, **{share: 7})


def test_a_column_has_one_role() -> None:
    refused(
        r"^SESSION_ID_FIELD: found 'user_id' .*; accepted: another column than that of USER_ID_FIELD",
        SESSION_ID_FIELD="user_id",
    )
    refused(
        r"^TIME_FIELD: found 'item_id' .*; accepted: another column than that of ITEM_ID_FIELD", TIME_FIELD="item_id"
    )


@pytest.mark.parametrize(
    ("key", "field", "whose"),
    [
        ("LABEL_FIELD", "item_id", "ITEM_ID_FIELD"),
        ("LABEL_FIELD", "item_id_list", "the histories of ITEM_ID_FIELD"),
        ("ITEM_LIST_LENGTH_FIELD", "timestamp_list", "the histories of TIME_FIELD"),
        ("ITEM_LIST_LENGTH_FIELD", "label", "LABEL_FIELD"),
    ],
)
def test_a_field_that_is_made_takes_no_other_s_place(key: str, field: str, whose: str) -> None:
    refused(rf"^{key}: found '{field}' .*; accepted: another field than that of {whose}", **{key: field})
