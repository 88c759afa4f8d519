"""The numbers of report.json are those that the evaluation package computes from the same runs."""

import json
from itertools import combinations
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.stats import kendalltau

from recbole_lsrec.analysis.compare import compare
from recbole_lsrec.analysis.comparison_words import notes
from recbole_lsrec.analysis.strata_report import describe_strata
from recbole_lsrec.analysis.user_metrics import Metric
from recbole_lsrec.leaderboard.page import words, write_report
from recbole_lsrec.leaderboard.page.agreement import common_metric
from recbole_lsrec.leaderboard.page.columns import columns
from recbole_lsrec.leaderboard.page.standing import Standing
from recbole_lsrec.leaderboard.page.table_text import table_text
from tests.leaderboard.page.board_files import (
    N_CANDIDATES,
    USERS,
    empty_cell,
    ranks,
    reported,
    three_levels,
    write_board,
    write_cell,
)

SYSTEMS = ["Fair", "Good", "Poor"]


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    out = tmp_path_factory.mktemp("board")
    write_report(write_board(out, three_levels(out)))
    return out


@pytest.fixture(scope="module")
def section(out):
    return json.loads((out / "report.json").read_text())["datasets"][0]


@pytest.mark.parametrize(("number", "protocol"), [(0, "pop3"), (1, "full")])
def test_values_pairs_and_marks_are_compares(out, section, number, protocol):
    table = section["tables"][number]
    assert (table["protocol"], table["main"]) == (protocol, "ndcg@2")
    folders = [out / "runs" / f"{system}-{seed}" for system in SYSTEMS for seed in (1, 2)]
    for name in ("ndcg@2", "hit@2", "mrr"):
        found = compare(folders, Metric.parse(name), protocol=protocol)
        for model in found.models:
            (row,) = [row for row in table["rows"] if row["system"] == model.label]
            value = row["values"][name]
            assert value["runs"] == [run.value for run in model.runs]
            assert value["mean"] == pytest.approx(np.mean(value["runs"]))
            assert value["sd"] == pytest.approx(np.std(value["runs"], ddof=1))
        if name == "ndcg@2":
            for ours, theirs in zip(table["comparison"]["pairs"], found.pairs, strict=True):
                assert [ours["p_holm"], ours["difference"]] == [theirs.p_holm, theirs.difference]


def test_clear_differences_are_marked_and_others_are_not(section):
    pop3, full = section["tables"]
    assert {row["system"]: row["values"]["ndcg@2"]["mark"] for row in pop3["rows"]} == {
        "Good": "best", "Fair": "second", "Poor": None,
    }  # fmt: skip
    assert pop3["verdict"] == (
        "Good is best in ndcg@2: significantly better than every other system. Fair is second, significantly better than"
        " every system below it."
    )
    assert [row["values"]["ndcg@2"]["mark"] for row in full["rows"]] == [None, None, None]
    assert full["rows"][2]["system"] == "Poor"
    assert full["verdict"].startswith("No system is significantly best in ndcg@2: ")
    assert full["verdict"].endswith(" is first, and Fair cannot be told apart from it.")
    assert "No significantly best system in " in " ".join(full["notes"])
    assert "The tests count users and seeds" in " ".join(full["notes"])


def test_agreement_is_scipys(section):
    means = [{row["system"]: row["values"]["ndcg@2"]["mean"] for row in of["rows"]} for of in section["tables"]]
    (found,) = section["agreements"]
    assert found == {
        "first": "pop3", "second": "full", "metric": "ndcg@2", "systems": 3,
        "tau": pytest.approx(kendalltau(*[[of[system] for system in SYSTEMS] for of in means]).statistic),
    }  # fmt: skip


def test_cost_is_the_mean_over_the_seeds(section):
    assert section["costs"][0] == {
        "system": "Fair", "seconds_per_epoch": 6.0, "epochs": 0.5, "ms_per_user": pytest.approx(1000 * 0.2 / 40),
        "memory_mb": 500.0, "gpu_memory_mb": None, "parameters": 2500.0, "train_seconds": 3.0,
        "runs": 2, "still_improving": 0, "validated_once": 0, "every_position": False,
    }  # fmt: skip


