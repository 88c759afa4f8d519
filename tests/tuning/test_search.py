"""Whole searches over a planted model."""

import csv
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import ray

from recbole_lsrec.errors import LESS_MEMORY, ConfigError, DataError, MachineError
from recbole_lsrec.quick_start import run_recbole_lsrec
from recbole_lsrec.tuning import logs
from recbole_lsrec.tuning.result import counts, read_settings
from recbole_lsrec.tuning.search import checked, search
from recbole_lsrec.tuning.settings import SearchResult, SearchSettings, Trial
from recbole_lsrec.whole_files import alone
from tests.command_line import exit_code
from tests.tuning.planted import Planted

# No user has seen so few items that 5000 are left: whoever makes the test loader gets a DataError.
POISON = {"mode": {"valid": ["uni9"], "test": ["uni5000"]}}


def statuses(found: Any) -> list[str]:
    return [trial.status for trial in found.trials]


def test_a_search_that_is_at_work_keeps_its_settings(planted: dict[str, Any]) -> None:
    settings = SearchSettings(**planted, space={"quality": {"choice": [1.0]}}, method="grid")
    settings.out.mkdir()
    (settings.out / "settings.json").write_text("{}")
    with alone(settings.out, "out"), pytest.raises(ConfigError, match="another process works in"):
        search(settings)
    assert (settings.out / "settings.json").read_text() == "{}"


def test_asha_stops_a_planted_bad_region_and_the_best_yaml_gives_the_same_score(
    two_cores: None, planted: dict[str, Any], tmp_path: Path
) -> None:
    space = {"quality": {"choice": [1.0, -1.0]}}  # every trial is a process that imports torch
    settings = SearchSettings(**planted, space=space, method="grid")
    found = search(settings)
    good, bad = found.trials
    assert (good.status, len(good.epochs), good.settings) == ("finished", 9, {"quality": 1.0})
    assert (bad.status, len(bad.epochs)) == ("stopped", 1)
    assert (found.best, found.best_trial) == ({"quality": 1.0}, good.id)
    assert bad.score < found.best_score

    tested = json.loads((found.run_folder / "result.json").read_text())["test_result"]
    assert (found.test_result, found.first_protocol) == (tested, "uni9")
    again = run_recbole_lsrec(Planted, "shop", [found.folder / "best.yaml"])
    assert again["best_valid_score"] == found.best_score
    assert again["test_result"] == tested

    with (found.folder / "trials.csv").open() as file:
        assert [row["status"] for row in csv.DictReader(file)] == ["finished", "stopped"]
    page = (found.folder / "tune.html").read_text()
    assert "read once, after the search" in page
    assert re.findall(r"<(?:script|link|img|iframe)[^>]+(?:src|href)", page.split("</script>")[-1]) == []
    summary = json.loads((found.folder / "tune.json").read_text())
    assert (summary["complete"], summary["counts"]["stopped"]) == (True, 1)

    journal = (found.folder / "journal.jsonl").read_text()
    assert search(settings) == found  # it is finished: nothing is run again
    assert (found.folder / "journal.jsonl").read_text() == journal
    with pytest.raises(ConfigError, match="holds a search with other settings: trials 16, now 17"):
        search(replace(settings, trials=17))
    assert read_settings(found.folder).space == space


@pytest.mark.slow  # two processes for each of two trials
def test_the_processes_of_a_trial_train_together_and_end_with_it(two_cores: None, planted: dict[str, Any]) -> None:
    planted["config_dict"] = {**planted["config_dict"], "nproc": 2}
    space = {"quality": {"choice": [1.0, -1.0]}}
    found = search(SearchSettings(**planted, space=space, method="grid", cpus_per_trial=2))
    good, bad = found.trials
    assert (good.status, len(good.epochs)) == ("finished", 9)
    assert (bad.status, len(bad.epochs)) == ("stopped", 1)
    result = json.loads((found.run_folder / "result.json").read_text())
    assert (result["processes"], result["versions"]["threads"]) == (2, "1")


