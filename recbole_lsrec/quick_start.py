"""The run: configuration, data, model, training, evaluation, result folder."""

import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from recbole.utils import init_seed

from recbole_lsrec import environment, run_files, run_folder
from recbole_lsrec.config import Config
from recbole_lsrec.config.layers import named_files, paths_of
from recbole_lsrec.config.suspects import suspects_named
from recbole_lsrec.config.values import arguments_of, parse_command_line
from recbole_lsrec.console import logging_to
from recbole_lsrec.data.dataset import SessionDataset
from recbole_lsrec.data.split.phases import PHASES
from recbole_lsrec.data.split_report import split_report
from recbole_lsrec.dry_run import describe
from recbole_lsrec.errors import check_arguments, memory_named
from recbole_lsrec.final_evaluation import FinalEvaluation, final_evaluation
from recbole_lsrec.item_catalogue import save_catalogue
from recbole_lsrec.json_files import write_json
from recbole_lsrec.processes import group
from recbole_lsrec.processes.group import ProcessLost
from recbole_lsrec.registry import is_seedless, own_origin
from recbole_lsrec.run_data import Data, load_data
from recbole_lsrec.run_files import RunResult
from recbole_lsrec.run_processes import launch_run, speaks, taking_part, to_launch
from recbole_lsrec.run_report import say_data, say_interrupted, say_model, say_result, say_settings, say_times
from recbole_lsrec.simulated.generate import SIMULATED_NOTICE
from recbole_lsrec.trained_run import build_model, configure, load_data_and_model, load_run
from recbole_lsrec.trainer import Trainer
from recbole_lsrec.training.denormals import make_flushing_threads

__all__ = ["load_data_and_model", "load_run", "run_recbole_lsrec"]


@memory_named()
def run_recbole_lsrec(
    model: str | type | None = None,
    dataset: str | None = None,
    config_file_list: str | Path | Sequence[str | Path] | None = None,
    config_dict: dict[str, Any] | None = None,
    saved: bool = True,
    *,
    command_line: Sequence[str] = (),
    phases: Sequence[str] = ("valid", "test"),
    log: SessionDataset | None = None,
    on_epoch: Callable[[dict[str, Any]], None] | None = None,
) -> dict[str, Any]:
    """Trains and tests a model, as RecBole's ``run_recbole`` does, and keeps the run in a folder.

    Args:
        model: name (the plugin's models first, then RecBole's sequential and general ones), class, or the place of a
            class of your own, ``package.module:Class`` or ``path/to/file.py:Class``.
        dataset: name of the data set.
        config_file_list: yaml files, later ones win.
        config_dict: settings that win over the files.
        saved: whether to keep a checkpoint and test with the best epoch's weights.
        command_line: arguments such as ``["--epochs=3"]``; win over everything. ``sys.argv`` is never read.
        phases: what is evaluated; a search takes ``("valid",)``, and then nothing of the test set is made or read.
        log: what :func:`load_log` gave for equal :func:`log_settings`, wherever its files lie; read from the files if None.
        on_epoch: called with each finished epoch's entry of :attr:`recbole_lsrec.trainer.Trainer.history`, once the
            checkpoint is written.

    Returns:
        RecBole's ``best_valid_score``, ``valid_score_bigger``, ``best_valid_result`` and ``test_result``, and
        ``run_folder``, where ``result.json`` holds the rest. With ``dry_run`` only ``dry_run``, the description printed.

    Raises:
        LSRecError: something given is wrong; the message says what to do. Of it OutOfMemoryError: memory is used up.
        ProcessLost: one of several processes was killed; what resumes the run has been said.
        KeyboardInterrupt: as raised; likewise.
    """
    _check_call(saved, phases, log, on_epoch)
    config_file_list, command_line = paths_of(config_file_list), arguments_of(command_line)
    data_folder = None if log is None else log.config["data_path"]
    given = (model, dataset, config_file_list, config_dict, command_line, data_folder)
    config = configure(*given)
    if config["dry_run"]:
        with logging_to(None, "warning"), suspects_named(config):
            text = describe(config, load_data(config, log, phases))
        if speaks(config):
            print(text)
        return {"dry_run": text}
    several = to_launch(config, given[0])
    with (
        run_folder.of_run(config, writes=speaks(config)) as folder,
        taking_part(config, folder),
        suspects_named(config),
    ):
        rest = (log, saved, phases, _command(model, dataset, config_file_list, config_dict, command_line))
        try:
            if several:
                return launch_run(_run, config, given, folder, rest, on_epoch)
            return _run(config, folder, *rest, on_epoch)
        except (KeyboardInterrupt, ProcessLost):
            say_interrupted(folder)
            raise


def _check_call(saved: Any, phases: Any, log: Any, on_epoch: Any) -> None:
    """Refuses what no setting is and would be noticed late, or never."""
    names = [phases] if isinstance(phases, str) else phases
    known = isinstance(names, Iterable) and all(name in PHASES[1:] for name in names)
    check_arguments(
        ("saved", saved, isinstance(saved, (bool, np.bool_)), "True or False"),
        ("phases", phases, known, "a tuple of valid and test"),
        ("log", log, log is None or isinstance(log, SessionDataset), "what load_log gave, or None"),
        ("on_epoch", on_epoch, on_epoch is None or callable(on_epoch), "a function of an epoch's entry, or None"),
    )


