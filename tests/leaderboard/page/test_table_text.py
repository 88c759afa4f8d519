import json

from recbole_lsrec.leaderboard.page.table_text import table_text


def row(system, status="done", rising=False, **values):
    plain = {key: {"mean": mean, "sd": sd} for key, (mean, sd) in values.items()}
    return {"system": system, "status": status, "rising": rising, "values": plain}


def test_the_main_column_of_each_table(tmp_path):
    shop = [
        {
            "protocol": "pop9",
            "main": "ndcg",
            "rows": [row("+ A", ndcg=(0.5, 0.01), auc=(0.9, 0.01)), row("B", "error")],
        },
        {
            "protocol": "full",
            "main": "ndcg",
            "rows": [row("+ A", ndcg=(0.25, None), rising=True), row("B", auc=(0.5, None))],
        },
    ]
    other = [{"protocol": "pop9", "main": "auc", "rows": [row("A", auc=(0.5, None))]},
             {"protocol": "full", "main": "mrr", "rows": [row("A", "pending")]}]  # fmt: skip
    sections = [
        {"dataset": "shop", "tables": shop},
        {"dataset": "none", "tables": []},
        {"dataset": "other", "tables": other},
    ]
    (tmp_path / "report.json").write_text(json.dumps({"datasets": sections}))
    assert [line.split() for line in table_text(tmp_path).splitlines()] == [
        ["shop:", "ndcg", "pop9", "full"],
        ["------------", "---------------", "--------"],
        ["+", "A", "0.5000", "±", "0.0100", "0.2500", "↗"],
        ["B", "error", "-"],
        [],
        ["other", "pop9,", "auc", "full,", "mrr"],
        ["-------", "-----------", "-----------"],
        ["A", "0.5000", "pending"],
    ]
