"""Bad input: each message names the file and the line or the field."""

import logging

import pytest

from recbole_lsrec.config import Config
from recbole_lsrec.data.dataset import SessionDataset
from recbole_lsrec.errors import DataError

#        user item time
from tests.data.test_dataset import ROWS


def test_missing_file(load, tmp_path):
    load(ROWS)
    (tmp_path / "tiny" / "tiny.inter").unlink()
    with pytest.raises(DataError, match=r"tiny\.inter: no such file"):
        SessionDataset(Config("GRU4Rec", "tiny", config_dict={"data_path": str(tmp_path)}))


def test_missing_field(load):
    with pytest.raises(DataError, match=r"line 1: load_col names \['timestamp'\], the file has"):
        load(
            [("a", "x")], header="user_id:token\titem_id:token", load_col={"inter": ["user_id", "item_id", "timestamp"]}
        )


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (
            "user_id:token\titem_id:token\ttimestamp:time",
            r"line 1: found column 'timestamp:time'; accepted: 'name:type'",
        ),
        ("user_id\titem_id\ttimestamp", r"line 1: found column 'user_id'; accepted: 'name:type'"),
        (
            "user_id:token\titem_id:token\ttimestamp:token",
            r"line 1: field 'timestamp' \(TIME_FIELD\) has type 'token'; accepted: 'float'",
        ),
    ],
)
def test_wrong_header(load, header, message):
    with pytest.raises(DataError, match=message):
        load(ROWS, header=header, load_col={"inter": ["user_id", "item_id", "timestamp"]})


def test_a_word_where_a_number_belongs(load):
    with pytest.raises(DataError, match=r"line 3: column 'timestamp:float' holds 'noon'; accepted: a number"):
        load([("a", "x", 1), ("a", "y", "noon")])


@pytest.mark.parametrize(("line", "found"), [(("a", "y", 2, 3, 4), 5), (("a", "y"), 2)])
def test_a_line_with_too_many_or_too_few_columns(load, line, found):
    with pytest.raises(DataError, match=rf"tiny\.inter, line 3: found {found} columns; the header has 3"):
        load([("a", "x", 1), line, ("a", "z", 3)])


def test_a_quotation_mark_swallows_nothing(load):
    dataset = load([("a", '"x', 1), ("a", "y", 2), ("a", 'z"', 3)])
    assert len(dataset) == 3


def test_empty_file(load):
    with pytest.raises(DataError, match="line 1: the file is empty"):
        load([], header="", load_col={"inter": ["user_id", "item_id", "timestamp"]})


def test_empty_log(load):
    with pytest.raises(DataError, match="no interaction is left after the filters"):
        load([])


def test_everything_filtered_away_names_the_filter(load):
    with pytest.raises(DataError, match=r"k-core .*\[99,inf\).* removed 8 rows"):
        load(ROWS, user_inter_num_interval="[99,inf)")


def test_only_users_with_one_event(load):
    dataset = load([("a", "x", 1), ("b", "y", 2)])
    with pytest.raises(DataError, match="2 events of 2 users give 0 instances"):
        dataset.build()


def test_a_user_with_one_event_is_counted(load, caplog):
    dataset = load(ROWS)
    with caplog.at_level(logging.INFO):
        dataset.build()
    assert "3 users (1 with one event, so without an instance)" in caplog.text


@pytest.mark.parametrize("time", ["nan", "inf", "-1"])
def test_impossible_times(load, time):
    with pytest.raises(
        DataError, match=r"1 rows have a 'timestamp' that is not a finite number >= 0; the first: user a, item q"
    ):
        load([*ROWS, ("a", "q", time)])


def test_all_items_in_one_category_is_said(load, caplog):
    dataset = load(
        [(*row, "one") for row in ROWS],
        header="user_id:token\titem_id:token\ttimestamp:float\tcat:token",
        CATEGORY_FIELD="cat",
    )
    with caplog.at_level(logging.WARNING):
        dataset.build()
    assert "all items are in 1 categories, so it tells a model nothing" in caplog.text


def test_a_column_in_both_files(load):
    item_file = "item_id:token\tcat:token\nx\tred\n"
    with pytest.raises(DataError, match=r"\['cat'\] is loaded from both tiny\.inter and tiny\.item"):
        load(
            [(*row, "one") for row in ROWS],
            header="user_id:token\titem_id:token\ttimestamp:float\tcat:token",
            item_file=item_file,
            load_col={"inter": ["user_id", "item_id", "timestamp", "cat"], "item": ["item_id", "cat"]},
        )
