"""Columns of a log's files keep their hands off the fields of a batch."""

import pytest

from recbole_lsrec.config import Config
from recbole_lsrec.data.dataset import SessionDataset
from recbole_lsrec.data.session_views import SessionViewDataset
from recbole_lsrec.errors import DataError
from tests.data.test_dataset import ROWS

LOG = ["user_id", "item_id", "timestamp"]


@pytest.mark.parametrize(
    "column",
    ["item_length", "timestamp_list", "session_id_list", "first_timestamp", "label", "neg_item_id", "user_id"],
)
def test_a_column_of_items_named_like_a_field_of_the_batch(load, column):
    with pytest.raises(DataError, match=rf"load_col: tiny\.item: \['{column}'\] would replace fields of the batch"):
        load(
            ROWS,
            item_file=f"item_id:token\t{column}:token\nx\t1\ny\t2\nz\t3\nw\t4\n",
            load_col={"inter": LOG, "item": ["item_id", column]},
        )


def test_a_column_of_users_named_like_the_time_or_like_one_of_items(load, tmp_path):
    load(ROWS)
    (tmp_path / "tiny" / "tiny.user").write_text("user_id:token\ttimestamp:float\tage:float\na\t1\t7\n")
    (tmp_path / "tiny" / "tiny.item").write_text("item_id:token\tage:float\nx\t1\n")
    columns = {"inter": LOG, "user": ["user_id", "timestamp"]}
    with pytest.raises(DataError, match=r"tiny\.user: \['timestamp'\] would replace"):
        load(ROWS, load_col=columns)
    with pytest.raises(DataError, match=r"tiny\.user: \['age'\] would replace"):
        load(ROWS, load_col={"inter": LOG, "user": ["user_id", "age"], "item": ["item_id", "age"]})


@pytest.mark.parametrize("column", ["first_timestamp", "neg_first_timestamp", "neg_tag", "neg_item_id", "label"])
def test_a_column_of_events_named_like_a_field_that_is_made(load, column):
    header = f"user_id:token\titem_id:token\ttimestamp:float\ttag:token\t{column}:token"
    with pytest.raises(DataError, match=rf"load_col: tiny\.inter: \['{column}'\] would replace fields of the batch"):
        load([("a", "x", 1, "t", "u")], header)


def test_other_names_are_free_and_those_of_a_models_own_fields_are_not_for_it(load, tmp_path):
    items = "item_id:token\tdraw_list:token\nx\t1\ny\t2\nz\t3\nw\t4\n"
    settings = {"load_col": {"inter": LOG, "item": ["item_id", "draw_list"]}}
    assert "draw_list" in load(ROWS, item_file=items, **settings).item_feat
    config = Config("LSIDN", "tiny", config_dict={"data_path": str(tmp_path), "timestamp_unit": "s", **settings})
    with pytest.raises(DataError, match=r"tiny\.item: \['draw_list'\] would replace"):
        SessionViewDataset(config)
    assert SessionDataset(config).item_feat is not None
