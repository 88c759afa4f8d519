"""How the targets of a table were ranked."""

from recbole_lsrec.leaderboard.board import load_board
from recbole_lsrec.leaderboard.page import words
from recbole_lsrec.leaderboard.page.results import table
from tests.leaderboard.page.board_files import ranks, write_board, write_cell


def test_the_number_of_competitors_is_that_of_the_longest_list(tmp_path):
    cell = write_cell(tmp_path, "A", {"pop3": ranks(2, 1)}, columns={"n_candidates": [5] + [20] * 39})
    found = table(load_board(write_board(tmp_path, [cell])), "tiny", "pop3")
    assert found.n_candidates == 20
    assert "each ranked among 19 frozen negatives drawn by popularity" in words.setting(found)
