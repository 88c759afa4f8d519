"""Two nodes on this machine."""

import threading
from pathlib import Path

import pytest
import ray
from ray.cluster_utils import Cluster

from tests.leaderboard.boards import TWO, plan_for, run, saved, wait_until, worker_of


@pytest.mark.slow  # trains four cells, each in a process of its own that imports torch
def test_a_node_removed_in_the_middle_loses_nothing(shop, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).resolve().parents[2]))  # both nodes run this code
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    ray.init(cluster.address, log_to_driver=False, logging_level="error")  # on the head, the only node so far
    second = cluster.add_node(num_cpus=1)
    try:
        cluster.wait_for_nodes()
        out = tmp_path / "out"

        def remove():
            wait_until(lambda: worker_of("SASRec on shop") and worker_of("GRU4Rec on shop"))
            cluster.remove_node(second, allow_graceful=False)

        remover = threading.Thread(target=remove)
        remover.start()
        run(plan_for(shop, systems=TWO, seeds=[1, 2]), out)
        remover.join()
        cells = saved(out)["cells"]
        assert [cell["status"] for cell in cells] == ["done"] * 4
        assert 4 <= sum(cell["attempts"] for cell in cells) <= 5
        assert saved(out)["environment"]["nodes"] == 2
    finally:
        ray.shutdown()
        cluster.shutdown()
