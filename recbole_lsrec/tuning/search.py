"""The search itself: Ray Tune over our run function, on validation scores."""

import logging
import os
import shlex
import sys
import time
from logging import getLogger
from pathlib import Path
from typing import Any

import ray
from ray import tune
from ray.exceptions import RayTaskError
from ray.tune.schedulers import ASHAScheduler, FIFOScheduler, MedianStoppingRule, TrialScheduler
from ray.tune.search import BasicVariantGenerator

from recbole_lsrec.config import Config
from recbole_lsrec.config.known import check_key, settings_for
from recbole_lsrec.config.layers import DICTIONARY
from recbole_lsrec.config.run_settings import BUDGETS
from recbole_lsrec.config.setting import Effect
from recbole_lsrec.data.candidates.cache import folder_of
from recbole_lsrec.data.sessions import threshold_in_force
from recbole_lsrec.errors import ConfigError, LSRecError, refusals_named
from recbole_lsrec.ray_session import check_node, resources_of_nodes, running_ray
from recbole_lsrec.registry import own_origin
from recbole_lsrec.run_folder import stamped
from recbole_lsrec.run_processes import check_resources
from recbole_lsrec.tuning import journal, logs, page, result
from recbole_lsrec.tuning.claim import claim
from recbole_lsrec.tuning.journal import REFUSED, Journal
from recbole_lsrec.tuning.own_folder import check_own, make_own
from recbole_lsrec.tuning.ray_versions import FailureConfig, RunConfig
from recbole_lsrec.tuning.settings import SearchResult, SearchSettings
from recbole_lsrec.tuning.space import Space, read_space
from recbole_lsrec.tuning.trial import PROGRESS, Job, run_trial, test_best
from recbole_lsrec.whole_files import alone

SCHEDULERS, METHODS = ("asha", "median", "none"), ("random", "tpe", "grid")

# What gives the score its meaning: trials that differ here cannot be compared.
_SAME_TEST = Effect.DATA | Effect.SPLIT | Effect.CANDIDATES | Effect.EVALUATION
# And what gives it a share of luck, or of a longer training.
_SAME_TRAINING = ("epochs", *BUDGETS, "seed")
# How often a trial is begun again after its process or machine was lost.
_RETRIES = 3
# What is said of one run, and would make every trial another one, or none.
_OF_ONE_RUN = {
    "resume": "a search is taken up by `recbole-lsrec tune --resume FOLDER`",
    "dry_run": "use `recbole-lsrec run --dry-run` for one model",
}


def search(settings: SearchSettings) -> SearchResult:
    """Runs a search, or takes up the one begun in ``settings.out``.

    Uses the Ray that is initialised; otherwise starts one on this machine and ends it.

    Raises:
        LSRecError: the settings, the space or the data are wrong; nothing has been trained.
        MachineError: Ray's own processes ended; the search can be taken up.
    """
    folder = Path(os.path.realpath(settings.out))
    config, space = checked(settings)
    check_resources(config, settings.cpus_per_trial, settings.gpus_per_trial)
    shared = os.path.realpath(folder_of(config))  # all trials meet the same negatives, kept where a run would keep them
    job = Job(
        model=settings.model,
        own_model=own_origin(config.model_class),
        dataset=settings.dataset,
        given={**config.external_config_dict, "seed": config["seed"], "candidate_cache": shared},
        space=space,
        folder=folder,
        working_directory=os.getcwd(),
        metric=config["valid_metric"],
        bigger=config["valid_metric_bigger"],
        planned=space.grid_size() if settings.method == "grid" else settings.trials,
        time_budget=settings.time_budget,
        threads=max(1, int(settings.cpus_per_trial)),
        nproc=config["nproc"],
    )
    with refusals_named(folder, "no folder can be made there"):
        folder.mkdir(parents=True, exist_ok=True)
    with alone(folder, "out"):
        return _search(settings, config, job, claim(folder, settings, space, config))


def _search(settings: SearchSettings, config: Config, job: Job, moved_from: str | None) -> SearchResult:
    """Runs what is missing of a search, whose folder is ours alone meanwhile."""
    folder, space = job.folder, job.space
    found = result.collect(job)
    if not found.complete and moved_from:
        raise ConfigError(f"out: {folder} holds a search begun in {moved_from}; move it back, or give another folder.")
    given = sorted(set(space.keys) & set(config.external_config_dict))
    if given and not found.complete:
        getLogger().warning(f"{', '.join(given)}: drawn from {space.source}, so the values you set are not used")
    if not found.complete or _is_to_test(settings, found):
        with running_ray():
            _check_resources(settings)
            keeper = logs.start(job.working_directory)
            try:
                if not found.complete:
                    _read_log(job, config, keeper)
                    _tune(settings, job, keeper)
                    found = _collected(job)
                if _is_to_test(settings, found):
                    _test(settings, job, found, keeper)
            finally:
                ray.kill(keeper)  # and with it the logs in the object store
    return _collected(job)