def test_the_page_says_what_was_trained_at_every_position(tmp_path):
    cells = [
        write_cell(tmp_path, name, {"pop3": ranks(2, 1)}, 1, config={"train_positions": positions})
        for name, positions in (("A", "all"), ("B", "last"), ("C", None))
    ]
    write_report(write_board(tmp_path, cells))
    for page in ("leaderboard.md", "leaderboard.html"):
        text = (tmp_path / page).read_text()
        assert "Trained on whole histories at once, other sequence models on one window for each target: A." in text


def test_the_page_says_whose_ranks_among_all_items_are_estimates(tmp_path):
    its = {"pop3": ranks(2, 1), "full": ranks(2, 1)}
    shares = {("A", 1): {"test": 0.99}, ("A", 2): {"test": 0.98}, ("B", 1): {}, ("B", 2): {}}
    cells = [write_cell(tmp_path, name, its, seed, result={"full_recall": of}) for (name, seed), of in shares.items()]
    pop3, full = reported(write_board(tmp_path, cells))[0]["tables"]
    said = (
        "Ranked in two stages (full_stage), so partly by estimates, neither equal to exact ranks nor a bound: A (98.5% of the "
        "best items found)."
    )
    assert (said in full["notes"], said in pop3["notes"]) == (True, False)
    runs = [tmp_path / cell["run_folder"] for cell in cells]
    assert said in notes(compare(runs, "mrr", protocol="full"))


def test_nothing_is_significant_between_equal_systems(tmp_path):
    cells = [write_cell(tmp_path, system, {"pop3": ranks(2, number)}, seed)
             for number, (system, seed) in enumerate([("A", 1), ("A", 2), ("B", 1), ("B", 2)])]  # fmt: skip
    (table,) = reported(write_board(tmp_path, cells))[0]["tables"]
    assert table["verdict"].startswith("Nothing is significant in ndcg@2: no system can be told apart from ")
    assert [value["mark"] for row in table["rows"] for value in row["values"].values()] == [None] * 6


def test_strata_and_alpha(tmp_path):
    alpha = np.where(np.arange(40) < 10, 0.2, 0.6)
    length = {"history_length": [3] * 20 + [30] * 20}
    cells = [
        write_cell(tmp_path, "Long", {"pop3": ranks(2, seed)}, seed, columns={**length, "alpha": alpha})
        for seed in (1, 2)
    ]
    cells += [write_cell(tmp_path, "Plain", {"pop3": ranks(3, 9)}, 1, columns=length)]
    write_report(write_board(tmp_path, cells))
    section = json.loads((tmp_path / "report.json").read_text())["datasets"][0]
    cuts = {(cut["system"], cut["group"]): cut for cut in section["cuts"]}
    assert {cut["by"] for cut in section["cuts"]} == {"history_length"}  # every other stratum has one group
    tables = [describe_strata(tmp_path / "runs" / f"Long-{seed}", ["ndcg@2"]).table for seed in (1, 2)]
    for group in ("1-4", "20-49"):
        lines = [of[of["group"] == group].iloc[0] for of in tables]
        assert cuts["Long", group]["mean"] == pytest.approx(np.mean([line["ndcg@2"] for line in lines]))
        assert cuts["Long", group]["se"] == pytest.approx(np.mean([line["ndcg@2_se"] for line in lines]))
        assert (cuts["Plain", group]["users"], cuts["Plain", group]["few"]) == (20, True)
    assert [(of["system"], of["seed"]) for of in section["alphas"]] == [("Long", 1), ("Long", 2)]
    first = section["alphas"][0]
    assert (first["mean"], first["known"]) == (pytest.approx(0.5), 40)
    assert first["quantiles"] == pytest.approx([0.2, 0.5, 0.6, 0.6, 0.6])
    assert (first["shares"][5], first["shares"][15]) == (0.25, 0.75)


