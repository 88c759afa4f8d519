"""Kills works at any moment and takes them up again: ``python -m tests.crash.kills``.

Each sitting of a work is a fork of this process, which has torch already, so that a hundred kills take minutes.
"""

import argparse
import contextlib
import io
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from tabulate import tabulate

import recbole_lsrec.leaderboard.run
import recbole_lsrec.tuning.search  # noqa: F401 - both, so that forks have Ray too
from tests.crash.works import Work, works

KILLS = {  # how often each work is killed: by kill -9, by SIGTERM
    "training": (50, 8),
    "cache": (16, 3),
    "prepare": (18, 3),
    "leaderboard": (8, 8),
    "tune": (8, 8),
}
SIGNALS = (signal.SIGKILL, signal.SIGTERM)


class Killed(NamedTuple):
    """What became of a work: kills, works brought to their end, and what was wrong."""

    kills: int
    finished: int
    wrong: list[str]


def forked(act: Callable[[], Any], said: Path) -> int:
    """The process in which ``act`` runs; what it says goes to a file."""
    sys.stdout.flush()
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        out = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(out, 1)
        os.dup2(out, 2)
        act()
        code = 0
    except SystemExit as ended:
        code = int(ended.code or 0)
    finally:
        os._exit(code)


def killed_after(child: int, seconds: float, number: int) -> int:
    """Kills a process after a while, if it has not ended by then; its exit code."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.005)
    os.kill(child, number)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def kill_often(work: Work, number: int, kills: int, folder: Path, seed: int = 1) -> Killed:
    """Kills a work at any moment, again and again, until it has been killed so often and the last one has its end.

    Args:
        work: what is killed.
        number: the signal.
        kills: how many.
        folder: empty, for the works.
        seed: of the moments.
    """
    said, rng, done, finished, wrong = folder / "said", random.Random(seed), 0, 0, []
    for _ in range(1 + work.warm):  # the second time nothing is imported any more
        whole = Path(tempfile.mkdtemp(dir=folder))
        started = time.monotonic()
        if work.warm:
            _quietly(work.go, whole)
        elif os.waitpid(forked(partial(work.go, whole), said), 0)[1]:
            raise RuntimeError(said.read_text(encoding="utf-8")[-2000:])
        usual = time.monotonic() - started
    expected = work.outcome(whole)
    while done < kills:
        place = Path(tempfile.mkdtemp(dir=folder))
        kept: dict[str, Any] = {}
        while not work.finished(place):
            fresh, started = not any(place.iterdir()), time.monotonic()
            moment = rng.uniform(0.02, 1.1) * usual if done < kills else 3600
            code = killed_after(forked(partial(work.go, place), said), moment, number)
            done += code in (-number, 128 + number)
            if fresh and code == 0:  # the machine was busier before
                usual = min(usual, time.monotonic() - started)
            if code not in (0, -number, 128 + number):
                wrong.append(f"exit code {code}: {said.read_text(encoding='utf-8')[-500:]}")
                break
            kept |= work.kept(place)
        else:
            finished += 1
            now = work.kept(place)
            wrong += [f"{name} was finished and was run again" for name, part in kept.items() if now.get(name) != part]
            if work.outcome(place) != expected:
                wrong.append(f"{place}: another outcome than without kills")
    return Killed(done, finished, wrong)


def _quietly(go: Callable[[Path], Any], folder: Path) -> None:
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            go(folder)
    except SystemExit as ended:
        if ended.code:
            raise


def main() -> None:
    """From the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--works", nargs="*", choices=KILLS, default=list(KILLS))
    given = parser.parse_args()
    rows, told = [], []
    with tempfile.TemporaryDirectory() as scratch:
        all_works = works(Path(scratch))
        for name in given.works:
            for number, kills in zip(SIGNALS, KILLS[name], strict=True):
                folder = Path(tempfile.mkdtemp(dir=scratch))
                found = kill_often(all_works[name], number, kills, folder, given.seed)
                rows.append([name, signal.Signals(number).name, found.kills, found.finished, len(found.wrong)])
                told += [f"{name}: {text}" for text in found.wrong]
                print(tabulate(rows[-1:], tablefmt="plain"), flush=True)
    print(
        tabulate(rows, ["work", "signal", "kills", "brought to their end", "differences"], tablefmt="pipe"),
        *told,
        sep="\n",
    )
    sys.exit(bool(told))


if __name__ == "__main__":
    main()