def _read_log(job: Job, config: Config, keeper: Any) -> None:
    """Data that cannot be read fail here, once; says where the space draws a threshold that cuts nothing."""
    space = job.space
    log = logs.fetch(keeper, job.model, job.dataset, {**job.given, **space.first()})
    if "session_threshold" in space.keys and threshold_in_force(config, log.own_sessions) is None:
        getLogger().warning(
            f"session_threshold: drawn from {space.source}, but it has no effect: no gap cuts the sessions of this "
            "log (they are its own, or times are places); to save equal trials, give a space without it (--space)"
        )


def _collected(job: Job) -> SearchResult:
    """What has been found, once the files that say it are written."""
    found = result.collect(job)
    result.write(found, job)
    page.write(found, job)
    return found


def new_folder(model: str, dataset: str) -> Path:
    """Returns a name in ``runs/`` for a search that was given none."""
    return Path("runs") / stamped(f"tune-{model}-{dataset}")


def checked(settings: SearchSettings) -> tuple[Config, Space]:
    """Returns the settings without any draw, and the space, once every value in it has been accepted.

    Raises:
        ConfigError: an option, the space, or a setting in it is wrong.
    """
    for name, value, accepted in (
        ("scheduler", settings.scheduler, SCHEDULERS),
        ("search", settings.method, METHODS),
    ):
        if value not in accepted:
            raise ConfigError(f"{name}: found {value!r}; accepted: {', '.join(accepted)}.")
    if settings.trials < 1:
        raise ConfigError(f"trials: found {settings.trials}; accepted: 1 or more.")

    def configured(drawn: dict[str, Any], source: str = DICTIONARY) -> Config:
        files, given = list(settings.config_files), {**settings.config_dict, **drawn}
        config = Config(settings.model, settings.dataset, files, given, dict_source=source)
        bounded = config["train_steps"] or config["train_seconds"]
        if config["eval_step"] < 1 or (config["eval_step"] > config["epochs"] and not bounded):
            which = "a trial that draws it would not be" if "eval_step" in drawn else "no trial would be"
            raise ConfigError(
                f"eval_step: found {config['eval_step']} with epochs {config['epochs']}, so {which} validated and could not "
                "be chosen; accepted: from 1 to epochs."
            )
        return config

    config = configured({})
    for key, instead in _OF_ONE_RUN.items():
        if config[key]:
            raise ConfigError(f"{key}: found {config[key]!r}, which is not set for the trials of a search: {instead}.")
    space = read_space(settings.space, config["model"])
    _check_drawn(space, config)
    for domain in space.domains:
        for value in domain.values:
            # What else is in the dictionary has been accepted: an error is the space's.
            configured({**space.first(), **dict.fromkeys(domain.keys, value)}, space.source)
    if settings.method == "grid" and space.grid_size() > settings.trials:
        raise ConfigError(
            f"trials: found {settings.trials}, but the grid of {space.source} has {space.grid_size()} points; raise it "
            "to that, shorten the lists, or search with random or tpe."
        )
    return config, space


def _check_drawn(space: Space, config: Config) -> None:
    """Refuses settings whose trials could not be compared."""
    for key in space.keys:
        check_key(key, space.source, config.model_class)
        effect = settings_for(config.model_class)[key].effect
        if not effect or effect & _SAME_TEST or key in _SAME_TRAINING:
            raise ConfigError(
                f"{space.source}: {key} cannot be drawn: trials that differ in it have scores that mean different "
                "things, another length, the same result, or luck (seed); set it for all trials."
            )


def _is_to_test(settings: SearchSettings, found: SearchResult) -> bool:
    return settings.test and found.complete and found.best is not None and found.test_result is None


def _check_resources(settings: SearchSettings) -> None:
    """Refuses trials that no machine could ever take; Ray would wait for one for ever."""
    wanted = {"CPU": settings.cpus_per_trial, "GPU": settings.gpus_per_trial}
    nodes = resources_of_nodes()
    if not any(all(node.get(name, 0) >= amount for name, amount in wanted.items()) for node in nodes):
        have = "; ".join(f"{node.get('CPU', 0):g} CPUs, {node.get('GPU', 0):g} GPUs" for node in nodes)
        raise ConfigError(
            f"cpus_per_trial, gpus_per_trial: found {wanted['CPU']:g} and {wanted['GPU']:g}, more than any machine has "
            f"({have}); ask for less."
        )
    if not settings.gpus_per_trial and any(node.get("GPU") for node in nodes):
        getLogger().warning("There are GPUs, but trials use none: give --gpus-per-trial, such as 0.5 for two on one")


