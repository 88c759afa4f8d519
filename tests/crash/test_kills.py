"""Works that are killed at any moment, and taken up again, come to the same end; a hundred kills: ``tests/crash/kills.py``."""

import pytest

from tests.crash.kills import KILLS, SIGNALS, kill_often
from tests.crash.works import works

pytestmark = pytest.mark.slow  # a hundred processes


@pytest.fixture(scope="module")
def all_works(tmp_path_factory):
    """Over one small log."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("recbole_lsrec.data.filtered._WORTH_KEEPING", 0)  # which works() sets
        yield works(tmp_path_factory.mktemp("works"))


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
@pytest.mark.parametrize("name", KILLS)
def test_what_is_killed_at_any_moment_ends_as_what_is_not(all_works, name, number, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    kills = KILLS[name][SIGNALS.index(number)]
    found = kill_often(all_works[name], number, kills, tmp_path)
    assert not found.wrong
    assert found.kills >= kills
