"""Latency of ``recbole-lsrec serve`` under load on loopback: p50 and p99 for k=20, errors, over a bounded time.

    python benchmarks/serve.py --items 5000 100000 --seconds 20 --clients 4 --workers 1

makes a log of random events, trains SASRec for a few steps, serves the run and asks it with histories of 20 events.
"""

import argparse
import http.client
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from threading import Thread

import numpy as np
from tabulate import tabulate

from recbole_lsrec.quick_start import run_recbole_lsrec

PORT = 8765


def trained_run(folder: Path, n_items: int) -> Path:
    """A run of SASRec on random events, every item among them."""
    rng = np.random.default_rng(1)
    n_events = max(60_000, n_items)
    item = np.concatenate([np.arange(n_items), rng.integers(0, n_items, n_events - n_items)])
    user = rng.integers(0, n_events // 20, n_events)
    data = folder / "data" / "random"
    data.mkdir(parents=True)
    events = enumerate(zip(user, rng.permutation(item), strict=True), 1_500_000_000)
    lines = "".join(f"{user}\t{item}\t{time}\n" for time, (user, item) in events)
    (data / "random.inter").write_text(f"user_id:token\titem_id:token\ttimestamp:float\n{lines}")
    settings = {
        "data_path": str(folder / "data"),
        "run_dir": str(folder / "runs"),
        "load_col": {"inter": ["user_id", "item_id", "timestamp"]},
        "train_steps": 3,
        "train_batch_size": 64,
        "eval_batch_size": 64,
        "eval_args": {"mode": ["uni9"], "fewer": "allow"},
        "state": "ERROR",
    }
    return Path(run_recbole_lsrec("SASRec", "random", config_dict=settings)["run_folder"])


def ask(seconds: float, n_items: int, seed: int, found: list[float], errors: list[int]) -> None:
    """One client: asks again and again on one connection."""
    rng = np.random.default_rng(seed)
    connection = http.client.HTTPConnection("127.0.0.1", PORT)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        events = [{"item": str(item), "timestamp": t} for t, item in enumerate(rng.integers(0, n_items, 20))]
        body = json.dumps({"histories": [{"events": events}], "k": 20})
        started = time.perf_counter()
        connection.request("POST", "/recommend", body, {"content-type": "application/json"})
        answer = connection.getresponse()
        lists = json.loads(answer.read())
        found.append(time.perf_counter() - started)
        if answer.status != 200 or len(lists["lists"][0]["items"]) != 20:
            errors.append(answer.status)


def wait_until_ready(process: subprocess.Popen) -> None:
    """Until the health check answers."""
    for _ in range(600):
        try:
            connection = http.client.HTTPConnection("127.0.0.1", PORT)
            connection.request("GET", "/healthz")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.2)
        if process.poll() is not None:
            break
    raise RuntimeError("the server did not come up")


def measure(n_items: int, given: argparse.Namespace) -> list[object]:
    """A row of the table."""
    with tempfile.TemporaryDirectory() as folder:
        run = trained_run(Path(folder), n_items)
        command = [sys.executable, "-c", "from recbole_lsrec.cli import main; main()", "serve", str(run)]
        command += [f"--port={PORT}", f"--workers={given.workers}"]
        server = subprocess.Popen(command)
        try:
            wait_until_ready(server)
            ask(2, n_items, 99, [], [])  # warm
            found: list[float] = []
            errors: list[int] = []
            clients = [
                Thread(target=ask, args=(given.seconds, n_items, seed, found, errors)) for seed in range(given.clients)
            ]
            for client in clients:
                client.start()
            for client in clients:
                client.join()
        finally:
            server.terminate()
            server.wait()
    p50, p99 = (1000 * float(np.quantile(found, q)) for q in (0.5, 0.99))
    return [n_items, len(found), f"{len(found) / given.seconds:.0f}", f"{p50:.1f}", f"{p99:.1f}", len(errors)]


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, nargs="+", default=[5000, 100_000])
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--workers", type=int, default=1)
    given = parser.parse_args()
    rows = [measure(n_items, given) for n_items in given.items]
    print(tabulate(rows, ["items", "requests", "requests/s", "p50 ms", "p99 ms", "errors"], disable_numparse=True))


if __name__ == "__main__":
    main()
