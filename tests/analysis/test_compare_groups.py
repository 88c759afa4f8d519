"""Tests within groups: each is the comparison of the group's instances alone, and all share one adjustment."""

import json
from dataclasses import replace

import numpy as np
import pytest

from recbole_lsrec.analysis.comparable import load_models
from recbole_lsrec.analysis.compare import compare
from recbole_lsrec.analysis.compare_groups import compare_groups, group_note, group_tables
from recbole_lsrec.analysis.significance import holm
from recbole_lsrec.analysis.strata import choose_strata
from recbole_lsrec.analysis.user_metrics import Metric
from recbole_lsrec.cli import main
from recbole_lsrec.errors import ConfigError, DataError
from tests.analysis.saved_run_files import table, write_run
from tests.command_line import exit_code

USERS = [f"u{number:03}" for number in range(100)]
REPEATS = np.arange(100) < 60
MRR = Metric.parse("mrr")


def runs(tmp_path, chosen=slice(None), gap=None, name=""):
    """Two models of two seeds; the first is better where the target is in the history, and only there."""
    folders = []
    for model, level in {"SLSRec": 1.0, "SASRec": 3.0}.items():
        for seed in (1, 2):
            noise = np.random.default_rng(seed).integers(0, 2, 100)
            ranks = np.where(REPEATS, level, 2.0) + noise
            columns = {"in_history": REPEATS[chosen], "row": np.arange(100)[chosen]}
            columns["gap_s"] = np.where(REPEATS, 10.0, 100_000.0)[chosen] if gap is None else gap[chosen]
            lines = table(np.array(USERS)[chosen], ranks[chosen], **columns)
            folders.append(write_run(tmp_path / f"{name}{model}-{seed}", lines, model=model, seed=seed))
    return folders


def within(folders, by):
    models, protocol = load_models(folders, "test", None)
    return compare_groups(models, choose_strata(by), MRR, "test", protocol)


def test_a_group_is_compared_as_if_there_were_no_other(tmp_path):
    found = within(runs(tmp_path), ["in_history"])
    assert [(one.group, one.instances, one.users) for one in found] == [
        ("in history", 60, 60),
        ("not in history", 40, 40),
    ]
    alone = compare(runs(tmp_path, REPEATS, name="alone-"), MRR)
    (pair,) = alone.pairs
    assert (found[0].a, found[0].b) == ("SLSRec", "SASRec")
    assert (found[0].mean_a, found[0].mean_b) == tuple(model.mean for model in alone.models)
    assert (found[0].pair.difference, found[0].pair.p) == (pair.difference, pair.p)
    assert (found[1].pair.difference, found[1].pair.p) == (0, 1)


def test_no_p_is_written_as_0(tmp_path):
    found = [replace(one, pair=replace(one.pair, p_holm=1e-9)) for one in within(runs(tmp_path), ["in_history"])]
    ((_, _, rows),) = group_tables(found, 0.05)
    assert [row[-1] for row in rows] == ["<.0001*", "<.0001"]  # of the second the difference is 0


def test_a_column_named_twice_is_one(tmp_path):
    folders = runs(tmp_path)
    assert within(folders, ["in_history", "in_history"]) == within(folders, ["in_history"])


def test_a_group_in_which_too_few_have_a_value_is_left_out(tmp_path, recwarn):
    """Of the 40 users whose target is new, 11 have a competitor: gauc is of the others' 60 alone."""
    folders = []
    for seed in (1, 2):
        for model in ("SLSRec", "SASRec"):
            among = np.where(REPEATS | (np.arange(100) >= 89), 4, 1)
            ranks = np.where((np.arange(100) % 3 == seed) & (among > 1), 2.0, 1.0)
            lines = table(np.array(USERS), ranks, in_history=REPEATS, n_candidates=among)
            folders.append(write_run(tmp_path / f"{model}-{seed}", lines, model=model, seed=seed))
    models, protocol = load_models(folders, "test", None)
    found = compare_groups(models, choose_strata(["in_history"]), Metric.parse("gauc"), "test", protocol)
    assert [(one.group, one.instances, one.users) for one in found] == [("in history", 60, 60)]
    assert not recwarn.list


