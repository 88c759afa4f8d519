"""Parts of a run by several processes, found by name in processes that know nothing of pytest."""

from collections.abc import Mapping, Sequence
from tempfile import TemporaryDirectory
from typing import Any

import torch

from recbole_lsrec.config import Config
from recbole_lsrec.evaluation.evaluator import evaluate
from recbole_lsrec.evaluation.inference_noise import inference_noise
from recbole_lsrec.evaluation.popularity import Correction
from recbole_lsrec.processes import group
from recbole_lsrec.processes.place import place
from recbole_lsrec.run_data import load_data
from recbole_lsrec.trained_run import build_model
from recbole_lsrec.trainer import Trainer


class Recording(Trainer):
    """Keeps the loss of every step."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.losses: list[float] = []

    def _check_nan(self, loss: torch.Tensor) -> None:
        super()._check_nan(loss)
        self.losses.append(loss.item())


def configured(model: str, settings: Mapping[str, Any]) -> Config:
    """On a CPU; of the small shop if no other log is named."""
    return Config(model, settings.get("dataset", "shop"), config_dict={**settings, "use_gpu": False})


def trained(model: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """The loss of each step and the weights after the last; nothing is dropped."""
    config = configured(model, settings)
    data = load_data(config)
    built = build_model(config, data)
    for module in built.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    with TemporaryDirectory() as folder:
        trainer = Recording(config, built, folder)
        trainer.fit(data.train, None, verbose=False, saved=False)
        trainer.tensorboard.close()
    weights = {name: tensor.detach().clone() for name, tensor in built.state_dict().items()}
    return {"losses": trainer.losses, "history": trainer.history[0]["train_loss"], "weights": weights}


def evaluated(model: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """What the evaluation of a model with its first weights finds."""
    config = configured(model, settings)
    data = load_data(config)
    model, correction = build_model(config, data), Correction((-1.0, 0.0, 1.0))
    found = evaluate(model, data.test, config, correction=correction)
    noise = inference_noise(model, data.test, config)
    rest = {"metrics": dict(found.metrics), "curves": found.curves, "noise": noise}
    return {"instances": found.instances, "scores": found.scores, **rest}


def together(jobs: Sequence[tuple[str, str, Mapping[str, Any]]]) -> list[dict[str, Any]]:
    """Jobs ``(trained or evaluated, model, settings)`` one after another, each done by all processes."""
    with group.joined(place()):
        return [globals()[kind](model, settings) for kind, model, settings in jobs]
