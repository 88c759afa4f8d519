"""Training loop: what RecBole's loop keeps doing, the step budget, gradient clipping."""

import importlib
import sys
import threading
from math import inf
from pathlib import Path
from time import thread_time
from types import SimpleNamespace
from typing import ClassVar

import numpy as np
import pytest
import torch
from recbole.config import Config

import recbole_lsrec.trainer
from recbole_lsrec.checkpoint import load as load_checkpoint
from recbole_lsrec.errors import CheckpointError, ConfigError, TrainingError
from recbole_lsrec.trainer import Trainer
from recbole_lsrec.training.clipping import clip_each_variable
from tests.tiny_run import Loader, Model, Phase, fake_evaluate, make


@pytest.fixture(autouse=True)
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(recbole_lsrec.trainer, "evaluate", fake_evaluate)


def test_fit_keeps_the_best_weights_and_reports_each_validation() -> None:
    trainer, calls = make(epochs=4), []
    loader = Loader()
    best, result = trainer.fit(loader, Phase([0.1, 0.4, 0.2, 0.3]), callback_fn=lambda *call: calls.append(call))
    assert (best, result["ndcg@10"]) == (0.4, 0.4)
    assert calls == [(0, 0.1), (1, 0.4), (2, 0.2), (3, 0.3)]
    assert loader.epochs == [0, 1, 2, 3]
    assert trainer.model.batches_seen == 20
    assert trainer.evaluate(Phase([0.5]))["ndcg@10"] == 0.5
    assert trainer.model.batches_seen == 10  # the best weights are those of epoch 1, other parameters included
    assert trainer.evaluation.metrics["auc"] == 10


def test_history_and_files() -> None:
    trainer = make("runs/a", epochs=4, eval_step=2)
    others = set(threading.enumerate())
    trainer.fit(Loader(), Phase([0.1, 0.2]))
    assert [entry["epoch"] for entry in trainer.history] == [0, 1, 2, 3]
    assert [entry.get("valid_score") for entry in trainer.history] == [None, 0.1, None, 0.2]
    assert trainer.history[3]["valid_result"] == {"ndcg@10": 0.2, "auc": 20.0}
    assert [entry["train_loss"] for entry in trainer.history] == list(trainer.train_loss_dict.values())
    assert all(entry["train_seconds"] > 0 for entry in trainer.history)
    assert [entry["progress"] for entry in trainer.history] == [0.25, 0.5, 0.75, 1.0]
    assert sorted(file.name for file in Path("runs/a").iterdir()) == ["checkpoint.pt", "tensorboard"]
    assert list(Path("runs/a/tensorboard").rglob("events*"))
    left = [thread for thread in threading.enumerate() if thread not in others]
    assert "_AsyncWriterThread" not in {type(thread).__name__ for thread in left}  # TensorBoard's
    assert [folder.name for folder in Path().iterdir()] == ["runs"]


def test_early_stopping(caplog: pytest.LogCaptureFixture) -> None:
    trainer = make(epochs=50, stopping_step=1)
    with caplog.at_level("INFO"):
        best, _ = trainer.fit(Loader(), Phase([0.3, 0.5, 0.4, 0.4]))
    assert (best, len(trainer.history), trainer.cur_step) == (0.5, 4, 2)
    assert "Finished training, best eval result in epoch 1" in caplog.messages


@pytest.mark.parametrize(
    ("rule", "scores", "epochs"),
    [
        ("recbole", [0.5, 0.4, 0.4, 0.6], 4),
        ("strict", [0.5, 0.4, 0.4, 0.6], 3),  # two without progress
        ("recbole", [0.5, 0.5, 0.4, 0.4, 0.4], 5),
        ("strict", [0.5, 0.5, 0.4], 3),  # an equal score is none
    ],
)
def test_the_rule_of_early_stopping(rule: str, scores: list[float], epochs: int) -> None:
    trainer = make(epochs=len(scores), stopping_step=2, stopping_rule=rule)
    best, result = trainer.fit(Loader(), Phase(list(scores)))
    assert [entry["valid_score"] for entry in trainer.history] == scores[:epochs]
    assert (best, result["ndcg@10"]) == (max(scores[:epochs]), max(scores[:epochs]))


def test_with_the_strict_rule_the_first_of_equal_scores_is_kept() -> None:
    trainer = make(epochs=3, stopping_step=5, stopping_rule="strict")
    trainer.fit(Loader(), Phase([0.5, 0.5, 0.4]))
    trainer.evaluate(Phase([0.1]))
    assert trainer.model.batches_seen == 5


