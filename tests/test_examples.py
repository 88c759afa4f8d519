"""The examples, each run as a user would, in an empty folder."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from examples.make_notebooks import NAMES, notebook

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
PATH = os.pathsep.join([str(EXAMPLES), *filter(None, [os.environ.get("PYTHONPATH")])])


def run_example(folder, *command):
    done = subprocess.run([sys.executable, *map(str, command)], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_example_is_run_here():
    assert {path.name for path in EXAMPLES.glob("*.py")} == {
        "own_log.py",
        "my_model.py",
        "test_my_model.py",
        "compare_runs.py",
        "model_in_a_cell.py",
        "make_notebooks.py",
    }


def test_own_log(tmp_path):
    write = "from own_log import random_events; random_events().sample(frac=1).to_csv('events.csv', index=False)"
    subprocess.run([sys.executable, "-c", write], cwd=tmp_path, env={**os.environ, "PYTHONPATH": PATH}, check=True)
    told = run_example(tmp_path, EXAMPLES / "own_log.py", "events.csv")
    assert "ndcg@10 among all items: 0." in told
    assert told.splitlines()[-6].split() == ["rank", "item", "score", "alpha"]


def test_compare_runs(tmp_path):
    told = run_example(tmp_path, EXAMPLES / "compare_runs.py")
    assert "SASRec" in told
    assert "GRU4Rec" in told
    assert "my_shop" in told


def test_notebook(tmp_path):
    told = run_example(tmp_path, EXAMPLES / "model_in_a_cell.py")
    assert "weight of the long-term interest: 0." in told
    assert len(told.splitlines()) == 4 + 1 + 6


def test_my_model_keeps_the_contract(tmp_path):
    assert "15 passed" in run_example(tmp_path, "-m", "pytest", "-q", EXAMPLES / "test_my_model.py")


def test_the_page_of_a_model_of_ones_own_shows_the_example_in_under_80_lines():
    page = (EXAMPLES.parent / "docs" / "own_model.md").read_text()
    code = (EXAMPLES / "my_model.py").read_text()
    assert len(code.splitlines()) < 80
    assert code in page


@pytest.mark.parametrize("name", NAMES)
def test_the_notebook_is_the_example(name):
    assert (EXAMPLES / f"{name}.ipynb").read_text(encoding="utf-8") == notebook(name)


def test_the_cells_of_a_notebook_run_in_their_order(tmp_path):
    cells = json.loads((EXAMPLES / "own_log.ipynb").read_text(encoding="utf-8"))["cells"]
    code = [f"exec({''.join(cell['source'])!r})" for cell in cells if cell["cell_type"] == "code"]
    assert "ndcg@10 among all items: 0." in run_example(tmp_path, "-c", "\n".join(code))
