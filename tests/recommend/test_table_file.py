"""Files of lists."""

import csv
import json

import pandas as pd
import pytest

from recbole_lsrec.recommend.explain import COLUMNS
from recbole_lsrec.recommend.table_file import table_file


@pytest.mark.parametrize("ending", ["csv", "tsv"])
def test_one_header_where_the_first_tables_are_empty(ending, tmp_path):
    table = pd.DataFrame({"user": ["a"], "item": ["1"]})
    path = tmp_path / f"lists.{ending}"
    with table_file(path) as file:
        for one in (table.iloc[:0], table.iloc[:0], table, table):
            file.write(one)
    between = "," if ending == "csv" else "\t"
    assert path.read_text().splitlines() == [between.join(line) for line in (["user", "item"], "a1", "a1")]


@pytest.mark.parametrize(("ending", "between"), [("csv", ","), ("tsv", "\t")])
def test_ids_with_spaces_and_quotes_in_one_cell_are_told_apart(ending, between, tmp_path):
    sessions = [["red shoe", "hat"], ["red", "shoe hat"], ['5" nail', "a,b\tc"], [""], ["7", "8"], []]
    path = tmp_path / f"lists.{ending}"
    with table_file(path) as file:
        file.write(pd.DataFrame({"current_session": sessions}))
    cells = pd.read_csv(path, sep=between, keep_default_na=False)["current_session"].tolist()
    assert [next(csv.reader([cell], delimiter=" "), []) for cell in cells] == sessions
    assert cells[4:] == ["7 8", ""]


def test_json_lines_have_no_blank_line_where_tables_are_empty(tmp_path):
    table = pd.DataFrame({"user": ["a"], "item": ["1"]})
    path = tmp_path / "lists.jsonl"
    with table_file(path) as file:
        file.write(table.iloc[:0])
    assert path.read_text() == ""
    with table_file(path) as file:
        for one in (table.iloc[:0], table, table.iloc[:0], table):
            file.write(one)
    assert [json.loads(line) for line in path.read_text().splitlines()] == [{"user": "a", "item": "1"}] * 2


def test_a_table_of_popularity_alone_goes_into_parquet(tmp_path):
    """What only a model's lists have is NaN in it."""
    table = pd.DataFrame({"user": ["a"], "item": ["1"]}).reindex(columns=["user", "item", *COLUMNS])
    told = table.assign(
        driven_by="short", alpha=0.5, alpha_of_list=0.5, current_session=[["1"]], current_categories=[[]]
    )
    path = tmp_path / "lists.parquet"
    with table_file(path) as file:
        for one in (table, told, table):
            file.write(one)
    written = pd.read_parquet(path)
    assert written["user"].tolist() == ["a"] * 3
    assert [session is not None for session in written["current_session"]] == [False, True, False]
    assert written[list(COLUMNS)].notna().all(axis=1).tolist() == [False, True, False]