def test_all_pairs_of_all_groups_are_adjusted_together(tmp_path):
    gap = np.where(np.arange(100) % 2 == 0, 10.0, 5_000.0)
    found = within(runs(tmp_path, gap=gap), ["in_history", "gap_s"])
    assert [one.group for one in found] == ["in history", "not in history", "up to 1 min", "30 min to 1 day"]
    assert [one.pair.p_holm for one in found] == pytest.approx(list(holm(np.array([one.pair.p for one in found]))))
    least = min((one.pair for one in found), key=lambda pair: pair.p)
    assert least.p_holm == pytest.approx(4 * least.p)


def test_of_one_seed_a_side_the_note_says_that_nothing_is_tested(tmp_path):
    found = within(runs(tmp_path)[::2], ["in_history"])
    left_out = "Groups of fewer than 30 users are left out."
    assert group_note(found, 0.05) == f"Nothing is tested: in every pair a side has one seed. {left_out}"


def test_the_note_says_why_nothing_is_compared_and_counts_pairs_where_there_are_several(tmp_path):
    left_out = "Groups of fewer than 30 users are left out."
    none = f"Nothing is compared: there is one model alone, or no group has 30 users. {left_out}"
    folders = runs(tmp_path)
    assert group_note(within(folders[:2], ["in_history"]), 0.05) == none
    found = within(folders, ["in_history"])
    counts = "it counts users and seeds, the interval users alone"
    assert group_note(found, 0.05) == (
        f"* Holm p <= 0.05, adjusted for all 2 pairs of all groups; {counts}. {left_out}"
    )
    assert group_note(found[:1], 0.05) == f"* Holm p <= 0.05; {counts}. {left_out}"
    assert group_note([], 0.05) == none


def test_instances_whose_value_is_missing_are_a_group(tmp_path):
    gap = np.where(REPEATS, 10.0, np.nan)
    assert [(one.group, one.users) for one in within(runs(tmp_path, gap=gap), ["gap_s"])] == [
        ("up to 1 min", 60),
        ("unknown", 40),
    ]


def test_small_groups_are_left_out(tmp_path):
    gap = np.where(np.arange(100) < 71, 10.0, 5_000.0)  # 29 users
    assert [one.group for one in within(runs(tmp_path, gap=gap), ["gap_s"])] == ["up to 1 min"]


def test_runs_that_group_differently_are_refused(tmp_path):
    first, other = runs(tmp_path), runs(tmp_path, gap=np.full(100, 10.0), name="other-")
    with pytest.raises(DataError, match="the runs differ in gap_s of their instances"):
        within([*first[:2], *other[2:]], ["gap_s"])
    with pytest.raises(ConfigError, match="by: found 'gap'; accepted: history_length"):
        within(first, ["gap"])


def test_the_command_prints_and_keeps_them(tmp_path, capsys):
    folders = [str(folder) for folder in runs(tmp_path)]
    with pytest.raises(SystemExit) as end:
        main(["compare", *folders, "--metric", "mrr", "--by", "in_history",
              "--json", str(tmp_path / "found.json"), "--html", str(tmp_path / "found.html")])  # fmt: skip
    assert end.value.code == 0
    assert "Target met before: SLSRec (first) and SASRec (second)" in (tmp_path / "found.html").read_text()
    printed = capsys.readouterr().out
    assert "target met before: SLSRec (first) and SASRec (second)" in printed
    assert [line.split()[:4] for line in printed.splitlines() if line.startswith(("in history", "not in history"))] == [
        ["in", "history", "60", "60"],
        ["not", "in", "history", "40"],
    ]
    groups = json.loads((tmp_path / "found.json").read_text())["groups"]
    assert [(line["group"], line["difference"] > 0) for line in groups] == [
        ("in history", True),
        ("not in history", False),
    ]


def test_a_column_that_nothing_is_cut_by_is_one_line_and_no_comparison(tmp_path, capsys):
    assert exit_code(["compare", *(str(folder) for folder in runs(tmp_path)), "--by", "gap"]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("Error: by: found 'gap'; accepted: history_length")