def test_asha_stops_trials_that_steps_bound(two_cores: None, planted: dict[str, Any]) -> None:
    """Under a budget ``epochs`` says nothing of how long a trial is."""
    steps = {"train_steps": 80, "train_batch_size": 64, "epochs": 300}
    planted["config_dict"] = {**planted["config_dict"], **steps}
    space = {"quality": {"choice": [1.0, -1.0]}}
    found = search(SearchSettings(**planted, space=space, method="grid", test=False))
    assert statuses(found) == ["finished", "stopped"]
    assert [len(trial.epochs) for trial in found.trials] == [4, 1]


def test_a_search_goes_on_with_other_resources_and_a_finished_one_may_be_moved(
    two_cores: None, planted: dict[str, Any], tmp_path: Path
) -> None:
    settings = SearchSettings(**planted, space={"quality": {"choice": [1.0]}}, trials=1, scheduler="none")
    with pytest.raises(ConfigError, match="more than any machine has"):
        search(replace(settings, cpus_per_trial=3, concurrent=None))
    found = search(settings)  # the folder was free: nothing had run there
    assert search(replace(settings, concurrent=2)).trials == found.trials
    with pytest.raises(ConfigError, match=r"gpus_per_trial 0, now 0\.5"):  # the same seconds are other steps there
        search(replace(settings, gpus_per_trial=0.5))
    moved = tmp_path / "moved"
    settings.out.rename(moved)
    assert search(replace(settings, out=moved)).trials == found.trials
    (moved / "journal.jsonl").write_text((moved / "journal.jsonl").read_text().split("\n")[1] + "\n")
    with pytest.raises(ConfigError, match=r"holds a search begun in .*; move it back"):
        search(replace(settings, out=moved))


@pytest.mark.parametrize(
    ("reasons", "complete", "code"),
    [([LESS_MEMORY] * 2, True, 3), ([LESS_MEMORY, "ValueError: no"], True, 1), ([], False, 130)],
)
def test_a_search_of_which_every_trial_failed_or_that_was_interrupted_says_so(
    shop: Any, monkeypatch: Any, reasons: list[str], complete: bool, code: int
) -> None:
    trials = [Trial(str(n), {}, "error", reason, None, [], 0.0, 1.0) for n, reason in enumerate(reasons)]
    spent = {"wall": 1.0, "trials": 2.0}
    found = SearchResult(
        None, None, None, "NDCG@10", True, complete, 2, trials, spent, Path("out"), None, None, "", "", ""
    )
    monkeypatch.setattr("recbole_lsrec.ray_session.running_ray", lambda _: nullcontext())
    monkeypatch.setattr("recbole_lsrec.tuning.search.search", lambda _: found)
    shop.pop("eval_args")
    given = [f"--{key}={value}" for key, value in shop.items()]
    assert exit_code(["tune", "-m", "GRU4Rec", "-d", "shop", "--out", "out", *given]) == code


def test_a_search_whose_node_is_lost_ends(two_cores: None, planted: dict[str, Any], monkeypatch: Any) -> None:
    settings = SearchSettings(**planted, space={"quality": {"choice": [1.0]}}, method="grid", test=False)
    nodes = ray.nodes()
    with monkeypatch.context() as patch:
        answers = iter([nodes])  # alive while it begins
        patch.setattr("ray.nodes", lambda: next(answers, [{**node, "Alive": False} for node in nodes]))
        with pytest.raises(MachineError, match=r"^Ray's own processes ended, "):
            search(settings)
    assert (settings.out / "journal.jsonl").read_text().count('"close"') == 1


def test_a_crashing_trial_is_counted_and_the_test_set_never_made(two_cores: None, planted: dict[str, Any]) -> None:
    planted["config_dict"] |= {"eval_args": POISON, "epochs": 2}
    space = {"behaviour": {"choice": ["needs too much", "raises", "fine"]}}
    found = search(SearchSettings(**planted, space=space, method="grid", test=False))
    needs, raises, fine = found.trials
    assert counts(found) == {"finished": 1, "stopped": 0, "error": 2, "unfinished": 0}
    assert (needs.status, needs.reason.split(";")[0]) == ("error", "memory is used up")
    assert (fine.status, fine.reason, found.test_result) == ("finished", None, None)
    assert raises.status == "error"
    assert raises.reason.startswith(
        "ConfigError: Planted: cannot be trained with its settings (RuntimeError: planted failure)"
    )
    assert "RuntimeError: planted failure" in (found.folder / "tune.html").read_text()
    with pytest.raises(DataError, match="fewer than 5000 possible negatives"):  # the poison is one
        run_recbole_lsrec(Planted, "shop", config_dict=planted["config_dict"])


