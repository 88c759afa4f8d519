"""What a damaged file does at a door: the outcomes counted, by door.

*refused* in one line; *unchanged*, what is read is what was there, as after a byte order mark; *as it says*, a text that says
something else, every line of which is accounted for. Failures: a *traceback*, a *silent* change of what the file promises, a
*hang*.
"""

import contextlib
import json
import logging
import random
import shutil
import signal
import tempfile
import traceback
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tabulate import tabulate

from recbole_lsrec.errors import LSRecError
from tests.fuzz.prepare_fuzz import damage

SECONDS = 10
GOOD, BAD = ("refused", "unchanged", "as it says"), ("traceback", "silent", "hang")


class Door(NamedTuple):
    """Something that is read.

    Attributes:
        files: name -> content of what is there whole; one of them is damaged.
        read: what a folder of such files says, comparable; of text, checks that every line is accounted for.
        promised: whether the files keep what shows that they were changed: then to read something else is a silent change.
    """

    files: Mapping[str, bytes]
    read: Callable[[Path], Any]
    promised: bool = False


class _Hang(BaseException):
    """Reading took longer than anybody waits."""


@contextlib.contextmanager
def _at_most(seconds: int) -> Iterator[None]:
    def stop(*_: Any) -> None:
        raise _Hang

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


_STRANGE = (
    None,
    True,
    "",
    "x",
    "\n",
    -1,
    0,
    10**400,
    1e308,
    float("nan"),
    [],
    {},
    [[1]],
    {"a": None},
    "2020-13-45",
    "é" * 3000,
)


def other_value(content: bytes, rng: random.Random) -> tuple[str, bytes]:
    """One value of a JSON file or of a line of JSON, at any depth, becomes one of another kind, or its key is gone."""
    lines = content.splitlines() if content.count(b"\n{") else [content]
    at = rng.randrange(len(lines))
    held = json.loads(lines[at])
    place = held
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = rng.choice(keys)
        if not isinstance(place[key], dict | list) or not place[key] or rng.random() < 0.3:
            break
        place = place[key]
    value = rng.choice(_STRANGE)
    if rng.random() < 0.2:
        del place[key]
    else:
        place[key] = value
    return f"{key} is {value!r:.20} or gone", b"\n".join([*lines[:at], json.dumps(held).encode(), *lines[at + 1 :]])


def one(door: Door, name: str, content: bytes, folder: Path, whole: Any) -> tuple[str, str]:
    """The outcome of a damaged file, and what there is to say of a failure."""
    for file, its in {**door.files, name: content}.items():
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_bytes(its)
    try:
        with _at_most(SECONDS):
            found = door.read(folder)
    except LSRecError as error:
        return ("traceback", f"more than one line: {error}") if "\n" in str(error) else ("refused", "")
    except _Hang:
        return "hang", f"more than {SECONDS} s"
    except AssertionError as error:
        return "silent", str(error)
    except Exception:
        return "traceback", traceback.format_exc()
    if found == whole:
        return "unchanged", ""
    return ("silent", f"read as {found!r}"[:300]) if door.promised else ("as it says", "")


def fuzz(doors: Mapping[str, Door], inputs: int, seed: int) -> tuple[dict[str, Counter[str]], list[str]]:
    """Counts of outcomes by door, and failures with what reproduces them."""
    rng, outcomes, failures = random.Random(seed), defaultdict[str, Counter[str]](Counter), []
    logging.disable(logging.CRITICAL)
    try:
        with tempfile.TemporaryDirectory() as scratch:
            whole = {}
            for name, door in doors.items():
                for file, content in door.files.items():
                    (Path(scratch, name, file).parent).mkdir(parents=True, exist_ok=True)
                    Path(scratch, name, file).write_bytes(content)
                whole[name] = door.read(Path(scratch, name))
            for number in range(inputs):
                name = sorted(doors)[number % len(doors)]
                file = rng.choice(sorted(doors[name].files))
                structured = ".json" in file and rng.random() < 0.5
                what, content = (other_value if structured else damage)(doors[name].files[file], rng)
                folder = Path(scratch, f"{name}-damaged")
                outcome, told = one(doors[name], file, content, folder, whole[name])
                outcomes[name][outcome] += 1
                if told:
                    failures.append(f"{number}, {name}, {file}, {what}: {outcome}: {told}")
                shutil.rmtree(folder)
    finally:
        logging.disable(logging.NOTSET)
    return outcomes, failures


def table(outcomes: Mapping[str, Counter[str]]) -> str:
    """The outcomes by door, as a table of Markdown."""
    header = ["door", "inputs", *GOOD, *BAD]
    rows = [[name, of.total(), *(of[kind] for kind in (*GOOD, *BAD))] for name, of in sorted(outcomes.items())]
    total = sum(outcomes.values(), Counter[str]())
    rows.append(["**all**", total.total(), *(total[kind] for kind in (*GOOD, *BAD))])
    return tabulate(rows, header, tablefmt="pipe")
