"""Trackers of trainings besides TensorBoard; W&B as RecBole has it is in ``test_trainer.py``."""

import sys
from types import SimpleNamespace

import pytest

import recbole_lsrec.trainer
from recbole_lsrec.errors import ConfigError
from tests.tiny_run import Loader, Phase, fake_evaluate, make


@pytest.fixture(autouse=True)
def workplace(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(recbole_lsrec.trainer, "evaluate", fake_evaluate)


def test_mlflow_gets_settings_losses_and_metrics(monkeypatch):
    told = []
    mlflow = SimpleNamespace(
        active_run=lambda: None,
        set_experiment=lambda name: told.append(("experiment", name)),
        start_run=lambda run_name: told.append(("run", run_name)),
        log_params=lambda params: told.append(("seed", params["seed"])),
        log_metrics=lambda metrics, step=None: told.append((set(metrics), step)),
    )
    monkeypatch.setitem(sys.modules, "mlflow", mlflow)
    trainer = make("runs/a", epochs=2, log_mlflow=True, mlflow_experiment="mine")
    trainer.fit(Loader(), Phase([0.25, 0.5]))
    trainer.evaluate(Phase([0.5]))
    train, valid = {"train/epoch", "train/train_loss"}, {"valid/ndcg_at_10", "valid/auc"}
    scored = {"eval/ndcg_at_10", "eval/auc"}  # as RecBole's trainer tells of every evaluation
    assert told == [
        ("experiment", "mine"),
        ("run", "a"),
        ("seed", "7"),
        *((train, 0), (scored, None), (valid, 0), (train, 1), (scored, None), (valid, 1)),
        (scored, None),
    ]


class LostError(Exception):
    """What MLflow raises where its server does not answer."""


def lost(*_, **__):
    raise LostError("API request failed\nand more")


def test_an_mlflow_that_does_not_answer_is_one_line(monkeypatch):
    where = {"get_tracking_uri": lambda: "http://nowhere", "MlflowException": LostError}
    monkeypatch.setitem(sys.modules, "mlflow", SimpleNamespace(active_run=lambda: None, set_experiment=lost, **where))
    with pytest.raises(
        ConfigError, match=r"^log_mlflow: MLflow cannot log to http://nowhere \(API request failed\); set MLFLOW"
    ):
        make("runs/a", log_mlflow=True, mlflow_experiment="mine").fit(Loader())


def test_an_mlflow_that_is_lost_ends_no_training(monkeypatch, caplog):
    mlflow = SimpleNamespace(
        active_run=lambda: 1, log_params=lambda _: None, log_metrics=lost, MlflowException=LostError
    )
    monkeypatch.setitem(sys.modules, "mlflow", mlflow)
    trainer = make("runs/a", epochs=2, log_mlflow=True, mlflow_experiment="mine")
    trainer.fit(Loader(), Phase([0.25, 0.5]))
    assert trainer.best_valid_score == 0.5
    assert [record.getMessage() for record in caplog.records if "log_mlflow" in record.getMessage()] == [
        "log_mlflow: MLflow is told nothing from here on (API request failed)"
    ]
