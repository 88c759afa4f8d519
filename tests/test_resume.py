"""A resumed run ends as the uninterrupted one, bit for bit, wherever it was interrupted or killed."""

import multiprocessing
import os
import random
import signal
import time
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from recbole.data import data_preparation
from recbole.data.interaction import Interaction
from recbole.model.sequential_recommender import DIN

import recbole_lsrec.trainer
from recbole_lsrec import checkpoint
from recbole_lsrec.errors import CheckpointError
from recbole_lsrec.trainer import Trainer
from recbole_lsrec.whole_files import alone
from tests.stock_recbole import StockDataset
from tests.tiny_run import Loader, Model, Phase, PlainConfig, assert_same, fake_evaluate, make, outcome, train


@pytest.fixture(autouse=True)
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(recbole_lsrec.trainer, "evaluate", fake_evaluate)


class Stop(Exception):
    """An interruption."""


SITUATIONS = {
    "validation each epoch": (Phase, {}),
    "validation every second epoch": (Phase, {"eval_step": 2}),
    "no validation": (lambda: None, {}),
    "step budget": (Phase, {"train_steps": 17, "eval_step": 2}),
    "other optimiser, clipped": (Phase, {"learner": "adagrad", "clip_variable_norm": 0.1}),
}


@pytest.mark.parametrize("situation", SITUATIONS)
@pytest.mark.parametrize("batch", [1, 5, 6, 13, 16])
def test_resumed_run_equals_the_uninterrupted_one(situation: str, batch: int, monkeypatch: pytest.MonkeyPatch) -> None:
    valid, settings = SITUATIONS[situation]
    expected = train("whole", valid, **settings)
    calculate_loss, count = Model.calculate_loss, iter(range(1, 1000))

    def interrupted(self: Model, interaction: Interaction) -> torch.Tensor:
        if next(count) == batch:
            raise Stop
        return calculate_loss(self, interaction)

    with monkeypatch.context() as patch:
        patch.setattr(Model, "calculate_loss", interrupted)
        with pytest.raises(Stop):
            train("cut", valid, **settings)
    assert_same(train("cut", valid, resume=True, **settings), expected)


def test_early_stopped_run_killed_before_its_test_trains_no_further() -> None:
    scores = [0.3, 0.5, 0.4, 0.4, 0.9, 0.9]
    whole = make("whole", stopping_step=1, epochs=6)
    fitted = whole.fit(Loader(), Phase(list(scores)))
    expected = outcome(whole, fitted)
    make("cut", stopping_step=1, epochs=6).fit(Loader(), Phase(list(scores)))

    resumed, loader = make("cut", stopping_step=1, epochs=6), Loader()
    resumed.resume_checkpoint("cut/checkpoint.pt")
    fitted = resumed.fit(loader, Phase([]))
    assert loader.epochs == []
    assert_same(outcome(resumed, fitted), expected)


def test_finished_run_can_be_extended() -> None:
    expected = train("whole", epochs=5)
    train("short", epochs=3)
    assert_same(train("short", epochs=5, resume=True), expected)


def test_resuming_into_another_folder_leaves_the_old_file_alone() -> None:
    train("old", epochs=2)
    before = Path("old/checkpoint.pt").read_bytes()
    trainer, loader = make("new", epochs=2), Loader()
    trainer.resume_checkpoint("old/checkpoint.pt")
    trainer.fit(loader, Phase())
    assert loader.epochs == []
    assert "ndcg@10" in trainer.evaluate(Phase())  # from new/checkpoint.pt
    assert Path("old/checkpoint.pt").read_bytes() == before


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"learning_rate": 0.5},
            r"settings that change the result differ: learning_rate \(checkpoint: 0\.001, now: 0\.5\)",
        ),
        ({"fingerprints": {"data": "other"}}, r"the data fingerprint differs \(checkpoint: aaa, now: other\)"),
    ],
)
def test_other_run_is_refused(changes: dict, message: str) -> None:
    make(fingerprints={"data": "aaa"}, epochs=1).fit(Loader(), Phase())
    with pytest.raises(CheckpointError, match=message):
        make("again", **{"fingerprints": {"data": "aaa"}, "epochs": 1, **changes}).resume_checkpoint(
            "run/checkpoint.pt"
        )


def test_other_model_is_refused_in_evaluation_too() -> None:
    make(epochs=1).fit(Loader(), Phase())
    other = make("other", model="SASRec")
    other.config["model"] = "SASRec"
    with pytest.raises(CheckpointError, match=r"it holds model 'Model', this run has --model=SASRec"):
        other.evaluate(Phase(), model_file="run/checkpoint.pt")


