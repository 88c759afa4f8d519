from recbole_lsrec.leaderboard.page.table_text import table_text
from recbole_lsrec.leaderboard.page.write import HEAD


def test_the_main_column_of_each_table(tmp_path):
    lines = [
        ["shop", "pop9", "A", "done", "ndcg@10", "0.5", "0.01", "3", "best", ""],
        ["shop", "pop9", "A", "done", "auc", "0.9", "0.01", "3", "best", ""],
        ["shop", "pop9", "B", "error", "", "", "", "0", "", "it broke"],
        ["shop", "full", "A", "done", "ndcg@10", "0.25", "", "1", "", ""],
        ["other", "pop9", "A", "pending", "", "", "", "0", "", ""],
    ]
    (tmp_path / "leaderboard.csv").write_text("\n".join(",".join(line) for line in [HEAD, *lines]))
    assert [line.split() for line in table_text(tmp_path).splitlines()] == [
        ["shop:", "ndcg@10", "pop9", "full"],
        ["---------------", "---------------", "------"],
        ["A", "0.5000", "±", "0.0100", "0.2500"],
        ["B", "error"],
        [],
        ["other", "pop9"],
        ["-------", "-------"],
        ["A", "pending"],
    ]
