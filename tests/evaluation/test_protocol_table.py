from recbole_lsrec.evaluation.protocol_table import by_protocol


def test_a_test_result_by_protocol() -> None:
    table, note = by_protocol({"hit@2": 0.5, "auc": 0.75, "full/hit@2": 0.25}, "pop99")
    assert table == [["metric", "pop99", "full"], ["hit@2", "0.5000", "0.2500"], ["auc", "0.7500", ""]]
    assert note == ""


def test_what_repeats_hit_is_left_out_with_a_line_that_says_so() -> None:
    found = {"hit@2": 0.5, "precision@2": 0.25, "recall@2": 0.5, "full/hit@2": 0.25, "full/recall@2": 0.25}
    table, note = by_protocol(found, "pop99")
    assert table == [["metric", "pop99", "full"], ["hit@2", "0.5000", "0.2500"]]
    assert note == "Not shown, as an instance has one target: recall@k is hit@k, precision@k is hit@k / k."
    _, note = by_protocol({"hit@2": 0.5, "recall@2": 0.5}, "pop99")
    assert note == "Not shown, as an instance has one target: recall@k is hit@k."


def test_recall_alone_is_shown() -> None:
    table, note = by_protocol({"recall@2": 0.5, "recall@5": 0.75, "hit@10": 0.8}, "full")
    assert table == [["metric", "full"], ["recall@2", "0.5000"], ["recall@5", "0.7500"], ["hit@10", "0.8000"]]
    assert note == ""