def _tune(settings: SearchSettings, job: Job, keeper: Any) -> None:
    # Ray Tune's own loggers and tables would only repeat the journal.
    os.environ.setdefault("TUNE_DISABLE_AUTO_CALLBACK_LOGGERS", "1")
    os.environ.setdefault("RAY_AIR_NEW_OUTPUT", "0")
    os.environ.setdefault("RAY_IGNORE_UNHANDLED_ERRORS", "1")  # of a trial that has told what ends the search
    getLogger("ray.tune").setLevel(logging.ERROR)  # it would tell of files it misses, and of its own way to resume

    def trial(draw: dict[str, Any]) -> None:
        run_trial(draw, job, keeper)

    trainable = tune.with_resources(trial, {"cpu": settings.cpus_per_trial, "gpu": settings.gpus_per_trial})
    place = job.folder / "ray"
    journal.write(job.folder, "sitting", command=shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]]))
    try:
        if tune.Tuner.can_restore(str(place)):
            check_own(place)
            tuner = tune.Tuner.restore(str(place), trainable)
        else:
            make_own(place)
            tuner = tune.Tuner(
                trainable,
                param_space=job.space.for_tune(settings.method),
                tune_config=tune.TuneConfig(
                    metric="best",
                    mode="max" if job.bigger else "min",
                    search_alg=_searcher(settings),
                    scheduler=_scheduler(settings),
                    num_samples=1 if settings.method == "grid" else settings.trials,
                    max_concurrent_trials=settings.concurrent if settings.method == "tpe" else None,
                    reuse_actors=True,  # else each trial waits for a fresh process to import torch
                ),
                run_config=RunConfig(
                    name=place.name,
                    storage_path=str(place.parent),
                    failure_config=FailureConfig(max_failures=_RETRIES),
                    callbacks=[Journal(job.folder, job.space, job.planned, job.metric, job.bigger)],
                    stop=TimeBudget(job.folder, job.time_budget),
                    verbose=0,
                ),
            )
        tuner.fit()
    finally:
        journal.write(job.folder, "close")


class TimeBudget(tune.Stopper):
    """Ends the search when all its sittings together have lasted so long, or a trial meets what all would meet."""

    def __init__(self, folder: Path, seconds: float | None) -> None:
        self.folder, self.seconds = folder, seconds
        self._began: float | None = None
        self._refused: LSRecError | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_began": None, "_refused": None}  # of this sitting alone

    def __call__(self, trial_id: str, result: dict[str, Any]) -> bool:
        self._refused = self._refused or result.get(REFUSED)
        return False

    def stop_all(self) -> bool:
        """Whether the time is spent.

        Raises:
            MachineError: the node of this process was lost, and Ray Tune would wait for it for ever; or the machine refused a
                trial something.
            OtherSource: a trial found another source of the model.
        """
        check_node()
        if self._refused:
            raise self._refused
        if self._began is None:
            self._began = time.time() - journal.spent(self.folder)
        return self.seconds is not None and time.time() - self._began >= self.seconds


def _searcher(settings: SearchSettings) -> Any:
    if settings.method != "tpe":
        return BasicVariantGenerator(max_concurrent=settings.concurrent or 0, random_state=settings.search_seed)
    from optuna.logging import WARNING, set_verbosity
    from ray.tune.search.optuna import OptunaSearch

    set_verbosity(WARNING)
    return OptunaSearch(seed=settings.search_seed)


def _scheduler(settings: SearchSettings) -> TrialScheduler:
    """Trials are judged from 1/27 of their training on, by ASHA at 1/27, 1/9 and 1/3; never at their end."""
    if settings.scheduler == "none":
        return FIFOScheduler()
    if settings.scheduler == "median":
        return MedianStoppingRule(time_attr="progress", grace_period=1)
    # The trainer ends a trial, which Ray would show as stopped: no rung at 27, and no stop by Ray.
    return ASHAScheduler(
        time_attr="progress", grace_period=1, max_t=PROGRESS - 1, reduction_factor=3, stop_last_trials=False
    )


def _test(settings: SearchSettings, job: Job, found: SearchResult, keeper: Any) -> None:
    assert found.best_trial is not None
    assert found.best is not None
    task: Any = ray.remote(num_cpus=settings.cpus_per_trial, num_gpus=settings.gpus_per_trial)(test_best)
    try:
        ray.get(task.remote(job, found.best_trial, found.best, keeper))
    except RayTaskError as error:
        raise error.cause from None
