"""Weights that a file gives."""

import numpy as np
import pytest

from recbole_lsrec.data.preloaded import preload_remarks
from recbole_lsrec.errors import DataError
from tests.data.test_dataset import ROWS


def test_what_is_uneven_missing_or_there_twice_is_said():
    assert preload_remarks(np.array([1, 2, 3]), [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], 4) == []
    assert preload_remarks(np.array([0, 1, 2, 3, 3]), [[], [1.0, 2.0], [3.0], [], [4.0, 5.0]], 6) == [
        "1 of 3 vectors are shorter than the longest, of 2 numbers, and end with zeros",
        "2 of 5 ids have no vector and get zeros",
    ]
    assert preload_remarks(np.array([1, 0]), [[1.0], [2.0]], 2) == ["1 vectors have no id and are left out"]
    assert preload_remarks(np.array([1, 1]), [[1.0], [2.0]], 2) == [
        "1 vectors are of an id that has one already; the last counts"
    ]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"preload_weight": {"iid": ["emb"]}},
            r"preload_weight: iid: found \['emb'\]; accepted: a column of type 'float'",
        ),
        (
            {"alias_of_item_id": None},
            "preload_weight: found 'iid', whose ids are those of no user and no item; name it in",
        ),
        (
            {"alias_of_item_id": None, "preload_weight": None},
            "additional_feat_suffix: emb: found 'iid', of type 'token'; accepted: numbers, and ids of items or users.",
        ),
    ],
)
def test_ids_that_are_no_items_and_columns_that_are_none(load, tmp_path, settings, message):
    (tmp_path / "tiny").mkdir()
    (tmp_path / "tiny/tiny.emb").write_text("iid:token\temb:float_seq\nx\t1 2\ny\t3\n")
    given = {
        "load_col": {"inter": ["user_id", "item_id", "timestamp"], "emb": ["iid", "emb"]},
        "additional_feat_suffix": ["emb"],
        "alias_of_item_id": ["iid"],
        "preload_weight": {"iid": "emb"},
    }
    assert "preload_weight: iid: 1 of 2 vectors are shorter" in str(load(ROWS, **given).remarks)
    with pytest.raises(DataError, match=message):
        load(ROWS, **{**given, **settings})


def test_the_padding_gets_no_weights_from_a_line_without_an_id(load, tmp_path):
    (tmp_path / "tiny").mkdir()
    (tmp_path / "tiny/tiny.emb").write_text("iid:token\temb:float_seq\nx\t1 2\n\t5 6\ny\t3 4\nz\t7 8\n")
    log = load(
        ROWS,
        load_col={"inter": ["user_id", "item_id", "timestamp"], "emb": ["iid", "emb"]},
        additional_feat_suffix=["emb"],
        alias_of_item_id=["iid"],
        preload_weight={"iid": "emb"},
    )
    weights = dict(zip(log.field2id_token["iid"].tolist(), log.get_preload_weight("iid").tolist(), strict=True))
    assert weights == {"[PAD]": [0, 0], "x": [1, 2], "y": [3, 4], "z": [7, 8], "w": [0, 0]}
    assert "preload_weight: iid: 1 vectors have no id and are left out" in str(log.remarks)
