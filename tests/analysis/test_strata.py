import csv
import json

import numpy as np
import pandas as pd
import pytest

from recbole_lsrec.analysis.saved_runs import Lines
from recbole_lsrec.analysis.strata import STRATA, choose_strata, strata_table
from recbole_lsrec.analysis.user_metrics import Metric
from recbole_lsrec.cli import main
from recbole_lsrec.errors import ConfigError, DataError
from recbole_lsrec.evaluation.metrics import pooled_auc
from tests.analysis.saved_run_files import table, write_run
from tests.command_line import exit_code

USERS = ["a", "a", "b", "c"]
RANKS = [1, 2, 1, 4]


def cut(column: str, values, metric: str = "mrr", scores=None) -> pd.DataFrame:
    lines = Lines(table(USERS, RANKS, **{column: values}), scores)
    return strata_table(lines, [Metric.parse(metric)], [STRATA[column]])


def test_a_group_has_its_counts_and_its_mean():
    found = cut("history_length", [1, 4, 5, 1000])
    expected = pd.DataFrame(
        {
            "by": "history_length",
            "group": ["1-4", "5-9", "200 and more"],
            "instances": [2, 1, 1],
            "users": [1, 1, 1],
            "share": [0.5, 0.25, 0.25],
            "few": True,
            "mrr": [0.75, 1.0, 0.25],
            "mrr_se": np.nan,
        }
    )
    pd.testing.assert_frame_equal(found, expected)


@pytest.mark.parametrize(
    ("column", "values", "groups"),
    [
        ("history_length", [4, 5, 199, 200], ["1-4", "5-9", "100-199", "200 and more"]),
        ("n_sessions", [1, 2, 3, 10], ["1", "2", "3-4", "10 and more"]),
        ("session_length", [1, 2, 3, 10], ["1", "2", "3-4", "10 and more"]),
        ("item_events", [0, 1, 4, 50], ["none", "1-4", "50 and more"]),
        ("gap_s", [0, 60, 61, 1801], ["up to 1 min", "1 to 30 min", "30 min to 1 day"]),
        ("gap_s", [1800, 1801, 7 * 86_400, 7 * 86_400 + 1],
         ["1 to 30 min", "30 min to 1 day", "1 to 7 days", "7 to 30 days"]),
        ("gap_s", [86_400, 86_401, 30 * 86_400, 30 * 86_400 + 1],
         ["30 min to 1 day", "1 to 7 days", "7 to 30 days", "over 30 days"]),
        ("item_pop_third", ["high", "low", "low", "middle"], ["low", "middle", "high"]),
        ("in_history", [False, True, True, True], ["in history", "not in history"]),
        ("same_category", pd.array([True, False, None, None], dtype="boolean"), ["same", "different", "unknown"]),
        ("item_pop_third", [None, "low", "low", None], ["low", "unknown"]),
        ("gap_s", [None, 5.0, 5.0, np.nan], ["up to 1 min", "unknown"]),
    ],
)  # fmt: skip
def test_groups_and_their_edges(column, values, groups):
    assert cut(column, values)["group"].tolist() == groups


@pytest.mark.parametrize("column", ["history_length", "n_sessions", "session_length", "item_events"])
def test_a_number_is_in_the_group_whose_name_says_so(column):
    stratum = STRATA[column]
    values = pd.Series(range(column != "item_events", 300))
    for value, number in zip(values, stratum.groups(values), strict=True):
        name = stratum.names[number].replace("none", "0")
        low, _, high = name.removesuffix(" and more").partition("-")
        assert int(low) <= value <= (1000 if "more" in name else int(high or low)), (value, name)


@pytest.mark.parametrize(
    ("column", "values", "counts"),
    [
        ("in_history", [True, False, False, False], {"in history": 1, "not in history": 3}),
        ("same_category", [True, False, False, False], {"same": 1, "different": 3}),
        ("item_pop_third", ["low", "high", "high", "high"], {"low": 1, "high": 3}),
    ],
)
def test_a_class_is_the_group_of_its_name(column, values, counts):
    found = cut(column, values)
    assert dict(zip(found["group"], found["instances"], strict=True)) == counts


