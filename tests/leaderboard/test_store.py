"""Finished cells on disk: a damaged one is run again, and that is said."""

import json
from types import SimpleNamespace

import pytest

from recbole_lsrec.leaderboard.cell_run import CellRun
from recbole_lsrec.leaderboard.store import Store

RESULT = {"model": "A", "dataset": "d", "seed": 1, "simulated": False, "fingerprints": {}, "config": {}, "files": {}}


def planned(seed=1):
    """As much of a planned cell as the store looks at."""
    names = {"system": SimpleNamespace(name="A"), "data": SimpleNamespace(label="d"), "name": f"A on d, seed {seed}"}
    return SimpleNamespace(**names, seed=seed, identity={"seed": seed})


@pytest.fixture
def out(tmp_path):
    """A leaderboard's folder with two finished cells, the seeds 1 and 2."""
    store = Store(tmp_path)
    for seed in (1, 2):
        content = json.dumps({**RESULT, "seed": seed}).encode()
        store.keep(planned(seed), CellRun(f"A-{seed}", {"result.json": content}, 0.5, None), 1)
    return tmp_path


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("cell.json", b""),
        ("cell.json", b"[1, 2]"),
        ("cell.json", b"\xff\xfe\x00"),
        ("cell.json", b'{"system": "A"}'),
        (
            "cell.json",
            b'{"system": 1, "dataset": "d", "seed": 1, "identity": {}, "attempts": 1, "seconds": 1, "finished": ""}',
        ),
        ("cell.json", b"[" * 100_000),
        ("result.json", b'{"model": '),
        ("split.json", b'{"train": '),
        ("result.json", json.dumps({**RESULT, "files": {"instances.parquet": "0"}}).encode()),
    ],
)
def test_a_damaged_cell_is_run_again_and_said_and_the_others_stay(out, caplog, file, content):
    (out / "runs" / "A-1" / file).write_bytes(content)
    store = Store(out)
    assert store.find(planned(1)) is None
    assert store.find(planned(2))[0].name == "A-2"
    (said,) = caplog.messages
    assert f"A-1/{file}" in said or "instances.parquet: is gone" in said
    assert "run again" in said


def test_two_systems_of_equal_settings_have_a_run_each(tmp_path):
    first, other = planned(), planned()
    other.system = SimpleNamespace(name="B")
    store = Store(tmp_path)
    for cell, name in ((first, "A-1"), (other, "B-1")):
        store.keep(cell, CellRun(name, {"result.json": json.dumps(RESULT).encode()}, 0.5, None), 1)
    again = Store(tmp_path)
    assert [again.find(cell)[0].name for cell in (first, other)] == ["A-1", "B-1"]
    assert again.find(first, taken=[tmp_path / "runs" / "A-1"])[0].name == "B-1"
    assert again.find(first, taken=[tmp_path / "runs" / name for name in ("A-1", "B-1")]) is None


def test_files_of_a_run_may_lie_in_a_folder_of_it(tmp_path):
    files = {"result.json": json.dumps(RESULT).encode(), "tensorboard/events": b"loss"}
    folder, _ = Store(tmp_path).keep(planned(), CellRun("A-1", files, 0.5, None), 1)
    assert (folder / "tensorboard" / "events").read_bytes() == b"loss"


def test_a_damaged_cell_is_said_to_be_that_alone(tmp_path):
    cell, result = planned(), json.dumps(RESULT).encode()
    cell.identity = {"code": "c1", "data": "d1", "settings": {}}
    folder, _ = Store(tmp_path).keep(cell, CellRun("A-1", {"result.json": result}, 0.5, None), 1)
    (folder / "result.json").write_bytes(b"{")
    store = Store(tmp_path)
    assert store.find(cell) is None
    assert store.why_again(cell) is None


def test_a_run_that_was_changed_after_it_was_kept_is_run_again(out, caplog):
    folder = out / "runs" / "A-1"
    (folder / "scores.npy").write_bytes(b"other")
    (folder / "result.json").write_text(json.dumps({**RESULT, "files": {"scores.npy": "0"}}))
    assert Store(out).find(planned(1)) is None
    assert "is not as the run wrote it" in caplog.text


def test_of_two_runs_for_a_cell_the_latest_is_taken(tmp_path, monkeypatch):
    cell, store = planned(), Store(tmp_path)
    for name, time, threads in (("A-old", "2026-01-01", 1), ("A-new", "2026-01-02", 2)):
        monkeypatch.setattr("recbole_lsrec.leaderboard.store.now", lambda time=time: time)
        cell.identity = {"code": "c", "data": "d", "settings": {}, "threads": threads}
        store.keep(cell, CellRun(name, {"result.json": json.dumps(RESULT).encode()}, 0.5, None), 1)
    cell.identity = {**cell.identity, "threads": 4}
    assert Store(tmp_path).why_again(cell) == "threads: 2 -> 4"
    for name, time in (("B-old", "2026-01-03"), ("B-new", "2026-01-04")):
        monkeypatch.setattr("recbole_lsrec.leaderboard.store.now", lambda time=time: time)
        store.keep(cell, CellRun(name, {"result.json": json.dumps(RESULT).encode()}, 0.5, None), 1)
    assert Store(tmp_path).find(cell)[0].name == "B-new"
