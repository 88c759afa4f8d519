"""What a search is told and what it gives back."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from recbole_lsrec.own_models import is_reference


@dataclass(frozen=True)
class SearchSettings:
    """One search for the hyper-parameters of a model on a data set.

    Attributes:
        model: name or class, as in :func:`recbole_lsrec.quick_start.run_recbole_lsrec`.
        dataset: name of the data set.
        out: folder of the search. A search that was begun there with the same settings is taken up; a finished one is
            returned as it is.
        config_files: yaml files of settings that all trials share, later ones win.
        config_dict: settings that win over the files; ``train_seconds`` or ``train_steps`` here bound each trial.
        space: a yaml file or its content (see :mod:`recbole_lsrec.tuning.space`); None is
            ``properties/hyper/<model>.yaml``.
        trials: number of configurations tried.
        time_budget: seconds of wall clock after which the search ends; None: no limit.
        scheduler: which trials end early: ``asha``, ``median`` or ``none``.
        method: how configurations are chosen: ``random``, ``tpe`` or ``grid``.
        search_seed: seed of these choices; the trials' own is the config key ``seed``, the same for all.
        cpus_per_trial: CPU cores, and threads, of a trial, divided among its processes (``nproc``).
        gpus_per_trial: GPUs of a trial, divided likewise; a fraction lets trials share one.
        concurrent: trials at a time at most; None: as many as the cores or GPUs allow.
        test: whether the best configuration is tested at the end, the only time the test set is read.
    """

    model: str | type
    dataset: str
    out: Path
    config_files: tuple[str, ...] = ()
    config_dict: Mapping[str, Any] = field(default_factory=dict)
    space: str | Path | Mapping[str, Any] | None = None
    trials: int = 16
    time_budget: float | None = None
    scheduler: str = "asha"
    method: str = "random"
    search_seed: int = 2020
    cpus_per_trial: float = 1
    gpus_per_trial: float = 0
    concurrent: int | None = None
    test: bool = True


@dataclass(frozen=True)
class Trial:
    """One configuration and what became of it.

    Attributes:
        id: Ray's id of the trial, which also names its folder.
        settings: the values drawn from the space.
        status: ``finished``, ``stopped`` (by the scheduler), ``error`` or ``unfinished`` (time budget, interruption).
        reason: why it failed; None otherwise.
        score: best validation score so far; None before the first validation.
        epochs: per validated epoch ``epoch`` (from 1), ``score`` and ``seconds`` since the trial began.
        began: seconds the search had run when the trial began.
        seconds: time it ran.
    """

    id: str
    settings: dict[str, Any]
    status: str
    reason: str | None
    score: float | None
    epochs: list[dict[str, float]]
    began: float
    seconds: float


@dataclass(frozen=True)
class SearchResult:
    """What a search found.

    Attributes:
        best: the drawn settings of the best trial; None if no trial was validated.
        best_trial: its id.
        best_score: its best validation score.
        metric: name of the validation metric.
        bigger: whether more of it is better.
        complete: whether all trials have ended, or the time budget has; False after an interruption.
        planned: number of trials asked for.
        trials: every trial, in the order they began.
        spent_seconds: ``wall`` of the search over all its sittings, ``trials`` the sum over trials.
        folder: ``best.yaml``, ``trials.csv``, ``tune.json``, ``tune.html`` and the trials' run folders.
        run_folder: of the best trial; None where there is none.
        test_result: metrics of the best configuration on the test set; None if it was not tested.
        first_protocol: of the test, whose metrics have no prefix.
        simulated: what must be said of the log if it is simulated, once the best trial has ended; else "".
        goes_on: the command that takes it up.
    """

    best: dict[str, Any] | None
    best_trial: str | None
    best_score: float | None
    metric: str
    bigger: bool
    complete: bool
    planned: int
    trials: list[Trial]
    spent_seconds: dict[str, float]
    folder: Path
    run_folder: Path | None
    test_result: dict[str, float] | None
    first_protocol: str
    simulated: str
    goes_on: str


def name_of(model: str | type) -> str:
    """The model's name, or its reference, as settings have it."""
    return model if isinstance(model, str) else model.__name__


def taken_up_by(folder: str | Path, model: str | type) -> str:
    """The command that takes up a search; it has to name a class of the user's own again."""
    own = [f"--model={model}"] if isinstance(model, str) and is_reference(model) else []
    return shlex.join(["recbole-lsrec", "tune", "--resume", str(folder), *own])
