"""Ours beside the paper's."""

from collections.abc import Sequence
from dataclasses import replace

from recbole_lsrec.leaderboard.flags import Flags, with_flags
from recbole_lsrec.reproduce.entry import read_entry
from recbole_lsrec.reproduce.ours import Ours, Value
from recbole_lsrec.reproduce.table import comparison, text

SIZES = {"users": 36915, "items": 64000, "events": 1471155}


def shown(
    ours: Ours, dataset: str = "taobao", name: str = "clsr-t2", models: Sequence[str] = ()
) -> tuple[dict, list[str]]:
    entry = read_entry(name).on(dataset)
    entry = replace(entry, plan=with_flags(entry.plan, Flags(models=models)))
    found = comparison(entry, ours, quick=False)
    return found, text(found, list(entry.columns)).splitlines()


def test_the_papers_numbers_stand_below_ours_and_missing_rows_say_why() -> None:
    ours = Ours({"CLSR": {"auc": Value(0.9, 0.01, 2)}}, {"NCF": "not built: no"}, None, SIZES, "pop99")
    found, lines = shown(ours)
    assert found["substitute"] is None
    assert "The log: 36,915 users, 64,000 items, 1,471,155 events. The paper's: 36,915 users, 64,138 items" in lines[1]
    assert "DIFFER" not in lines[1]
    at = next(n for n, line in enumerate(lines) if line.split()[:2] == ["CLSR", "ours"])
    assert lines[at].split() == ["CLSR", "ours", "0.9000", "±", "0.0100", "-", "-", "-"]
    assert lines[at + 1].split() == ["paper", "0.8953", "0.8936", "0.4372", "0.3788"]
    (ncf,) = [line for line in lines if line.startswith("NCF")]
    assert ncf.split() == ["NCF", "paper", "0.7128", "0.7221", "0.1446", "0.0829"]
    assert "- NCF: not built: no" in lines


def test_every_protocol_is_shown() -> None:
    rows = {"SASRec": {"hit@10": Value(0.1), "ndcg@10": Value(0.05)}}
    further = {"uni100": {"SASRec": {"hit@10": Value(0.5), "ndcg@10": Value(0.3)}}}
    found, lines = shown(Ours(rows, {}, None, {}, "full", further), "amazon-movies", "difflsrec-t1", ["SASRec"])
    at = next(n for n, line in enumerate(lines) if line.startswith("SASRec"))
    assert lines[at].split() == ["SASRec", "ours,", "full", "0.1000", "0.0500", "-", "-"]
    assert lines[at + 1].split() == ["ours,", "uni100", "0.5000", "0.3000", "-", "-"]
    assert lines[at + 2].split()[0] == "paper"
    assert found["rows"][0]["further"]["uni100"]["HR@10"]["mean"] == 0.5


def test_a_simulated_log_is_a_substitute_even_under_the_papers_name() -> None:
    found, lines = shown(Ours({"CLSR": {"auc": Value(0.9)}}, {}, "SIMULATED", SIZES, "pop99"))
    assert lines[1].startswith("SUBSTITUTE: taobao is a simulated log; the paper has taobao, kuaishou.")
    assert all(row["paper"] is None for row in found["rows"])


def test_a_group_that_the_log_does_not_have_is_said() -> None:
    ours = Ours(
        {"CLSR, untouched": {"auc": Value(0.9), "alpha": Value(0.2)}}, {"SLi-Rec": "seed 1, error: no"}, None, {}
    )
    found, lines = shown(ours, name="clsr-t3")
    assert "- CLSR, untouched, click: the log has no such targets" in lines
    assert "- SLi-Rec, untouched, click: seed 1, error: no" in lines
    assert {row["row"] for row in found["rows"] if row["paper"]} == set(read_entry("clsr-t3").numbers["taobao"])


def test_a_system_without_any_row_has_one_that_says_why_in_its_place() -> None:
    ours = Ours({"CLSR, untouched": {"auc": Value(0.9)}}, {"SLi-Rec": "seed 1, error: no"}, None, {})
    found, _ = shown(ours, "shop", "clsr-t3")
    assert [(row["row"], row["missing"]) for row in found["rows"]] == [
        ("SLi-Rec", "seed 1, error: no"),
        ("CLSR, untouched", None),
    ]


def test_rows_of_systems_that_were_not_chosen_are_left_out() -> None:
    found, _ = shown(Ours({"CLSR": {"auc": Value(0.9)}}, {}, None, {}), models=["CLSR"])
    assert [row["row"] for row in found["rows"]] == ["CLSR"]


def test_before_any_run_is_finished_nothing_tells_whether_the_log_is_real() -> None:
    found, _ = shown(Ours({}, {"CLSR": "seed 1, pending"}, None, {}))
    assert [(row["row"], row["paper"]) for row in found["rows"]] == [("CLSR", None)]


def test_a_size_that_the_paper_states_without_a_table_is_compared() -> None:
    ours = Ours({"SASRec": {"hit@10": Value(0.1)}}, {}, None, {"users": 11_600_000, "items": 5, "events": 6}, "full")
    found, lines = shown(ours, "amazon-cellphone", "difflsrec-t1")
    assert found["paper_sizes"] == {"users": 10000}
    assert "The paper's: 10,000 users. THE LOGS DIFFER" in lines[1]
