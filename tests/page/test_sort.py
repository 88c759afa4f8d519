"""The script that sorts tables, run by node on as much of a page as it reads."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

import recbole_lsrec.page

SORT = Path(recbole_lsrec.page.__file__).parent / "templates" / "sort.js"
PAGE = """
const classes = (names) => ({ contains: (name) => names.split(" ").includes(name) });
const row = ([names, ...values]) => ({ classList: classes(names),
  cells: values.map((value) => ({ dataset: {}, textContent: value })) });
const heads = HEADS.map((names, cellIndex) => ({ classList: classes(names), cellIndex, childNodes: [], kept: {},
  append(button) { this.button = button; }, setAttribute(name, value) { this.kept[name] = value; },
  getAttribute(name) { return this.kept[name] ?? null; }, removeAttribute(name) { delete this.kept[name]; } }));
const body = { rows: ROWS.map(row), append(...rows) { this.rows = rows; } };
const table = { tBodies: [body], tHead: { rows: [{ cells: heads }] } };
globalThis.document = { querySelectorAll: () => [table],
  createElement: () => ({ append() {}, addEventListener(_, click) { this.click = click; } }) };
SCRIPT
const order = () => body.rows.map((row) => row.cells[0].textContent).join("");
heads[1].button.click(); const first = order(); heads[1].button.click(); console.log(first, order());
"""


@pytest.mark.skipif(shutil.which("node") is None, reason="no node")
@pytest.mark.parametrize(("head", "first", "second"), [("num", "cbard", "abcrd"), ("num low", "abcrd", "cbard")])
def test_the_best_is_first_and_what_is_outside_the_order_last(head: str, first: str, second: str) -> None:
    rows = [["", "b", "3"], ["is-rising", "r", "9"], ["", "d"], ["", "c", "20"], ["", "a", "1"]]
    page = PAGE.replace("HEADS", json.dumps(["", head])).replace("ROWS", json.dumps(rows))
    page = page.replace("SCRIPT", "{" + SORT.read_text() + "}")
    found = subprocess.run(["node", "-e", page], capture_output=True, text=True, check=True)
    assert found.stdout.split() == [first, second]
