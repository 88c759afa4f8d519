"""Bad input: each message names the file and the line or the field."""

import logging

import pytest

from recbole_lsrec.config import Config
from recbole_lsrec.data.dataset import SessionDataset
from recbole_lsrec.errors import ConfigError, DataError

#        user item time
from tests.data.test_dataset import ROWS


def test_missing_file(load, tmp_path):
    load(ROWS)
    (tmp_path / "tiny" / "tiny.inter").unlink()
    with pytest.raises(DataError, match=r"tiny\.inter: no such file"):
        SessionDataset(Config("GRU4Rec", "tiny", config_dict={"data_path": str(tmp_path)}))


def test_a_further_file_of_items_is_loaded(load, tmp_path):
    load(ROWS)
    (tmp_path / "tiny" / "tiny.vectors").write_text("iid:token\tvector:float_seq\nx\t.5 1\n")
    columns = {"inter": ["user_id", "item_id", "timestamp"], "vectors": ["iid", "vector"]}
    log = load(ROWS, load_col=columns, additional_feat_suffix=["vectors"], alias_of_item_id=["iid"])
    assert log.vectors_feat["vector"][0].tolist() == [0.5, 1.0]


def test_columns_of_a_file_that_is_not_read_are_named(load, tmp_path):
    columns = {"inter": ["user_id", "item_id", "timestamp"], "user": ["user_id", "age"], "items": ["item_id", "price"]}
    remarks = load(ROWS, load_col=columns).remarks
    for end in ("user", "items"):
        text = (
            f"load_col: {end}: {columns[end]} are not read: no file tiny.{end}, or additional_feat_suffix lacks {end!r}"
        )
        assert (logging.WARNING, text) in remarks


def test_columns_left_out_of_a_file_that_is_not_read_are_named(load):
    remarks = load(ROWS, load_col=None, unload_col={"itm": ["price"]}).remarks
    assert any("unload_col: itm: ['price'] are not read: no file tiny.itm" in text for _, text in remarks)


def test_a_sequence_is_cut_at_its_end(load):
    items = "item_id:token\ttags:token_seq\nx\tred green blue\ny\tred\nz\tblue\n"
    columns = {"inter": ["user_id", "item_id", "timestamp"], "item": ["item_id", "tags"]}
    log = load(ROWS, item_file=items, load_col=columns, seq_len={"tags": 2})
    of_x = log.item_feat["tags"][log.field2token_id["item_id"]["x"]]
    assert log.field2id_token["tags"][of_x].tolist() == ["red", "green"]


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
            r"line 1: field 'timestamp' \(TIME_FIELD\) has type 'token'; accepted: 'float', numbers in timestamp_unit; `rec",
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


def test_a_log_of_one_item_has_nothing_to_rank(load):
    dataset = load([("a", "x", 1), ("a", "x", 2), ("a", "x", 3), ("a", "x", 4)])
    with pytest.raises(
        DataError, match=r"4 events of 1 user and 1 item: 3 instances, 1 to train on; needed: .* 2 items"
    ):
        dataset.build()


def test_only_users_with_one_event(load):
    dataset = load([("a", "x", 1), ("b", "y", 2)])
    with pytest.raises(DataError, match="2 events of 2 users and 2 items: 0 instances, 0 to train on"):
        dataset.build()


def test_a_user_with_one_event_is_counted(load, caplog):
    dataset = load(ROWS)
    with caplog.at_level(logging.INFO):
        dataset.build()
    assert "3 users (1 with one event, so without an instance)" in caplog.text
    with caplog.at_level(logging.INFO):
        load([row for row in ROWS if row[0] != "c"]).build()
    assert "2 users, " in caplog.text


