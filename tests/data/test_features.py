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
