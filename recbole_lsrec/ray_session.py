"""Ray while a block runs: the one there is, that of a cluster, or one on this machine."""

import os
import signal
import socket
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from logging import getLogger
from typing import Any

from recbole_lsrec.errors import ConfigError, MachineError, failure_in_words

_before = signal.getsignal(signal.SIGTERM)
with warnings.catch_warnings():
    warnings.simplefilter("ignore", UserWarning)  # Ray 2.6 imports pkg_resources, which says that it will go
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

if _before is not None and threading.current_thread() is threading.main_thread():
    signal.signal(signal.SIGTERM, _before)  # importing Ray takes the signal away from whoever had it


_PATIENCE = 10.0  # seconds; Ray itself tries for minutes
_REGISTERED = (
    180_000  # milliseconds; with other work on the machine Ray's own 30 s are too few, and its node ends itself
)
NODE_LOST = (
    "Ray's own processes ended, not the cell's or the trial's (raylet.out in /tmp/ray/session_latest/logs says why); start the "
    "same command again, it goes on where it was."
)


def _knock(address: str) -> None:
    """Raises OSError where nobody listens at ``host:port``; other addresses, such as ``auto``, are left to Ray."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if host and port.isdigit():
        socket.create_connection((host.strip("[]"), int(port)), _PATIENCE).close()


def check_node() -> None:
    """Whether the Ray node that this process works through is alive; without it every task is lost at once.

    Raises:
        MachineError: it is not.
    """
    if not ray.is_initialized():
        return  # asking would start one
    own = ray.get_runtime_context().get_node_id()
    if not any(node["Alive"] for node in ray.nodes() if node["NodeID"] == own):
        raise MachineError(NODE_LOST)


def resources_of_nodes() -> list[dict[str, float]]:
    """What each node that is alive offers."""
    return [node["Resources"] for node in ray.nodes() if node["Alive"]]


def on_this_node() -> NodeAffinitySchedulingStrategy:
    """Where this process runs and nowhere else."""
    return NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)


@contextmanager
def running_ray(address: str | None = None, cpus: int | None = None) -> Iterator[None]:
    """Uses the Ray that is initialised already; otherwise connects or starts one, and ends that with the block.

    Args:
        address: of a cluster, or ``auto``; None starts one on this machine.
        cpus: CPUs that one on this machine offers; as many as it has by default.

    Raises:
        ConfigError: there is no cluster at the address.
        MachineError: Ray does not start on this machine.
    """
    if ray.is_initialized():
        yield
        return
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_agent_register_timeout_ms", str(_REGISTERED))
    # "local", as Ray would otherwise join whatever cluster it finds on this machine.
    local: dict[str, Any] = {"address": "local", "include_dashboard": False, "num_cpus": cpus}
    options = {"address": address} if address else local
    if address:
        getLogger().warning(
            f"address: whoever can reach the Ray cluster at {address!r} can run programs on its machines; keep its ports, the "
            "dashboard's above all, inside a network you trust (docs/installing.md)."
        )
    ours = signal.getsignal(signal.SIGTERM)
    try:
        _knock(address or "")
        ray.init(logging_level="error", log_to_driver=False, **options)
    except (OSError, OverflowError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
        if not address:
            long = "AF_UNIX path length" in str(error)
            mend = (
                "set the environment variable RAY_TMPDIR to a short one, such as /tmp"
                if long
                else "start the command again"
            )
            raise MachineError(f"Ray could not start ({failure_in_words(error)}); {mend}.") from error
        raise ConfigError(
            f"address: no Ray cluster answers at {address!r} ({error}); start one with `ray start --head`, give its "
            "address or `auto`, or leave it out to use this machine."
        ) from error
    if threading.current_thread() is threading.main_thread():
        # Ray's own handler exits in the middle of whatever runs, with a stack of C++.
        signal.signal(signal.SIGTERM, ours)
    try:
        yield
    finally:
        ray.shutdown()
