"""What happens around the cells; the workers here train nothing."""

from pathlib import Path

import pytest
import ray
from filelock import FileLock
from ray.exceptions import LocalRayletDiedError

from recbole_lsrec.errors import ConfigError, DataError, MachineError
from recbole_lsrec.leaderboard.execute import Resources, connected
from tests.leaderboard.boards import TWO, plan_for, run, saved, tables

pytestmark = pytest.mark.usefixtures("two_cpus", "fake_workers")
ONE = {"A": {"model": "SASRec"}}


def loads(shop):
    return Path(shop["data_path"], "loads").read_text().splitlines()


def test_every_cell_is_run_once_and_a_log_is_loaded_once(shop, tmp_path):
    out, said = tmp_path / "out", []
    longer = {"name": "shop", "label": "longer", "settings": {"MAX_ITEM_LIST_LENGTH": 15}}
    plan = plan_for(shop, systems={**TWO, "C": {"not_built": "no code"}}, seeds=[1, 2], datasets=["shop", longer])
    summary = run(plan, out, said)
    assert said == ["8 cells to run: at most 8 training steps each, 1 CPU threads and 0 GPUs each"]
    assert sorted(loads(shop)) == ["shop 12", "shop 15"]
    assert (summary.count("done"), summary.count("not built"), summary.reused) == (8, 4, 0)
    assert tables(out)["SASRec on longer, seed 2"] == ("done", {"ndcg@10": 8}, {"ndcg@10": 10})

    again = run(plan, out, said)
    assert len(said) == 1
    assert (again.cells, again.reused) == (summary.cells, 8)
    assert len(loads(shop)) == 2


def test_two_systems_of_equal_settings_stay_two_when_started_again(shop, tmp_path):
    plan = plan_for(shop, systems={"A": {"model": "SASRec"}, "B": {"model": "SASRec"}}, seeds=[1])
    first, again = (run(plan, tmp_path / "out") for _ in range(2))
    assert again.reused == 2
    assert [cell.run_folder for cell in again.cells] == [cell.run_folder for cell in first.cells]
    assert len({cell.run_folder for cell in again.cells}) == 2


def test_cells_that_read_alike_stay_two(shop, tmp_path):
    plan = plan_for(
        shop,
        systems={"A": {"model": "SASRec"}, "A on B": {"model": "GRU4Rec"}},
        datasets=["shop", {"name": "shop", "label": "B on shop"}],
        seeds=[1],
    )
    summary = run(plan, tmp_path)
    assert [(cell.system, cell.dataset, cell.model) for cell in summary.cells] == [
        ("A", "shop", "SASRec"),
        ("A on B", "shop", "GRU4Rec"),
        ("A", "B on shop", "SASRec"),
        ("A on B", "B on shop", "GRU4Rec"),
    ]
    assert summary.count("done") == 4


def test_a_changed_setting_is_the_reason_to_run_a_cell_again(shop, tmp_path):
    run(plan_for(shop, systems=ONE), tmp_path)
    before, said = saved(tmp_path), []
    run(plan_for(shop, systems=ONE, budget={"train_steps": 9}), tmp_path, said)
    assert said[0] == "A on shop, seed 2020: run again, because train_steps: 8 -> 9"
    changed = saved(tmp_path)
    assert changed["cells"][0]["run_again_because"] == "train_steps: 8 -> 9"
    run(
        plan_for(shop, systems=ONE, budget={"train_steps": 9}), tmp_path
    )  # nothing to do: time, machine and reason stay
    assert saved(tmp_path) == changed
    run(plan_for(shop, systems=ONE), tmp_path)  # back to what was there before
    assert saved(tmp_path)["cells"] == before["cells"]


def test_the_machines_of_earlier_sittings_stay_with_the_cells_kept_from_them(shop, tmp_path, monkeypatch):
    def sitting(processor, systems):
        monkeypatch.setattr("recbole_lsrec.leaderboard.progress._processor", lambda: processor)
        run(plan_for(shop, systems=systems), tmp_path)
        content = saved(tmp_path)
        return content["environment"]["processor"], [earlier["processor"] for earlier in content["earlier"]]

    assert sitting("old", ONE) == ("old", [])
    assert sitting("new", TWO) == ("new", ["old"])
    finished = saved(tmp_path)["finished"]
    assert sitting("newest", TWO) == ("new", ["old"])  # nothing to do
    assert sitting("newest", ONE) == ("new", ["old"])  # nothing to do of a part
    assert sitting("newest", TWO) == ("new", ["old"])
    assert saved(tmp_path)["finished"] == finished
    assert sitting("old", {**TWO, "C": {"model": "GRU4Rec"}}) == ("old", ["new"])
    with monkeypatch.context() as patch:
        patch.setattr("recbole_lsrec.environment.code_fingerprint", lambda: "other")
        assert sitting("new", TWO) == ("new", [])  # no cell is kept


