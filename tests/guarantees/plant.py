"""Plants one fault after another in a copy of the package: ``python -m tests.guarantees.plant``.

Prints a line per fault: the test that found it, or ``SURVIVED``; the exit code is the number of survivors. Give words to
plant only faults whose description holds one of them.
"""

import os
import shutil
import sys
import tempfile
from pathlib import Path

from tests.guarantees.plants import HERE, PLANTS, Plant

ROOT = Path(__file__).resolve().parents[2]


class _FirstFailure:
    """Keeps the name of the first test that failed."""

    name: str | None = None

    def pytest_runtest_logreport(self, report) -> None:
        if report.failed and self.name is None:
            self.name = report.nodeid

    def pytest_collectreport(self, report) -> None:
        if report.failed and self.name is None:
            self.name = f"{report.nodeid} (cannot be imported)"


def copy_with(plant: Plant, folder: Path) -> None:
    """The package and its tests, with the fault.

    Raises:
        ValueError: the text to be replaced is not in the file once.
    """
    for name in (
        "recbole_lsrec",
        "properties",
        "tests",
        "examples",
        "atomic_data",
        "setup.py",
        "pyproject.toml",
        "docs",
    ):
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"), symlinks=True)
        else:
            shutil.copy(source, folder / name)
    file = folder / "recbole_lsrec" / plant.file
    text = file.read_text(encoding="utf-8")
    if text.count(plant.old) != 1:
        raise ValueError(f"{plant.what}: {plant.file} holds {text.count(plant.old)} times {plant.old!r}")
    text = text.replace(plant.old, plant.new)
    if "np." in plant.new and "import numpy as np" not in text:
        text = text.replace("from collections.abc", "import numpy as np\nfrom collections.abc", 1)
    file.write_text(text, encoding="utf-8")


def found_by(plant: Plant) -> str | None:
    """The first test that fails on a fault; None if none does. Runs in a fork, which has torch already."""
    with tempfile.TemporaryDirectory() as scratch:
        copy_with(plant, Path(scratch))
        answer = Path(scratch) / "answer"
        child = os.fork()
        if not child:
            _run_in(Path(scratch), plant.tests.split(), answer)
        os.waitpid(child, 0)
        return answer.read_text(encoding="utf-8") or None if answer.is_file() else "the tests could not be run"


def _run_in(folder: Path, tests: list[str], answer: Path) -> None:
    import pytest

    try:
        for name in [name for name in sys.modules if name.partition(".")[0] in ("recbole_lsrec", "tests")]:
            del sys.modules[name]
        os.chdir(folder)
        sys.path[:] = [str(folder), *(path for path in sys.path if Path(path or ".").resolve() != ROOT)]
        sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: SIM115 - until the process ends
        first = _FirstFailure()
        pytest.main(
            ["-x", "-q", "-p", "no:cacheprovider", f"--ignore={HERE}/test_document.py", *tests], plugins=[first]
        )
        answer.write_text(first.name or "", encoding="utf-8")
    finally:
        os._exit(0)


def main(words: list[str]) -> int:
    """Plants what holds one of the words, or everything."""
    import recbole.quick_start  # noqa: F401 - once, for all forks

    survivors = 0
    for plant in [plant for plant in PLANTS if not words or any(word in plant.what for word in words)]:
        found = found_by(plant)
        survivors += found is None
        print(f"{plant.what}: {found or 'SURVIVED'}", flush=True)
    return survivors


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
