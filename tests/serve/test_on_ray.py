"""``serve --ray``: the application as a deployment on a cluster of this machine's own."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import ray

from recbole_lsrec.recommend import Recommender
from tests.recommend.test_recommender import _shop_run

if tuple(map(int, ray.__version__.split(".")[:2])) < (2, 54):
    pytest.skip("Ray Serve of Ray 2.6 does not go with pydantic 2: Python 3.12, current Ray", allow_module_level=True)
pytest.importorskip("ray.serve", reason="pip install 'ray[serve]'", exc_type=ImportError)

pytestmark = pytest.mark.slow


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a cluster of one node."""
    monkeypatch.setenv("RAY_SERVE_PROXY_READY_CHECK_TIMEOUT_S", "120")  # a busy machine is no failure
    monkeypatch.setenv("RAY_SERVE_PROXY_HEALTH_CHECK_TIMEOUT_S", "120")
    from ray.cluster_utils import Cluster

    here = Cluster(initialize_head=True, head_node_args={"num_cpus": 2, "include_dashboard": False})
    yield here.address
    here.shutdown()


def ask(address: str, question: dict[str, Any] | None = None) -> Any:
    body = None if question is None else json.dumps(question).encode()
    with urllib.request.urlopen(
        urllib.request.Request(address, body, {"content-type": "application/json"}), timeout=30
    ) as answer:
        return json.load(answer)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def test_replicas_answer_as_python_does_and_end_with_the_command(cluster: str, tmp_path: Path) -> None:
    run, events = _shop_run(tmp_path, "SLSRec", {})
    at = f"http://127.0.0.1:{(port := free_port())}"
    command = ["serve", str(run), "--ray", "--address", cluster, "--port", str(port), "--workers", "2"]
    program = f"from recbole_lsrec.cli import main; main({command})"
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    with subprocess.Popen([sys.executable, "-c", program], env=environment) as serving:
        try:
            health = None
            while health is None:
                assert serving.poll() is None, "it ended before it answered"
                try:
                    health = ask(f"{at}/healthz")
                except OSError:
                    time.sleep(0.5)
            items = events["item_id:token"].astype(str).tolist()[:4]
            history = {"user": "a", "events": [{"item": item, "timestamp": 60 * n} for n, item in enumerate(items)]}
            answers = [ask(f"{at}/recommend", {"histories": [history], "k": 5}) for _ in range(6)]
        finally:
            serving.send_signal(signal.SIGINT)
        serving.wait(60)
    assert (health["model"], health["dataset"]) == ("SLSRec", "shop")
    expected = Recommender.load(run).recommend([(item, 60 * n) for n, item in enumerate(items)], k=5)["item"].tolist()
    assert [[one["item"] for one in answer["lists"][0]["items"]] for answer in answers] == [expected] * 6
    with pytest.raises(OSError):  # the cluster's proxy may be there; the application is not
        ask(f"{at}/healthz")
