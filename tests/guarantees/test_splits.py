"""Which events train, validate and test: worked out from the lines of the file."""

import numpy as np
import pytest

from tests.guarantees.conftest import LINES
from tests.guarantees.oracle import Log, write

VALID, TEST = 150, 250


def chosen(rows, which):
    """Of each user's rows one, or all."""
    if which in ("all", "successive"):
        return sorted(row.number for row in rows)
    of_user = {}
    for row in rows:
        of_user.setdefault(row.user, []).append(row.number)
    return sorted(numbers[{"first": 0, "last": -1}[which]] for numbers in of_user.values())


def split_of(data):
    return tuple(rows.tolist() for rows in data.dataset.split)


def test_leave_one_out_holds_each_users_last_two_out(load, oracle):
    assert split_of(load(eval_args={"mode": "full"})) == oracle.leave_one_out()


def test_ratios_hold_the_end_of_each_user_out(load, oracle):
    train, valid, test = split_of(load(eval_args={"mode": "full", "split": {"RS": [6, 2, 2]}}))
    assert sorted([*train, *valid, *test]) == [row.number for row in oracle.instances()]
    of_phase = {number: phase for phase, rows in enumerate((train, valid, test)) for number in rows}
    for rows in oracle.users.values():
        phases = [of_phase[row.number] for row in rows[1:]]
        assert phases == sorted(phases)
        if len(phases) >= 5:
            n = len(phases) // 5
            assert (phases.count(1), phases.count(2)) == (n, n)


def test_a_point_in_time_for_all_users(load, oracle):
    train, valid, test = split_of(load(eval_args={"mode": "full", "split": {"TS": [8, 1, 1]}}))
    assert sorted([*train, *valid, *test]) == [row.number for row in oracle.instances()]
    assert max(oracle.rows[number].time for number in [*train, *valid]) < min(
        oracle.rows[number].time for number in test
    )


@pytest.mark.parametrize("targets", ["last", "first", "successive", "all", "random"])
def test_no_training_target_lies_at_or_after_the_first_boundary(load, oracle, targets):
    split = {"GTS": {"valid": VALID, "test": TEST, "targets": targets}}
    train, valid, test = split_of(load(eval_args={"mode": "full", "split": split}))
    assert train == [row.number for row in oracle.instances() if row.time < VALID]
    for found, low, high in ((valid, VALID, TEST), (test, TEST, 10**9)):
        rows = [row for row in oracle.instances() if low <= row.time < high]
        if targets == "all":  # a history stops at the boundary, and there must be one
            rows = [row for row in rows if oracle.before(row.number, low)]
        if targets == "random":
            assert set(found) <= {row.number for row in rows}
            assert len(found) == len({row.user for row in rows})
        else:
            assert found == chosen(rows, targets)


def test_validation_of_users_last_events_lets_nothing_after_them_train(load, oracle):
    split = {"GTS": {"test": TEST, "validation": "last_train_item"}}
    train, valid, test = split_of(load(eval_args={"mode": "full", "split": split}))
    early = [row for row in oracle.instances() if row.time < TEST]
    assert valid == chosen(early, "last")
    assert train == [row.number for row in early if row.number not in valid]
    assert test == chosen([row for row in oracle.instances() if row.time >= TEST], "last")


def test_nothing_after_a_validation_target_of_an_event_type_trains(load, oracle):
    """The last purchase validates; the views after it have it in their history."""
    split = {"GTS": {"test": TEST, "validation": "last_train_item", "target_events": ["buy"]}}
    train, valid, _ = split_of(load(eval_args={"mode": "full", "split": split}))
    early = [row for row in oracle.instances() if row.time < TEST]
    assert valid == chosen([row for row in early if row.kind == "buy"], "last")
    until = {oracle.rows[number].user: number for number in valid}
    assert train == [row.number for row in early if row.number < until.get(row.user, len(oracle.rows))]
    assert len(train) < len(early) - len(valid)  # so that the log can show the difference


def test_validation_users_do_not_train(load, oracle):
    split = {"GTS": {"test": TEST, "validation": "by_user", "valid_users": 5}}
    train, valid, _ = split_of(load(eval_args={"mode": "full", "split": split}))
    held = {oracle.rows[number].user for number in valid}
    assert len(valid) == len(held) == 5
    assert train == [row.number for row in oracle.instances() if row.time < TEST and row.user not in held]


def test_event_types_of_targets(load, oracle):
    split = {"GTS": {"valid": VALID, "test": TEST, "train_events": ["view"], "target_events": ["buy"]}}
    train, valid, test = split_of(load(eval_args={"mode": "full", "split": split}))
    assert train == [row.number for row in oracle.instances() if row.time < VALID and row.kind == "view"]
    buys = [row for row in oracle.instances() if row.kind == "buy"]
    assert valid == chosen([row for row in buys if VALID <= row.time < TEST], "last")
    assert test == chosen([row for row in buys if row.time >= TEST], "last")


def test_pre_split_files_give_the_phases_and_popularity_counts_the_training_file_alone(load, settings, tmp_path):
    """A held-out event before a training target of its user is in its history, and in no count."""
    parts = {"train": LINES[::2] + LINES[1::4], "valid": LINES[3::8], "test": LINES[7::8]}
    for part, lines in parts.items():
        write(tmp_path, lines, f"log.{part}")
    modes = {"mode": ["pop500"]}
    data = load(data_path=str(tmp_path), benchmark_filename=[*parts], eval_args=modes)
    together = Log([line for lines in parts.values() for line in lines])
    tokens = data.dataset.field2id_token["item_id"]
    of_line = {id(line): part for part, lines in parts.items() for line in lines}
    phase_of = {}
    for user in together.users:
        own = [line for lines in parts.values() for line in lines if line.user == user]
        for row, line in zip(together.users[user], sorted(own, key=lambda line: line.time), strict=True):
            phase_of[row.number] = of_line[id(line)]
    found = dict(zip(parts, split_of(data), strict=True))
    for part, numbers in found.items():
        assert numbers == [row.number for row in together.instances() if phase_of[row.number] == part]
    held_out = [number for number, part in phase_of.items() if part != "train"]
    assert {rows[0].number for rows in together.users.values()} & set(
        held_out
    )  # nobody's target, and held out all the same
    trained = together.trained_on(found["train"], held_out)
    assert np.flatnonzero(data.train.sampler.counted).tolist() == sorted(trained)
    assert trained < together.trained_on(found["train"], [])  # held-out events lie before training targets
    counted = {together.rows[number].item for number in trained}
    for number, items in zip(data.test.dataset.rows.tolist(), data.test.candidates["pop500"].tolist(), strict=True):
        row = together.rows[number]
        assert {tokens[item] for item in items if item} == (together.appeared(row.time) & counted) - {row.item}