def test_with_the_strict_rule_an_equal_score_is_no_progress_where_less_is_better_either() -> None:
    trainer = make(epochs=3, stopping_step=5, stopping_rule="strict")
    trainer.valid_metric_bigger, trainer.best_valid_score = False, inf
    trainer.fit(Loader(), Phase([0.5, 0.5, 0.6]))
    trainer.evaluate(Phase([0.1]))
    assert trainer.model.batches_seen == 5


def test_without_validation_the_last_weights_are_the_best() -> None:
    trainer = make(epochs=3)
    best, result = trainer.fit(Loader())
    assert (best, result) == (-np.inf, None)
    trainer.evaluate(Phase())
    assert trainer.model.batches_seen == 15


def test_zero_epochs_evaluate_the_initial_weights() -> None:
    trainer = make(epochs=0)
    trainer.fit(Loader(), Phase())
    trainer.evaluate(Phase())
    assert trainer.model.batches_seen == 0


def test_without_saving_nothing_is_written() -> None:
    trainer = make(epochs=2)
    trainer.fit(Loader(), Phase(), saved=False)
    assert [file.name for file in Path("run").iterdir()] == ["tensorboard"]
    assert "ndcg@10" in trainer.evaluate(Phase(), load_best_model=False)


def test_nothing_to_evaluate() -> None:
    assert make().evaluate(None) is None


def test_never_validated_has_no_best_weights() -> None:
    trainer = make(epochs=1)
    trainer.fit(Loader(), Phase([float("nan")]))
    with pytest.raises(CheckpointError, match=r"no best weights yet: .* was never a number"):
        trainer.evaluate(Phase())


def test_unknown_valid_metric_names_the_choice() -> None:
    with pytest.raises(
        ConfigError, match=r"valid_metric: 'NDCG@20' is not among the validation results \(ndcg@10, auc\)"
    ):
        make(valid_metric="NDCG@20").fit(Loader(), Phase())


def test_wandb_gets_losses_and_metrics_with_the_true_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    logged: list[dict] = []
    run = SimpleNamespace(summary={})
    wandb = SimpleNamespace(
        run=None, log=lambda metrics, commit: logged.append(metrics), define_metric=lambda *_, **__: 0
    )

    def init(project: str, config: Config) -> None:
        wandb.run, wandb.config = run, config

    wandb.init = init
    monkeypatch.setitem(sys.modules, "wandb", wandb)
    trainer = make(epochs=1, log_wandb=True)
    trainer.fit(Loader(), Phase([0.25]))
    trainer.evaluate(Phase([0.5]))
    assert wandb.config["metrics"] == ["NDCG", "AUC", "MeanRank"]
    assert [set(entry) for entry in logged] == [
        {"train/epoch", "train/train_loss", "train_step"},
        {"valid/ndcg@10", "valid/auc", "valid_step"},
    ]
    assert run.summary["eval/ndcg@10"] == 0.5


@pytest.mark.parametrize(("steps", "epochs"), [(3, [0]), (5, [0]), (12, [0, 1, 2]), (40, list(range(8)))])
def test_train_steps_are_exact(steps: int, epochs: list[int]) -> None:
    trainer, loader = make(train_steps=steps, epochs=2), Loader()
    taken: list[int] = []
    trainer.optimizer.register_step_post_hook(lambda *_: taken.append(1))
    trainer.fit(loader, Phase(), show_progress=True)
    assert (len(taken), loader.epochs) == (steps, epochs)
    assert sum(entry["share"] for entry in trainer.history) == pytest.approx(steps / 5)


def test_train_steps_with_sparse_validation() -> None:
    trainer = make(train_steps=17, eval_step=2)
    trainer.fit(Loader(), Phase([0.1, 0.2]))
    assert [entry.get("valid_score") for entry in trainer.history] == [None, 0.1, None, 0.2]
    assert trainer.model.batches_seen == 17


@pytest.mark.parametrize("steps", [3, 12])
def test_a_budget_below_eval_step_is_still_validated(steps: int) -> None:
    trainer = make(train_steps=steps, eval_step=10)
    trainer.fit(Loader(), Phase([0.1]))
    assert trainer.history[-1]["valid_score"] == 0.1


