import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import ray

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def two_cores() -> Iterator[None]:
    """Ray on two cores of this machine, whose processes can import the tests."""
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = str(ROOT)
    ray.init("local", num_cpus=2, include_dashboard=False, log_to_driver=False, object_store_memory=10**8)
    yield
    ray.shutdown()
    os.environ.pop("PYTHONPATH") if before is None else os.environ.update(PYTHONPATH=before)


@pytest.fixture
def planted(shop: dict[str, Any], tmp_path: Path) -> dict[str, Any]:
    """What every search over the planted model shares: one at a time, so that the order is known."""
    from tests.tuning.planted import Planted

    given = {**shop, "epochs": 9, "eval_args": {"mode": "uni9"}, "train_batch_size": 2048, "stopping_step": 100}
    return {"model": Planted, "dataset": "shop", "out": tmp_path / "out", "config_dict": given, "concurrent": 1}