def test_other_versions_are_a_warning(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(checkpoint, "versions", lambda: {"torch": "1.13.0"})
        train("run", epochs=1)
    make(epochs=2).resume_checkpoint("run/checkpoint.pt")
    assert f"torch 1.13.0 -> {torch.__version__}" in caplog.text


class Bomb:
    """SIGKILLs its own process at the n-th occurrence of a moment."""

    def __init__(self, moment: str, n: int) -> None:
        self.moment, self.left = moment, n

    def reach(self, moment: str) -> None:
        if moment == self.moment:
            self.left -= 1
            if self.left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    def plant(self) -> None:
        """Runs in a forked child, so nothing is put back."""
        calculate_loss, save, fsync, replace = Model.calculate_loss, torch.save, os.fsync, os.replace

        def loss(model: Model, interaction: Interaction) -> torch.Tensor:
            self.reach("in a batch")
            return calculate_loss(model, interaction)

        def evaluate(*given: Any, **named: Any) -> SimpleNamespace:
            self.reach("in validation")
            return fake_evaluate(*given, **named)

        def slow_save(content: dict, file: Any) -> None:
            save(content, file)
            size = file.tell()
            file.flush()
            os.ftruncate(file.fileno(), size // 2)
            time.sleep(0.002)  # room for the kill from outside
            self.reach("half written")
            file.seek(0)
            save(content, file)

        def slow_sync(descriptor: int) -> None:
            self.reach("before the disk has it")
            fsync(descriptor)

        def slow_replace(source: Path, target: Path) -> None:
            self.reach("before the rename")
            time.sleep(0.002)
            replace(source, target)
            self.reach("after the rename")

        Model.calculate_loss = loss
        recbole_lsrec.trainer.evaluate = evaluate
        torch.save, os.fsync, os.replace = slow_save, slow_sync, slow_replace


def child(moment: str, n: int) -> None:
    write, rename = torch.save, os.replace
    Bomb(moment, n).plant()
    Path("killed").mkdir(exist_ok=True)
    with alone(Path("killed"), "resume"):  # as a run does: what a killed one left half written goes
        result = train("killed", resume=Path("killed/checkpoint.pt").exists(), epochs=4)
    write(result, "result.pt.tmp")
    rename("result.pt.tmp", "result.pt")


def start(moment: str = "never", n: int = 1) -> multiprocessing.Process:
    process = multiprocessing.get_context("fork").Process(target=child, args=(moment, n))
    process.start()
    return process


MOMENTS = [
    "in a batch",
    "in validation",
    "half written",
    "before the disk has it",
    "before the rename",
    "after the rename",
]


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("n", [1, 3])
def test_killed_run_ends_as_the_uninterrupted_one(moment: str, n: int) -> None:
    expected = train("whole", epochs=4)
    process = start(moment, n)
    process.join()
    assert process.exitcode == -signal.SIGKILL
    if Path("killed/checkpoint.pt").exists():
        checkpoint.load("killed/checkpoint.pt")
    process = start()
    process.join()
    assert process.exitcode == 0
    assert sorted(file.name for file in Path("killed").iterdir()) == ["checkpoint.pt", "tensorboard"]
    assert_same(torch.load("result.pt", weights_only=False), expected)


def test_run_killed_again_and_again_from_outside() -> None:
    expected = train("whole", epochs=4)
    delays = random.Random(5)
    for _ in range(6):
        process = start()
        process.join(timeout=delays.uniform(0.01, 0.15))
        process.kill()
        process.join()
        if Path("killed/checkpoint.pt").exists():
            checkpoint.load("killed/checkpoint.pt")
    process = start()
    process.join()
    assert process.exitcode == 0
    assert_same(torch.load("result.pt", weights_only=False), expected)


def test_ctrl_c_leaves_the_last_checkpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = train("whole")

    def interrupted(*_: Any, **__: Any) -> SimpleNamespace:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(recbole_lsrec.trainer, "evaluate", interrupted)
        with pytest.raises(KeyboardInterrupt):
            train("cut")
    assert checkpoint.load("cut/checkpoint.pt").metadata["epoch"] == -1
    assert_same(train("cut", resume=True), expected)


class Repeated:
    """A stock loader's batches, the same in every epoch."""

    def __init__(self, loader: Any) -> None:
        self.batches, self.dataset = list(loader), loader.dataset

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator[Interaction]:
        return iter(self.batches)

    def set_epoch(self, epoch: int) -> None:
        pass


def test_din_resumes_exactly(monkeypatch: pytest.MonkeyPatch) -> None:
    """DIN names its embedding layer, a module, among its other parameters."""
    Path("tiny").mkdir()
    rows = [f"u{user}\ti{(user * 3 + step) % 11}\t{step}" for user in range(6) for step in range(8)]
    Path("tiny/tiny.inter").write_text("\n".join(["user_id:token\titem_id:token\ttimestamp:float", *rows]) + "\n")
    settings = {
        "data_path": ".",
        "load_col": {"inter": ["user_id", "item_id", "timestamp"]},
        "train_batch_size": 16,
        "MAX_ITEM_LIST_LENGTH": 5,
        "use_gpu": False,
        "gpu_id": "",
        "epochs": 3,
    }
    config = PlainConfig(model="DIN", dataset="tiny", config_dict=settings)
    train_data, valid_data, _ = data_preparation(config, StockDataset(config))
    train_loader, batch = Repeated(train_data), next(iter(valid_data))[0]

    def score(model: DIN, *_: Any) -> SimpleNamespace:
        value = float(model.predict(batch).mean())
        return SimpleNamespace(metrics=OrderedDict({config["valid_metric"].lower(): value}))

    monkeypatch.setattr(recbole_lsrec.trainer, "evaluate", score)

    def trained(folder: str, epochs: int, resume: bool = False) -> dict[str, Any]:
        torch.manual_seed(1)
        config["epochs"] = epochs
        trainer = Trainer(config, DIN(config, train_loader.dataset), folder)
        if resume:
            trainer.resume_checkpoint(f"{folder}/checkpoint.pt")
        trainer.fit(train_loader, Phase(), verbose=False)
        last = {name: tensor.clone() for name, tensor in trainer.model.state_dict().items()}
        return {"last": last, "test": dict(trainer.evaluate(Phase()))}

    expected = trained("whole", 3)
    trained("cut", 1)
    assert_same(trained("cut", 3, resume=True), expected)