def _command(
    model: str | type | None,
    dataset: str | None,
    files: Sequence[str | Path],
    settings: Mapping[str, Any] | None,
    line: Sequence[str],
) -> list[str]:
    """What repeats the run on the command line; nothing if a class or a dictionary of Python was given."""
    if settings or isinstance(model, type):
        return []
    on_line = parse_command_line(line)
    every = shlex.join([*map(str, files), *named_files(str(on_line.pop("config_files", "")))])
    named = {"model": model, "dataset": dataset, "config_files": every}
    given = {name: value for name, value in named.items() if value} | on_line
    return ["run", *(f"--{name}={value}" for name, value in given.items())]


def _run(
    config: Config,
    folder: Path,
    log: SessionDataset | None,
    saved: bool,
    phases: Sequence[str],
    command: list[str],
    on_epoch: Callable[[dict[str, Any]], None] | None,
) -> dict[str, Any]:
    started = run_files.now()
    say_settings(config)
    make_flushing_threads()
    init_seed(config["seed"], config["reproducibility"])
    data = load_data(config, log, phases)
    split = split_report(data.dataset)
    say_data(data, split)
    model = build_model(config, data)
    say_model(config, model)
    prints = data.log_fingerprints()
    trainer = Trainer(config, model, folder, prints, on_epoch, say_times(config, data, model))
    if config["resume"]:
        trainer.resume_checkpoint(config["resume"])
    # Only now: a refused checkpoint's run stays as it is.
    write_json(folder / run_files.SPLIT, split)
    save_catalogue(folder, data.dataset, prints, data.train.dataset)
    best_valid_score, best_valid_result = trainer.fit(data.train, data.valid, True, saved, config["show_progress"])

    final = final_evaluation(trainer, data, saved)
    found = final.phases
    result = {
        "best_valid_score": best_valid_score,
        "valid_score_bigger": config["valid_metric_bigger"],
        "best_valid_result": best_valid_result,
        "test_result": found["test"].metrics if "test" in found else None,
    }
    if group.rank():
        return result
    files: dict[str, str] = {}
    if found:
        instances, scores = [e.instances for e in found.values()], [e.scores for e in found.values()]
        files = run_files.write_instances(folder, instances, scores, final.curves)
    record = _record(trainer, data, final, result, files, command, started)
    run_files.write_result(folder, record)
    say_result(record, data, folder)
    return {**result, "run_folder": str(folder)}


def _record(
    trainer: Trainer,
    data: Data,
    final: FinalEvaluation,
    result: Mapping[str, Any],
    files: dict[str, str],
    command: list[str],
    started: str,
) -> RunResult:
    config = trainer.config
    return RunResult(
        files=files,
        model=config["model"],
        own_model=own_origin(config.model_class),
        dataset=config["dataset"],
        seed=config["seed"],
        simulated=SIMULATED_NOTICE if data.dataset.simulated else False,
        best_valid_score=result["best_valid_score"],
        valid_score_bigger=result["valid_score_bigger"],
        best_valid_result=result["best_valid_result"],
        test_result=result["test_result"],
        popularity_correction=final.correction,
        unrivalled_instances={loader.phase: loader.unrivalled for loader in data.evaluated()},
        tied_instances={phase: evaluation.tied for phase, evaluation in final.phases.items()},
        full_recall={phase: e.full_recall for phase, e in final.phases.items() if e.full_recall is not None},
        unseen_items={
            f"{loader.phase}/{name}": found for loader in data.evaluated() for name, found in loader.unseen.items()
        },
        unseen_users={
            phase: evaluation.unseen for phase, evaluation in final.phases.items() if evaluation.unseen is not None
        },
        averaged_tables=next((evaluation.averaged for evaluation in final.phases.values()), []),
        inference_noise=final.noise,
        fingerprints={**data.fingerprints(), "code": environment.code_fingerprint()},
        config=config.plain(),
        no_effect=config.no_effect(),
        history=trainer.history,
        seconds_per_epoch=_seconds_per_epoch(trainer.history),
        parameters=sum(p.numel() for p in trainer.model.parameters() if p.requires_grad),
        seedless=is_seedless(config.model_class),
        peak_memory_mb=environment.peak_memory_mb(),
        processes=group.world(),
        negatives={"widened": data.train.widened()},
        filters=data.dataset.filter_report,
        versions=environment.versions(),
        command=command,
        started=started,
        finished=run_files.now(),
    )


def _seconds_per_epoch(history: Sequence[Mapping[str, Any]]) -> float | None:
    """Of a whole epoch: a budget may have cut the last one short."""
    whole = sum(epoch["share"] for epoch in history)
    return sum(epoch["train_seconds"] for epoch in history) / whole if whole else None
