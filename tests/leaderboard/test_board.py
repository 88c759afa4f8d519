import json

import pytest

from recbole_lsrec.errors import DataError
from recbole_lsrec.leaderboard.board import load_board
from tests.leaderboard.page.board_files import empty_cell, ranks, write_board, write_cell

EMPTY = {"title": "", "command": "", "budget": None, "bit_reproducible": True, "environment": {}}


def test_cells_keep_the_order_of_the_plan(tmp_path):
    cells = [write_cell(tmp_path, "B", {"pop3": ranks(2, 1)}), empty_cell("A", "not built", "why", None)]
    board = load_board(write_board(tmp_path, cells))
    assert (board.systems, board.datasets, board.clock) == (["B", "A"], ["tiny"], None)
    assert [cell.run is None for cell in board.cells] == [False, True]
    timed = {"bit_reproducible": False}
    board = load_board(write_board(tmp_path, cells, budget={"train_seconds": 9}, **timed))
    assert board.clock == "training stopped by the clock"
    assert load_board(write_board(tmp_path, cells, **timed)).clock.startswith("the clock decided which trials")


def test_a_finished_cell_that_cannot_be_read_is_an_error_cell_and_the_others_stay(tmp_path):
    cells = [write_cell(tmp_path, name, {"pop3": ranks(2, 1)}) for name in "AB"]
    (tmp_path / "runs" / "A-1" / "instances.parquet").unlink()
    first, second = load_board(write_board(tmp_path, cells)).cells
    assert (first.status, first.run, second.status) == ("error", None, "done")
    assert "cannot be read" in first.reason
    assert "holds no instances.parquet" in first.reason


def test_a_split_that_cannot_be_read_is_an_error_of_its_cell_alone(tmp_path):
    cells = [write_cell(tmp_path, name, {"pop3": ranks(2, 1)}) for name in "AB"]
    (tmp_path / "runs" / "A-1" / "split.json").write_text("{")
    first, second = load_board(write_board(tmp_path, cells)).cells
    assert (first.status, second.status) == ("error", "done")
    assert "split.json: is not JSON" in first.reason


def test_a_done_cell_without_a_folder(tmp_path):
    board = load_board(write_board(tmp_path, [empty_cell("A", "done", None)]))
    assert "names none" in board.cells[0].reason


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "no such file; give the folder that `recbole-lsrec leaderboard` wrote"),
        ("{", "is not JSON"),
        ("[]", "holds a list where an object belongs"),
        ("{}", "lacks title, command, budget, bit_reproducible, environment, cells"),
        (json.dumps({**EMPTY, "cells": [{"system": "A"}]}),
         "a cell lacks model, dataset, seed, status"),
        (json.dumps({**EMPTY, "cells": [empty_cell("A", "dnoe", None)]}),
         "A: status: found 'dnoe'; accepted: done, error, not built, pending"),
        (json.dumps({**EMPTY, "cells": [], "earlier": [1]}), "earlier: found 1; accepted: an object each"),
    ],
)  # fmt: skip
def test_what_is_no_leaderboard(tmp_path, content, message):
    if content is not None:
        (tmp_path / "leaderboard.json").write_text(content)
    with pytest.raises(DataError, match=message):
        load_board(tmp_path)
