"""The log of a search: read once for each distinct data setting, then shared by all trials of a machine."""

import json
import os
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import ray
import torch
from ray.exceptions import RayTaskError
from ray.util import register_serializer

from recbole_lsrec.config import Config
from recbole_lsrec.data.dataset import SessionDataset
from recbole_lsrec.ray_session import on_this_node
from recbole_lsrec.run_data import load_log, log_settings


class Logs:
    """Reads logs and puts them into Ray's object store, of which every machine keeps one copy for its trials."""

    def __init__(self, working_directory: str) -> None:
        os.chdir(working_directory)  # as paths in the settings are meant
        # Ray maps numpy arrays from the store without a copy; torch's own pickling would copy them into each process.
        register_serializer(torch.Tensor, serializer=torch.Tensor.numpy, deserializer=_tensor)
        self.stored: dict[str, ray.ObjectRef] = {}

    def get(self, model: str | type, dataset: str, settings: Mapping[str, Any]) -> list[ray.ObjectRef]:
        """The reference of the log for these settings, in a list, since Ray would replace a bare one by the log."""
        config = Config(model, dataset, config_dict=settings)
        key = json.dumps(log_settings(config), sort_keys=True, default=str)
        if key not in self.stored:
            self.stored[key] = ray.put(load_log(config))
        return [self.stored[key]]

    def count(self) -> int:
        """How many logs have been read."""
        return len(self.stored)


def start(working_directory: str) -> Any:
    """Starts the keeper of the logs, on the driver's own machine: both are lost together or not at all."""
    keeper: Any = ray.remote(num_cpus=0)(Logs)
    return keeper.options(scheduling_strategy=on_this_node()).remote(working_directory)


def fetch(logs: Any, model: str | type, dataset: str, settings: Mapping[str, Any]) -> SessionDataset:
    """Returns the log for these settings; its arrays are shared and must not be written to.

    Raises:
        LSRecError: what reading it raised.
    """
    try:
        return ray.get(ray.get(logs.get.remote(model, dataset, settings))[0])
    except RayTaskError as error:
        raise error.cause from None


def _tensor(array: np.ndarray) -> torch.Tensor:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*not writable.*")  # nothing writes to a log
        return torch.from_numpy(array)
