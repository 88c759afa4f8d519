"""What a search found, from the journal and the run folders, and the files that say it."""

import os
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

import pandas as pd
import yaml
from pydantic import TypeAdapter, ValidationError
from tabulate import tabulate

from recbole_lsrec import environment
from recbole_lsrec.errors import ConfigError, counted
from recbole_lsrec.evaluation.protocol_table import by_protocol
from recbole_lsrec.json_files import read_json, write_json
from recbole_lsrec.page.escape import sheet
from recbole_lsrec.page.numbers import metric
from recbole_lsrec.protocol import protocols_of
from recbole_lsrec.run_files import RESULT, read_result
from recbole_lsrec.tuning import journal
from recbole_lsrec.tuning.settings import SearchResult, SearchSettings, name_of, taken_up_by
from recbole_lsrec.tuning.space import Space
from recbole_lsrec.tuning.trial import Job
from recbole_lsrec.whole_files import write_text

BEST, TRIALS, SUMMARY, SETTINGS = "best.yaml", "trials.csv", "tune.json", "settings.json"
DEPENDS_ON = "depends_on"  # in settings.json, beside the options: what files held when the search began


def description(settings: SearchSettings, space: Space) -> dict[str, Any]:
    """The settings of a search as plain values, with what the space holds instead of where it is."""
    # Not Path.resolve, which a loop of links ends in an error of its own.
    files = [os.path.realpath(path) for path in settings.config_files]
    out = os.path.realpath(settings.out)
    own = {"model": name_of(settings.model), "space": space.describe(), "config_files": files, "out": out}
    return {**asdict(settings), **own}


def read_settings(folder: Path) -> SearchSettings:
    """Returns the settings of the search in a folder, to take it up.

    Raises:
        ConfigError: there is none.
    """
    path = folder / SETTINGS
    if not path.is_file():
        raise ConfigError(f"resume: {path} does not exist; give the folder that a search wrote (its `--out`).")
    held = read_json(path)
    held.pop(DEPENDS_ON, None)
    names = {part.name for part in fields(SearchSettings)}
    if names != set(held):
        strange = ", ".join(sorted(names ^ set(held)))
        raise ConfigError(f"{path}: lacks, or has beyond what a search has: {strange}. Was it changed by hand?")
    try:
        settings = TypeAdapter(SearchSettings).validate_python(held)
    except ValidationError as error:
        first = error.errors()[0]
        raise ConfigError(
            f"{path}: {first['loc'][0]}: found {first['input']!r}; {first['msg']}. Was it changed by hand?"
        ) from error
    return replace(settings, out=folder)


def collect(job: Job) -> SearchResult:
    """Reads what a search has found so far.

    A trial that failed is never the best, whatever it scored before: its settings cannot be run to the end.
    """
    trials = journal.read_trials(job.folder, job.bigger)
    scored = [trial for trial in trials if trial.score is not None and trial.status != "error"]
    sign = 1 if job.bigger else -1
    best = max(scored, key=lambda trial: sign * (trial.score or 0), default=None)
    begun = job.checkpoint(best.id) if best else None
    run = begun.parent if begun else None
    held = read_result(run) if run and (run / RESULT).is_file() else None
    wall = journal.spent(job.folder)
    ended = sum(trial.status != "unfinished" for trial in trials)
    late = job.time_budget is not None and wall >= job.time_budget
    return SearchResult(
        best=best.settings if best else None,
        best_trial=best.id if best else None,
        best_score=(held["best_valid_score"] if held else best.score) if best else None,
        metric=job.metric,
        bigger=job.bigger,
        complete=ended >= job.planned or late,
        planned=job.planned,
        trials=trials,
        spent_seconds={"wall": wall, "trials": sum(trial.seconds for trial in trials)},
        folder=job.folder,
        run_folder=run,
        test_result=held["test_result"] if held else None,
        first_protocol=protocols_of(held["config"]["eval_args"]["mode"], "test")[0] if held else "",
        simulated=str(held["simulated"] or "") if held else "",
        goes_on=taken_up_by(job.folder, job.model),
    )


