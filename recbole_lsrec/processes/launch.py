"""Starting the processes of a run on this machine, and ending all of them where one ends before its time."""

import logging
import os
import pickle
import socket
import tempfile
import warnings
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import psutil
import torch
import torch.distributed as dist
import torch.multiprocessing
from torch.multiprocessing import ProcessExitedException, ProcessRaisedException

from recbole_lsrec.errors import MachineError
from recbole_lsrec.processes.group import ProcessLost
from recbole_lsrec.processes.heartbeat import Heartbeat
from recbole_lsrec.processes.place import Place, environment

_LOOKS_SECONDS = 0.1
_HERE = "127.0.0.1"
# With libuv, torch 2.6 takes no socket that listens already.
_STORE: Any = {"wait_for_workers": False, "use_libuv": False}


def launch(
    task: Callable[..., Any],
    arguments: tuple,
    n: int,
    *,
    world: int,
    first: int,
    address: str,
    port: int | None,
    meanwhile: Callable[[], None] | None = None,
) -> Any:
    """Runs ``task(*arguments)`` in ``n`` new processes; each finds its :func:`place`.

    Args:
        task: a function that can be pickled, as can what it gets and returns.
        arguments: of the task.
        n: processes on this machine.
        world: processes on all machines.
        first: rank of the first one here.
        address: of the machine that has process 0.
        port: there, where the processes of several machines meet; None: a free one, which only this machine can know.
        meanwhile: called again and again until they have ended; what it raises ends them.

    Returns:
        What the first one here returned.

    Raises:
        MachineError: there is no meeting at that address and port.
        ProcessLost: one was killed, or ended without a word, here or on another machine, the others being ended within a
            second; or another machine was silent for a minute.
        Exception: what a process raised; process 0's if several did.
    """
    # As torchrun does: the store is kept by the parent, so that no process can take it with it.
    address = _HERE if world == n else address
    try:
        store = _kept_here(port or 0) if world == n else dist.TCPStore(address, port or 0, None, first == 0, **_STORE)
    except (OSError, RuntimeError) as error:
        raise MachineError(
            f"ip, port: the processes cannot meet at {address}:{port or 'any free port'} ({str(error).splitlines()[0]}). Give an "
            "address of the machine of the first process, and a port that is free there, and start that machine's first."
        ) from error
    logging.getLogger("torch.multiprocessing.spawn").setLevel(logging.ERROR)  # it tells which processes it ends
    with tempfile.TemporaryDirectory() as folder:
        places = [Place(first + local, world, local) for local in range(n)]
        told = [{**_network(address), **environment(place, address, store.port)} for place in places]
        context = torch.multiprocessing.start_processes(
            _start, (told, warnings.filters, task, arguments, folder), nprocs=n, join=False, start_method="spawn"
        )
        assert context is not None
        with Heartbeat(store, first, world) if world > n else nullcontext() as heartbeat:
            try:
                while not context.join(_LOOKS_SECONDS if meanwhile or world > n else None):
                    if meanwhile:
                        meanwhile()
                    if heartbeat:
                        heartbeat.check()
                if heartbeat:
                    heartbeat.leave()
            except (ProcessRaisedException, ProcessExitedException) as ended:
                cause = _cause(ended, places, Path(folder))
                if heartbeat:
                    heartbeat.tell(cause)
                raise cause from ended
            finally:
                for process in context.processes:
                    process.terminate()
                for process in context.processes:
                    process.join()
        return _read(Path(folder) / "0.result")


def _kept_here(port: int) -> dist.TCPStore:
    """A store that this machine alone can reach: torch's listens on all interfaces, and what is exchanged can run code."""
    listening = socket.create_server((_HERE, port))
    port = listening.getsockname()[1]
    return dist.TCPStore(_HERE, port, None, True, **_STORE, master_listen_fd=listening.detach())


def _network(address: str) -> dict[str, str]:
    """Names gloo the interface that leads to ``address``: many a machine's own name leads it to 127.0.0.1 instead."""
    family, kind, _, _, there = socket.getaddrinfo(address, 9, type=socket.SOCK_DGRAM)[0]
    with socket.socket(family, kind) as probe:
        probe.connect(there)  # sends nothing
        own = probe.getsockname()[0]
    names = [name for name, known in psutil.net_if_addrs().items() if own in {one.address for one in known}]
    return {"GLOO_SOCKET_IFNAME": os.environ.get("GLOO_SOCKET_IFNAME", names[0])} if names else {}


def _start(
    local: int, told: list[dict[str, str]], filters: Any, task: Callable[..., Any], arguments: tuple, folder: str
) -> None:
    os.environ.update(told[local])
    warnings.filters[:] = filters  # type: ignore[index]
    if "OMP_NUM_THREADS" not in os.environ:
        torch.set_num_threads(max(1, torch.get_num_threads() // len(told)))  # the cores are divided
    try:
        result = task(*arguments)
    except Exception as error:
        (Path(folder) / f"{local}.error").write_bytes(_pickled(error))
        raise
    (Path(folder) / f"{local}.result").write_bytes(pickle.dumps(result))


def _pickled(error: Exception) -> bytes:
    """An exception for another process; of one that cannot be pickled its words."""
    try:
        data = pickle.dumps(error)
        pickle.loads(data)
    except Exception:  # whatever a class of exceptions stumbles over
        return pickle.dumps(RuntimeError(f"{type(error).__name__}: {error}"))
    return data


def _cause(ended: ProcessRaisedException | ProcessExitedException, places: list[Place], folder: Path) -> Exception:
    """What was first: an error in words, a process that was killed; that another one then missed it, is none."""
    errors = [_read(path) for path in sorted(folder.glob("*.error"))]
    for error in errors:
        if not isinstance(error, ProcessLost):
            return error
    if isinstance(ended, ProcessExitedException):
        place = places[ended.error_index]
        how = f"was killed ({ended.signal_name})" if ended.signal_name else f"ended (exit code {ended.exit_code})"
        return ProcessLost(f"process {place.rank} of {place.world} {how}, and the others were ended.")
    return errors[0]


def _read(path: Path) -> Any:
    return pickle.loads(path.read_bytes())
