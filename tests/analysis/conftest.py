"""A small log and its loaders, shared with the data tests; run folders written from their ranks."""

from pathlib import Path
from typing import Any

import pytest

from tests.analysis.saved_run_files import table, write_run
from tests.data.conftest import load  # noqa: F401

USERS = ["a", "a", "b", "c"]


@pytest.fixture
def folder(tmp_path):
    """Writes a run from its ranks and returns its folder."""

    def write(name: str, ranks: list[float], user: list[str] = USERS, **options: Any) -> Path:
        columns = options.pop("columns", {})
        return write_run(tmp_path / name, table(user, ranks, **columns), **options)

    return write
