import json
from pathlib import Path

import pytest

from recbole_lsrec.tuning import journal
from recbole_lsrec.tuning.search import TimeBudget
from recbole_lsrec.tuning.settings import Trial

EVENTS = [
    {"time": 100.0, "event": "sitting"},
    {"time": 101.0, "event": "start", "trial": "a", "settings": {"x": 1}},
    {"time": 103.0, "event": "epoch", "trial": "a", "epoch": 1, "score": 0.2},
    {"time": 104.0, "event": "start", "trial": "b", "settings": {"x": 2}},
    {"time": 105.0, "event": "epoch", "trial": "a", "epoch": 2, "score": 0.1},
    # killed, and taken up again later
    {"time": 500.0, "event": "sitting"},
    {"time": 501.0, "event": "start", "trial": "a", "settings": {"x": 1}},
    {"time": 502.0, "event": "done", "trial": "a", "epoch": 3, "score": 0.3},
    {"time": 502.0, "event": "end", "trial": "a"},
    {"time": 503.0, "event": "error", "trial": "b", "reason": "ValueError: no"},
    {"time": 504.0, "event": "start", "trial": "c", "settings": {"x": 3}},
    {"time": 505.0, "event": "epoch", "trial": "c", "epoch": 1, "score": 0.25},
    {"time": 505.0, "event": "end", "trial": "c"},
    {"time": 506.0, "event": "start", "trial": "d", "settings": {"x": 4}},
    {"time": 510.0, "event": "close"},
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    lines = [json.dumps(event) + "\n" for event in EVENTS]
    (tmp_path / "journal.jsonl").write_text("".join(lines) + '{"time": 511.0, "event": "sit')  # cut off by a crash
    return tmp_path


def test_trials_are_read_across_sittings(folder: Path) -> None:
    first, failed, stopped, cut = journal.read_trials(folder, bigger=True)
    assert first == Trial(
        id="a",
        settings={"x": 1},
        status="finished",
        reason=None,
        score=0.3,
        epochs=[
            {"epoch": 1, "score": 0.2, "seconds": 2.0},
            {"epoch": 2, "score": 0.1, "seconds": 4.0},
            {"epoch": 3, "score": 0.3, "seconds": 6.0},  # the pause of 395 s is not counted
        ],
        began=1.0,
        seconds=6.0,
    )
    assert (failed.status, failed.reason, failed.score) == ("error", "ValueError: no", None)
    assert (stopped.status, stopped.score) == ("stopped", 0.25)
    assert (cut.status, cut.began, cut.seconds) == ("unfinished", 11.0, 4.0)  # up to the end of its sitting


def test_the_best_score_may_be_the_smallest(folder: Path) -> None:
    assert journal.read_trials(folder, bigger=False)[0].score == 0.1


def test_spent_leaves_pauses_out(folder: Path) -> None:
    assert journal.spent(folder) == 5.0 + 10.0


def test_a_search_not_begun_has_spent_nothing(tmp_path: Path) -> None:
    assert journal.spent(tmp_path) == 0
    assert journal.read_trials(tmp_path, bigger=True) == []


def test_a_time_budget_counts_earlier_sittings(folder: Path) -> None:
    assert TimeBudget(folder, 14.9).stop_all()
    assert not TimeBudget(folder, 60).stop_all()
    assert not TimeBudget(folder, None).stop_all()


def test_a_line_cut_off_spoils_nothing_after_it(folder: Path) -> None:
    before = journal.read(folder)
    journal.write(folder, "sitting", command="again")
    assert journal.read(folder)[:-1] == before
    assert journal.read(folder)[-1]["command"] == "again"


@pytest.mark.parametrize(
    "line",
    [
        b"\xff\xfe",
        b"[1]",
        b"null",
        b'{"event": "end", "trial": "a"}',
        b'{"time": "now", "event": "sitting"}',
        b'{"time": 1, "event": "epoch", "trial": "a", "epoch": "1", "score": 0.5}',
        b'{"time": 1, "event": "done", "trial": "a", "epoch": 9}',
        b'{"time": 1, "event": "start", "trial": "a"}',
        b"[" * 100_000,
    ],
)
def test_a_line_that_is_no_event_is_left_out_and_said_once(
    folder: Path, caplog: pytest.LogCaptureFixture, line: bytes
) -> None:
    path = folder / "journal.jsonl"
    content = path.read_bytes()
    whole = journal.read_trials(folder, bigger=True)
    caplog.clear()
    path.write_bytes(line + b"\n" + content)
    journal._say_left_out.cache_clear()
    assert journal.read_trials(folder, bigger=True) == whole
    journal.read_trials(folder, bigger=True)
    assert [message for message in caplog.messages if "line 1:" in message] == [
        f"{path}, line 1: is no event of a search (cut off by a crash, or changed); left out"
    ]


def test_a_trial_whose_beginning_is_lost_is_never_the_best(folder: Path) -> None:
    path = folder / "journal.jsonl"
    lines = path.read_text().splitlines()
    path.write_text("\n".join(line for line in lines if not ('"start"' in line and '"trial": "a"' in line)))
    lost = journal.read_trials(folder, bigger=True)[0]
    assert (lost.id, lost.status) == ("a", "error")
    assert "lost its beginning" in lost.reason
