"""Further columns of users and items: any name, and only values that an atomic file can hold."""

import json

import pyarrow as pa
import pytest
import yaml

from recbole_lsrec.config.values import YamlLoader
from recbole_lsrec.errors import DataError
from tests.prepare.samples import parquet

HEAD = "u,i,t"
ROLES = {"user": "u", "item": "i", "time": "t", "category": "none"}


def rows(*values):
    """Events of one user and as many items, with further values."""
    return "".join(f"a,{place},{1577836800 + place},{value}\n" for place, value in enumerate(values))


@pytest.mark.parametrize(
    "name",
    ["#row", "user", "item", "time", "category", "row", "ns", "zone", "body", "fraction", "found", "reason", "shown"],
)
def test_a_feature_may_have_any_name_that_the_database_uses_itself(prepared, tmp_path, name):
    text = f"{HEAD},{name}\n" + rows("x", "y")
    assert prepared("csv", {"log.csv": text}, columns=ROLES, item_features=(name,))[1] == ["0|x", "1|y"]
    prepared("csv", {"log.csv": text}, columns=ROLES, user_features=(name,), name="users")
    assert (tmp_path / "data/users/users.user").read_text() == f"user_id:token\t{name}:token\na\ty\n"


def test_features_that_only_case_tells_apart(prepared):
    text = f"{HEAD},color,Color\n" + rows("red,RED", "blue,BLUE")
    assert prepared("csv", {"log.csv": text}, columns=ROLES, item_features=("color", "Color"))[1] == [
        "0|red|RED",
        "1|blue|BLUE",
    ]


@pytest.mark.parametrize(("features", "match"), [
    (("color:foo",), r"--item-features: found 'color:foo'; accepted: name or name:type, with a type of token, token_seq, float"),
    (("color", "color:float"), r"--item-features: found 'color', which --item-features names already"),
    (("category_id",), r"--item-features: found 'category_id', a name that prepare gives itself .*; rename the column"),
    (("colour",), r"--item-features: found 'colour', which is no column\. Did you mean 'color'\? Columns: u, i, t, color"),
])  # fmt: skip
def test_features_that_no_data_set_has(prepared, features, match):
    text = f"{HEAD},color,category_id\n" + rows("red,x")
    with pytest.raises(DataError, match=match):
        prepared("csv", {"log.csv": text}, columns=ROLES, item_features=features)


def test_a_feature_of_users_is_none_of_items(prepared):
    with pytest.raises(DataError, match="--item-features: found 'color', which --user-features names already"):
        prepared(
            "csv", {"log.csv": f"{HEAD},color\n"}, columns=ROLES, user_features=("color",), item_features=("color",)
        )


@pytest.mark.parametrize("name", ["no", "null", "1", "1e3", "a, b", "#x", "it's"])
def test_the_yaml_names_features_as_they_are(prepared, tmp_path, name):
    text = f'{HEAD},"{name}"\n' + rows("x")
    prepared("csv", {"log.csv": text}, columns=ROLES, item_features=(name,))
    settings = yaml.load((tmp_path / "data/log/log.yaml").read_text(), YamlLoader)
    assert settings["load_col"]["item"] == ["item_id", name]


def test_tabs_and_line_breaks_in_features_become_spaces_and_are_counted(prepared, tmp_path):
    text = f"{HEAD},title\n" + rows('"a\tb"', "plain", '"c\nd"', '"e\rf"')
    _, items, meta = prepared("csv", {"log.csv": text}, columns=ROLES, item_features=("title",))
    assert items == ["0|a b", "1|plain", "2|c d", "3|e f"]
    (note,) = meta["account"]["notes"]
    assert note.startswith(
        "title: 3 values held tabs, line breaks, other control characters or lists, each written as a space"
    )
    assert note.endswith("log.csv, row 2: 'a\\tb'")


def test_the_name_of_the_padding_is_no_value(prepared):
    text = f"{HEAD},brand\n" + rows("[PAD]", "x")
    _, items, meta = prepared("csv", {"log.csv": text}, columns=ROLES, item_features=("brand",))
    assert items == ["0|", "1|x"]
    assert "brand: 1 values were [PAD], the name of the padding, and are left empty" in meta["account"]["notes"][0]


TAGS = [["a b", "c"], ["one two"], [], ["x"], "p q"]


