"""One trial: a run that never sees the test set, tells Ray Tune each validation score, and can be taken up again."""

import os
import platform
from collections.abc import Callable, Mapping, Sequence
from math import nan
from pathlib import Path
from typing import Any, NamedTuple

from recbole_lsrec import checkpoint
from recbole_lsrec.errors import (
    ConfigError,
    DataError,
    MachineError,
    OutOfMemoryError,
    failure_in_words,
    refusals_named,
)
from recbole_lsrec.own_models import Origin
from recbole_lsrec.processes.group import ProcessLost
from recbole_lsrec.quick_start import run_recbole_lsrec
from recbole_lsrec.registry import get_model, own_origin
from recbole_lsrec.run_files import CHECKPOINT
from recbole_lsrec.run_processes import use_threads
from recbole_lsrec.tuning import logs as log_keeper
from recbole_lsrec.tuning.journal import FAILURE, REFUSED
from recbole_lsrec.tuning.ray_versions import report, trial_id
from recbole_lsrec.tuning.settings import taken_up_by
from recbole_lsrec.tuning.space import Space
from recbole_lsrec.whole_files import write_text

# What a whole training counts as for schedulers, whether epochs, steps or seconds bound it: rungs of whole numbers.
PROGRESS = 27


class OtherSource(ConfigError):
    """A model of the user's own is not what it was when the search began."""


class Job(NamedTuple):
    """What all trials of a search share.

    ``own_model`` is where a class of the user's own came from; ``given`` are the settings from files, dictionary and command
    line; ``planned`` is the number of trials; ``threads`` is torch's, of all ``nproc`` processes of a trial.
    """

    model: str | type
    own_model: Origin | None
    dataset: str
    given: dict[str, Any]
    space: Space
    folder: Path
    working_directory: str
    metric: str
    bigger: bool
    planned: int
    time_budget: float | None
    threads: int
    nproc: int

    def settings(self, drawn: Mapping[str, Any], trial: str) -> dict[str, Any]:
        """The settings of one trial's run."""
        return {**self.given, **drawn, "run_dir": str(self.trial_folder(trial)), "show_progress": False}

    def trial_folder(self, trial: str) -> Path:
        """Where the run folder of a trial is."""
        return self.folder / "trials" / trial

    def checkpoint(self, trial: str) -> Path | None:
        """The checkpoint of a trial that has begun to train."""
        return next(self.trial_folder(trial).glob(f"*/{CHECKPOINT}"), None)


def run_trial(draw: Mapping[str, Any], job: Job, logs: Any) -> None:
    """Trains one configuration in a process of Ray Tune.

    What its settings raise is written down first: Ray starts a trial again when its process was lost, and one that failed
    by itself would only fail again. What the machine refuses (a full disk) says nothing of them, as a source that was edited
    meanwhile: the search is told, and ends.
    """
    trial = trial_id()
    failure = job.trial_folder(trial) / FAILURE
    if failure.is_file():
        raise RuntimeError(failure.read_text(encoding="utf-8"))
    better = max if job.bigger else min
    validated: list[Mapping[str, Any]] = []

    def tell(entry: Mapping[str, Any]) -> None:
        if "valid_score" in entry:
            validated.append(entry)
            report({**_metrics(validated, better), "finished": False})

    try:
        with refusals_named(failure.parent, "no folder can be made there"):
            failure.parent.mkdir(parents=True, exist_ok=True)
        begun = job.checkpoint(trial)
        for entry in checkpoint.load(begun).metadata["history"] if begun else ():
            tell(entry)  # once more: the last one may have been written and never told
        train(job, trial, job.space.settings(draw), logs, ("valid",), tell)
        if not validated:
            raise DataError("valid: the split holds no validation targets, so trials cannot be compared.")
    except ProcessLost:  # of several: begun again, as where its only one is lost
        raise
    except Exception as error:
        if isinstance(error, (MachineError, OtherSource)) and not isinstance(error, OutOfMemoryError):
            report({"epoch": 0, "progress": 0.0, "score": nan, "best": nan, "finished": False, REFUSED: error})
        else:
            write_text(failure, failure_in_words(error))
        raise
    report({**_metrics(validated, better), "finished": True})


def test_best(job: Job, trial: str, drawn: Mapping[str, Any], logs: Any) -> dict[str, Any]:
    """Takes up the best trial, to its end if the scheduler had stopped it, and tests it; returns the run's result."""
    return train(job, trial, drawn, logs, ("valid", "test"), None)


def train(
    job: Job,
    trial: str,
    drawn: Mapping[str, Any],
    logs: Any,
    phases: Sequence[str],
    on_epoch: Callable[[dict[str, Any]], None] | None,
) -> dict[str, Any]:
    """Runs a configuration from its checkpoint if it has one, in this process or in those it starts.

    Raises:
        OtherSource: the model's class is not the one that the search began with.
    """
    os.chdir(job.working_directory)  # Ray Tune puts each trial into a folder of its own
    _check_source(job)
    use_threads(job.threads, job.nproc)
    settings = job.settings(drawn, trial)
    begun = job.checkpoint(trial)
    if begun:
        settings["resume"] = str(begun)
    log = log_keeper.fetch(logs, job.model, job.dataset, settings)
    return run_recbole_lsrec(job.model, job.dataset, config_dict=settings, phases=phases, log=log, on_epoch=on_epoch)


def _check_source(job: Job) -> None:
    """Refuses a class that this process loads otherwise than the search's: scores of two sources cannot be compared."""
    if job.own_model is None or job.own_model["model"].startswith("__main__:"):  # ours, or sent as it is
        return
    now = own_origin(get_model(job.model) if isinstance(job.model, str) else job.model)
    if now is not None and len({now["sha256"], job.own_model["sha256"]} - {None}) > 1:
        raise OtherSource(
            f"model: the source of {job.own_model['model']} on node {platform.node()} is not what this search began with: it was "
            "edited meanwhile, or this node has another version. Put it back and go on with "
            f"`{taken_up_by(job.folder, job.model)}`, or begin another search."
        )


def _metrics(validated: Sequence[Mapping[str, Any]], better: Callable) -> dict[str, Any]:
    scores = [entry["valid_score"] for entry in validated]
    progress = round(PROGRESS * validated[-1]["progress"], 6)
    return {"epoch": validated[-1]["epoch"] + 1, "progress": progress, "score": scores[-1], "best": better(scores)}
