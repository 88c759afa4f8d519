"""Damages valid raw files of every source and prepares them: an answer in words or every row accounted for, never a traceback.

    python -m tests.fuzz.prepare_fuzz --inputs 3000 --seed 1

prints a table of sources and outcomes, and every failure with what reproduces it.
"""

import argparse
import contextlib
import io
import random
import tempfile
import traceback
import zipfile
from collections import Counter, defaultdict
from pathlib import Path

from tabulate import tabulate

from recbole_lsrec.errors import LSRecError
from recbole_lsrec.prepare.command import Options, prepare
from recbole_lsrec.prepare.files import RawFile, matching
from recbole_lsrec.prepare.sources import SOURCES
from tests.prepare.conftest import read
from tests.prepare.samples import SAMPLES

_CSV = "user_id,item_id,timestamp,category,text\n" + "".join(
    f'{user},{item:03d},{1577836800 + 97 * place},c{item % 3},"say ""hi"", {place}"\n'
    for place, (user, item) in enumerate([("007", 1), ("7", 2), ("NA", 3), ("007", 3), ("é", 1), ("7", 2)])
)
_JSON = "".join(f'{{"user": "{n % 3}", "item": {n}, "time": {1577836800123 + n}}}\n' for n in range(8))
SEEDS = {
    **{source: [files for files, _, _ in of] for source, of in SAMPLES.items()},
    "csv": [{"log.csv": _CSV.encode()}, {"log.jsonl": _JSON.encode()}],
}


def damage(content: bytes, rng: random.Random) -> tuple[str, bytes]:
    """One of the ways in which files break, at a random place."""
    at, other = rng.randrange(len(content) + 1), rng.randrange(len(content) + 1)
    lines = content.split(b"\n")
    line = rng.randrange(len(lines))
    kinds = {
        "cut short": lambda: content[:at],
        "byte changed": lambda: content[:at] + bytes([rng.randrange(256)]) + content[at + 1 :],
        "bytes inserted": lambda: (
            content[:at] + bytes(rng.randrange(256) for _ in range(rng.randrange(1, 9))) + content[at:]
        ),
        "bytes removed": lambda: content[: min(at, other)] + content[max(at, other) :],
        "line twice": lambda: b"\n".join([*lines[:line], lines[line], *lines[line:]]),
        "line removed": lambda: b"\n".join([*lines[:line], *lines[line + 1 :]]),
        "lines joined": lambda: b"\n".join([*lines[:line], b"".join(lines[line : line + 2]), *lines[line + 2 :]]),
        "lone quote": lambda: content[:at] + b'"' + content[at:],
        "separator more": lambda: content[:at] + rng.choice([b",", b"\t", b";", b"::", b"|"]) + content[at:],
        "empty lines": lambda: content[:at] + b"\n\n" + content[at:],
        "windows lines": lambda: content.replace(b"\n", b"\r\n"),
        "old mac lines": lambda: content.replace(b"\n", b"\r"),
        "byte order mark": lambda: b"\xef\xbb\xbf" + content,
        "utf-16": lambda: content.decode("utf-8", "replace").encode("utf-16"),
        "NUL bytes": lambda: content[:at] + b"\0\0" + content[at:],
        "a value emptied": lambda: _value(content, rng, b""),
        "a value of words": lambda: _value(
            content, rng, rng.choice([b"NA", b"null", b"nan", b"-1", b"1e9", b"[PAD]", b"x y"])
        ),
        "nothing": lambda: b"",
        "shuffled lines": lambda: b"\n".join(rng.sample(lines, len(lines))),
        "many copies": lambda: content + content,
    }
    kind = rng.choice(sorted(kinds))
    return kind, kinds[kind]()


def _value(content: bytes, rng: random.Random, value: bytes) -> bytes:
    for separator in (b"::", b"\t", b";", b"|", b","):
        if separator in content:
            parts = content.split(separator)
            parts[rng.randrange(len(parts))] = value
            return separator.join(parts)
    return value


