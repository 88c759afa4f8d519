"""No event at or after a target is in its history, in whatever form a loader gives it; and none of those before is missing."""

import numpy as np
import pytest
import torch

from recbole_lsrec.trained_run import build_model
from tests.guarantees.oracle import STEP
from tests.guarantees.scorer import Scorer

LENGTH = 4


def history_of(batch, at, tokens):
    """(item, time) of one line's list, and whether the rest of it is padding."""
    n = int(batch["item_length"][at])
    items, times = batch["item_id_list"][at].tolist(), batch["timestamp_list"][at].tolist()
    assert not any(items[n:])
    assert not any(times[n:])
    return [(tokens[item], time) for item, time in zip(items[:n], times[:n], strict=True)]


def assert_history(batch, at, row, before, tokens):
    assert tokens[int(batch["item_id"][at])] == row.item
    assert int(batch["timestamp"][at]) == row.time
    assert history_of(batch, at, tokens) == [(event.item, event.time) for event in before[-LENGTH:]]
    assert int(batch["first_timestamp"][at]) == before[0].time


def sessions_of(oracle, before):
    """Numbers of the sessions of a window, from 1."""
    numbers, last = [], None
    for event in before[-LENGTH:]:
        session = oracle.session(event.number)[0].number
        numbers.append(numbers[-1] + (session != last) if numbers else 1)
        last = session
    return numbers


def test_the_log_is_the_file_each_event_once_in_order(load, oracle):
    log = load().dataset
    users, items = log.field2id_token["user_id"], log.field2id_token["item_id"]
    found = list(zip(users[log.user], items[log.item], log.time.tolist(), strict=True))
    assert found == [(row.user, row.item, row.time) for row in oracle.rows]