def test_a_sitting_that_ends_before_its_first_cell_is_not_named(shop, tmp_path, monkeypatch):
    monkeypatch.setattr("recbole_lsrec.leaderboard.progress._processor", lambda: "old")
    run(plan_for(shop, systems=ONE), tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr("recbole_lsrec.leaderboard.progress._processor", lambda: "new")
        patch.setattr("recbole_lsrec.leaderboard.progress.Progress.add", interrupted)
        assert run(plan_for(shop, systems=TWO), tmp_path).interrupted
    left = saved(tmp_path)
    assert (left["environment"]["processor"], left["earlier"], left["finished"]) == ("old", [], None)
    run(plan_for(shop, systems=ONE), tmp_path)
    assert saved(tmp_path)["finished"] is not None


def test_changed_code_is_the_reason_to_run_every_cell_again(shop, tmp_path, monkeypatch):
    run(plan_for(shop, systems=ONE), tmp_path)
    monkeypatch.setattr("recbole_lsrec.environment.code_fingerprint", lambda: "other")
    run(plan_for(shop, systems=ONE), tmp_path)
    assert saved(tmp_path)["cells"][0]["run_again_because"] == "the code changed"


@pytest.mark.parametrize(("deaths", "status", "attempts"), [(1, "done", 2), (2, "error", 2)])
def test_a_dead_worker_costs_one_retry(shop, tmp_path, deaths, status, attempts):
    run(plan_for(shop, systems=TWO, seeds=[900 + deaths]), tmp_path)
    for cell in saved(tmp_path)["cells"]:
        assert (cell["status"], cell["attempts"]) == (status, attempts)
        assert (cell["reason"] or "").startswith("the worker died 2 times" if status == "error" else "")
    assert len(loads(shop)) == 1


def test_a_worker_that_lost_one_of_its_processes_costs_one_retry(shop, tmp_path):
    run(plan_for(shop, systems=ONE, seeds=[903]), tmp_path)
    assert [(cell["status"], cell["attempts"]) for cell in saved(tmp_path)["cells"]] == [("done", 2)]


@pytest.mark.parametrize("how", ["ray.get", "ray.nodes"])
def test_the_loss_of_our_own_node_is_no_death_of_a_cell(shop, tmp_path, monkeypatch, how):
    def lost(_):
        raise LocalRayletDiedError

    plan = plan_for(shop, systems=TWO)
    with monkeypatch.context() as patch:
        if how == "ray.get":
            patch.setattr(how, lost)
        else:
            nodes = ray.nodes()
            answers = iter([nodes, nodes, nodes])  # alive while we connect
            patch.setattr(how, lambda: next(answers, [{**node, "Alive": False} for node in nodes]))
        with pytest.raises(MachineError, match=r"^Ray's own processes ended, .*; start the same command again"):
            run(plan, tmp_path)
    assert "error" not in {cell["status"] for cell in saved(tmp_path)["cells"]}
    assert run(plan, tmp_path).count("done") == 2


def test_a_log_that_cannot_be_loaded_is_an_error_of_its_cells_alone(shop, tmp_path):
    bad = {"name": "shop", "label": "bad", "settings": {"MAX_ITEM_LIST_LENGTH": 13}}
    run(plan_for(shop, systems=ONE, datasets=[bad, "shop"]), tmp_path)
    assert [(cell["status"], cell["reason"]) for cell in saved(tmp_path)["cells"]] == [
        ("error", "ValueError: the log is empty"),
        ("done", None),
    ]


def test_ctrl_c_leaves_what_is_finished(shop, tmp_path, monkeypatch):
    plan = plan_for(shop, systems=TWO, seeds=[1, 2])
    with monkeypatch.context() as patch:
        patch.setattr("recbole_lsrec.leaderboard.store.Store.keep", interrupted_after(1))
        summary = run(plan, tmp_path)
    assert summary.interrupted
    assert sorted(cell["status"] for cell in saved(tmp_path)["cells"]) == ["done", "pending", "pending", "pending"]
    assert saved(tmp_path)["finished"] is None
    after = run(plan, tmp_path)
    assert (after.reused, after.count("done")) == (1, 4)
    assert saved(tmp_path)["finished"] is not None


def interrupted(*given):
    raise KeyboardInterrupt


def interrupted_after(count):
    from recbole_lsrec.leaderboard.store import Store

    keep, left = Store.keep, [None] * count

    def keep_some(*given):
        if not left:
            raise KeyboardInterrupt
        left.pop()
        return keep(*given)

    return keep_some


def test_a_run_that_was_being_written_when_the_process_was_killed_is_not_there(shop, tmp_path):
    hidden = tmp_path / "runs/.SASRec-1.part"
    hidden.mkdir(parents=True)
    (hidden / "cell.json").write_text("{")
    assert run(plan_for(shop, systems=ONE), tmp_path).count("done") == 1
    assert not hidden.exists()


def test_a_wall_clock_budget_is_said_not_to_repeat(shop, tmp_path):
    said = []
    run(plan_for(shop, systems={"C": {"not_built": "no"}}, budget={"train_seconds": 5}), tmp_path, said)
    assert (saved(tmp_path)["budget"], saved(tmp_path)["bit_reproducible"]) == ({"train_seconds": 5}, False)
    assert said == []


def test_a_second_process_is_kept_out(shop, tmp_path):
    with FileLock(tmp_path / ".lock"), pytest.raises(ConfigError, match="another process works in"):
        run(plan_for(shop, systems=TWO), tmp_path)


@pytest.mark.parametrize(("file", "what"), [("result.json", "a run"), ("tune.json", "a search")])
def test_the_folder_of_something_else_is_left_alone(shop, tmp_path, file, what):
    out = tmp_path / "other"
    out.mkdir()
    (out / file).write_text("{}")
    with pytest.raises(
        ConfigError, match=f"out: found '.*other', which is the folder of {what}; accepted: one of its own"
    ):
        run(plan_for(shop, systems=TWO), out)
    assert [path.name for path in out.iterdir()] == [file]


def test_a_damaged_leaderboard_is_not_replaced(shop, tmp_path):
    (tmp_path / "leaderboard.json").write_text('{"cells": [')
    with pytest.raises(DataError, match=r"leaderboard\.json: "):
        run(plan_for(shop, systems=TWO), tmp_path)
    assert (tmp_path / "leaderboard.json").read_text() == '{"cells": ['


def test_more_than_any_node_has_is_refused():
    refused = pytest.raises(ConfigError, match=r"cpus: 3, gpus: 0 for a cell is more than any node has \(2 CPUs")
    with refused, connected(Resources(cpus=3)):
        pass