def test_runs_that_may_not_be_compared_are_shown_without_marks(tmp_path):
    cells = three_levels(tmp_path)
    path = tmp_path / "runs" / "Good-1" / "result.json"
    stored = json.loads(path.read_text())
    stored["fingerprints"]["split"] = "other"
    path.write_text(json.dumps(stored))
    write_report(write_board(tmp_path, cells))
    table = json.loads((tmp_path / "report.json").read_text())["datasets"][0]["tables"][0]
    assert "differ in split hash (s1 and other)" in table["verdict"]
    assert table["comparison"] is None
    assert [row["system"] for row in table["rows"]] == ["Good", "Fair", "Poor"]
    assert all(value["mark"] is None for row in table["rows"] for value in row["values"].values())


def test_several_targets_a_user(tmp_path):
    users = [user for user in USERS[:10] for _ in range(4)]
    cells = [
        write_cell(tmp_path, name, {"pop3": ranks(level, level)}, users=users) for name, level in [("A", 2), ("B", 3)]
    ]
    (table,) = reported(write_board(tmp_path, cells))[0]["tables"]
    assert any(
        "shown is the mean over the 40 targets, tested are the means of the 10 users" in note for note in table["notes"]
    )
    assert any("differences and intervals, no tests" in note for note in table["notes"])


def test_every_pair_is_there(section):
    pairs = section["tables"][0]["comparison"]["pairs"]
    names = {model["name"]: model["label"] for model in section["tables"][0]["comparison"]["models"]}
    assert [(names[pair["a"]], names[pair["b"]]) for pair in pairs] == list(combinations(SYSTEMS, 2))


def test_a_board_without_results(tmp_path):
    write_report(write_board(tmp_path, [empty_cell("A", "pending", None)], finished=None, budget=None))
    assert json.loads((tmp_path / "report.json").read_text())["datasets"][0]["tables"] == []
    assert "No cell of this data set has a result" in (tmp_path / "leaderboard.html").read_text()


def test_a_board_whose_cells_all_failed_says_why_and_nothing_empty(tmp_path):
    write_report(
        write_board(tmp_path, [empty_cell("A", "error", "out of memory"), empty_cell("B", "error", "it broke")])
    )
    text = (tmp_path / "leaderboard.md").read_text()
    assert "out of memory" in text
    assert "it broke" in text
    assert "Data ," not in text
    assert "Versions:" not in text
    assert "\n\n\n" not in text


def test_a_system_of_one_seed_is_said_to_be_untested(tmp_path):
    """A and C are told apart, B has one seed; seeds are not to blame."""
    cells = [write_cell(tmp_path, system, {"pop3": ranks(level, number, 0.1)}, seed)
             for number, (system, seed, level) in enumerate(
                 [("A", 1, 1.1), ("A", 2, 1.1), ("B", 1, 9.0), ("C", 1, 2.0), ("C", 2, 2.0)])]  # fmt: skip
    (table,) = reported(write_board(tmp_path, cells))[0]["tables"]
    assert table["verdict"] == (
        "No system is significantly best in ndcg@2: A is first, and significantly better than every other that was tested."
        " B has one seed, so it is not tested."
    )


def test_the_best_mean_of_one_seed_is_no_verdict(tmp_path):
    cells = [write_cell(tmp_path, system, {"pop3": ranks(level, number, 0.1)}, seed)
             for number, (system, seed, level) in enumerate(
                 [("A", 1, 2.0), ("A", 2, 2.0), ("B", 1, 1.1), ("C", 1, 9.0), ("C", 2, 9.0)])]  # fmt: skip
    (table,) = reported(write_board(tmp_path, cells))[0]["tables"]
    assert table["verdict"] == (
        "No system is significantly best in ndcg@2: B has the best mean, but one seed, so it is not tested."
    )


