"""Two accounts share a cache: both run, neither loses what is the other's."""

import logging
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from recbole_lsrec.data import log_cache
from recbole_lsrec.data.candidates import cache

pytestmark = pytest.mark.skipif(
    os.name != "posix" or os.geteuid() != 0, reason="only root can act as two accounts; run the tests as root to see it"
)
ANNE, BEN = 54321, 54322
LISTS = np.arange(6, dtype=np.int32).reshape(2, 3)


@pytest.fixture
def shared():
    """A folder that everybody may write, as shared disks have them."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o777)
    yield folder
    shutil.rmtree(folder)


def as_account(uid: int, umask: int, act: Callable[[], str]) -> str:
    """What ``act`` gives in a process of an account, with the warnings it leaves."""
    reading, writing = os.pipe()
    if not os.fork():
        warnings: list[str] = []
        handler = logging.Handler()
        handler.emit = lambda record: warnings.append(record.getMessage())  # type: ignore[method-assign]
        logging.getLogger().addHandler(handler)
        os.setgid(uid)
        os.setuid(uid)
        os.umask(umask)
        try:
            answer = act()
        except BaseException as error:
            answer = repr(error)
        os.write(writing, "|".join([answer, *warnings]).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        answer = pipe.read()
    os.wait()
    return answer


def candidates(folder: Path) -> Callable[[], str]:
    def act() -> str:
        drawn = []
        found = cache.cached(folder, "uni3", ("a",), (2, 3), lambda: drawn.append(1) or LISTS)
        return f"{'drawn' if drawn else 'read'} {found.sum()}"

    return act


def log(folder: Path) -> Callable[[], str]:
    def act() -> str:
        made = []
        tables = log_cache.Tables({"x": np.arange(4)}, {"n": 1})
        log_cache.cached(folder, "log", "k", lambda: made.append(1) or tables)
        return "made" if made else "read"

    return act


@pytest.mark.parametrize(("act", "first", "second"), [(candidates, "drawn 15", "read 15"), (log, "made", "read")])
def test_what_one_account_keeps_the_other_reads(shared, act, first, second):
    assert as_account(ANNE, 0o022, act(shared)) == first
    assert as_account(BEN, 0o022, act(shared)) == second


@pytest.mark.parametrize(("act", "again"), [(candidates, "drawn 15"), (log, "made")])
def test_what_one_account_keeps_for_itself_stays_and_the_other_runs(shared, act, again):
    as_account(ANNE, 0o077, act(shared))
    before = sorted(shared.iterdir())
    answer, *warnings = as_account(BEN, 0o022, act(shared)).split("|")
    assert answer == again
    assert len(warnings) == 1
    assert "this account may not read the stored" in warnings[0]
    assert sorted(shared.iterdir()) == before
    assert as_account(ANNE, 0o077, act(shared)).startswith("read")
