"""What LSIDN's training batches carry beside windows, piece by piece and through the loaders."""

import json
from ast import literal_eval
from itertools import chain
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from recbole_lsrec.config import Config
from recbole_lsrec.data.counter_random import key_from, uniform
from recbole_lsrec.data.session_views import SessionViewDataset, exchange
from recbole_lsrec.run_data import Data, load_data

GOLDEN = Path(__file__).resolve().parents[1] / "golden"


def test_views_exchange_a_fifth_of_each_side_rounded_up() -> None:
    left = np.array([[1, 2, 3, 4, 5, 6], [1, 0, 0, 0, 0, 0]]), np.array([6, 1])
    right = np.array([[11, 12, 0, 0, 0, 0], [11, 12, 13, 14, 15, 0]]), np.array([2, 5])
    draws = np.array([[5, 1, 6, 2, 4, 3, 8, 7, 1, 1, 1, 1], [1, 0, 0, 0, 0, 0, 5, 4, 3, 2, 1, 0]]) / 10
    (view_1, length_1), (view_2, length_2) = exchange(left, right, draws, 0.2)
    assert view_1.tolist() == [[1, 3, 5, 6, 12, 0], [15, 0, 0, 0, 0, 0]]  # ceil(1.2) = 2 leave, ceil(.4) = 1 comes
    assert view_2.tolist() == [[11, 2, 4, 0, 0, 0], [11, 12, 13, 14, 1, 0]]
    assert (length_1.tolist(), length_2.tolist()) == ([5, 1], [3, 5])


@given(st.integers(1, 10), st.integers(1, 10), st.integers(0, 2**32 - 1))
def test_an_exchange_loses_nothing_and_fits(n: int, m: int, seed: int) -> None:
    items = np.arange(1, 21).reshape(2, 1, 10)
    sides = [
        (np.where(np.arange(10) < size, side, 0), np.array([size])) for side, size in zip(items, (n, m), strict=True)
    ]
    views = exchange(*sides, np.random.default_rng(seed).random((1, 20)), 0.2)
    together = [items[0, : length[0]].tolist() for items, length in views]
    assert sorted(chain.from_iterable(together)) == sorted([*sides[0][0][0, :n].tolist(), *sides[1][0][0, :m].tolist()])
    assert all(len(view) == length[0] <= 10 for view, (_, length) in zip(together, views, strict=True))


@pytest.mark.parametrize(("name", "width"), [("lsidn_sessions_msl6", 6), ("lsidn_sessions_msl10", 10)])
def test_successors_and_current_sessions_are_those_of_the_authors_preprocessing(name: str, width: int) -> None:
    rows = [line.split("\t") for line in (GOLDEN / f"{name}_events.tsv").read_text().splitlines()[1:]]
    number, user, item, _, _, _, phase, session = np.array(rows, dtype=np.int64).T
    log = object.__new__(SessionViewDataset)  # the arrays alone, which is what the two functions read
    log.user, log.item, log.session = user, item, np.unique(user * 1000 + session, return_inverse=True)[1]
    log.found_once = {"training_events": phase == 0}
    ids = json.loads((GOLDEN / f"{name}_vocabs.json").read_text())["item"]
    lines = [line.split("\t") for line in (GOLDEN / f"{name}_lines.tsv").read_text().splitlines()]
    training = [cells for cells in lines if cells[0] == "train"]
    assert len(training) > 50
    at = np.array([np.flatnonzero(number == int(cells[1]))[0] for cells in training])
    for (items, n), column in ((log.successors(at, width), 23), (log.current_session(at, width), 21)):
        for found, size, cells in zip(items, n, training, strict=True):
            assert [ids.get(str(one), 0) for one in found[:size]] == literal_eval(cells[column])


def test_successors_end_before_an_event_held_out_and_at_the_users_last() -> None:
    log = object.__new__(SessionViewDataset)
    log.user, log.item = np.array([1, 1, 1, 1, 1, 2, 2]), np.array([11, 12, 13, 14, 15, 21, 22])
    log.session = np.array([0, 0, 0, 0, 0, 1, 1])
    log.found_once = {"training_events": np.array([1, 1, 1, 0, 1, 1, 1], dtype=bool)}
    items, n = log.successors(np.array([1, 4]), 4)
    assert (items.tolist(), n.tolist()) == ([[13, 0, 0, 0], [0, 0, 0, 0]], [1, 1])