def test_recall_orders_by_the_hits_that_repeat_it(tmp_path):
    cells = [write_cell(tmp_path, "A", {"pop3": ranks(1.5, 1)}, config={"valid_metric": "Recall@2"})]
    assert reported(write_board(tmp_path, cells))[0]["tables"][0]["main"] == "hit@2"


def test_a_system_that_a_protocol_was_not_asked_of_is_no_error(tmp_path):
    cells = [write_cell(tmp_path, "A", {"pop3": ranks(1.0, 1), "full": ranks(2.0, 2)})]
    cells.append(write_cell(tmp_path, "B", {"pop3": ranks(1.5, 3)}))
    write_report(write_board(tmp_path, cells))
    last = [line.split() for line in table_text(tmp_path).splitlines()][-1]
    assert (last[0], last[2:]) == ("B", ["not", "tested"])


def test_where_only_lower_places_differ_the_verdict_does_not_say_that_nothing_is_significant(tmp_path):
    def cell(system, seed, level, number):
        config = {"valid_metric": "MRR"}
        return write_cell(tmp_path, system, {"pop3": ranks(level, number, 0.1)}, seed, config=config)

    # A is far ahead under one seed and behind under the other; B is ahead of C under both.
    cells = [cell("A", 1, 1.0, 1), cell("A", 2, 4.0, 2)]
    cells += [cell("B", seed, 1.7, 10 + seed) for seed in (1, 2)]
    cells += [cell("C", seed, 2.1, 20 + seed) for seed in (1, 2)]
    (table,) = reported(write_board(tmp_path, cells))[0]["tables"]
    assert table["standings"]["mrr"] == {
        "order": ["A", "B", "C"], "best": None, "second": None, "level": ["A", "B", "C"], "ahead": [], "certain": 1,
    }  # fmt: skip
    assert table["verdict"] == (
        "No system is significantly best in mrr: no system can be told apart from A, the first; others can be told apart,"
        " see the pairs."
    )


def no_rows(place):
    """A table of which only the tests matter."""
    empty = {"untested": None, "comparison": None, "unseen": None, "rows": [], "columns": []}
    return SimpleNamespace(main="mrr", standings={"mrr": place}, **empty)


@pytest.mark.parametrize(
    ("level", "said"),
    [
        ("AB", "A is first, and B cannot be told apart from it."),
        ("AD", "A is first, and only D, further down, cannot be told apart from it: "),
        ("ABD", "A is first, and B cannot be told apart from it, nor D, further down: "),
    ],
)
def test_a_system_whose_seeds_differ_much_is_not_said_to_be_at_the_top(level, said):
    place = Standing(list("ABCD"), None, None, list(level), [], 1)
    table = no_rows(place)
    start, told, end = words.verdict(table).partition(said)
    assert (start, told) == ("No system is significantly best in mrr: ", said)
    assert end == ("" if level == "AB" else "seeds differ too much for their number. More seeds would tell (--seeds).")


def test_of_a_system_further_down_that_users_alone_do_not_tell_apart_nothing_is_said_of_its_seeds_alone(tmp_path):
    first, second, third = np.ones(40), np.ones(40), np.ones(40)
    first[:10], second[:22] = 2, 2  # of 40 users 12 have less: a small loss, and certain
    third[10:19] = 3  # nine lose all, and ten gain: a larger loss, and not certain
    its = {"A": first, "B": second, "C": third}
    cells = [write_cell(tmp_path, name, {"pop3": of}, seed) for name, of in its.items() for seed in (1, 2, 3)]
    (table,) = reported(write_board(tmp_path, cells))[0]["tables"]
    assert table["verdict"] == (
        "No system is significantly best in ndcg@2: A is first, and only C, further down, cannot be told apart from it: users"
        " or seeds differ too much for their number."
    )


def test_a_system_that_is_better_over_users_than_the_first_is_said_to_be():
    place = Standing(list("ABC"), None, None, ["A", "C"], ["B"], 1)
    table = no_rows(place)
    assert words.verdict(table) == (
        "No system is significantly best in mrr: A has the best mean over targets, but over users, as tests count, B is "
        "significantly better than it."
    )


