"""Which systems are outside the order."""

from types import SimpleNamespace

import pytest

from recbole_lsrec.leaderboard.page.rising import is_rising


def run(*scores):
    return SimpleNamespace(result={"valid_score_bigger": True, "history": [{"valid_score": score} for score in scores]})


@pytest.mark.parametrize(("rising", "stopped", "outside"), [(1, 1, False), (2, 1, True), (1, 2, False), (1, 0, True)])
def test_more_than_half_of_the_runs_were_still_rising(rising, stopped, outside):
    assert is_rising([run(0.1, 0.2)] * rising + [run(0.2, 0.1)] * stopped) is outside