@pytest.fixture
def data(tmp_path: Path) -> Data:
    """Ten users with twelve events each, four to a session; items of held-out events occur nowhere else."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    lines = ["user_id:token\titem_id:token\ttimestamp:float"]
    for user in range(10):
        for event in range(12):
            item = f"held{user}-{event}" if event >= 10 else f"i{(7 * user + 3 * event) % 23}"
            lines.append(f"u{user}\t{item}\t{1_500_000_000 + 86_400 * (event // 4) + 60 * event + user}")
    (folder / "tiny.inter").write_text("\n".join(lines) + "\n")
    settings = {
        "data_path": str(tmp_path),
        "run_dir": str(tmp_path / "runs"),
        "load_col": {"inter": ["user_id", "item_id", "timestamp"]},
        "eval_args": {"mode": "full"},
        "session_threshold": 1800,
        "train_batch_size": 32,
        "state": "ERROR",
    }
    return load_data(Config("LSIDN", "tiny", config_dict=settings))


def views_of(data: Data, rows: np.ndarray) -> dict[str, torch.Tensor]:
    batch = data.train.make(rows)
    return {name: batch[name] for name in batch.columns if name.startswith("view_")}


def test_nothing_of_the_future_is_in_an_evaluation_batch(data: Data) -> None:
    log = data.dataset
    for loader in (data.valid, data.test):
        for rows, batch in loader:
            assert not [name for name in batch.columns if name.startswith("view_")]
            for row, items, length in zip(rows, batch["item_id_list"], batch["item_length"], strict=True):
                assert items[:length].tolist() == log.item[row - int(length) : row].tolist()


def test_views_hold_training_events_of_the_user_alone(data: Data) -> None:
    log, rows = data.dataset, data.train.dataset.rows
    training = log.training_events()
    assert not training[data.test.dataset.rows].any()
    views = views_of(data, rows)
    assert set(views) == {"view_1_list", "view_1_length", "view_2_list", "view_2_length"}
    for name in ("view_1", "view_2"):
        for row, items, length in zip(rows, views[f"{name}_list"], views[f"{name}_length"], strict=True):
            mine = set(log.item[training & (log.user == log.user[row])].tolist())
            assert set(items[:length].tolist()) <= mine | {0}
            assert not items[length:].any()
    lengths = torch.stack([views["view_1_length"], views["view_2_length"]])
    assert bool((lengths >= 1).all())


def test_views_are_a_function_of_row_and_epoch(data: Data) -> None:
    rows = data.train.dataset.rows
    data.train.set_epoch(3)
    all_at_once, alone = views_of(data, rows), [views_of(data, rows[at : at + 1]) for at in range(len(rows))]
    for name, value in all_at_once.items():
        assert torch.equal(value, torch.cat([part[name] for part in alone]))
    data.train.set_epoch(4)
    assert any(not torch.equal(value, all_at_once[name]) for name, value in views_of(data, rows).items())
    data.train.set_epoch(3)
    data.train.dataset.config["seed"] += 1
    assert any(not torch.equal(value, all_at_once[name]) for name, value in views_of(data, rows).items())


def test_of_each_side_a_fifth_is_exchanged(data: Data) -> None:
    log, rows = data.train.dataset, data.train.dataset.rows
    (_, n), (_, m) = log.current_session(rows, 10), log.successors(rows, 10)
    views, gone, come = views_of(data, rows), -(-n // 5), -(-m // 5)
    assert views["view_1_length"].tolist() == (n - gone + come).tolist()
    assert views["view_2_length"].tolist() == (m - come + gone).tolist()
    assert {*n.tolist()} == {1, 2, 3, 4}  # of which a larger share would not be one event


def test_the_number_that_decides_what_a_long_session_keeps_is_of_the_target_and_the_event(data: Data) -> None:
    rows = data.train.dataset.rows
    batch = data.train.make(rows)
    key = key_from("session sample", data.train.dataset.config["seed"])
    for row, numbers, length in zip(rows, batch["draw_list"], batch["item_length"].tolist(), strict=True):
        of_events = uniform(key, np.array([row]), np.arange(row - length, row))
        assert numbers[:length].tolist() == torch.from_numpy(of_events).float().tolist()


def test_nothing_follows_the_last_event_of_the_log() -> None:
    log = object.__new__(SessionViewDataset)
    log.user, log.item, log.session = np.array([1, 1, 2]), np.array([5, 6, 7]), np.array([0, 0, 1])
    log.found_once = {"training_events": np.ones(3, dtype=bool)}
    items, n = log.successors(np.array([0, 2]), 2)
    assert (items.tolist(), n.tolist()) == ([[6, 0], [0, 0]], [1, 1])