def test_rows_are_in_order_then_still_rising_then_without_a_result(tmp_path):
    rising = {"history": [{"epoch": n, "train_seconds": 1.0, "share": 1.0, "valid_score": n / 9} for n in range(8)]}
    cells = [
        empty_cell("Broken", "error", "it broke"),
        write_cell(tmp_path, "Rising", {"pop3": ranks(1, 1)}, result=rising),
    ]
    cells += [write_cell(tmp_path, "Low", {"pop3": ranks(3, 2)}), write_cell(tmp_path, "High", {"pop3": ranks(2, 3)})]
    write_report(write_board(tmp_path, cells))
    (table,) = json.loads((tmp_path / "report.json").read_text())["datasets"][0]["tables"]
    assert [row["system"] for row in table["rows"]] == ["High", "Low", "Rising", "Broken"]


def test_strata_need_no_scores_that_were_deleted(tmp_path):
    config = {"valid_metric": "AUC"}
    cells = [
        write_cell(tmp_path, system, {"pop3": ranks(2, 1)}, config=config, result={"test_result": {"auc": 0.7}})
        for system in "AB"
    ]
    (section,) = reported(write_board(tmp_path, cells))  # no score files were ever written
    assert section["tables"][0]["main"] == "auc"
    assert section["cuts"] == []


def test_runs_that_cut_sessions_differently_are_not_grouped_by_them(tmp_path):
    columns = {"history_length": [3] * 20 + [30] * 20, "n_sessions": [1] * 10 + [5] * 30}

    def section(*features):
        out = tmp_path / "-".join(features)
        cells = []
        for number, of in enumerate(features):
            cell = write_cell(out, f"S{number}", {"pop3": ranks(2, number)}, columns=columns)
            path = out / cell["run_folder"] / "result.json"
            stored = json.loads(path.read_text())
            stored["fingerprints"]["features"] = of
            path.write_text(json.dumps(stored))
            cells.append(cell)
        return reported(write_board(out, cells))[0]

    same, other = section("f1", "f1"), section("f1", "f2")
    assert (same["one_view"], {cut["by"] for cut in same["cuts"]}) == (True, {"history_length", "n_sessions"})
    assert (other["one_view"], {cut["by"] for cut in other["cuts"]}) == (False, {"history_length"})


def test_protocols_are_compared_in_a_metric_that_all_of_them_have(tmp_path):
    cells = []
    for number, system in enumerate(SYSTEMS):
        its = {"pop3": ranks(1 + number, number), "full": ranks(9 - number, number)}
        cell = write_cell(tmp_path, system, its, config={"valid_metric": "GAUC"})
        path = tmp_path / cell["run_folder"] / "result.json"
        stored = json.loads(path.read_text())
        gauc = 1 - np.mean(np.array(its["pop3"]) - 1) / (N_CANDIDATES - 1)
        stored["test_result"] = {"gauc": round(gauc, 4)} | stored["test_result"]
        path.write_text(json.dumps(stored))
        cells.append(cell)
    write_report(write_board(tmp_path, cells))
    section = json.loads((tmp_path / "report.json").read_text())["datasets"][0]
    assert [of["main"] for of in section["tables"]] == ["gauc", "hit@2"]
    (found,) = section["agreements"]
    assert (found["metric"], found["systems"]) == ("hit@2", 3)
    assert "τ of hit@2</caption>" in (tmp_path / "leaderboard.html").read_text()
    assert "Place of each system by protocol: hit@2" in (tmp_path / "leaderboard.html").read_text()


def test_protocols_are_not_compared_in_a_metric_without_a_better_side():
    one, other = (columns(result, "", {}) for result in ({"itemcoverage@2": 0.1, "mrr": 0.2}, {"itemcoverage@2": 0.1}))
    assert common_metric([SimpleNamespace(columns=one, main="mrr")] * 2) == "mrr"
    assert common_metric([SimpleNamespace(columns=of, main=of[0].key) for of in (one, other)]) is None
