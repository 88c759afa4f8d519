"""What pandas 3 does to RecBole's dataset does not happen here; the values are those of RecBole under pandas 2."""

import warnings

import numpy as np
import pytest
import torch

from recbole_lsrec.quick_start import run_recbole_lsrec

HEADER = "user_id:token\titem_id:token\ttimestamp:float"
ROWS = [("a", "x", 1), ("a", "y", 2), ("b", "z", 3)]


def test_nothing_stays_missing(load):
    """Item z has neither category nor price, and padding has nothing."""
    item_file = "item_id:token\tcat:token\tprice:float\nx\tred\t1\ny\tblue\t4\nz\t\t\n"
    load_col = {"inter": ["user_id", "item_id", "timestamp"], "item": ["item_id", "cat", "price"]}
    dataset = load(ROWS, item_file=item_file, load_col=load_col, CATEGORY_FIELD="cat")
    dataset.build()
    assert dataset.item_feat["cat"].tolist() == [0, 1, 2, 0]
    assert dataset.item_feat["price"].tolist() == [2.5, 1, 4, 2.5]
    assert dataset.item_category.tolist() == [0, 1, 2, 0]


def test_lists_of_tokens(load):
    item_file = "item_id:token\ttags:token_seq\nx\tnew red\ny\t\nz\tred\n"
    load_col = {"inter": ["user_id", "item_id", "timestamp"], "item": ["item_id", "tags"]}
    dataset = load(ROWS, item_file=item_file, load_col=load_col)
    dataset.build()
    assert dataset.field2id_token["tags"].tolist() == ["[PAD]", "new", "red"]
    assert dataset.item_feat["tags"].tolist() == [[0, 0], [1, 2], [0, 0], [2, 0]]


FLOATS = [(*row, values) for row, values in zip(ROWS, ("1 2", "", "5"), strict=True)]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, [[1, 2], [0, 0], [5, 0]]),
        ({"normalize_all": True}, [[0, 0.25], [0, 0], [1, 0]]),
        # (value, 1), which RecBole multiplies with the field's vector
        ({"numerical_features": ["sizes"]}, [[[1, 1], [2, 1]], [[0, 0], [0, 0]], [[5, 1], [0, 0]]]),
        # (1, bucket of two equal ones between 1 and 5)
        (
            {"numerical_features": ["sizes"], "discretization": {"sizes": {"method": "ED", "bucket": 2}}},
            [[[1, 1], [1, 1]], [[0, 0], [0, 0]], [[1, 2], [0, 0]]],
        ),
    ],
)
def test_lists_of_numbers(load, settings, expected):
    dataset = load(FLOATS, header=f"{HEADER}\tsizes:float_seq", **settings)
    dataset.build()
    assert dataset.inter_feat["sizes"].tolist() == expected
    assert dataset.field2type["sizes"].value == "float_seq"


def test_tensors_own_memory_that_may_be_written_to(load):
    lines = [(*row, "red", "new old") for row in ROWS]
    dataset = load(lines, header=f"{HEADER}\tcolour:token\ttags:token_seq")
    torch.set_warn_always(True)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", UserWarning)
            dataset.build()
    finally:
        torch.set_warn_always(False)
    assert dataset.inter_feat["tags"].tolist() == [[1, 2]] * 3


def test_din_with_an_items_category_trains(shop, tmp_path):
    lines = [f"{item}\t{item % 7}" for item in np.arange(1, 81) if item != 3]  # item 3 has no category
    (tmp_path / "data" / "shop" / "shop.item").write_text("\n".join(["item_id:token\tkind:token", *lines]) + "\n")
    settings = {**shop, "train_steps": 2, "eval_args": {"mode": "uni9"}, "CATEGORY_FIELD": "kind"}
    settings["load_col"] = {"inter": ["user_id", "item_id", "timestamp"], "item": ["item_id", "kind"]}
    result = run_recbole_lsrec("DIN", "shop", config_dict=settings)
    assert 0 < result["test_result"]["mrr"] < 1
