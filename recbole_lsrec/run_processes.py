"""A run in several processes: whether there are any, starting them, and what each of them does apart from the first."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from recbole_lsrec import run_files, run_folder
from recbole_lsrec.config import Config
from recbole_lsrec.config.run_settings import number_of_processes
from recbole_lsrec.console import logging_to
from recbole_lsrec.errors import ConfigError
from recbole_lsrec.processes import group
from recbole_lsrec.processes.launch import launch
from recbole_lsrec.processes.place import place
from recbole_lsrec.trained_run import configure


def to_launch(config: Config, model: Any, on_epoch: Callable | None) -> bool:
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
    if on_epoch is not None:
        raise ConfigError(
            f"nproc: found {world} processes, with a function to call after each epoch; accepted: one process. Cells of a "
            "leaderboard and trials of a search run in one each, several side by side."
        )
    if isinstance(model, type) and model.__module__ == "__main__":
        raise ConfigError(
            f"model: found the class {model.__name__} of this script or notebook, which {world} processes would not find; "
            "accepted: the class by its place, FILE.py:Class."
        )
    return True


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


def launch_run(run: Callable[..., Any], config: Config, given: tuple, folder: Path, rest: tuple) -> dict[str, Any]:
    """Starts this machine's processes of a run.

    Args:
        run: called in each as ``run(config, folder, *rest)``.
        config: the run's settings.
        given: what :func:`configure` makes them from.
        folder: of the run.
        rest: further arguments.

    Raises:
        ProcessLost: one of them was killed.
    """
    return launch(
        _one_of_several,
        (run, given, folder, rest),
        n=config["nproc"],
        world=number_of_processes(config),
        first=config["group_offset"],
        address=config["ip"],
        port=config["port"],
    )


def _one_of_several(run: Callable[..., Any], given: tuple, folder: Path, rest: tuple) -> dict[str, Any]:
    config = configure(*given)
    if speaks(config):
        with taking_part(config, folder):
            return run(config, folder, *rest)
    with run_folder.of_run(config, writes=False) as nowhere, taking_part(config, nowhere):
        return run(config, nowhere, *rest)