def test_every_instance_is_in_one_group_of_each_stratum():
    generator = np.random.default_rng(1)
    n = 300
    instances = table(
        generator.integers(0, 60, n).astype(str),
        generator.integers(1, 5, n),
        history_length=generator.integers(1, 400, n),
        n_sessions=generator.integers(1, 20, n),
        session_length=generator.integers(1, 20, n),
        item_events=generator.integers(0, 99, n),
        gap_s=generator.integers(0, 10**7, n),
        in_history=generator.random(n) < 0.5,
        same_category=pd.array(generator.choice([True, False, None], n), dtype="boolean"),
        item_pop_third=generator.choice(["low", "middle", "high"], n),
    )
    before = instances.copy()
    metric = Metric.parse("ndcg@2")
    lines = Lines(instances, None)
    found = strata_table(lines, [metric], choose_strata())
    pd.testing.assert_frame_equal(instances, before)
    for _, part in found.groupby("by"):
        assert part["instances"].sum() == n
        assert part["share"].sum() == pytest.approx(1)
        assert np.average(part["ndcg@2"], weights=part["instances"]) == pytest.approx(metric.of(lines))
    assert found["by"].unique().tolist() == list(STRATA)
    order = generator.permutation(n)
    shuffled = strata_table(Lines(instances.iloc[order].reset_index(drop=True), None), [metric], choose_strata())
    pd.testing.assert_frame_equal(found, shuffled)


def test_few_marks_groups_of_fewer_than_30_users():
    users = [f"u{number}" for number in range(59)]
    groups = ["low"] * 30 + ["high"] * 29
    found = strata_table(
        Lines(table(users, [1] * 59, item_pop_third=groups), None), [Metric.parse("hit@1")], [STRATA["item_pop_third"]]
    )
    assert found["few"].tolist() == [False, True]


def test_auc_and_pooled_gauc_come_from_the_scores_of_the_group():
    scores = np.array([[3, 1, 2, 4], [0, 1, 1, 1], [5, 1, 1, 1], [1, 2, 0, 1.0]])
    thirds = ["low", "low", "low", "high"]
    auc = cut("item_pop_third", thirds, "auc", scores)
    assert auc["auc"].tolist() == [pooled_auc(scores[:3]), pooled_auc(scores[3:])]
    assert auc["auc_se"].isna().all()
    # User a: 3 beats 5 of the 6 negatives (4, 1, 1, 1, 2, 1), 0 beats none: 5/12. User b: 1.
    by_rows = cut("item_pop_third", thirds, "gauc_rows", scores)
    assert by_rows["gauc_rows"].tolist() == pytest.approx([(8 * 5 / 12 + 4 * 1) / 12, 0.5])
    by_user = cut("item_pop_third", thirds, "gauc_user", scores)
    assert by_user["gauc_user"].tolist() == pytest.approx([(5 / 12 + 1) / 2, 0.5])


def test_a_class_that_is_not_known_and_a_column_that_nothing_is_cut_by():
    with pytest.raises(DataError, match=r"item_pop_third holds 'mid'; accepted: \['low', 'middle', 'high'\]"):
        cut("item_pop_third", ["mid", "low", "low", "low"])
    with pytest.raises(
        ConfigError, match="by: found 'gap'; accepted: history_length, n_sessions, session_length, gap_s"
    ):
        choose_strata(["gap"])


def test_the_command_prints_and_writes_the_same_numbers(tmp_path, capsys):
    instances = table(USERS, RANKS, history_length=[1, 4, 5, 1000], same_category=pd.array([True] * 4, dtype="boolean"))
    run = write_run(tmp_path / "run", instances)
    files = {"json": tmp_path / "s.json", "csv": tmp_path / "s.csv"}
    options = ["--metric", "MRR", "--metric", "hit@1", "--by", "history_length", "--by", "same_category"]
    assert exit_code(["strata", str(run), *options, *(f"--{kind}={path}" for kind, path in files.items())]) == 0
    text = capsys.readouterr().out
    assert "GRU4Rec on tiny, seed 1, test, protocol pop3" in text
    assert "200 and more*" in text
    assert "* fewer than 30 users" in text
    assert max(map(len, text.splitlines())) <= 100
    stored = json.loads(files["json"].read_text())
    assert [line["mrr"] for line in stored["strata"]] == [0.75, 1.0, 0.25, 0.6875]
    assert stored["strata"][0]["mrr_se"] is None
    lines = list(csv.DictReader(files["csv"].open()))
    assert [float(line["hit@1"]) for line in lines] == [0.5, 1.0, 0.0, 0.5]
    assert lines[3]["group"] == "same"


def test_the_command_refuses_in_one_line(tmp_path, capsys):
    assert exit_code(["strata", str(tmp_path / "nowhere")]) == 2
    assert "no such folder" in capsys.readouterr().err


def test_a_metric_in_two_spellings_is_one_column(tmp_path, capsys):
    run = write_run(tmp_path / "run", table(USERS, RANKS))
    with pytest.raises(SystemExit):
        main(["strata", str(run), "--metric", "mrr", "--metric", "MRR", "--by", "gap_s"])
    assert capsys.readouterr().out.split().count("mrr") == 1
