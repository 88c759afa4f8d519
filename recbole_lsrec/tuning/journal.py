"""The record of a search: one line of JSON per event, so that whatever ends it, what was found is on disk.

Events: ``sitting`` and ``close`` around each sitting of the search; of a trial ``start``, ``epoch``, ``done`` (the
training came to its end), ``end`` (Ray is through with it) and ``error``. Each has ``time``, in unix seconds.
"""

import json
import time
from functools import cache
from logging import getLogger
from pathlib import Path
from typing import Any

from ray import tune

from recbole_lsrec.errors import refusals_named
from recbole_lsrec.page.numbers import metric
from recbole_lsrec.tuning.settings import Trial
from recbole_lsrec.tuning.space import Space

FAILURE = "failure.txt"
REFUSED = "refused"  # in a result of Ray's that is no validation: what ends the search
_LOST = "its process died: out of memory, killed, or its machine was lost"


class Journal(tune.Callback):
    """Writes what Ray Tune tells to ``journal.jsonl``, and a line for people when a trial ends.

    Args:
        folder: the search's; it holds the trials' folders too.
        space: reads the draws.
        planned: number of trials, for the lines.
        metric: name of the score, for the lines.
        bigger: whether more of it is better.
    """

    def __init__(self, folder: Path, space: Space, planned: int, metric: str, bigger: bool) -> None:
        self.folder, self.space, self.planned, self.metric, self.bigger = folder, space, planned, metric, bigger

    def on_trial_start(self, iteration: int, trials: list, trial: Any, **info: Any) -> None:
        """A trial begins, or begins again after its process was lost."""
        write(self.folder, "start", trial=trial.trial_id, settings=self.space.settings(trial.config))

    def on_trial_result(self, iteration: int, trials: list, trial: Any, result: dict, **info: Any) -> None:
        """A validation, or the end of the training."""
        if REFUSED in result:
            return
        event = "done" if result["finished"] else "epoch"
        write(self.folder, event, trial=trial.trial_id, epoch=result["epoch"], score=result["score"])

    def on_trial_complete(self, iteration: int, trials: list, trial: Any, **info: Any) -> None:
        """The scheduler stopped it, or it came to its end."""
        write(self.folder, "end", trial=trial.trial_id)
        self._tell(trial.trial_id)

    def on_trial_error(self, iteration: int, trials: list, trial: Any, **info: Any) -> None:
        """It failed for good."""
        failure = self.folder / "trials" / trial.trial_id / FAILURE
        reason = failure.read_text(encoding="utf-8") if failure.is_file() else _LOST
        write(self.folder, "error", trial=trial.trial_id, reason=reason)
        self._tell(trial.trial_id)

    def _tell(self, trial_id: str) -> None:
        trials = read_trials(self.folder, self.bigger)
        ended = sum(trial.status != "unfinished" for trial in trials)
        trial = next(trial for trial in trials if trial.id == trial_id)
        parts = [f"{ended}/{self.planned} {trial.id} {trial.status}", f"{trial.seconds:.0f} s"]
        parts += [] if trial.score is None else [f"its best {self.metric} {metric(trial.score)}"]
        parts += [] if trial.reason is None else [trial.reason.splitlines()[0]]
        if ended < self.planned:
            parts.append(f"about {spent(self.folder) / ended * (self.planned - ended) / 60:.0f} min left")
        print(", ".join(parts), flush=True)


def write(folder: Path, event: str, **content: Any) -> None:
    """Adds a line."""
    line = json.dumps({"time": time.time(), "event": event, **content})
    path = folder / "journal.jsonl"
    with refusals_named(path, "cannot be written"), path.open("a", encoding="utf-8") as file:
        file.write(("\n" if event == "sitting" else "") + line + "\n")  # a crash may have cut the last line off


