"""The command from end to end on a tiny log."""

import json

import pytest

from recbole_lsrec.cli import main
from recbole_lsrec.leaderboard.execute import Resources
from recbole_lsrec.reproduce import command
from recbole_lsrec.reproduce.entry import entry_names, read_entry
from tests.command_line import exit_code

TRAINED = [name for name in entry_names() if read_entry(name).kind != "statistics"]


def saved(folder):
    return json.loads((folder / "reproduce.json").read_text())


def test_statistics_of_a_substitute(reproduce, tmp_path, capsys):
    assert reproduce("slsrec-t1", "shop") == 0
    found = saved(tmp_path)
    assert found["substitute"] == (
        "SUBSTITUTE: shop; the paper has taobao, tmall, cosmetics. Its numbers do not belong beside these."
    )
    (row,) = found["rows"]
    assert {name: value["mean"] for name, value in row["ours"].items()} == {
        **{"#Users": 60, "#Items": 71, "#Inte.": 1500},
        **{"#Cate.": 7, "#Avg. Len": 25},
    }
    assert row["paper"] is None
    assert found["substitute"] in capsys.readouterr().out


def test_statistics_of_a_log_with_the_papers_name_stand_beside_the_papers(reproduce, tmp_path):
    assert reproduce("slsrec-t1", "tmall") == 0
    lines = (tmp_path / "reproduce.md").read_text().splitlines()
    assert lines[1] == (
        "The log: 60 users, 71 items, 1,500 events. The paper's: 76,853 users, 114,209 items, 5,130,294 events. "
        "THE LOGS DIFFER, so their numbers do too."
    )
    assert [cell.strip() for cell in lines[5].split("|")[2:5]] == ["ours", "60", "71"]
    assert [cell.strip() for cell in lines[6].split("|")[2:5]] == ["paper", "76,853", "114,209"]


def test_the_split_counts_targets(reproduce, tmp_path):
    assert reproduce("clsr-t5", "shop") == 0
    (row,) = saved(tmp_path)["rows"]
    assert {name: value["mean"] for name, value in row["ours"].items()} == {"train": 1320, "validation": 60, "test": 60}


@pytest.mark.usefixtures("one_cpu")
def test_shuffled_histories_by_event_type(reproduce, tmp_path):
    assert reproduce("clsr-t4", "shop", "--quick", "--train-steps", "2", "--models", "CLSR") == 0
    found = saved(tmp_path)
    assert (found["seeds"], found["budget"], found["protocol"], found["quick"]) == (
        [2020],
        {"train_steps": 2},
        "uni9",
        True,
    )
    assert {row["row"] for row in found["rows"]} == {
        f"CLSR, {change}{group}" for change in ("untouched", "shuffle") for group in ("", ", click", ", purchase/like")
    }
    assert all(set(row["ours"]) == {"AUC", "MRR"} for row in found["rows"])
    assert (tmp_path / "leaderboard.html").is_file()


def test_runs_are_not_scored_again_after_ctrl_c(tmp_path, monkeypatch):
    monkeypatch.setattr(command, "run_leaderboard_command", lambda *_: 130)
    monkeypatch.setattr(command, "trained", lambda *_: pytest.fail("scored again"))
    assert command.run_command(read_entry("clsr-t4").on("cosmetics"), False, tmp_path, Resources(), []) == 130
    assert list(tmp_path.iterdir()) == []


def test_an_entry_of_sampled_metrics_is_accepted_on_data_that_rank_all_items(tmp_path, capsys):
    """``amazon-cellphone.yaml`` validates on all items, where GAUC by rows is not defined."""
    given = ["--models=SLSREC", "--without=[cate]", f"--out={tmp_path}"]
    assert exit_code(["reproduce", "slsrec-t3", "--dataset", "amazon-cellphone", *given]) == 2
    assert "holds no amazon-cellphone.inter" in capsys.readouterr().err


def test_without_an_entry_all_are_listed(capsys):
    assert exit_code(["reproduce"]) == 0
    listed = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in listed] == entry_names()


def test_statistics_of_a_log_that_is_not_there_leave_no_folder(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        main(["reproduce", "slsrec-t1", "--dataset", "nowhere"])
    assert (ended.value.code, list(tmp_path.iterdir())) == (2, [])
    assert "no folder 'atomic_data/nowhere'" in capsys.readouterr().err


def test_a_data_set_is_asked_for(capsys):
    assert exit_code(["reproduce", "slsrec-t1"]) == 2
    assert "give --dataset" in capsys.readouterr().err


@pytest.mark.slow  # 21 entries, some ten seconds each: every cell is a process that imports torch and RecBole
@pytest.mark.usefixtures("one_cpu")
@pytest.mark.parametrize("name", TRAINED)
def test_every_entry_runs(reproduce, tmp_path, name):
    assert reproduce(name, "shop", "--quick", "--train-steps", "2") == 0
    entry, found = read_entry(name), saved(tmp_path)
    rows = {row["row"]: row for row in found["rows"]}
    if entry.kind == "training":
        assert list(rows) == [system.name for system in entry.plan.systems]
        for system in entry.plan.systems:
            row = rows[system.name]
            assert (row["ours"] is None) == (system.not_built is not None)
            assert row["missing"] == (f"not built: {system.not_built}" if system.not_built else None)
    else:
        floors = ("Pop, ", "ItemKNN, ", "Markov, ")  # whose alpha cannot be fixed
        assert {row for row in entry.rows() if not row.startswith(floors)} <= set(rows)
        assert {row.split(",")[0] for row in rows} == {system.name for system in entry.plan.systems}
    assert all(set(row["ours"]) >= set(entry.columns) - {"AVG(alpha)"} for row in rows.values() if row["ours"])
