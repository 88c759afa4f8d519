"""A run in several processes: whether there are any, starting them, and what each of them does apart from the first."""

import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import torch
from torch.multiprocessing import get_context

from recbole_lsrec import run_files, run_folder
from recbole_lsrec.config import Config
from recbole_lsrec.config.run_settings import number_of_processes
from recbole_lsrec.console import logging_to
from recbole_lsrec.errors import ConfigError
from recbole_lsrec.processes import group
from recbole_lsrec.processes.launch import launch
from recbole_lsrec.processes.place import place
from recbole_lsrec.trained_run import configure


def to_launch(config: Config, model: Any) -> bool:
    """Whether this process is to start the run's, being none of them itself.

    Raises:
        ConfigError: it asks for processes that cannot be.
    """
    world, nproc, offset = number_of_processes(config), config["nproc"], config["group_offset"]
    if place() is not None:
        return False
    if nproc > world:
        raise ConfigError(
            f"world_size: found {world} with nproc {nproc}; accepted: -1, or the number of processes on all machines."
        )
    if offset + nproc > world:
        raise ConfigError(
            f"group_offset: found {offset} with nproc {nproc} and {world} processes in all; accepted: at most "
            f"{max(0, world - nproc)}. world_size is the number on all machines."
        )
    if world == 1:
        return False
    if world > nproc and config["port"] is None:
        raise ConfigError("port: found none; accepted: a free port of the machine `ip`, the same on every machine.")
    if isinstance(model, type) and model.__module__ == "__main__":
        raise ConfigError(
            f"model: found the class {model.__name__} of this script or notebook, which {world} processes would not find; "
            "accepted: the class by its place, FILE.py:Class."
        )
    return True


def check_resources(config: Config, cpus: float, gpus: float) -> None:
    """Refuses a run that Ray starts with less than a CPU, or on GPUs less than one of them, for each of its processes.

    Args:
        config: the run's settings.
        cpus: that Ray gives it.
        gpus: likewise; 0 for a run that uses none.

    Raises:
        ConfigError: so it is, or the run asks for processes on other machines.
    """
    nproc = config["nproc"]
    if number_of_processes(config) > nproc:
        raise ConfigError(
            "nnodes, world_size: found processes on other machines; accepted: nproc, processes of one machine, since Ray "
            "spreads runs over the machines."
        )
    if nproc > 1 and (cpus < nproc or 0 < gpus < nproc):
        raise ConfigError(
            f"nproc: found {nproc} processes of a run with {cpus:g} CPUs and {gpus:g} GPUs to divide among them; accepted: at "
            f"most as many as there are of each. Give it {nproc} or more with {'--gpus' if cpus >= nproc else '--cpus'} "
            "(of a search: --gpus-per-trial, --cpus-per-trial)."
        )


def use_threads(n: int, nproc: int) -> None:
    """Gives a run that this process is about to make ``n`` threads, which its ``nproc`` processes divide."""
    torch.set_num_threads(n)
    os.environ["OMP_NUM_THREADS"] = str(max(1, n // nproc))  # processes that this one starts read it


def speaks(config: Config) -> bool:
    """Whether this process writes the run's folder, says what there is to say and tells trackers: it is the first."""
    here = place()
    return config["group_offset"] == 0 if here is None else here.rank == 0


@contextmanager
def taking_part(config: Config, folder: Path) -> Iterator[None]:
    """Logs to the run's folder, as one of its processes; those that do not speak are silent."""
    log = folder / run_files.LOG if speaks(config) else None
    if log is None:
        for key in ("show_progress", "log_wandb", "log_mlflow", "verbose"):
            config[key] = False
        warnings.simplefilter("ignore")
    with (
        logging_to(log, config["state"] if log else "critical", verbose=config["verbose"]),
        group.joined(place(), config["device"].type == "cuda"),
    ):
        yield


def launch_run(
    run: Callable[..., Any],
    config: Config,
    given: tuple,
    folder: Path,
    rest: tuple,
    on_epoch: Callable[[dict[str, Any]], None] | None,
) -> dict[str, Any]:
    """Starts this machine's processes of a run.

    Args:
        run: called in each as ``run(config, folder, *rest, on_epoch)``.
        config: the run's settings.
        given: what :func:`configure` makes them from.
        folder: of the run.
        rest: further arguments.
        on_epoch: called here with what the first process tells of each epoch, while it waits.

    Raises:
        ProcessLost: one of them was killed.
    """
    here, there = get_context("spawn").Pipe()

    def listen() -> None:
        if on_epoch is not None and here.poll():
            on_epoch(here.recv())
            here.send(None)

    return launch(
        _one_of_several,
        (run, given, folder, rest, there if on_epoch else None),
        n=config["nproc"],
        world=number_of_processes(config),
        first=config["group_offset"],
        address=config["ip"],
        port=config["port"],
        meanwhile=listen if on_epoch else None,
    )


def _one_of_several(
    run: Callable[..., Any], given: tuple, folder: Path, rest: tuple, parent: Connection | None
) -> dict[str, Any]:
    config = configure(*given)

    def tell(entry: dict[str, Any]) -> None:
        assert parent is not None
        parent.send(entry)
        parent.recv()  # whoever is told may end the run

    if speaks(config):
        with taking_part(config, folder):
            return run(config, folder, *rest, tell if parent else None)
    with run_folder.of_run(config, writes=False) as nowhere, taking_part(config, nowhere):
        return run(config, nowhere, *rest, None)