def one(source: str, files: dict[str, bytes], folder: Path) -> str:
    """Prepares the files; says ``refused`` or ``written``.

    Raises:
        AssertionError: rows are missing from the account, or an error is no single message.
        Exception: a bare traceback.
    """
    raw = folder / "raw"
    raw.mkdir()
    for name, content in files.items():
        (raw / name).write_bytes(content)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            prepare(source, [raw], folder / "data", "log", Options(max_refused=0.6))
    except LSRecError as error:
        return "refused" if str(error).strip() else "an error without words"
    events, _, meta = read(folder / "data/log", "log")
    account = meta["account"]
    missing = sum(entry["rows"] for entry in account["refused"])
    steps = account["steps"]
    assert steps[-1]["rows"] == len(events) == meta["statistics"]["interactions"], "the account ends elsewhere"
    assert steps[0]["rows"] - sum(step["removed_rows"] for step in steps) == len(events), "steps do not add up"
    if not any(
        "format2" in file["file"] for file in account["files"]
    ):  # where a value holds many rows, rows are not lines
        assert steps[0]["rows"] == sum(file["rows"] for file in account["files"]), "rows read and rows parsed differ"
        _check_lines(source, account)
        in_files = sum(file["refused"] for file in account["files"])
        assert steps[1]["removed_rows"] + in_files == missing, "rows removed without a word"
    return "written"


def _check_lines(source: str, account: dict) -> None:
    """Lines counted in the file itself, not by the reader, where a line is a row: in text files outside archives."""
    for file in account["files"]:
        path = Path(file["file"])
        if not path.is_file() or path.suffix not in (".csv", ".tsv", ".dat", ".data"):
            continue
        content = path.read_bytes()
        if b"\r" in content or content[:2] in (b"\xff\xfe", b"\xfe\xff"):
            continue
        layouts = (
            [layout for layout in SOURCES[source].events if matching([RawFile(path)], layout.files)]
            if source != "csv"
            else []
        )
        has_names = not any(layout.header for layout in layouts)
        lines = sum(1 for line in content.removeprefix(b"\xef\xbb\xbf").split(b"\n") if line)
        assert lines == file["rows"] + file["refused"] + file["inside_quotes"] + has_names, "lines without account"


def fuzz(inputs: int, seed: int) -> tuple[dict[str, Counter[str]], list[str]]:
    """Outcomes by source, and failures in words."""
    outcomes: dict[str, Counter[str]] = defaultdict(Counter)
    failures = []
    for number in range(inputs):
        rng = random.Random(f"{seed}:{number}")
        source = sorted(SEEDS)[number % len(SEEDS)]
        files = dict(rng.choice(SEEDS[source]))
        kinds = []
        for _ in range(rng.choice([1, 1, 2, 3])):
            name = rng.choice(sorted(files))
            kind, files[name] = damage(files[name], rng)
            kinds.append(f"{kind} in {name}")
        if rng.random() < 0.1:
            files = {"raw.zip": _zipped(files, rng)}
        with tempfile.TemporaryDirectory() as folder:
            try:
                outcome = one(source, files, Path(folder))
            except Exception:  # the very thing that is looked for
                outcome = "FAILED"
                failures.append(f"input {number} of seed {seed}, {source}, {kinds}\n{traceback.format_exc(limit=-3)}")
        outcomes[source][outcome] += 1
    return outcomes, failures


def _zipped(files: dict[str, bytes], rng: random.Random) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    whole = buffer.getvalue()
    at = rng.randrange(len(whole))
    return whole if rng.random() < 0.5 else whole[:at] + bytes([rng.randrange(256)]) + whole[at + 1 :]


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    outcomes, failures = fuzz(given.inputs, given.seed)
    print("\n".join(failures))
    columns = ["written", "refused", "FAILED"]
    print(
        tabulate(
            [[source, *(of[column] for column in columns)] for source, of in sorted(outcomes.items())],
            ["source", *columns],
        )
    )


if __name__ == "__main__":
    main()
