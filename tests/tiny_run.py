"""A run small enough to be repeated hundreds of times, for the tests of training and resuming."""

import random
from collections import OrderedDict
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from recbole.data.interaction import Interaction
from recbole.model.abstract_recommender import AbstractRecommender
from recbole.utils import InputType, ModelType

from recbole_lsrec.trainer import Trainer
from tests.stock_recbole import StockConfig

N_ITEMS = 12


class PlainConfig(StockConfig):
    """RecBole's Config with what the checkpoint asks of ours."""

    def plain(self) -> dict[str, Any]:
        kinds = (bool, int, float, str, list, dict, type(None))
        return {key: value for key, value in self.final_config_dict.items() if type(value) in kinds}


class Model(AbstractRecommender):
    """A small model that draws from every global generator and keeps a count outside its state_dict."""

    input_type = InputType.POINTWISE
    type = ModelType.SEQUENTIAL

    def __init__(self) -> None:
        super().__init__()
        self.embedding = torch.nn.Embedding(N_ITEMS, 4)
        self.dropout = torch.nn.Dropout(0.3)
        self.head = torch.nn.Linear(4, 1)
        self.batches_seen = torch.zeros(1)
        self.other_parameter_name = ["embedding", "batches_seen"]

    def calculate_loss(self, interaction: Interaction) -> torch.Tensor:
        self.batches_seen = self.batches_seen + 1
        noise = random.random() + np.random.random()  # noqa: NPY002
        scores = self.head(self.dropout(self.embedding(interaction["item_id"]))).squeeze(-1)
        return (scores - interaction["label"] * noise).square().mean() + 0.01 * self.batches_seen.item()


class Loader:
    """Five batches that are a pure function of the epoch."""

    dataset = None

    def __init__(self) -> None:
        self.epoch: int | None = None
        self.epochs: list[int] = []

    def __len__(self) -> int:
        return 5

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch
        self.epochs.append(epoch)

    def __iter__(self) -> Iterator[Interaction]:
        generator = torch.Generator().manual_seed(100 + self.epoch)
        for _ in range(len(self)):
            items = torch.randint(1, N_ITEMS, (8,), generator=generator)
            yield Interaction({"item_id": items, "label": torch.rand(8, generator=generator)})


class Phase:
    """Stands for an evaluation loader; ``scores`` replaces the model's score, call by call."""

    def __init__(self, scores: list[float] | None = None) -> None:
        self.scores = scores

    def __len__(self) -> int:
        return 1


def fake_evaluate(
    model: Model, loader: Phase, config: PlainConfig, show_progress: bool = False, correction: object = None
) -> SimpleNamespace:
    """A score that depends on the weights, and, as a diffusion model would, draws from the global generator."""
    assert not model.training
    weights = float(model.head.weight.sum()) + float(torch.rand(1))
    score = loader.scores.pop(0) if loader.scores is not None else weights
    return SimpleNamespace(metrics=OrderedDict({"ndcg@10": score, "auc": float(model.batches_seen)}))


def make(
    folder: Path | str = "run",
    fingerprints: dict[str, str] | None = None,
    model_class: type[Model] = Model,
    **settings: Any,
) -> Trainer:
    """A fresh trainer as a fresh process would build it."""
    random.seed(1)
    np.random.seed(2)  # noqa: NPY002
    torch.manual_seed(3)
    given = {"use_gpu": False, "gpu_id": "", "epochs": 5, "stopping_step": 10, "valid_metric": "NDCG@10", "seed": 7}
    config = PlainConfig(model=Model, dataset="tiny", config_dict={**given, **settings})
    config["metrics"] = ["NDCG", "AUC", "MeanRank"]  # which RecBole alone refuses, together or at all
    config["eval_args"]["mode"] = {"valid": ["pop99"], "test": ["pop99", "full"]}
    return Trainer(config, model_class(), Path(folder), fingerprints)


def outcome(trainer: Trainer, fitted: tuple) -> dict[str, Any]:
    """Everything that must not depend on interruptions."""
    last = {name: tensor.clone() for name, tensor in trainer.model.state_dict().items()}
    test = trainer.evaluate(Phase())
    timeless = [{k: v for k, v in epoch.items() if not k.endswith("_seconds")} for epoch in trainer.history]
    return {
        "last": last,
        "best": dict(trainer.model.state_dict()),
        "batches": trainer.model.batches_seen,
        "fitted": (float(fitted[0]), dict(fitted[1] or {})),
        "history": timeless,
        "losses": dict(trainer.train_loss_dict),
        "test": dict(test),
        "next draws": (torch.rand(2), random.random(), float(np.random.random())),  # noqa: NPY002
    }


def assert_same(got: Any, expected: Any) -> None:
    """Bit for bit."""
    assert type(got) is type(expected)
    if isinstance(expected, dict):
        assert list(got) == list(expected)
        for key in expected:
            assert_same(got[key], expected[key])
    elif isinstance(expected, list | tuple):
        assert len(got) == len(expected)
        for ours, theirs in zip(got, expected, strict=True):
            assert_same(ours, theirs)
    elif isinstance(expected, torch.Tensor):
        assert torch.equal(got, expected)
    else:
        assert got == expected


def train(
    folder: str, valid: Callable[[], Phase | None] = Phase, resume: bool = False, **settings: Any
) -> dict[str, Any]:
    """A whole run up to its test."""
    trainer = make(folder, **settings)
    if resume:
        trainer.resume_checkpoint(Path(folder) / "checkpoint.pt")
        torch.rand(3)  # building loaders may draw; the resumed run must not notice
    return outcome(trainer, trainer.fit(Loader(), valid(), verbose=False))