@pytest.mark.slow  # five processes that import torch, one after the other
def test_a_lost_process_is_begun_again_where_it_was(two_cores: None, planted: dict[str, Any], tmp_path: Path) -> None:
    planted["config_dict"] |= {"marker": str(tmp_path / "died"), "epochs": 3}
    space = {"behaviour": {"choice": ["dies once", "dies"]}}
    found = search(SearchSettings(**planted, space=space, method="grid", scheduler="none", test=False))
    once, dies = found.trials
    assert (once.status, [epoch["epoch"] for epoch in once.epochs]) == ("finished", [1, 2, 3])
    assert (dies.status, dies.reason) == ("error", "its process died: out of memory, killed, or its machine was lost")
    started = (found.folder / "journal.jsonl").read_text().count(f'"start", "trial": "{dies.id}"')
    assert started == 4  # and three retries


def test_a_full_disk_ends_the_search_and_says_nothing_of_its_trials(
    two_cores: None, planted: dict[str, Any], tmp_path: Path
) -> None:
    full = tmp_path / "full"
    full.touch()
    planted["config_dict"] |= {"behaviour": "needs the disk", "marker": str(full), "epochs": 2}
    space = {"quality": {"choice": [1.0, -1.0]}}
    settings = SearchSettings(**planted, space=space, method="grid", scheduler="none", test=False)
    with pytest.raises(MachineError, match=f"^{full}: cannot be written: the disk is full"):
        search(settings)
    full.unlink()
    assert statuses(search(settings)) == ["finished", "finished"]


EDITS_ITSELF = """
from pathlib import Path
from tests.tuning.planted import Planted

class Mine(Planted):
    def calculate_loss(self, interaction):
        with Path(__file__).open("a") as file:
            file.write("# edited while it trains\\n")
        return super().calculate_loss(interaction)
"""


def test_a_class_that_is_edited_meanwhile_ends_the_search_before_it_is_mixed_in(
    two_cores: None, planted: dict[str, Any], tmp_path: Path
) -> None:
    mine = tmp_path / "mine.py"
    mine.write_text(EDITS_ITSELF)
    planted["model"] = f"{mine}:Mine"
    planted["config_dict"] |= {"epochs": 2}
    space = {"quality": {"choice": [1.0, -1.0]}}
    settings = SearchSettings(**planted, space=space, method="grid", scheduler="none", test=False)
    with pytest.raises(
        ConfigError, match=r"the source of .*mine\.py:Mine on node .* is not what this search began with"
    ):
        search(settings)
    journal = (settings.out / "journal.jsonl").read_text()
    assert (journal.count('"done"'), journal.count('"error"')) == (1, 0)
    mine.write_text(EDITS_ITSELF)
    assert statuses(search(settings)) == ["finished", "finished"]


@pytest.mark.slow  # a process for each begin of the trial
def test_a_trial_that_lost_one_of_its_processes_is_begun_again(
    two_cores: None, planted: dict[str, Any], tmp_path: Path
) -> None:
    planted["config_dict"] |= {"marker": str(tmp_path / "died"), "epochs": 3}
    space = {"behaviour": {"choice": ["loses one of its processes once"]}}
    (trial,) = search(SearchSettings(**planted, space=space, method="grid", scheduler="none", test=False)).trials
    assert (trial.status, [epoch["epoch"] for epoch in trial.epochs]) == ("finished", [1, 2, 3])


