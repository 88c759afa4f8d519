"""Cells as Ray tasks: each in a worker of its own, a log loaded once, a dead worker replaced once."""

import os
import sys
import warnings
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from recbole_lsrec.console import bar
from recbole_lsrec.errors import ConfigError, MachineError
from recbole_lsrec.leaderboard import worker
from recbole_lsrec.leaderboard.cell_run import CellRun
from recbole_lsrec.leaderboard.cells import PlannedCell
from recbole_lsrec.processes.group import ProcessLost
from recbole_lsrec.ray_session import NODE_LOST, check_node, on_this_node, resources_of_nodes, running_ray

with warnings.catch_warnings():
    warnings.simplefilter("ignore", UserWarning)  # Ray 2.6 imports pkg_resources, which says that it will go
    import ray
    from ray.exceptions import LocalRayletDiedError, RayError, RayTaskError

_ATTEMPTS = 2
_REFRESH_SECONDS = 2.0
_TIDYING_SECONDS = 5.0


@dataclass(frozen=True)
class Resources:
    """What one cell may use, and how many run at a time.

    Attributes:
        cpus: CPU threads of a cell; the processes of one that has several (``nproc``) divide them.
        gpus: GPUs of a cell, divided likewise; a fraction lets cells share one. With 0 a cell sees none.
        jobs: cells at a time on this machine; None for as many as its CPUs allow. A cluster decides by itself.
        address: of a running Ray cluster (``auto`` for the one on this machine), or None for one of our own.
    """

    cpus: int = 1
    gpus: float = 0.0
    jobs: int | None = None
    address: str | None = None


@contextmanager
def connected(resources: Resources) -> Iterator[dict[str, int]]:
    """Connects to Ray, or uses the connection there is; gives the cluster's CPUs, GPUs and nodes.

    Raises:
        ConfigError: there is no cluster at the address, or no node that could run a cell.
    """
    jobs = resources.jobs or max(1, (os.cpu_count() or 1) // resources.cpus)
    with running_ray(resources.address, jobs * resources.cpus):
        nodes = resources_of_nodes()
        fits = [node for node in nodes if node.get("CPU", 0) >= resources.cpus and node.get("GPU", 0) >= resources.gpus]
        if not fits:
            raise ConfigError(
                f"cpus: {resources.cpus}, gpus: {resources.gpus:g} for a cell is more than any node has "
                f"({'; '.join(_words(node) for node in nodes)}); ask for less."
            )
        cpus = int(sum(node.get("CPU", 0) for node in nodes))
        yield {"nodes": len(nodes), "cpus": cpus, "cells_at_once": _at_once(resources)}


def run_cells(
    cells: Sequence[PlannedCell], resources: Resources, **settings: Any
) -> Iterator[tuple[PlannedCell, CellRun, int]]:
    """Runs cells and yields each as it ends, with the number of attempts, under a progress bar.

    A cell whose worker or node dies is tried once more. Leaving the loop early cancels what still runs.

    Args:
        cells: to run, in the order of their start.
        resources: see :class:`Resources`; Ray is connected.
        **settings: config keys for every cell, which do not matter for the result.

    Raises:
        MachineError: the node of this process was lost, and with it every cell at once, which says nothing of the cells.
    """
    # With max_calls a process ends with its cell: peak memory, threads and crashes are the cell's own.
    remote: Any = ray.remote
    task = remote(max_calls=1, max_retries=0, num_cpus=resources.cpus, num_gpus=resources.gpus)(worker.run_cell)
    # The files need to lie on this node only; with no CPU asked for, a head node that offers none can load too.
    load = remote(max_calls=1, max_retries=1, num_cpus=0, scheduling_strategy=on_this_node())(worker.load)
    logs: dict[str, Any] = {}
    users = Counter(cell.log_key for cell in cells)

    def start(cell: PlannedCell) -> Any:
        given = (cell.system.model, cell.data.name, {**cell.settings, **settings})
        if cell.log_key not in logs:
            logs[cell.log_key] = load.options(name=f"load {cell.data.label}").remote(*given, cell.identity["data"])
        return task.options(name=cell.name).remote(*given, resources.cpus, cell.identity, logs[cell.log_key])

    waiting = deque(cells)
    running: dict[Any, tuple[PlannedCell, int]] = {}
    try:
        with bar(total=len(cells), unit="cell", smoothing=0) as progress:
            while waiting or running:
                # One more than can run, so that no place waits; not all, or all logs would be loaded beside the first.
                while waiting and len(running) <= _at_once(resources):
                    cell = waiting.popleft()
                    running[start(cell)] = (cell, 1)
                ended, _ = ray.wait(list(running), timeout=_REFRESH_SECONDS)
                progress.refresh()  # the time left
                check_node()
                for reference in ended:
                    cell, attempt = running.pop(reference)
                    run = _collect(reference)
                    del reference
                    if run is None and attempt < _ATTEMPTS:
                        progress.write(f"{cell.name}: its worker died; trying once more", file=sys.stderr)
                        running[start(cell)] = (cell, attempt + 1)
                        continue
                    users[cell.log_key] -= 1
                    if not users[cell.log_key]:
                        logs.pop(cell.log_key)  # frees the shared memory
                    died = f"the worker died {_ATTEMPTS} times (out of memory, or killed?)"
                    yield cell, run or CellRun("", {}, 0.0, died), attempt
                    progress.update()
    except MachineError:
        running.clear()  # the node is lost, and they with it
        raise
    finally:
        if running and ray.is_initialized():  # ray.cancel would connect to any other Ray
            _drop(list(running))


def _drop(running: Sequence[Any]) -> None:
    """Ends cells. They are asked first, so that each removes the folder it works in."""
    for reference in running:
        ray.cancel(reference)
    ray.wait(running, num_returns=len(running), timeout=_TIDYING_SECONDS)
    for reference in running:
        ray.cancel(reference, force=True)


def _collect(reference: Any) -> CellRun | None:
    """The cell's result; None if its worker, a process of it, or its node died.

    Raises:
        MachineError: the node of this process was lost.
    """
    try:
        return ray.get(reference)
    except RayTaskError as error:  # raised while its log was loaded: a cell's own errors are in its result
        if isinstance(error.cause, ProcessLost):
            return None
        return CellRun("", {}, 0.0, f"{type(error.cause).__name__}: {error.cause}")
    except LocalRayletDiedError as error:  # known here before it is in the list of nodes
        raise MachineError(NODE_LOST) from error
    except RayError:
        return None


def _at_once(resources: Resources) -> int:
    """Cells that can run at a time on the nodes there are now."""
    return sum(_places(node, resources) for node in resources_of_nodes())


def _places(node: dict[str, float], resources: Resources) -> int:
    """Cells that fit on a node at a time."""
    places = node.get("CPU", 0) // resources.cpus
    return int(min(places, node.get("GPU", 0) // resources.gpus) if resources.gpus else places)


def _words(node: dict[str, float]) -> str:
    return f"{node.get('CPU', 0):g} CPUs and {node.get('GPU', 0):g} GPUs"
