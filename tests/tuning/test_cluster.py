"""A search on a Ray cluster of two nodes, one of which is lost."""

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import ray
from ray.cluster_utils import Cluster

from recbole_lsrec.ray_session import running_ray
from recbole_lsrec.tuning.search import search
from recbole_lsrec.tuning.settings import SearchSettings
from tests.tuning.conftest import ROOT


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    """A head with one core; further nodes are the test's."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "object_store_memory": 10**8})
    yield made
    ray.shutdown()
    made.shutdown()


@pytest.mark.slow  # Ray takes half a minute to find a node lost
def test_a_node_lost_in_the_middle_loses_nothing(cluster: Cluster, planted: dict[str, Any]) -> None:
    planted["config_dict"] |= {"pause": 1.0, "epochs": 6}
    settings = SearchSettings(
        **{**planted, "concurrent": 2},
        space={"quality": {"choice": [1.0, 0.5, -1.0]}},
        method="grid",
        scheduler="none",
    )
    with running_ray(cluster.address):
        # Added second: a driver joins the latest node of its machine, and would be lost with it.
        node = cluster.add_node(num_cpus=1, object_store_memory=10**8)
        assert len([node for node in ray.nodes() if node["Alive"]]) == 2
        remover = threading.Thread(target=_remove, args=(cluster, node, Path(settings.out) / "journal.jsonl"))
        remover.start()
        found = search(settings)
    remover.join()
    assert [trial.status for trial in found.trials] == ["finished"] * 3
    assert [[epoch["epoch"] for epoch in trial.epochs] for trial in found.trials] == [[1, 2, 3, 4, 5, 6]] * 3
    assert len(_starts(settings.out / "journal.jsonl")) == 4  # the trial of the lost node twice
    assert found.test_result is not None


def _remove(cluster: Cluster, node: Any, journal: Path) -> None:
    """Takes the node away once both trials have told an epoch."""
    while not journal.is_file() or len({event["trial"] for event in _events(journal, "epoch")}) < 2:
        time.sleep(0.1)
    cluster.remove_node(node, allow_graceful=False)


def _starts(journal: Path) -> list[dict[str, Any]]:
    return _events(journal, "start")


def _events(journal: Path, kind: str) -> list[dict[str, Any]]:
    events = [json.loads(line) for line in journal.read_text().splitlines() if line.endswith("}")]
    return [event for event in events if event["event"] == kind]