def test_ctrl_c_leaves_results_and_the_search_can_be_taken_up(two_cores: None, planted: dict[str, Any]) -> None:
    planted["config_dict"] |= {"pause": 0.5, "epochs": 4}
    space = {"quality": {"uniform": [-1.0, 1.0]}}
    settings = SearchSettings(**planted, space=space, trials=3, method="tpe", scheduler="none")
    threading.Thread(target=_interrupt_after, args=(settings.out / "journal.jsonl", 2)).start()
    found = search(settings)
    assert statuses(found) == ["finished", "unfinished"]
    assert found.test_result is None
    assert (found.folder / "best.yaml").is_file()
    assert "tune --resume" in (found.folder / "tune.html").read_text()
    assert json.loads((found.folder / "tune.json").read_text())["complete"] is False

    state = found.folder / "ray"
    state.chmod(0o777)  # now anyone could have put objects there that run code when they are read
    with pytest.raises(DataError, match="others can write it"):
        search(settings)
    state.chmod(0o700)
    over = search(settings)
    assert statuses(over) == ["finished", "finished", "finished"]
    assert over.trials[0] == found.trials[0]
    assert (over.trials[1].id, over.trials[1].settings) == (found.trials[1].id, found.trials[1].settings)
    assert [epoch["epoch"] for epoch in over.trials[1].epochs] == [1, 2, 3, 4]
    assert over.test_result is not None


KILLED = """
from pathlib import Path
from recbole_lsrec.tuning.search import search
from recbole_lsrec.tuning.settings import SearchSettings
from tests.tuning.planted import Planted
search(SearchSettings(Planted, "shop", Path("out"), config_dict=CONFIG, space=SPACE, trials=3, concurrent=1,
                      scheduler="none"))
"""


@pytest.mark.slow  # a process of its own, with a Ray of its own
def test_a_search_killed_outright_can_be_taken_up(two_cores: None, planted: dict[str, Any]) -> None:
    planted["config_dict"] |= {"pause": 1.0, "epochs": 5}
    space = {"quality": {"uniform": [-1.0, 1.0]}}
    journal = planted["out"] / "journal.jsonl"
    script = KILLED.replace("CONFIG", repr(planted["config_dict"])).replace("SPACE", repr(space))
    process = subprocess.Popen([sys.executable, "-c", script])
    while not journal.is_file() or _epochs_of_last(journal, 2) < 2:
        assert process.poll() is None
        time.sleep(0.05)
    process.kill()
    process.wait()
    found = search(SearchSettings(**planted, space=space, trials=3, scheduler="none"))
    kept = [trial for trial in found.trials if trial.status == "finished"]
    assert [[epoch["epoch"] for epoch in trial.epochs] for trial in kept] == [[1, 2, 3, 4, 5]] * 3
    assert found.complete
    assert found.test_result is not None


def _interrupt_after(journal: Path, trials: int) -> None:
    """Ctrl-C once the second epoch of the last of so many trials is told."""
    while not journal.is_file() or _epochs_of_last(journal, trials) < 2:
        time.sleep(0.05)
    os.kill(os.getpid(), signal.SIGINT)


def _epochs_of_last(journal: Path, trials: int) -> int:
    events = [json.loads(line) for line in journal.read_text().splitlines() if line.endswith("}")]
    begun = [event["trial"] for event in events if event["event"] == "start"]
    return sum(e["event"] == "epoch" and e["trial"] == begun[-1] for e in events) if len(begun) == trials else 0


