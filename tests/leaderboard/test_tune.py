"""The same search for every system; the search itself is replaced."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from recbole_lsrec.errors import ConfigError
from recbole_lsrec.leaderboard import tune
from tests.leaderboard.boards import TWO, plan_for, run, saved


@pytest.fixture
def searches(monkeypatch):
    """The settings of every search; each finds a small batch, unless ``status`` says that it was interrupted."""
    seen = SimpleNamespace(settings=[], status="finished")

    def search(settings):
        seen.settings.append(settings)
        best = {"train_batch_size": 8 if settings.model == "SASRec" else 16}
        trials = [SimpleNamespace(status=seen.status)] * settings.trials
        return SimpleNamespace(best=best, trials=trials, spent_seconds={"wall": 3.0, "trials": 5.0})

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
    with pytest.raises(KeyboardInterrupt):
        run(plan_for(shop, systems=TWO, tune={"trials": 3}), tmp_path)


def test_a_model_without_a_space_is_refused_before_any_search(shop, tmp_path, searches):
    systems = {**TWO, "NPE": {"model": "NPE"}}
    with pytest.raises(ConfigError, match="NPE"):
        run(plan_for(shop, systems=systems, tune={"trials": 3}), tmp_path)
    assert searches.settings == []
    assert not Path(tmp_path, "tuning").exists()