class Clock:
    """A clock that each training step moves on by one second."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, trainer: Trainer) -> None:
        self.now = 0.0
        monkeypatch.setattr(trainer, "_now", lambda: self.now)
        trainer.optimizer.register_step_post_hook(self.tick)

    def tick(self, *_: object) -> None:
        self.now += 1.0


@pytest.mark.parametrize(("seconds", "steps", "scores"), [(3, 3, 1), (5, 5, 1), (12, 12, 3), (0.5, 1, 1)])
def test_train_seconds_end_within_a_step_and_are_validated(monkeypatch, seconds, steps, scores) -> None:
    trainer = make(train_seconds=seconds, epochs=1, stopping_step=10)
    Clock(monkeypatch, trainer)
    trainer.fit(Loader(), Phase([0.1, 0.2, 0.3]))
    assert trainer.model.batches_seen == steps
    assert [entry.get("valid_score") for entry in trainer.history] == [0.1, 0.2, 0.3][:scores]


def test_on_a_cpu_seconds_are_those_of_the_training_thread() -> None:
    assert make(train_seconds=7)._now is thread_time


def test_train_seconds_validate_the_last_epoch_whatever_eval_step(monkeypatch) -> None:
    trainer = make(train_seconds=12, eval_step=2, stopping_step=10)
    Clock(monkeypatch, trainer)
    trainer.fit(Loader(), Phase([0.1, 0.2]))
    assert [entry.get("valid_score") for entry in trainer.history] == [None, 0.1, 0.2]
    assert [entry["progress"] for entry in trainer.history] == [5 / 12, 10 / 12, 1.0]


def test_train_seconds_validate_nothing_where_nothing_is_asked_for(monkeypatch) -> None:
    trainer = make(train_seconds=7, eval_step=0)
    Clock(monkeypatch, trainer)
    trainer.fit(Loader(), Phase([0.1]))
    assert ["valid_score" in entry for entry in trainer.history] == [False, False]


def test_a_spent_time_budget_is_not_spent_again_after_a_resume(monkeypatch) -> None:
    first = make(train_seconds=7)
    Clock(monkeypatch, first)
    first.fit(Loader(), Phase([0.1, 0.2]))
    second = make(train_seconds=7)
    second.resume_checkpoint(first.saved_model_file)
    assert second.fit(Loader(), Phase()) == (0.2, first.best_valid_result)
    assert second.history == first.history


def test_a_resume_with_fewer_epochs_than_were_trained_is_refused() -> None:
    first = make(epochs=3)
    first.fit(Loader(), Phase([0.1, 0.2, 0.3]))
    with pytest.raises(
        CheckpointError, match=r"found --epochs=2, but it has trained 3 epochs; resume with --epochs=3 or more"
    ):
        make(epochs=2).resume_checkpoint(first.saved_model_file)


def test_a_resume_with_less_patience_is_refused() -> None:
    first = make(epochs=5, stopping_step=3, eval_step=1)
    first.fit(Loader(), Phase([0.2, 0.1, 0.1, 0.1, 0.1]))
    with pytest.raises(
        CheckpointError,
        match=r"found --stopping_step=2, with .* trained with 3; resume with --stopping_step=3 or more, or start a new run",
    ):
        make(epochs=5, stopping_step=2, eval_step=1).resume_checkpoint(first.saved_model_file)
    make(epochs=5, stopping_step=4, eval_step=1).resume_checkpoint(first.saved_model_file)
    never = make("never", epochs=5, stopping_step=3, eval_step=0)
    never.fit(Loader())
    make("again", epochs=5, stopping_step=2, eval_step=0).resume_checkpoint(never.saved_model_file)  # nothing reads it


def test_a_resume_that_would_have_been_validated_at_other_times_is_refused() -> None:
    first = make(epochs=3, eval_step=5)
    first.fit(Loader(), Phase([0.1]))
    with pytest.raises(
        CheckpointError, match=r"--epochs=7, under which every 5 epochs .* every 3; resume with --epochs=3"
    ):
        make(epochs=7, eval_step=5).resume_checkpoint(first.saved_model_file)


def test_trains_without_the_anomaly_detection_that_recbole_turns_on() -> None:
    importlib.import_module("recbole.model.sequential_recommender.sine")
    seen: list[bool] = []
    trainer = make(epochs=1)
    trainer.optimizer.register_step_post_hook(lambda *_: seen.append(torch.is_anomaly_enabled()))
    with torch.autograd.set_detect_anomaly(True):
        trainer.fit(Loader(), Phase([0.1]))
        assert torch.is_anomaly_enabled()
    assert seen
    assert not any(seen)


def test_every_epoch_is_told_once_after_it_is_written() -> None:
    told: list[tuple[int, bool, bool]] = []
    trainer = make(epochs=3, eval_step=2)
    trainer.on_epoch = lambda entry: told.append(
        (entry["epoch"], "valid_score" in entry, trainer._written_epoch == entry["epoch"])
    )
    trainer.fit(Loader(), Phase([0.1]))
    assert told == [(0, False, True), (1, True, True), (2, False, True)]


def test_each_variable_is_clipped_on_its_own() -> None:
    long, short, unused = (torch.nn.Parameter(torch.zeros(2)) for _ in range(3))
    long.grad, short.grad = torch.tensor([3.0, 4.0]), torch.tensor([0.3, 0.4])
    clip_each_variable(torch.optim.SGD([long, short, unused]), 2.0)
    torch.testing.assert_close(long.grad, torch.tensor([1.2, 1.6]))
    assert torch.equal(short.grad, torch.tensor([0.3, 0.4]))
    assert unused.grad is None


def test_sparse_gradients_are_clipped_too() -> None:
    table = torch.nn.Embedding(4, 2, sparse=True)
    (table(torch.tensor([1, 1, 2])) * torch.tensor([3.0, 4.0])).sum().backward()  # rows 1, 2: (6, 8) and (3, 4)
    clip_each_variable(torch.optim.SGD(table.parameters()), 1.0)
    expected = torch.tensor([[0, 0], [6, 8], [3, 4], [0, 0]]) / 125**0.5
    torch.testing.assert_close(table.weight.grad.to_dense(), expected)


def test_clipping_sees_unscaled_gradients() -> None:
    weight = torch.nn.Parameter(torch.zeros(2))
    optimizer = torch.optim.SGD([weight], lr=1.0)
    optimizer.register_step_pre_hook(lambda optimizer, *_: clip_each_variable(optimizer, 2.0))
    scaler = torch.amp.GradScaler("cpu", init_scale=1024.0)
    scaler.scale((weight * torch.tensor([3.0, 4.0])).sum()).backward()
    assert weight.grad.tolist() == [3072.0, 4096.0]
    scaler.step(optimizer)
    torch.testing.assert_close(weight.detach(), torch.tensor([-1.2, -1.6]))


def test_a_model_says_what_its_optimiser_is_and_what_comes_before_a_step() -> None:
    class OfItsOwn(Model):
        optimizer_defaults: ClassVar[dict] = {"betas": (0.8, 0.95), "eps": 1e-3}

        def before_step(self) -> None:
            for parameter in self.parameters():
                parameter.grad.zero_()

    trainer = make(epochs=1, model_class=OfItsOwn)
    before = {name: value.clone() for name, value in trainer.model.state_dict().items()}
    trainer.fit(Loader(), Phase([0.1]))
    group = trainer.optimizer.param_groups[0]
    assert (group["betas"], group["eps"], group["lr"]) == ((0.8, 0.95), 1e-3, 0.001)
    assert all(torch.equal(value, before[name]) for name, value in trainer.model.state_dict().items())
    assert "betas" not in make(epochs=1, learner="sgd", model_class=OfItsOwn).optimizer.param_groups[0]


@pytest.mark.parametrize("settings", [{"clip_variable_norm": 1e-3}, {"clip_grad_norm": {"max_norm": 1e-3}}])
def test_trainer_clips(settings: dict) -> None:
    trainer = make(epochs=1, learner="sgd", learning_rate=1.0, **settings)
    before = {name: value.clone() for name, value in trainer.model.named_parameters()}
    trainer._apply_budget(Loader())
    trainer.train_steps = 1
    trainer.fit(Loader(), None)
    moved = {name: float((value - before[name]).detach().norm()) for name, value in trainer.model.named_parameters()}
    if "clip_variable_norm" in settings:
        assert moved == pytest.approx(dict.fromkeys(moved, 1e-3), rel=1e-3)
    else:
        assert sum(length**2 for length in moved.values()) ** 0.5 == pytest.approx(1e-3, rel=1e-2)


def test_scores_that_are_nan_say_after_which_epoch_and_what_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    def evaluate(model: object, loader: Phase, *given: object) -> SimpleNamespace:
        if loader.scores == []:
            raise TrainingError("Model scored 3 instances of a batch with NaN.")
        return fake_evaluate(model, loader, *given)

    monkeypatch.setattr(recbole_lsrec.trainer, "evaluate", evaluate)
    trainer = make("run")
    with pytest.raises(
        TrainingError, match=r"validation after epoch 2: Model scored 3 .* before this epoch is in run/check"
    ):
        trainer.fit(Loader(), Phase([0.1, 0.2]), verbose=False)
    assert load_checkpoint("run/checkpoint.pt").metadata["epoch"] == 1


def test_a_loss_that_is_nan_says_when() -> None:
    trainer = make("run")
    calculate = trainer.model.calculate_loss
    trainer.model.calculate_loss = lambda batch: (
        calculate(batch) * (float("nan") if trainer.model.batches_seen >= 7 else 1)
    )
    told = r"the loss is NaN in epoch 1, batch 1 \(both from 0\); lower learning_rate .* this epoch is in run/checkpoint\.pt"
    with pytest.raises(TrainingError, match=told):
        trainer.fit(Loader(), Phase(), verbose=False)
    assert load_checkpoint("run/checkpoint.pt").metadata["epoch"] == 0