def test_the_log_is_read_once_per_distinct_data_setting(two_cores: None, planted: dict[str, Any]) -> None:
    keeper = logs.start(os.getcwd())
    given = planted["config_dict"]
    found = [
        logs.fetch(keeper, Planted, "shop", {**given, **more})
        for more in (
            {},
            {"quality": -1.0},
            {"session_threshold": 60},
            {"learning_rate": 0.1},
            {"session_threshold": 60},
        )
    ]
    assert ray.get(keeper.count.remote()) == 2
    first, same, other, *_ = found
    assert (first.session == same.session).all()
    assert (first.session != other.session).any()
    assert not first.user.flags.writeable  # it is the store's own memory, not a copy
    assert not first.inter_feat["item_id"].numpy().flags.owndata


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"space": {"qualty": {"choice": [1.0]}}},
            "qualty: found in space, which is no known key. Did you mean 'quality'",
        ),
        ({"space": {"learning_rate": {"choice": [0.1, "fast"]}}}, "learning_rate: found 'fast'"),
        ({"space": {"eval_args": {"choice": [{"mode": "full"}]}}}, "eval_args cannot be drawn"),
        ({"space": {"seed": {"choice": [1, 2]}}}, "seed cannot be drawn"),
        ({"space": {"epochs": {"choice": [7, 9]}}}, "epochs cannot be drawn: .*another length"),
        (
            {"space": {"eval_step": {"choice": [1, 10]}}},
            "found 10 with epochs 9, so a trial that draws it would not be",
        ),
        ({"method": "grid", "trials": 1}, "trials: found 1, but the grid of space has 2 points"),
        ({"method": "bayes"}, "search: found 'bayes'; accepted: random, tpe, grid"),
        ({"scheduler": "hyperband"}, "scheduler: found 'hyperband'; accepted: asha, median, none"),
        ({"trials": 0}, "trials: found 0; accepted: 1 or more"),
        ({"more": {"eval_step": 0}}, "eval_step: found 0 with epochs 9, so no trial would be validated"),
        ({"more": {"eval_step": 10}}, "eval_step: found 10 with epochs 9"),
        ({"gpus_per_trial": 0.5}, r"found 1 and 0.5, more than any machine has \(2 CPUs, 0 GPUs\)"),
        ({"more": {"nproc": 2}}, "nproc: found 2 processes of a run with 1 CPUs"),
        ({"cpus_per_trial": 3}, "found 3 and 0, more than any machine has"),
    ],
)
def test_what_cannot_work_is_refused_before_anything_runs(
    two_cores: None, planted: dict[str, Any], change: dict[str, Any], message: str
) -> None:
    more = {**planted["config_dict"], **change.pop("more", {})}
    given = {"space": {"quality": {"choice": [1.0, -1.0]}}, **planted, "config_dict": more, **change}
    settings = SearchSettings(**given)
    with pytest.raises(ConfigError, match=message):
        search(settings)
    assert not (settings.out / "trials").exists()


def test_a_folder_behind_a_loop_of_links_is_one_line(tmp_path: Path, capsys: Any) -> None:
    for name, other in (("a", "b"), ("b", "a")):
        (tmp_path / name).symlink_to(tmp_path / other)
    assert exit_code(["tune", "-m", "SASRec", "-d", "cosmetics", "--out", str(tmp_path / "a" / "search")]) == 3
    assert "no folder can be made there: Too many levels of symbolic links." in capsys.readouterr().err


@pytest.mark.parametrize("more", [["--trials", "32"], ["--epochs=5"], ["--no-test"], ["--dataset", "shop"]])
def test_a_search_that_goes_on_takes_no_other_settings(tmp_path: Path, capsys: Any, more: list[str]) -> None:
    assert exit_code(["tune", "--resume", str(tmp_path), *more]) == 2
    assert f"--resume: found {more[0]}" in capsys.readouterr().err


def test_a_number_between_two_is_no_whole_one(tmp_path: Path) -> None:
    space = {"n_layers": {"uniform": [1, 2]}}
    with pytest.raises(ConfigError, match=r"^n_layers: found 1\.0 \(space\); accepted: a whole number greater than 0"):
        checked(SearchSettings("SASRec", "cosmetics", tmp_path, space=space))


@pytest.mark.parametrize(("key", "value"), [("resume", "runs/another"), ("dry_run", True)])
def test_what_is_said_of_one_run_is_refused(key: str, value: object, tmp_path: Path) -> None:
    space, file = {"learning_rate": {"choice": [0.001]}}, tmp_path / "own.yaml"
    file.write_text(json.dumps({key: value}))
    for given in ({"config_dict": {key: value}}, {"config_files": (str(file),)}):
        with pytest.raises(
            ConfigError, match=rf"^{key}: found {value!r}, which is not set for the trials of a search: "
        ):
            checked(SearchSettings("SASRec", "cosmetics", tmp_path, space=space, **given))