def read(folder: Path) -> list[dict[str, Any]]:
    """Returns the events, each with the number of its sitting and ``clock``: seconds the search had run by then.

    The pauses between sittings are not counted. A line that a crash cut off, or that is no event, is left out and said once.
    """
    path = folder / "journal.jsonl"
    lines = path.read_bytes().split(b"\n") if path.is_file() else []
    parsed = [_parsed(line) for line in lines]
    events = [event for event in parsed if event is not None]
    for number, (line, event) in enumerate(zip(lines, parsed, strict=True), 1):
        if event is None and line.strip():
            _say_left_out(path, number)
    clock, sitting = 0.0, 0
    for before, event in zip([None, *events], events, strict=False):
        if event["event"] == "sitting":
            sitting += 1
        elif before is not None:
            clock += max(0.0, event["time"] - before["time"])  # a clock may have been set back
        event["clock"], event["in_sitting"] = clock, sitting
    return events


def begun(folder: Path) -> bool:
    """Whether a search has run there: settings that were refused leave none."""
    return (folder / "journal.jsonl").is_file()


def spent(folder: Path) -> float:
    """Returns the seconds of all sittings; one that was killed counts up to its last event."""
    events = read(folder)
    return events[-1]["clock"] if events else 0.0


def read_trials(folder: Path, bigger: bool) -> list[Trial]:
    """Returns the trials in the order they began."""
    of_trial: dict[str, list[dict[str, Any]]] = {}
    last_of_sitting = {}
    for event in read(folder):
        last_of_sitting[event["in_sitting"]] = event["clock"]
        if "trial" in event:
            of_trial.setdefault(event["trial"], []).append(event)
    return [_trial(trial_id, events, last_of_sitting, bigger) for trial_id, events in of_trial.items()]


_LATEST = 1e12  # unix seconds that no clock shows; NaN is not below it either
_VALIDATED: dict[str, Any] = {"trial": str, "epoch": int, "score": (int, float)}
_KINDS: dict[str, dict[str, Any]] = {
    "start": {"trial": str, "settings": dict},
    "epoch": _VALIDATED,
    "done": _VALIDATED,
    "end": {"trial": str},
    "error": {"trial": str},
}


def _parsed(line: bytes) -> dict[str, Any] | None:
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(event, dict):
        return None
    kinds = {"time": (int, float), "event": str, **_KINDS.get(str(event.get("event")), {})}
    fits = all(isinstance(event.get(key), kind) for key, kind in kinds.items()) and abs(event["time"]) < _LATEST
    return event if fits else None


@cache
def _say_left_out(path: Path, number: int) -> None:
    getLogger().warning(f"{path}, line {number}: is no event of a search (cut off by a crash, or changed); left out")


def _trial(trial_id: str, events: list[dict[str, Any]], last_of_sitting: dict[int, float], bigger: bool) -> Trial:
    began, until = events[0]["clock"], events[-1]["clock"]
    epochs: dict[int, dict[str, float]] = {}
    for event in events:
        if "epoch" in event:  # the last one is told twice, as itself and as done
            point = {"epoch": event["epoch"], "score": event["score"], "seconds": event["clock"] - began}
            epochs.setdefault(event["epoch"], point)
    kinds = [event["event"] for event in events]
    reason, drawn = events[-1].get("reason"), next((event["settings"] for event in events if "settings" in event), None)
    if drawn is None:  # so that it is never the best: nobody knows of what
        status, reason = "error", "the journal has lost its beginning, and with it its settings"
    elif kinds[-1] == "error":
        status = "error"
    elif kinds[-1] == "end":
        status = "finished" if "done" in kinds else "stopped"
    else:
        status, until = "unfinished", last_of_sitting[events[-1]["in_sitting"]]
    scores = [epoch["score"] for epoch in epochs.values()]
    best = (max(scores) if bigger else min(scores)) if scores else None
    return Trial(
        id=trial_id,
        settings=drawn or {},
        status=status,
        reason=reason,
        score=best,
        epochs=list(epochs.values()),
        began=began,
        seconds=until - began,
    )
