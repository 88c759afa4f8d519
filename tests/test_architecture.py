"""docs/architecture.md and the contracts of import-linter tell the same order of rooms."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def test_the_rooms_of_the_document_are_those_of_the_contracts():
    text = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    table = text.split("## The rooms, from top to bottom")[1].split("\n## ")[0]
    told = [room for room in re.findall(r"^\| `([a-z_/]+)` \|", table, re.MULTILINE) if "/" not in room]
    layers = re.search(r"^layers = \[(.*?)^\]", (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.M | re.S)[1]
    held = re.findall(r"[a-z_]+", layers)
    there = [room for room in held if any((ROOT / "recbole_lsrec").glob(f"{room}*"))]
    assert told == there


def test_every_file_the_document_names_is_there():
    text = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    changes = text.split("## Where to change")[1].split("\n## ")[0]
    named = [name for name in re.findall(r"`([\w/.]+)`", changes) if "/" in name or name.endswith(".py")]
    assert len(named) > 15
    assert [name for name in named if not (ROOT / "recbole_lsrec" / name).exists()] == []


def test_no_file_is_longer_than_what_one_reads_in_one_go():
    files = [path for room in ("recbole_lsrec", "tests", "benchmarks", "docs") for path in (ROOT / room).rglob("*.py")]
    assert len(files) > 700
    long = {path.name: n for path in files if (n := len(path.read_text(encoding="utf-8").splitlines())) > 400}
    assert long == {}
