"""The global random generators, kept and put back: training goes on with the draws it would have had."""

import random
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch


def state(device: torch.device) -> dict[str, Any]:
    """State of the global generators of torch (CPU, and ``device`` if it is a GPU), numpy and ``random``."""
    numpy_state: Any = np.random.get_state(legacy=False)  # noqa: NPY002 - the generator that RecBole's models draw from
    key = torch.from_numpy(numpy_state["state"]["key"].astype(np.int64))  # older torch has no uint32
    version, python_key, gauss = random.getstate()
    return {
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state(device) if device.type == "cuda" else None,
        "numpy": {**numpy_state, "state": {**numpy_state["state"], "key": key}},
        "python": [version, torch.tensor(python_key), gauss],
    }


def put_back(kept: Mapping[str, Any], device: torch.device) -> None:
    """Puts the generators back to what :func:`state` gave; a GPU state is used only where ``device`` is a GPU."""
    torch.set_rng_state(kept["torch"])
    if device.type == "cuda" and kept["cuda"] is not None:
        torch.cuda.set_rng_state(kept["cuda"], device)
    numpy_state = kept["numpy"]
    key = numpy_state["state"]["key"].numpy().astype(np.uint32)
    np.random.set_state({**numpy_state, "state": {**numpy_state["state"], "key": key}})  # noqa: NPY002
    version, python_key, gauss = kept["python"]
    random.setstate((version, tuple(python_key.tolist()), gauss))
