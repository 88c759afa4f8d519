"""Which device a process of a run computes on."""

import os
from typing import Any

import torch

from recbole_lsrec.errors import ConfigError
from recbole_lsrec.processes.place import place


def set_device(values: dict[str, Any], gpu_given: bool) -> None:
    """Adds ``device`` as RecBole does, but ``use_gpu: False`` counts, and the visible GPUs change only if ``gpu_id`` was set.

    Args:
        values: of a run's settings; changed.
        gpu_given: whether the user set ``gpu_id``.

    Raises:
        ConfigError: more processes than GPUs.
    """
    ids = values["gpu_id"]
    values["gpu_id"] = ",".join(map(str, ids)) if isinstance(ids, list) else str(ids)
    if gpu_given:
        os.environ["CUDA_VISIBLE_DEVICES"] = values["gpu_id"]
    on_gpu = values["use_gpu"] and values["gpu_id"] != "" and torch.cuda.is_available()
    values["device"] = torch.device("cuda" if on_gpu else "cpu")
    here = place()
    if on_gpu and here is not None:
        if here.local >= torch.cuda.device_count():
            raise ConfigError(
                f"nproc: found a process {here.local} (from 0) on this machine, which has {torch.cuda.device_count()} GPUs; "
                "accepted: at most one process for each GPU, or any number with use_gpu=False."
            )
        values["device"] = torch.device("cuda", here.local)
        torch.cuda.set_device(here.local)
    values["single_spec"], values["local_rank"] = True, 0  # RecBole's own processes are not used
