"""Columns that not every file has, and lines of names where none are expected."""

import json

import pyarrow as pa
import pytest

from recbole_lsrec.errors import DataError
from tests.prepare.samples import parquet

FIRST = {"user": "a", "item": "x", "time": 1577836800}


def table(form, row):
    return {
        "csv": ",".join(row) + "\n" + ",".join(map(str, row.values())) + "\n",
        "jsonl": json.dumps(row) + "\n",
        "parquet": parquet(**{name: [value] for name, value in row.items()}),
    }[form]


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
@pytest.mark.parametrize(
    ("column", "role"), [("category_id", "category"), ("session_id", "session"), ("event_type", "event-type")]
)
def test_a_role_that_only_a_later_file_has_is_refused(prepared, form, column, role):
    files = {f"a.{form}": table(form, FIRST), f"b.{form}": table(form, {**FIRST, "item": "y", column: "red"})}
    said = rf"b\.{form}: found the column '{column}', .* leave it out with --{role} none\.$"
    with pytest.raises(DataError, match=said):
        prepared("csv", files)
    left_out = {role.replace("-", "_"): "none"}
    assert prepared("csv", files, columns=left_out)[:2] == (["a|x|1577836800", "a|y|1577836800"], [])


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_other_columns_of_later_files_are_not_used_and_told(prepared, form):
    files = {f"{name}.{form}": table(form, {**FIRST, "item": name, **more})
             for name, more in (("a", {"price": 1}), ("b", {"brand": "z", "price": 2}), ("c", {"brand": "z"}))}  # fmt: skip
    meta = prepared("csv", files)[2]
    assert f"not used: price, brand (first in b.{form})" in meta["source"]["chosen"]


@pytest.mark.parametrize("more", [{"time": "order"}, {"time": "3"}])
def test_a_line_of_names_is_no_event_of_numbered_columns(prepared, more):
    text = "user_id,Item ID,at\na,x,1577836800\n"
    said = r"log\.csv, line 1: found user_id, Item ID.* Name the columns: --user user_id --item 'Item ID'"
    with pytest.raises(DataError, match=said):
        prepared("csv", {"log.csv": text}, columns={"user": "1", "item": "2", **more}, max_refused=0.5)


def test_an_empty_file_has_no_columns_to_number(prepared):
    with pytest.raises(DataError, match=r"log\.csv, line 1: is empty; expected an event"):
        prepared("csv", {"log.csv": ""}, columns={"user": "1", "item": "2", "time": "order"})


def test_a_line_of_names_in_a_later_file_is_no_event_either(prepared):
    files = {"a.csv": "a,x\n", "b.csv": "user,item\nb,y\n"}
    with pytest.raises(DataError, match=r"b\.csv, line 1: found user, item, which looks like names"):
        prepared("csv", files, columns={"user": "1", "item": "2", "time": "order"})


def test_one_word_alone_may_be_an_id(prepared):
    events = prepared("csv", {"a.csv": "customer,x\n"}, columns={"user": "1", "item": "2", "time": "order"})[0]
    assert events == ["customer|x|1"]


@pytest.mark.parametrize("column", ["user", "item", "time", "category"])
def test_infinite_numbers_are_no_ids_and_no_times(prepared, column):
    values = {"user": [1.0, 2.0], "item": [1.0, 2.0], "time": [1577836800.0, 1577836801.0], "category": [1.0, 2.0]}
    values[column][1] = float("-inf")
    with pytest.raises(DataError, match=rf"log\.parquet: column '{column}' holds inf \(1 rows\); accepted: finite"):
        prepared("csv", {"log.parquet": parquet(**values)}, max_refused=0.5)


@pytest.mark.parametrize("form", ["jsonl", "parquet"])
def test_a_category_that_is_a_list_is_called_one_and_the_advice_works(prepared, form):
    files = {f"log.{form}": table(form, {**FIRST, "category": ["red", "blue"]})}
    said = "category is a list; name a column with one value, or leave it out (--category none), or take it with "
    with pytest.raises(DataError) as refused:
        prepared("csv", files)
    assert f"{said}--item-features category:token_seq: 1" in str(refused.value)
    assert prepared("csv", files, item_features=("category:token_seq",))[1] == ["x|red blue"]
    assert prepared("csv", files, name="without", columns={"category": "none"})[1] == []


def test_an_item_that_is_a_list_is_called_one(prepared):
    lists = pa.array([["x", "y"], ["z"]])
    raw = parquet(user=["a", "a"], item=lists, time=[1577836800, 1577836801])
    events, _, meta = prepared("csv", {"log.parquet": raw}, max_refused=0.5)
    assert events == ["a|z|1577836801"]
    assert meta["account"]["refused"][0]["reason"] == "item is a list; name a column with one value"


def test_the_line_that_is_for_excel_alone_is_named(prepared):
    with pytest.raises(DataError, match=r"Line 1 \(`sep=`\) is for Excel alone: take it out of the file\."):
        prepared("csv", {"log.csv": "sep=;\nuser_id;item_id;timestamp\nu;x;1577836800\n"})
