"""The same search for every system; the search itself is replaced."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from recbole_lsrec import environment
from recbole_lsrec.errors import ConfigError
from recbole_lsrec.leaderboard import tune
from recbole_lsrec.leaderboard.execute import Resources
from recbole_lsrec.leaderboard.run import run_leaderboard
from tests.leaderboard.boards import TWO, plan_for, run, saved


@pytest.fixture
def searches(monkeypatch):
    """The settings of every search; each finds a small batch, unless ``status`` says that it was interrupted."""
    seen = SimpleNamespace(settings=[], status="finished")

    def search(settings):
        seen.settings.append(settings)
        best = {"train_batch_size": 8 if settings.model == "SASRec" else 16}
        trials = [SimpleNamespace(status=seen.status)] * settings.trials
        spent = {"wall": 3.0, "trials": 5.0}
        return SimpleNamespace(best=best, trials=trials, spent_seconds=spent, complete=seen.status == "finished")

    monkeypatch.setattr(tune, "search", search)
    return seen


@pytest.mark.usefixtures("two_cpus", "fake_workers")
def test_every_system_gets_the_same_search_and_runs_with_what_it_found(shop, tmp_path, searches):
    plan = plan_for(shop, systems=TWO, seeds=[1, 2], tune={"trials": 3, "scheduler": "none"})
    run(plan, tmp_path)
    first, second = searches.settings
    assert (first.model, second.model) == ("SASRec", "GRU4Rec")
    for settings in searches.settings:
        assert (settings.trials, settings.scheduler, settings.cpus_per_trial, settings.test) == (3, "none", 1, False)
        assert (settings.config_dict["seed"], settings.config_dict["train_steps"]) == (1, 8)
    assert first.out != second.out
    for cell in saved(tmp_path)["cells"]:
        size = 8 if cell["system"] == "SASRec" else 16
        assert cell["tuned"] == {"trials": 3, "spent_seconds": 5.0, "best": {"train_batch_size": size}}
        record = (tmp_path / cell["run_folder"] / "cell.json").read_text()
        assert f'"train_batch_size": {size}' in record


@pytest.mark.usefixtures("two_cpus", "fake_workers")
def test_an_interrupted_search_interrupts_the_leaderboard(shop, tmp_path, searches):
    searches.status = "unfinished"
    summary = run(plan_for(shop, systems=TWO, tune={"trials": 3}), tmp_path)
    assert (summary.interrupted, summary.cells) == (True, [])


@pytest.mark.usefixtures("two_cpus", "fake_workers")
def test_a_search_belongs_to_data_code_and_space_and_not_to_the_machine(shop, tmp_path, searches, monkeypatch):
    def folders(resources=None):
        plan = plan_for(shop, systems=TWO, tune={"trials": 3})
        run_leaderboard(plan, tmp_path, resources or Resources(), ["leaderboard"], [].append)
        found, searches.settings = [settings.out for settings in searches.settings], []
        return found

    before = folders()
    assert folders(Resources(jobs=1)) == before
    with (Path(shop["data_path"]) / "shop/shop.inter").open("a") as file:
        file.write("1\t1\t1600000000\t1\n")
    after = folders()
    assert not set(before) & set(after)
    monkeypatch.setattr(environment, "code_fingerprint", lambda: "edited")
    assert not set(after) & set(folders())


def test_every_search_is_checked_before_the_first_begins(shop, tmp_path, searches):
    plan = plan_for(shop, systems={"SASRec": {"model": "SASRec"}, "SLSRec": {"model": "SLSRec"}},
                    tune={"method": "grid", "trials": 500})  # fmt: skip
    with pytest.raises(ConfigError, match="grid"):
        run(plan, tmp_path)
    assert searches.settings == []


def test_a_model_without_a_space_is_refused_before_any_search(shop, tmp_path, searches):
    systems = {**TWO, "NPE": {"model": "NPE"}}
    with pytest.raises(ConfigError, match="NPE"):
        run(plan_for(shop, systems=systems, tune={"trials": 3}), tmp_path)
    assert searches.settings == []
    assert not Path(tmp_path, "tuning").exists()
