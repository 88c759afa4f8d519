"""Who is told of a training: TensorBoard in the run folder, Weights & Biases, MLflow."""

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from logging import getLogger
from pathlib import Path
from typing import Any

from recbole.config import Config
from recbole.utils import WandbLogger
from torch.utils.tensorboard import SummaryWriter

from recbole_lsrec.config.changed import changed
from recbole_lsrec.errors import ConfigError
from recbole_lsrec.run_files import TENSORBOARD


class Trackers:
    """Each tracker that the settings ask for, told as RecBole tells its ``WandbLogger``."""

    def __init__(self, config: Config, run_folder: Path) -> None:
        """Starts them; that their packages are there was seen when the settings were checked.

        Raises:
            ConfigError: one cannot be started.
        """
        self._told: list[Any] = []
        if config["log_wandb"]:
            self._told.append(WandbLogger(config))
        if config["log_mlflow"]:
            self._told.append(MlflowLogger(config, run_folder.name))

    def log_metrics(self, metrics: Mapping[str, Any], head: str = "train", commit: bool = True) -> None:
        """Of an epoch; ``train_step`` or ``valid_step`` among them counts."""
        for tracker in self._told:
            tracker.log_metrics(metrics, head=head, commit=commit)

    def log_eval_metrics(self, metrics: Mapping[str, Any], head: str = "eval") -> None:
        """Of an evaluation."""
        for tracker in self._told:
            tracker.log_eval_metrics(metrics, head=head)


class MlflowLogger:
    """A run of MLflow, where ``MLFLOW_TRACKING_URI`` says, or one that is active; ends with the process."""

    def __init__(self, config: Config, name: str) -> None:
        """Begins it.

        Raises:
            ConfigError: MLflow cannot, of its server perhaps.
        """
        import mlflow

        self._mlflow = mlflow
        self._lost = False
        try:
            if mlflow.active_run() is None:
                mlflow.set_experiment(config["mlflow_experiment"])
                mlflow.start_run(run_name=name)
            mlflow.log_params({key: str(value)[:500] for key, value in config.plain().items()})  # more is refused
        except mlflow.MlflowException as error:
            raise ConfigError(
                f"log_mlflow: MLflow cannot log to {mlflow.get_tracking_uri()} ({str(error).splitlines()[0]}); set "
                "MLFLOW_TRACKING_URI, or leave log_mlflow out."
            ) from error

    def log_metrics(self, metrics: Mapping[str, Any], head: str = "train", commit: bool = True) -> None:
        """As of :class:`Trackers`; a loss of several parts as one metric each."""
        self._log(
            _flat(metrics, head), next((int(value) for name, value in metrics.items() if name.endswith("_step")), None)
        )

    def log_eval_metrics(self, metrics: Mapping[str, Any], head: str = "eval") -> None:
        """As of :class:`Trackers`."""
        self._log(_flat(metrics, head), None)

    def _log(self, metrics: dict[str, float], step: int | None) -> None:
        """A server that is lost costs its curves, not the training."""
        if self._lost:
            return
        try:
            self._mlflow.log_metrics(metrics, step=step)
        except self._mlflow.MlflowException as error:
            self._lost = True
            getLogger().warning(f"log_mlflow: MLflow is told nothing from here on ({str(error).splitlines()[0]})")


def _flat(metrics: Mapping[str, Any], head: str) -> dict[str, float]:
    """Plain numbers by names that MLflow accepts, which have no ``@``."""
    found: dict[str, float] = {}
    for name, value in metrics.items():
        if name.endswith("_step"):
            continue
        parts = {f"{name}{i}": v for i, v in enumerate(value)} if isinstance(value, tuple) else {name: value}
        found |= {f"{head}/{part}".replace("@", "_at_"): float(number) for part, number in parts.items()}
    return found


def tensorboard_in(folder: Path) -> SummaryWriter:
    """RecBole's writer, in a run's folder: ``tensorboard --logdir runs`` shows all of them."""
    return SummaryWriter(str((folder / TENSORBOARD).absolute()))


@contextmanager
def elsewhere() -> Iterator[None]:
    """In a folder that is gone afterwards: RecBole's trainer makes a tensorboard folder wherever it is built."""
    here = os.getcwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            yield
        finally:
            os.chdir(here)


def for_recbole(config: Config, run_folder: str | Path) -> Config:
    """A copy of the settings with which RecBole's constructor builds only what is used here.

    Its Collector and Evaluator fail on metrics that RecBole does not know, and ours replaces them; ``./saved`` is not
    wanted; and W&B is to start once, with the true settings.
    """
    return changed(config, metrics=[], checkpoint_dir=str(Path(run_folder).absolute()), log_wandb=False)