@pytest.mark.parametrize("time", ["9223372036854775808", "1e19", "", "-1"])
def test_impossible_times(load, time):
    with pytest.raises(
        DataError,
        match=r"\.inter, line 10: 1 rows have a 'timestamp' that is not a number from 0 to 2\^63; the first: user a, item q",
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


def test_exactly_the_lines_without_user_or_item_are_removed(load, caplog):
    rows = [("a", "x", 1), ("", "y", 2), ("a", "y", 3), ("b", "", 4), ("b", "x", 5), ("a", "z", 6), ("", "w", 7)]
    dataset = load(rows)
    dataset.build()
    names = dataset.field2id_token
    events = zip(names["user_id"][dataset.user], names["item_id"][dataset.item], dataset.time.tolist(), strict=True)
    assert list(events) == [("a", "x", 1), ("a", "y", 3), ("a", "z", 6), ("b", "x", 5)]
    assert dataset.filter_report[0] == {"filter": "missing user or item", "rows": 3, "users": 0, "items": 1}
    assert "tiny.inter, line 3, 8: has no user_id; removed" in caplog.text
    assert "tiny.inter, line 5: has no item_id; removed" in caplog.text


def test_words_that_look_missing_are_ids(load):
    rows = [("NA", "null", 1), ("NA", "nan", 2), ("007", "null", 3), ("7", "None", 4), ("7", "nan", 5)]
    dataset = load(rows)
    dataset.build()
    assert dataset.field2id_token["user_id"].tolist() == ["[PAD]", "NA", "007", "7"]
    assert dataset.field2id_token["item_id"].tolist() == ["[PAD]", "null", "nan", "None"]
    assert len(dataset) == 5


def test_a_category_called_na_is_one(load):
    dataset = load(
        ROWS,
        item_file="item_id:token\tcat:token\nx\tNA\ny\tred\nz\tNA\nw\t\n",
        load_col={"inter": ["user_id", "item_id", "timestamp"], "item": ["item_id", "cat"]},
        CATEGORY_FIELD="cat",
    )
    dataset.build()
    assert dataset.field2id_token["cat"][dataset.item_category.numpy()].tolist() == [
        "[PAD]",
        "NA",
        "red",
        "NA",
        "[PAD]",
    ]


@pytest.mark.parametrize(
    ("factor", "told"),
    [(1000, "Set timestamp_unit: ms"), (10**6, "Set timestamp_unit: us"), (1 / 86400, "they may be days, years")],
)
def test_another_unit_of_time_is_noticed(tmp_path, load, factor, told):
    rows = [(u, i, int((1_580_000_000 + t) * factor)) for u, i, t in ROWS]
    load([(u, i, 1_580_000_000 + t) for u, i, t in ROWS])  # writes the folder; seconds are fine
    lines = ["user_id:token\titem_id:token\ttimestamp:float", *("\t".join(map(str, row)) for row in rows)]
    (tmp_path / "tiny" / "tiny.inter").write_text("\n".join(lines) + "\n")
    with pytest.raises(DataError, match=f"8 of 8 times are no dates from 1990 to 2100 in timestamp_unit: s.*{told}"):
        SessionDataset(Config("GRU4Rec", "tiny", config_dict={"data_path": str(tmp_path)}))


def test_a_stated_unit_is_contradicted_only_where_another_explains_the_times(load, caplog):
    load(ROWS)  # small times, stated as seconds: they may count from another day
    assert "8 of 8 times are no dates" in caplog.text
    with pytest.raises(DataError, match=r"timestamp_unit: s\. Read as .*Set timestamp_unit: ms"):
        load([(u, i, (1_580_000_000 + t) * 1000) for u, i, t in ROWS])


@pytest.mark.parametrize(("unit", "ticks"), [("us", 10**6), ("ns", 10**9)])
def test_finer_units_give_the_same_log(load, unit, ticks):
    rows = [(u, i, 1_580_000_000 + t) for u, i, t in ROWS]
    seconds, finer = load(rows, name="seconds"), load([(u, i, t * ticks) for u, i, t in rows], timestamp_unit=unit)
    for dataset in (seconds, finer):
        dataset.build()
    assert finer.fingerprint() == seconds.fingerprint()
    assert finer.features_fingerprint() == seconds.features_fingerprint()


def test_a_filter_that_removes_nothing_says_so(load, caplog):
    with caplog.at_level(logging.INFO):
        load(ROWS, user_inter_num_interval="[1,inf)")
    assert "k-core (user_inter_num_interval=[1,inf), item_inter_num_interval=[0,inf)): removes nothing" in caplog.text


@pytest.mark.parametrize(
    ("interval", "message"),
    [
        ({"price": "[0,1]"}, "val_interval: found 'price', which is not loaded"),
        ({"timestamp:float": "[0,1]"}, r"val_interval: found 'timestamp:float', .* Did you mean 'timestamp'\?"),
        (
            {"user_id": "[0,1]"},
            r"val_interval: 'user_id' is a column of type 'token', found '\[0,1\]'; accepted: a list",
        ),
        (
            {"timestamp": ["1"]},
            "val_interval: 'timestamp' is a column of type 'float', found .*; accepted: an interval",
        ),
    ],
)
def test_ranges_that_do_not_fit_their_column(load, interval, message):
    with pytest.raises(DataError, match=message):
        load(ROWS, val_interval=interval)


def test_tokens_that_no_line_has_are_said(load, caplog):
    load(ROWS, val_interval={"user_id": ["a", "b", "ghost"]})
    assert "val_interval user_id: no line of tiny has 'ghost'." in caplog.text


def test_ranges_of_a_column_of_lists_are_refused(load):
    items = "item_id:token\ttags:token_seq\nx\tred blue\n"
    columns = {"inter": ["user_id", "item_id", "timestamp"], "item": ["item_id", "tags"]}
    with pytest.raises(DataError, match=r"'tags' .* accepted: columns of type float or token only\.$"):
        load([("a", "x", 1)], item_file=items, load_col=columns, val_interval={"tags": ["red"]})


def test_lines_of_the_item_file_without_id_or_there_twice_are_counted(load, caplog):
    dataset = load(
        ROWS,
        item_file="item_id:token\tcat:token\nx\tred\n\tblue\nx\tgreen\ny\tred\n",
        load_col={"inter": ["user_id", "item_id", "timestamp"], "item": ["item_id", "cat"]},
        CATEGORY_FIELD="cat",
    )
    assert "tiny.item, line 3: has no item_id; removed" in caplog.text
    assert "tiny.item, line 4: repeats an id; removed" in caplog.text
    dataset.build()
    assert dataset.field2id_token["cat"][dataset.item_category.numpy()].tolist()[:3] == ["[PAD]", "red", "red"]


def test_an_item_file_loaded_without_its_items(load):
    with pytest.raises(DataError, match=r"load_col: item has \['cat'\] without 'item_id'"):
        load(
            ROWS,
            item_file="item_id:token\tcat:token\nx\tred\n",
            load_col={"inter": ["user_id", "item_id", "timestamp"], "item": ["cat"]},
        )


def test_a_token_with_the_name_of_the_padding_is_refused(load):
    with pytest.raises(
        DataError, match=r"tiny\.inter, line 3: column 'item_id' holds '\[PAD\]', the name of the padding"
    ):
        load([("a", "x", 1), ("a", "[PAD]", 2), ("b", "x", 3)])


def test_ids_that_only_spaces_tell_apart_are_counted_and_stay(load, caplog):
    with caplog.at_level(logging.WARNING):
        log = load([("a", "x", 1), ("a", "x ", 2), ("b", "x", 3), ("b", " y", 4)])
    assert log.field2id_token["item_id"].tolist() == ["[PAD]", "x", "x ", " y"]
    assert [record.getMessage().partition(";")[0] for record in caplog.records if "spaces" in record.getMessage()] == [
        "tiny.inter, column 'item_id': names that only spaces or characters that cannot be seen tell from another, "
        "or from none: 1, such as 'x ', in 1 of 4 lines"
    ]


def test_categories_sessions_and_events_named_as_if_there_were_none_are_counted_and_stay(load, caplog):
    rows = [
        ("a", "x", 1, "null", "view", "s1"),
        ("a", "y", 2, "toys", "N/A", "s1"),
        ("b", "x", 3, "null", "view", "None"),
        ("b", "z", 4, "", "-", "None"),
    ]
    header = "user_id:token\titem_id:token\ttimestamp:float\tcat:token\tevent_type:token\tsession_id:token"
    columns = ["user_id", "item_id", "timestamp", "cat", "event_type", "session_id"]
    with caplog.at_level(logging.WARNING):
        log = load(rows, header=header, load_col={"inter": columns}, CATEGORY_FIELD="cat")
    assert log.field2id_token["cat"].tolist() == ["[PAD]", "null", "toys"]
    said = [record.getMessage() for record in caplog.records if "is a name like any other" in record.getMessage()]
    assert [line.partition(", which")[0] for line in said] == [
        "tiny.inter, column 'cat': 2 of 4 lines hold 'null'",
        "tiny.inter, column 'session_id': 2 of 4 lines hold 'None'",
        "tiny.inter, column 'event_type': 2 of 4 lines hold 'N/A', '-'",
    ]


def test_the_first_of_several_categories_counts_as_the_name(load, caplog):
    items = "item_id:token\tcat:token_seq\nx\tNA toys\ny\ttoys NA\nz\t\n"
    with caplog.at_level(logging.WARNING):
        load(ROWS, item_file=items, load_col=None, CATEGORY_FIELD="cat")
    assert "tiny.item, column 'cat': 1 of 3 lines hold 'NA', which is a name like any other" in caplog.text


def test_sessions_named_as_if_there_were_none_are_counted(load, caplog):
    header = "user_id:token\titem_id:token\ttimestamp:float\tsession_id:token"
    with caplog.at_level(logging.WARNING):
        load([("a", "x", 1, "null"), ("a", "y", 2, "s"), ("b", "x", 3, "null")], header=header)
    assert "tiny.inter, column 'session_id': 2 of 3 lines hold 'null', which is a name like any other" in caplog.text


@pytest.mark.parametrize("key", ["LABEL_FIELD", "ITEM_LIST_LENGTH_FIELD"])
@pytest.mark.parametrize("name", ["cat_list", "first_timestamp", "neg_item_id"])
def test_a_field_that_is_made_takes_the_place_of_no_field_of_batches(load, key, name):
    header = "user_id:token\titem_id:token\ttimestamp:float\tcat:token"
    columns = {"inter": ["user_id", "item_id", "timestamp", "cat"]}
    with pytest.raises(ConfigError, match=f"^{key}: found '{name}', the name of another field of batches"):
        load([("a", "x", 1, "c"), ("a", "y", 2, "c")], header=header, load_col=columns, **{key: name})
