from recbole_lsrec.evaluation.protocol_table import by_protocol


def test_a_test_result_by_protocol() -> None:
    assert by_protocol({"hit@2": 0.5, "auc": 0.75, "full/hit@2": 0.25}, "pop99") == [
        ["metric", "pop99", "full"],
        ["hit@2", "0.5000", "0.2500"],
        ["auc", "0.7500", ""],
    ]
