"""docs/guarantees.md names tests that there are, and each planted fault still fits its file."""

import re
from pathlib import Path

from tests.guarantees.plants import PLANTS

ROOT = Path(__file__).resolve().parents[2]
NAMED = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", (ROOT / "docs" / "guarantees.md").read_text(encoding="utf-8"))


def test_every_promise_has_a_test_that_exists():
    assert len(NAMED) > 30
    missing = [
        f"{file}::{name}" for file, name in NAMED if f"def {name}(" not in (ROOT / file).read_text(encoding="utf-8")
    ]
    assert missing == []


def test_the_number_of_planted_faults_is_what_the_page_says():
    assert f"plants {len(PLANTS)} faults" in (ROOT / "docs" / "guarantees.md").read_text(encoding="utf-8")


def test_every_planted_fault_fits_its_file():
    package = ROOT / "recbole_lsrec"
    astray = [
        plant.what for plant in PLANTS if (package / plant.file).read_text(encoding="utf-8").count(plant.old) != 1
    ]
    assert astray == []
