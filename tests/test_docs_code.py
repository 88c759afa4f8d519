"""Every block of Python in the documents is run, in order, on a small shop, whose names and run folder stand in for theirs."""

import json
import re
from pathlib import Path

import pandas as pd
import pytest

from recbole_lsrec import run
from recbole_lsrec.config import metric_names
from recbole_lsrec.evaluation import metrics
from recbole_lsrec.export import export
from tests.test_docs import PAGES, ROOT, names

RUN = '"runs/SLSRec-cosmetics-2020-..."'
# docs/own_model.md shows examples/my_model.py, which tests/test_examples.py runs.
WITH_CODE = [page for page in PAGES if "```python" in page.read_text(encoding="utf-8") and page.stem != "own_model"]


def blocks(page: Path) -> list[str]:
    return re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)


@pytest.fixture
def around(shop, tmp_path):
    """What the pages take for granted: a run, a frame of histories, a small log."""
    settings = {**shop, "run_dir": str(tmp_path / "runs"), "train_steps": 2}
    folder = run("SLSRec", "shop", config_dict=settings)["run_folder"]
    events = pd.read_csv(tmp_path / "data" / "shop" / "shop.inter", sep="\t", dtype=str).iloc[:20, :3]
    events.columns = ["user", "item", "timestamp"]
    return str(folder), settings, events.astype({"timestamp": float})


@pytest.mark.parametrize("page", WITH_CODE, ids=names)
def test_the_python_of_a_page_runs(page, around, monkeypatch):
    folder, settings, frame = around
    if page.stem == "exporting":
        export(Path(folder), "onnx")
    for tables in (metrics.OWN_METRICS, metric_names.METRICS, metric_names.OWN_METRICS):
        monkeypatch.setitem(tables, "top_share", None)  # what docs/evaluation.md registers is taken away at the end
    known = {"frame": frame, "settings": settings}
    for block in blocks(page):
        here = block.replace(RUN, json.dumps(folder))
        here = here.replace('dataset="ml-100k", config_dict={"epochs": 5}', 'dataset="shop", config_dict=settings')
        exec(compile(here, names(page), "exec"), known)


def test_no_page_is_left_out():
    assert {names(page) for page in WITH_CODE} == {
        "README.md",
        "docs/evaluation.md",
        "docs/exporting.md",
        "docs/lift_and_probability.md",
        "docs/recommending.md",
    }
    assert ROOT / "docs" / "own_model.md" in PAGES