@pytest.mark.parametrize("model", ["GRU4Rec", "SLSRec", "DIN"])
def test_training_histories_are_what_the_user_did_before(load, oracle, model):
    more = {"without": ["cate"], "CATEGORY_FIELD": None} if model == "SLSRec" else {}
    data = load(model, **more)
    tokens = data.dataset.field2id_token["item_id"]
    train, _, _ = oracle.leave_one_out()
    positives = []
    for batch in data.train:
        repeats = 1 + data.train.n_negatives if model == "DIN" else 1
        positives += [(batch, at) for at in range(len(batch) // repeats)]
    assert len(positives) == len(train)
    for (batch, at), number in zip(positives, train, strict=True):
        before = oracle.before(number)
        assert_history(batch, at, oracle.rows[number], before, tokens)
        assert batch["session_id_list"][at][: len(before)].tolist() == sessions_of(oracle, before)


@pytest.mark.parametrize("phase", ["valid", "test"])
def test_evaluated_histories_are_what_the_user_did_before(load, oracle, phase):
    data = load(eval_args={"mode": "full"})
    tokens = data.dataset.field2id_token["item_id"]
    expected = dict(zip(("train", "valid", "test"), oracle.leave_one_out(), strict=True))[phase]
    given = [(number, batch, at) for rows, batch in getattr(data, phase) for at, number in enumerate(rows.tolist())]
    assert [number for number, *_ in given] == expected
    for number, batch, at in given:
        assert_history(batch, at, oracle.rows[number], oracle.before(number), tokens)


def test_histories_of_all_targets_after_a_point_in_time_stop_there(load, oracle):
    valid, test = 20 * STEP, 32 * STEP
    data = load(eval_args={"mode": "full", "split": {"GTS": {"valid": valid, "test": test, "targets": "all"}}})
    tokens = data.dataset.field2id_token["item_id"]
    for loader, boundary in ((data.valid, valid), (data.test, test)):
        n = 0
        for rows, batch in loader:
            for at, number in enumerate(rows.tolist()):
                assert_history(batch, at, oracle.rows[number], oracle.before(number, boundary), tokens)
                n += 1
        assert n > 10


def test_what_a_model_is_built_on_is_training_alone(load, oracle):
    """RecBole's models that read ``dataset.inter_feat`` read the training instances, with their windows."""
    data = load(Scorer, train_neg_sample_args=None)
    table = data.train.dataset.inter_feat
    train, _, _ = oracle.leave_one_out()
    assert build_model(data.train.config, data).built_on == train
    tokens = data.dataset.field2id_token["item_id"]
    assert len(table) == len(train)
    for at, number in enumerate(train):
        assert_history(table, at, oracle.rows[number], oracle.before(number), tokens)


@pytest.mark.parametrize(
    "split",
    [
        {},
        {"split": {"GTS": {"valid": 200, "test": 320}}, "mode": "full"},
        {"split": {"GTS": {"valid": 200, "test": 320, "train_events": ["view"]}}, "mode": "full"},
    ],
    ids=["LS", "GTS", "GTS, views"],
)
def test_training_at_every_position_asks_for_training_targets_after_what_came_before(load, oracle, split):
    data = load("SASRec", train_positions="all", train_neg_sample_args=None, eval_args=split)
    tokens = data.dataset.field2id_token["item_id"]
    train = data.dataset.split.train.tolist()
    if not split:
        assert train == oracle.leave_one_out()[0]
    of_user = {user: [row.item for row in rows] for user, rows in oracle.users.items()}
    wanted = sorted(
        (oracle.rows[number].user, number - oracle.users[oracle.rows[number].user][0].number) for number in train
    )
    for epoch in range(4):
        data.train.set_epoch(epoch)
        found = []
        for batch in data.train:
            for items, n, targets in zip(
                batch["item_id_list"], batch["item_length"].tolist(), batch["next_item_id_list"], strict=True
            ):
                seen, asked = [tokens[item] for item in items[:n].tolist()], targets[:n].tolist()
                # The chunk says not whose it is: it is a stretch of one user's events, each target the event after.
                fits = [
                    (user, first)
                    for user, own in of_user.items()
                    for first in range(len(own) - n)
                    if own[first : first + n] == seen
                    and all(not t or tokens[t] == own[first + p + 1] for p, t in enumerate(asked))
                    and [bool(t) for t in asked] == [(user, first + p + 1) in wanted for p in range(n)]
                ]
                assert fits
                found.append((fits, sum(map(bool, asked))))
        assert sum(n for _, n in found) == len(train)


def test_views_of_sessions_hold_the_current_session_and_training_events_after_the_target(load, oracle):
    """LSIDN's two views exchange events between the session so far and what came next, of which nothing is held out."""
    data = load("LSIDN", CATEGORY_FIELD=None, max_session_len=5)
    tokens = data.dataset.field2id_token["item_id"]
    train, valid, test = oracle.leave_one_out()
    trained = oracle.trained_on(train, [*valid, *test])
    for batch, numbers in zip(data.train, [train[at : at + 7] for at in range(0, len(train), 7)], strict=True):
        for at, number in enumerate(numbers):
            row = oracle.rows[number]
            so_far = [event for event in oracle.session(number - 1) if event.number < number][-5:]
            later = [event for event in oracle.session(number) if event.number > number]
            following = [event for event in oracle.users[row.user] if event.number > number]
            if not later and following:
                later = oracle.session(following[0].number)
            kept = []
            for event in later[:5]:
                if event.number not in trained:
                    break
                kept.append(event)
            views = [batch[f"view_{v}_list"][at][: int(batch[f"view_{v}_length"][at])].tolist() for v in (1, 2)]
            found = sorted(tokens[item] for view in views for item in view if item)
            assert found == sorted(event.item for event in [*so_far, *kept])


def test_pairs_and_matrices_of_models_without_sequences_hold_training_events_alone(load, oracle):
    data = load("BPR")
    train, valid, test = oracle.leave_one_out()
    trained = oracle.trained_on(train, [*valid, *test])
    expected = {(oracle.rows[number].user, oracle.rows[number].item) for number in trained}
    users, items = data.dataset.field2id_token["user_id"], data.dataset.field2id_token["item_id"]
    pairs = [
        (users[u], items[i]) for batch in data.train for u, i in zip(batch["user_id"], batch["item_id"], strict=True)
    ]
    assert set(pairs) == expected
    matrix = data.train.dataset.inter_matrix(form="coo")
    assert {(users[u], items[i]) for u, i in zip(matrix.row, matrix.col, strict=True)} == expected


def test_a_model_without_sequences_reads_a_user_unseen_in_training_as_unseen(load, oracle):
    """Validation and test events do not make a user known."""
    data = load("BPR", eval_args={"mode": "full", "split": {"GTS": {"valid": 100, "test": 200}}})
    train = [row.number for row in oracle.instances() if row.time < 100]
    expected = {oracle.rows[number].user for number in train}
    users = data.dataset.field2id_token["user_id"]
    assert set(users[np.flatnonzero(data.dataset.training_users())]) == expected
    assert expected < set(oracle.users)


def test_times_reach_models_as_whole_seconds(load):
    """float32 would round them to 128 s."""
    batch = next(iter(load().train))
    assert batch["timestamp"].dtype == batch["timestamp_list"].dtype == torch.int64
