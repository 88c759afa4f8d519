from recbole_lsrec.leaderboard.page.columns import columns

RESULT = {"hit@2": 0.1, "recall@2": 0.1, "precision@2": 0.05, "precision@5": 0.1, "gauc": 0.6, "itemcoverage@2": 0.3,
          "full/hit@2": 0.0, "full/meanrank": 9.0}  # fmt: skip


def test_columns_that_repeat_hit_are_left_out():
    assert [column.key for column in columns(RESULT, "", {})] == ["hit@2", "precision@5", "gauc", "itemcoverage@2"]
    assert [column.key for column in columns(RESULT, "full/", {})] == ["hit@2", "meanrank"]


def test_gauc_is_tested_as_it_was_computed():
    by = {way: columns(RESULT, "", {"gauc_by": way})[2] for way in ("instance", "user", "rows")}
    assert {way: column.metric.name for way, column in by.items()} == {
        "instance": "gauc", "user": "gauc_user", "rows": "gauc_rows",
    }  # fmt: skip
    assert by["rows"].title == "gauc_rows"


def test_direction():
    assert [column.higher_is_better for column in columns(RESULT, "full/", {})] == [True, False]
    assert columns(RESULT, "", {})[3].higher_is_better is None  # a metric of lists has no better side and no test