@pytest.mark.parametrize("form", ["jsonl", "parquet"])
def test_elements_of_lists_stay_apart(prepared, form):
    tags = TAGS if form == "jsonl" else TAGS[:4]
    events = [{"u": "a", "i": str(n), "t": 1577836800 + n, "tags": value} for n, value in enumerate(tags)]
    if form == "jsonl":
        content = "\n".join(map(json.dumps, events)).encode()
    else:
        content = parquet(**{key: pa.array([event[key] for event in events]) for key in events[0]})
    _, items, meta = prepared("csv", {f"log.{form}": content}, columns=ROLES, item_features=("tags:token_seq",))
    assert items == ["0|a_b c", "1|one_two", "2|", "3|x", "4|p q"][: len(tags)]
    assert "tags: 2 values held elements with spaces" in meta["account"]["notes"][0]
    assert meta["account"]["notes"][0].endswith(f"row {1 + (form == 'csv')}: ['a b', 'c']")


def test_a_list_is_no_category_and_sequence_at_once(prepared):
    line = '{"u": "a", "i": "x", "t": 1577836800, "genre": ["a", "b"]}'
    columns = {role: column for role, column in ROLES.items() if role != "category"}
    assert prepared("csv", {"log.jsonl": line}, columns=columns, item_features=("genre:token_seq",))[1] == ["x|a b"]
    with pytest.raises(DataError, match="--category: found 'genre', whose lists a feature takes as sequences"):
        prepared(
            "csv",
            {"log.jsonl": line},
            columns={**ROLES, "category": "genre"},
            item_features=("genre:token_seq",),
            name="b",
        )


@pytest.mark.parametrize(
    ("kind", "good", "bad"), [("float", ["1.5", "-2e3", "", " 7"], "cheap"), ("float_seq", ["1 2.5", ""], "1 x")]
)
def test_numbers_are_numbers(prepared, kind, good, bad):
    text = f"{HEAD},price\n" + rows(*good)
    assert prepared("csv", {"log.csv": text}, columns=ROLES, item_features=(f"price:{kind}",))[1] == [
        f"{place}|{value}" for place, value in enumerate(good)
    ]
    found = (
        rf"log\.csv, row {len(good) + 2}: column 'price' holds '{bad}', which is no number \(1 such rows\); "
        f"accepted for price:{kind}"
    )
    with pytest.raises(DataError, match=found):
        prepared("csv", {"log.csv": text + rows(bad)}, columns=ROLES, item_features=(f"price:{kind}",), name="bad")


def test_decimal_commas(prepared):
    text = f"{HEAD},price\n" + rows('"99,24"', '"1,5e1"', "7")
    given = {"columns": ROLES, "item_features": ("price:float",)}
    assert prepared("csv", {"log.csv": text}, decimal=",", **given)[1] == ["0|99.24", "1|1.5e1", "2|7"]
    with pytest.raises(DataError, match=r"'99,24', which is no number .* give --decimal"):
        prepared("csv", {"log.csv": text}, name="other", **given)
    with pytest.raises(DataError, match=r"'1\.5', which is no number"):
        prepared("csv", {"log.csv": f"{HEAD},price\n" + rows("1.5")}, name="third", decimal=",", **given)


@pytest.mark.parametrize(
    "name",
    [
        "label",
        "item_id_list",
        "session_id_list",
        "item_length",
        "first_timestamp",
        "log_chance",
        "neg_item_id",
        "neg_price",
    ],
)
def test_names_that_batches_use_are_refused(prepared, name):
    with pytest.raises(
        DataError, match=rf"--item-features: found '{name}', a name that batches of training use themselves"
    ):
        prepared(
            "csv",
            {"log.csv": f"user,item,time,price,{name}\na,x,1577836800,1,2\n"},
            item_features=("price", f"{name}:float"),
        )


def test_names_that_only_resemble_those_of_batches_are_free(prepared):
    columns = ("price_list", "neg_reviews")
    text = f"user,item,time,{','.join(columns)}\na,x,1577836800,1,2\n"
    assert prepared("csv", {"log.csv": text}, item_features=columns)[1] == ["x|1|2"]


@pytest.mark.parametrize(
    ("kind", "value"), [("float", "1e400"), ("float", "9" * 310), ("float", "-1E0309"), ("float_seq", "1 1e309")]
)
def test_numbers_beyond_those_of_64_bits_are_refused(prepared, kind, value):
    text = f"user,item,time,p\na,x,1577836800,1e308\nb,x,1577836801,{value}\n"
    with pytest.raises(DataError, match=r"log\.csv, row 3: column 'p' holds .* accepted for p:float.*: finite numbers"):
        prepared("csv", {"log.csv": text}, item_features=(f"p:{kind}",))


def test_the_largest_numbers_of_64_bits_are_kept(prepared):
    text = "user,item,time,p\na,x,1577836800,1e308\na,y,1577836800,1e-400\n"
    assert prepared("csv", {"log.csv": text}, item_features=("p:float",))[1] == ["x|1e308", "y|1e-400"]
