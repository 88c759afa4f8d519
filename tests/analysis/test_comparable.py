"""Which runs may be compared."""

import pytest

from recbole_lsrec.analysis.compare import compare
from recbole_lsrec.analysis.user_metrics import Metric
from recbole_lsrec.errors import ConfigError, DataError

MRR, AUC = Metric.parse("mrr"), Metric.parse("auc")


@pytest.mark.parametrize(
    ("fingerprints", "message"),
    [
        ({"data": "d2"}, r"data hash \(d1 and d2\)"),
        ({"split": "s2" * 20}, r"split hash \(s1 and s2s2s2s2s2s2\)"),
        ({"candidates": {"test/pop3": "c2"}}, r"candidates of test/pop3 \(c1 and c2\)"),
        ({"candidates": {}}, r"candidates of test/pop3 \(c1 and none\)"),
        ({"data": "d2", "split": "s2"}, r"data hash \(d1 and d2\), split hash \(s1 and s2\)"),
        ({"config": {"ties": "pessimistic"}}, r"tie rule \(ties\) \(average and pessimistic\)"),
    ],
)
def test_runs_that_were_not_put_to_the_same_test(folder, fingerprints, message):
    runs = [folder("one", [1, 2, 1, 4]), folder("two", [2, 2, 1, 2], model="SASRec", **fingerprints)]
    with pytest.raises(
        DataError, match=rf"one and .*two were not put to the same test; they differ in {message}\. Train"
    ):
        compare(runs, MRR)


def test_candidates_of_another_protocol_may_differ(folder):
    hashes = {"test/pop3": "c1", "test/uni9": "other", "valid/pop3": "other"}
    runs = [folder("one", [1, 2, 1, 4]), folder("two", [2, 2, 1, 2], model="SASRec", candidates=hashes)]
    assert compare(runs, MRR).fingerprints == {"data": "d1", "split": "s1", "candidates": "c1"}


def test_instances_or_competitors_that_differ_though_the_hashes_agree(folder):
    one = folder("one", [1, 2, 1, 4])
    fewer = folder("fewer", [1, 2, 1], ["a", "a", "b"], model="SASRec")
    with pytest.raises(DataError, match=r"other instances \(4 and 3\) though their hashes agree"):
        compare([one, fewer], MRR)
    later = folder("later", [1, 2, 1, 4], columns={"timestamp": [0, 100, 200, 301]}, model="SASRec")
    with pytest.raises(DataError, match=r"other instances \(4 and 4\)"):
        compare([one, later], MRR)
    filtered = folder("filtered", [1, 2, 1, 4], columns={"n_candidates": [4, 3, 4, 5]}, model="SASRec")
    with pytest.raises(DataError, match=r"2 of 4 targets were ranked among another number of items .* filter_seen"):
        compare([one, filtered], MRR)


def test_what_is_no_comparison(folder):
    one = folder("one", [1, 2, 1, 4])
    with pytest.raises(DataError, match="found 1 run folder; a comparison needs two or more"):
        compare([one], MRR)
    with pytest.raises(DataError, match="one: is given twice"):
        compare([one, one.parent / "." / "one"], MRR)
    repeat = folder("repeat", [1, 2, 1, 2], config={"state": "ERROR"})
    with pytest.raises(DataError, match=r"same model \(GRU4Rec\) with the same seed 1; a repeat is no new seed"):
        compare([one, repeat], MRR)
    with pytest.raises(
        ConfigError, match="auc needs the scores of a sampled protocol; the run folder holds ranks alone of test/pop3"
    ):
        compare([one, folder("two", [1, 2, 1, 2], model="SASRec")], AUC)
    lone = [folder(f"lone{n}", [1, n], ["a", "a"], model=f"M{n}") for n in (1, 2)]
    with pytest.raises(DataError, match="found 1 user; tests over users need two or more"):
        compare(lone, MRR)
