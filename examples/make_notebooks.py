"""Writes the notebook beside each example that is one: `python examples/make_notebooks.py`."""

from pathlib import Path

import jupytext

HERE = Path(__file__).parent
NAMES = ("own_log", "compare_runs", "model_in_a_cell")


def notebook(name: str) -> str:
    """The text of a notebook, made of the cells (`# %%`) of a script."""
    made = jupytext.read(HERE / f"{name}.py", fmt="py:percent")
    for number, cell in enumerate(made.cells):
        cell.id = f"cell-{number}"  # nbformat draws one
    made.metadata = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    return jupytext.writes(made, fmt="ipynb")


if __name__ == "__main__":
    for name in NAMES:
        (HERE / f"{name}.ipynb").write_text(notebook(name), encoding="utf-8")
