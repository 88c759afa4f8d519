"""Features that RecBole's models could not use, refused before anything is drawn or trained."""

import pytest

from recbole_lsrec.data.features import check_features
from recbole_lsrec.errors import ConfigError, DataError

ROWS = [("a", "x", 1), ("a", "y", 2), ("a", "z", 3)]
ITEMS = "item_id:token\tprice:float\tdays:float\tcat:token\nx\t1.5\t3\tred\ny\t2\t4\tblue\nz\t3\t5\tred\n"


def check(load, model, **settings):
    columns = {"inter": ["user_id", "item_id", "timestamp"], "item": ["item_id", "price", "days", "cat"]}
    dataset = load(ROWS, item_file=ITEMS, model=model, **{"load_col": columns, **settings})
    check_features(dataset.config, dataset)


VECTORS = "item_id:token\tvector:float_seq\tcat:token\nx\t1.5 2\tred\ny\t2 0\tblue\nz\t3 1\tred\n"


def check_vectors(load, model):
    columns = {"inter": ["user_id", "item_id", "timestamp"], "item": ["item_id", "vector", "cat"]}
    selected = {} if model == "DIN" else {"selected_features": ["vector", "cat"]}
    dataset = load(ROWS, item_file=VECTORS, model=model, load_col=columns, numerical_features=["vector"], **selected)
    check_features(dataset.config, dataset)


def test_lists_of_numbers_are_for_those_that_can_read_them(load):
    for model in ("GRU4RecF", "FDSA", "DIN"):
        check_vectors(load, model)
    with pytest.raises(
        ConfigError,
        match=r"selected_features: found \['vector'\], of type 'float_seq', which SASRecF .*; accepted: .*FDSA",
    ):
        check_vectors(load, "SASRecF")


def test_features_that_fit(load):
    check(load, "DIN", numerical_features=["price"])
    check(load, "SASRecF", selected_features=["cat", "price"], numerical_features=["price"])
    check(load, "GRU4Rec", numerical_features=["price", "days"])  # reads none


@pytest.mark.parametrize(
    ("model", "settings", "message"),
    [
        (
            "DIN",
            {"numerical_features": ["price", "days"]},
            r"numerical_features: DIN would read \['price', 'days'\] of the item",
        ),
        (
            "SASRecF",
            {"numerical_features": ["price", "days"], "selected_features": ["price", "days"]},
            r"numerical_features: SASRecF would read \['price', 'days'\]",
        ),
        (
            "GRU4RecF",
            {},
            r"selected_features: found \['class'\], which GRU4RecF reads; accepted: .* \(loaded: \['price', 'days'",
        ),
        ("GRU4RecF", {"load_col": {"inter": ["user_id", "item_id", "timestamp"]}}, r"\(loaded: none\)"),
        ("FDSA", {"selected_features": ["price"]}, r"selected_features: \['price'\] are numbers"),
    ],
)
def test_features_that_do_not(load, model, settings, message):
    with pytest.raises(ConfigError, match=message):
        check(load, model, **settings)


@pytest.mark.parametrize("key", ["numerical_features", "normalize_field"])
def test_numbers_that_are_none(load, key):
    with pytest.raises(
        DataError, match=f"{key}: found 'cat', of type 'token'; accepted: loaded columns of type 'float'"
    ):
        check(load, "DIN", **{key: ["cat"]})
    with pytest.raises(DataError, match=f"{key}: found 'weight', which is not loaded"):
        check(load, "DIN", **{key: ["weight"]})


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"alias_of_user_id": ["friend"]},
            "alias_of_user_id: found 'friend', which is not loaded; accepted: .*'token'",
        ),
        ({"alias_of_item_id": ["price"]}, "alias_of_item_id: found 'price', of type 'float'; accepted: .* 'token_seq'"),
        ({"alias_of_item_id": [3]}, "alias_of_item_id: found 3, which is not loaded"),
        (
            {"alias_of_user_id": ["cat"], "alias_of_item_id": ["cat"]},
            "alias_of_user_id: found 'cat', which alias_of_item_id has too",
        ),
        (
            {"alias_of_user_id": ["item_id"]},
            "alias_of_user_id: found 'item_id', which is the ITEM_ID_FIELD; a column holds ids of users or of items",
        ),
        ({"alias_of_item_id": ["user_id"]}, "found 'user_id', which alias_of_item_id has too"),
        (
            {"preload_weight": {"cat": "price"}},
            "preload_weight: found 'cat', of the item file, .*; accepted: ids of a further file",
        ),
        ({"load_col": None, "unload_col": {"item": ["Price"]}}, r"line 1: unload_col names \['Price'\], the file has"),
        ({"discretization": {"weight": {"method": "LD"}}}, "discretization: found 'weight', which is not loaded"),
        (
            {"discretization": {"price": {"method": "LD"}}},
            "discretization: found 'price', which numerical_features lacks",
        ),
        (
            {"numerical_features": ["price"], "discretization": {"price": {"method": "ED"}}},
            r"discretization: price: found {'method': 'ED'}; accepted: {method: ED, bucket: N} with N > 0",
        ),
        ({"numerical_features": ["price"], "discretization": {"price": "LD"}}, "discretization: price: found 'LD'"),
        (
            {"numerical_features": ["price"], "discretization": {"price": {"method": "ED", "bucket": 0}}},
            "'bucket': 0}; accepted",
        ),
        ({"seq_len": {"cat": 3}}, "seq_len: found 'cat', of type 'token'; accepted: .* 'token_seq' or 'float_seq'"),
        (
            {"preload_weight": {"item_id": "nope"}},
            "preload_weight: item_id: found 'nope'; accepted: a column of type 'float'",
        ),
        ({"preload_weight": {"user_id": "price"}}, "preload_weight: user_id: found 'price'; .* from the same file"),
        ({"unload_col": {"item": ["price"]}}, "unload_col: found 'item', which load_col names too"),
    ],
)
def test_columns_that_settings_name_one_by_one(load, settings, message):
    with pytest.raises(DataError, match=message):
        check(load, "DIN", **settings)


def test_numbers_that_are_missing_are_told_and_become_the_mean(load, caplog):
    items = "item_id:token\tprice:float\tdays:float\tcat:token\nx\t1.5\t\tred\ny\t\t\tblue\nz\t3\t\tred\n"
    log = load(ROWS, item_file=items, load_col=None, numerical_features=["price"])
    assert [number for number, _ in log.item_feat["price"][1:]] == [1.5, 2.25, 3.0]
    assert (
        "tiny.item, column 'price': 1 of 3 lines have no number; models that read it get the column's mean"
        in caplog.text
    )
    with pytest.raises(
        DataError, match=r"tiny\.item, column 'days': all 3 lines lack the number that numerical_features would"
    ):
        load(ROWS, item_file=items, load_col=None, numerical_features=["days"])


def test_a_column_is_named_once(load):
    with pytest.raises(DataError, match="numerical_features: found 'price' more than once; accepted: a column once"):
        check(load, "DIN", numerical_features=["price", "price"])
    with pytest.raises(
        ConfigError, match=r"selected_features: found \['cat', 'cat'\].*accepted: at least one, each once"
    ):
        check(load, "SASRecF", selected_features=["cat", "cat"])
