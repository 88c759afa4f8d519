"""Files of lists."""

import pandas as pd
import pytest

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
