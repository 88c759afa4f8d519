"""Works that are killed at any moment, and taken up again, come to the same end; a hundred kills: ``tests/crash/kills.py``."""

import signal

import pytest

from tests.crash.kills import SHARES, kill_often, numbers
from tests.crash.works import works

pytestmark = pytest.mark.slow  # a hundred processes
KILLS = numbers(130)


@pytest.fixture(scope="module")
def all_works(tmp_path_factory):
    """Over one small log."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("recbole_lsrec.data.filtered._WORTH_KEEPING", 0)  # which works() sets
        yield works(tmp_path_factory.mktemp("works"))


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=lambda number: number.name)
@pytest.mark.parametrize("name", SHARES)
def test_what_is_killed_at_any_moment_ends_as_what_is_not(all_works, name, number, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = kill_often(all_works[name], number, KILLS[name, number], tmp_path)
    assert not found.wrong
    assert found.kills >= KILLS[name, number]