def counts(found: SearchResult) -> dict[str, int]:
    """Number of trials by status, in the order finished, stopped, error, unfinished."""
    statuses = [trial.status for trial in found.trials]
    return {status: statuses.count(status) for status in ("finished", "stopped", "error", "unfinished")}


def table(found: SearchResult) -> pd.DataFrame:
    """The trials, best first, failed ones last: what was drawn, and what became of it."""
    rows = [
        {
            "trial": trial.id,
            "status": trial.status,
            found.metric: trial.score,
            "epochs": trial.epochs[-1]["epoch"] if trial.epochs else 0,
            "seconds": round(trial.seconds, 1),
            **trial.settings,
            "reason": trial.reason or "",
        }
        for trial in found.trials
    ]
    columns = ["trial", "status", found.metric, "epochs", "seconds", "reason"]
    frame = pd.DataFrame(rows) if rows else pd.DataFrame(columns=columns)
    frame = frame.sort_values(found.metric, ascending=not found.bigger, kind="stable")
    return frame.sort_values("status", key=lambda status: status == "error", kind="stable", ignore_index=True)


def write(found: SearchResult, job: Job) -> None:
    """Writes ``best.yaml``, ``trials.csv`` and ``tune.json``."""
    write_text(job.folder / TRIALS, sheet(table(found)))
    if found.best is not None:
        write_text(job.folder / BEST, _best_yaml(found, job))
    sittings = [event for event in journal.read(job.folder) if event["event"] == "sitting"]
    write_json(
        job.folder / SUMMARY,
        {
            **asdict(found),
            "counts": counts(found),
            "settings": read_json(job.folder / SETTINGS),
            "commands": [event["command"] for event in sittings],
            "versions": environment.versions(),
        },
    )


def summary(found: SearchResult) -> str:
    """The result as text: the best trials, what was spent, and where the files are."""
    by_status = ", ".join(f"{n} {status}" for status, n in counts(found).items() if n)
    wall, trials = (found.spent_seconds[what] for what in ("wall", "trials"))
    shown = table(found).drop(columns="reason").head(10).astype(object)
    digits = [".4f" if name == found.metric else ".4g" for name in shown]
    spent = f"Spent {wall:.0f} s of wall clock, {trials:.0f} s summed over trials."
    lines = [f"No trial was begun. {spent}"]
    if found.trials:
        lines = [
            tabulate(
                shown.where(shown.notna(), None), headers="keys", showindex=False, floatfmt=digits, missingval="-"
            ),
            f"{counted(len(found.trials), 'trial')}: {by_status}. {spent}",
        ]
    if found.best_score is None:
        lines += ["No trial was validated."] if found.trials else []
    else:
        lines.append(f"Best: {found.best_trial}, validation {found.metric} {metric(found.best_score)}, {found.best}")
        lines.append("Test result of the best, by protocol:" if found.test_result else "Not tested.")
        if found.test_result:
            (header, *rows), note = by_protocol(found.test_result, found.first_protocol)
            lines += [tabulate(rows, headers=header, disable_numparse=True), *([note] if note else [])]
    if found.simulated:
        lines.append(found.simulated)
    if not found.complete:
        lines.append(f"Not complete; go on with: {found.goes_on}")
    files = [name for name in (BEST, TRIALS, SUMMARY, "tune.html") if (found.folder / name).is_file()]
    lines += [f"{found.folder}: {', '.join(files)}"] if files else []
    return "\n".join(lines)


def _best_yaml(found: SearchResult, job: Job) -> str:
    settings = {"model": name_of(job.model), "dataset": job.dataset, **job.given, **(found.best or {})}
    del settings["candidate_cache"]
    lines = yaml.safe_dump(settings, sort_keys=False, allow_unicode=True)
    score = f"{found.metric} {metric(found.best_score)} on validation"
    return (
        f"# Best of {len(found.trials)} trials: {found.best_trial}, {score}.\n"
        f"# recbole-lsrec run --config_files {BEST}\n{lines}"
    )
