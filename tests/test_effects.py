"""What a setting may change, as it is declared, and what follows from it for checkpoints, logs, cells and comparisons."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from recbole_lsrec.analysis.comparable import load_models
from recbole_lsrec.config import Config
from recbole_lsrec.config.effects import may_differ, of_a_result, of_a_system, settings_that_change
from recbole_lsrec.config.known import general_settings
from recbole_lsrec.config.no_effect import NO_EFFECT
from recbole_lsrec.config.setting import LOG, Effect
from recbole_lsrec.leaderboard.cells import make_cells
from recbole_lsrec.leaderboard.plan import parse_plan
from recbole_lsrec.quick_start import run_recbole_lsrec
from recbole_lsrec.run_data import load_data, load_log
from tests.analysis.saved_run_files import table, write_run

SHOWN_OR_WHERE = {"loss_decimal_place": 2, "worker": 1, "eval_batch_size": 7, "eval_memory_mb": 1}


# Every setting that is declared to change nothing -> another value than the tiny run's.
OTHER_VALUES: dict[str, Any] = {
    **SHOWN_OR_WHERE,
    "candidate_cache": "other_candidates",
    "data_cache": "other_logs",
    "gpu_id": "1",
    "log_wandb": None,  # needs a service
    "log_mlflow": None,  # needs a package
    "mlflow_experiment": "other",
    "run_dir": "other_runs",
    "data_path": "moved",
    "show_progress": True,
    "state": "DEBUG",
    "use_gpu": False,
    "verbose": True,
    "wandb_project": "other",
    "ip": "elsewhere",
    "port": 5678,
    "group_offset": None,  # needs another machine
    "dry_run": None,  # there is no result to compare
    "resume": None,  # tests/test_resume.py
}


def test_every_setting_without_effect_is_here() -> None:
    assert set(OTHER_VALUES) == {key for key, one in general_settings().items() if not one.effect} - set(NO_EFFECT)


def test_settings_declared_to_change_nothing_change_nothing(shop: dict[str, Any]) -> None:
    """Each alone, bit for bit: scores, ranks and metrics of a tiny run."""
    settings = {**shop, "epochs": 1}

    def outcome(**more: Any) -> tuple[dict[str, float], pd.DataFrame]:
        result = run_recbole_lsrec("SLSRec", "shop", config_dict={**settings, **more})
        return result["test_result"], pd.read_parquet(Path(result["run_folder"]) / "instances.parquet")

    metrics, instances = outcome()
    Path("moved").symlink_to(shop["data_path"])
    for key, value in OTHER_VALUES.items():
        if value is None:
            continue
        found, lines = outcome(**{key: value})
        assert found == metrics, key
        pd.testing.assert_frame_equal(lines, instances, check_exact=True, obj=key)


def test_two_seeds_that_differ_in_what_is_shown_are_one_system(tmp_path: Path) -> None:
    lines = table(["u1", "u2", "u3"], [1, 2, 3])
    folders = [
        write_run(tmp_path / "first", lines, seed=1, config={"loss_decimal_place": 4, "worker": 0}),
        write_run(tmp_path / "second", lines, seed=2, config={"loss_decimal_place": 2, "worker": 2}),
    ]
    models, _ = load_models(folders, "test", None)
    assert [(model.label, model.seeds) for model in models] == [("GRU4Rec", [1, 2])]


@pytest.mark.parametrize(("key", "value"), SHOWN_OR_WHERE.items())
def test_a_finished_cell_stays_finished(shop: dict[str, Any], key: str, value: Any) -> None:
    def identity(**more: Any) -> Any:
        plan = {"datasets": ["shop"], "systems": {"A": {"model": "SASRec"}}, "settings": {**shop, **more}}
        return make_cells(parse_plan(plan, "plan"), threads=1)[0].identity

    assert identity(**{key: value}) == identity()
    assert identity(n_layers=1) != identity()


@pytest.mark.parametrize(("key", "value"), [("tail_ratio", 0.2), ("wandb_project", "mine"), *SHOWN_OR_WHERE.items()])
def test_a_shared_log_serves_runs_that_differ_in_what_it_does_not_depend_on(
    shop: dict[str, Any], key: str, value: Any
) -> None:
    log = load_log(Config("SLSRec", "shop", config_dict=shop))
    data = load_data(Config("SLSRec", "shop", config_dict={**shop, key: value}), log)
    assert data.dataset.time is log.time


def test_what_a_resumed_run_may_change() -> None:
    assert may_differ() - set(NO_EFFECT) == {*OTHER_VALUES, "epochs", "stopping_step", "nproc", "nnodes", "world_size"}


def test_parts_of_a_setting_have_effects_of_their_own() -> None:
    values = {
        "eval_args": {"split": {"RS": [8, 1, 1]}, "mode": {"valid": ["full"], "test": ["pop9"]}},
        "seed": 1,
        "ties": "average",
    }
    assert settings_that_change(values, LOG) == {"eval_args.split": {"RS": [8, 1, 1]}}
    assert settings_that_change(values, Effect.EVALUATION, only=True) == {"eval_args.mode.test": ["pop9"]}
    assert of_a_system({**values, "inference_samples": 8}, "DiffLSRec") == {
        "eval_args.split": {"RS": [8, 1, 1]},
        "eval_args.mode.valid": ["full"],
        "ties": "average",
    }
    assert of_a_result({**values, "worker": 3, "their_own": 2}) == {**values, "their_own": 2}
    # Early stopping compares rounded scores.
    assert of_a_system({"metric_decimal_place": 2, "tail_ratio": 0.1}, "SASRec") == {"metric_decimal_place": 2}
