import json

import numpy as np
import pytest

from recbole_lsrec.data.split_report import _first_occurrence, describe_leak, split_report, summary_lines

#       user item time; sessions are cut at gaps above 1800 s
ROWS = [
    ("a", "x", 0),
    ("a", "y", 1000),
    ("a", "x", 5000),
    ("a", "z", 9000),
    ("b", "x", 2000),
    ("b", "w", 3000),
    ("b", "w", 9100),
    ("c", "y", 8900),
    ("c", "v", 8950),
]


def test_a_pair_is_told_from_every_other_pair():
    user, item = np.repeat(np.arange(3), 4), np.tile([1, 2, 3, 4], 3)
    np.testing.assert_array_equal(_first_occurrence(user, item), np.arange(12))
    np.testing.assert_array_equal(_first_occurrence(np.array([0, 0, 1]), np.array([2, 2, 2])), [0, 0, 2])


def _report(load, rows=ROWS, **settings):
    dataset = load(rows, **settings)
    dataset.build()
    return split_report(dataset)


def test_what_makes_a_session(load):
    keys = ("sessions", "own_sessions", "session_threshold", "session_gap")
    told = [[report[key] for key in keys] for report in (_report(load), _report(load, timestamp_unit="order"))]
    assert told == [[6, False, 1800, "le"], [3, False, None, None]]
    rows = [(*row, "s") for row in ROWS]
    header = "user_id:token\titem_id:token\ttimestamp:float\tsession_id:token"
    report = _report(load, rows, header=header)
    assert [report[key] for key in keys] == [3, True, None, None]


def test_places_are_no_dates(load):
    report = _report(load, timestamp_unit="order", eval_args={"split": {"GTS": {"valid": 5000, "test": 8900}}})
    assert report["boundaries"] == {"valid": {"place": 5000}, "test": {"place": 8900}}
    assert report["phases"]["test"]["last_target"] == 9100
    lines = summary_lines(report)
    assert lines[0].endswith("; valid from 5000, test from 8900")
    assert not [line for line in lines if "1970" in line]
    assert json.loads(json.dumps(report)) == report


def test_a_global_time_split(load):
    report = _report(load, eval_args={"split": {"GTS": {"valid": 5000, "test": 8900, "targets": "successive"}}})
    assert report["split"] == {"GTS": {"valid": 5000, "test": 8900, "targets": "successive"}}
    assert report["boundaries"] == {
        "valid": {"seconds": 5000, "utc": "1970-01-01T01:23:20+00:00"},
        "test": {"seconds": 8900, "utc": "1970-01-01T02:28:20+00:00"},
    }
    assert {key: report[key] for key in ("events", "users", "items", "sessions", "no_target", "warnings")} == {
        "events": 9,
        "users": 3,
        "items": 5,
        "sessions": 6,
        "no_target": {"first_events": 3, "others": 0},
        "warnings": [],
    }
    assert report["phases"]["train"] == {
        "instances": 2,
        "users": 2,
        "users_without": 1,
        "items": 2,
        "first_target": "1970-01-01T00:16:40+00:00",
        "last_target": "1970-01-01T00:50:00+00:00",
        "in_history": 0.0,
        "same_session": 1.0,  # y of a and w of b
        "equal_times": 0.0,
        "copies": 0.0,
    }
    assert report["phases"]["valid"] == {
        "instances": 1,
        "users": 1,
        "items": 1,
        "first_target": "1970-01-01T01:23:20+00:00",
        "last_target": "1970-01-01T01:23:20+00:00",
        "in_history": 1.0,  # x again
        "same_session": 0.0,
        "users_without": 2,
        "equal_times": 0.0,
        "copies": 0.0,
        "cold_items": 0,
        "cold_users": 0,
        "cold_item_targets": 0.0,
        "cold_user_targets": 0.0,
        "cold_positives": 0.0,
        "overlap": 0.0,
        "later_training": 0.0,
        "median_later_training": 0.0,
    }
    test = report["phases"]["test"]
    # z of a (9000), w of b (9100, known to b), v of c (8950).
    assert (test["instances"], test["cold_items"], test["cold_users"]) == (3, 2, 1)
    assert test["in_history"] == test["same_session"] == test["cold_user_targets"] == round(1 / 3, 6)
    assert test["cold_item_targets"] == test["cold_positives"] == round(2 / 3, 6)
    assert json.loads(json.dumps(report)) == report


def test_leave_one_out_leaks_and_says_how_much(load):
    report = _report(load, eval_args={"split": {"LS": "test_only"}})
    # Train: y (1000) and x (5000) of a, w (3000) of b, v (8950) of c; test: z (9000) of a, w (9100) of b.
    assert report["phases"]["train"]["instances"] == 4
    assert report["warnings"] == []  # here both test targets happen to be the last of all
    report = _report(load, eval_args={"split": {"LS": "valid_and_test"}})
    # Validation: x (5000) of a; test: z (9000) of a, w (9100) of b; events of training: 0, 1000, 2000, 3000, 8900, 8950.
    valid = report["phases"]["valid"]
    assert (valid["overlap"], valid["later_training"]) == (round(1 / 3, 6), 1.0)
    assert valid["median_later_training"] == round(2 / 6, 6)
    assert report["phases"]["test"]["later_training"] == 0.0
    (warning,) = report["warnings"]
    assert warning == (
        "the split is not in time order: training holds other users' later events for 100.0% of the valid targets (in the "
        "median 33.3% of the training events). To avoid this, split at points in time (GTS, by_time): docs/splits.md"
    )
    assert report["boundaries"] == {}


def test_both_phases_leak_in_one_line(load):
    """a is held out at 2 and 3, b at 13 and 14; others' training events: 10, 11, 12 of b after a's, 0 and 1 of a before b's."""
    rows = [("a", "x", 0), ("a", "y", 1), ("a", "x", 2), ("a", "y", 3), ("b", "x", 10), ("b", "y", 11), ("b", "x", 12)]
    rows += [("b", "y", 13), ("b", "x", 14)]
    (warning,) = _report(load, rows, eval_args={"split": {"LS": "valid_and_test"}})["warnings"]
    assert warning.startswith(
        "the split is not in time order: training holds other users' later events for 50.0% of the valid and 50.0% of the "
        "test targets (in the median 30.0% and 30.0% of the training events)."
    )


def test_a_target_that_is_the_first_of_its_item_is_a_cold_positive(load):
    rows = [("a", "x", 0), ("a", "y", 10), ("a", "z", 20), ("b", "x", 5), ("b", "z", 20), ("b", "y", 30)]
    test = _report(load, rows, eval_args={"split": {"LS": "test_only"}})["phases"]["test"]
    # z of a (20), which nobody had before that second, and y of b (30).
    assert (test["cold_positives"], test["cold_item_targets"]) == (0.5, 0.0)


def test_an_empty_phase_has_no_shares(load):
    report = _report(load, eval_args={"split": {"LS": "test_only"}})
    valid = report["phases"]["valid"]
    assert (valid["instances"], valid["first_target"], valid["in_history"], valid["overlap"]) == (0, None, None, None)
    assert "  valid: 0 instances, 0 users, 0 items" in summary_lines(report)


def test_frozen_histories_count_as_they_are(load):
    rows = [*ROWS, ("b", "x", 9200), ("b", "z", 9300), ("b", "w", 9400)]
    shares = {}
    for targets in ("all", "successive"):
        dataset = load(rows, eval_args={"split": {"GTS": {"valid": 5000, "test": 9100, "targets": targets}}})
        dataset.build()
        shares[targets] = split_report(dataset)["phases"]["test"]
    # Targets w x z w of b after x w: z alone is new, in both; only growing histories reach into the target's session.
    assert shares["all"]["in_history"] == shares["successive"]["in_history"] == 0.75
    assert (shares["all"]["same_session"], shares["successive"]["same_session"]) == (0.0, 0.75)


def test_the_summary_is_short(load):
    lines = summary_lines(_report(load, eval_args={"split": {"GTS": {"valid": 5000, "test": 8900}}}))
    assert len(lines) == 5
    assert lines[0].endswith("valid from 1970-01-01T01:23:20+00:00, test from 1970-01-01T02:28:20+00:00")
    assert lines[3].endswith(
        "; 2 items never seen in training (66.7% of targets), 1 user never seen in training (33.3% of targets), "
        "66.7% cold positives"
    )
    assert lines[4] == "  no target: 3 first events of users; users without an instance: train 1, valid 2"


def test_the_summary_counts_no_zeros(load):
    rows = [(user, item, 100 * n + at) for at, user in enumerate("ab") for n, item in enumerate("xyxxyx")]
    lines = summary_lines(_report(load, rows, eval_args={"split": {"LS": "valid_and_test"}}))
    assert all(line.endswith("100.0% in the session of the event before") for line in lines[2:4])
    assert lines[4] == "  no target: 2 first events of users"
    last_ones = _report(load, rows, eval_args={"split": {"GTS": {"valid": 150, "test": 350}}})
    assert summary_lines(last_ones)[4] == "  no target: 2 first events of users, 4 others"


@pytest.mark.parametrize(
    ("targets", "events", "expected"),
    [
        ([10], [1, 2, 3], (0.0, 0.0, 0.0)),
        ([3], [1, 2, 3], (round(1 / 3, 6), 0.0, 0.0)),  # the same second is overlap, but nobody's future
        ([2, 0], [1, 2, 3], (1.0, 1.0, round(2 / 3, 6))),
        ([], [1, 2, 3], (None, None, None)),
    ],
)
def test_leak_in_numbers(targets, events, expected):
    leak = describe_leak(np.array(targets), np.array(events), np.array(events))
    assert tuple(leak.values()) == expected


def test_a_held_out_file_s_event_that_is_nobody_s_target_is_no_training_event(tmp_path):
    """The first event of a user is in no phase; of the test file it is held out all the same."""
    from recbole_lsrec.config import Config
    from recbole_lsrec.data.dataset import SessionDataset

    (tmp_path / "log").mkdir()
    header = "user_id:token\titem_id:token\ttimestamp:float\n"
    (tmp_path / "log" / "log.one.inter").write_text(header + "a\ty\t2\na\tx\t3\nb\tx\t1\nb\ty\t2\n")
    (tmp_path / "log" / "log.two.inter").write_text(header + "b\tx\t5\n")
    (tmp_path / "log" / "log.three.inter").write_text(header + "a\tsecret\t1\n")
    settings = {"data_path": str(tmp_path), "benchmark_filename": ["one", "two", "three"], "timestamp_unit": "s"}
    dataset = SessionDataset(Config("GRU4Rec", "log", config_dict=settings))
    dataset.build()
    names = dataset.field2id_token["item_id"]
    assert dict(zip(names.tolist(), dataset.training_counts().tolist(), strict=True)) == {
        "[PAD]": 0, "secret": 0, "x": 2, "y": 2
    }  # fmt: skip
    assert (
        "the files are mixed in time: 2 of 3 training targets come after an event of the validation or test file of the same "
        "user, and have it in their history"
    ) in split_report(dataset)["warnings"]


def test_pre_split_files_that_are_mixed_in_time_are_warned_of(tmp_path):
    from recbole_lsrec.config import Config
    from recbole_lsrec.data.dataset import SessionDataset

    folder = tmp_path / "log"
    folder.mkdir()
    header = "user_id:token\titem_id:token\ttimestamp:float\n"
    (folder / "log.one.inter").write_text(header + "a\tx\t1\na\ty\t3\na\tw\t5\n")
    (folder / "log.two.inter").write_text(header + "a\tz\t4\n")
    (folder / "log.three.inter").write_text(header + "a\tz\t6\n")
    settings = {"data_path": str(tmp_path), "benchmark_filename": ["one", "two", "three"], "timestamp_unit": "s"}
    dataset = SessionDataset(Config("GRU4Rec", "log", config_dict=settings))
    dataset.build()
    report = split_report(dataset)
    assert report["split"] == "log.one.inter, log.two.inter, log.three.inter"
    assert report["warnings"][-1] == (
        "the files are mixed in time: 1 of 2 training targets come after an event of the validation or test file of the same "
        "user, and have it in their history"
    )


def test_equal_times_and_copies_are_counted_and_warned_of(load):
    rows = [("a", "x", 1), ("a", "y", 2), ("a", "z", 3), ("a", "z", 3), ("b", "x", 1), ("b", "y", 2), ("b", "z", 3)]
    report = _report(load, rows=rows)
    assert (report["equal_times"], report["copies"]) == (round(2 / 7, 6), 1)
    test = report["phases"]["test"]
    assert (test["equal_times"], test["copies"]) == (0.5, 0.5)
    ties, copies = report["warnings"][-2:]
    assert ties.startswith("equal times: 28.6% of the events, and 50.0% of the test targets, have another event")
    assert copies.startswith(
        "exact duplicates: 1 of 7 events have the user, item and time of an earlier line, 50.0% of the test targets among "
        "them; rm_exact_duplicates: True"
    )
    clean = _report(load, rows=rows, rm_exact_duplicates=True)
    assert (clean["copies"], clean["equal_times"], clean["filters"][2]["rows"]) == (0, 0.0, 1)


def test_a_phase_without_instances_is_warned_of_unless_asked_for(load):
    warnings = _report(load, eval_args={"split": {"RS": [1, 0, 1]}})["warnings"]
    assert warnings[-1].startswith("no user has an instance in valid, so nothing is measured there")
    assert not any(
        "nothing is measured" in text for text in _report(load, eval_args={"split": {"LS": "test_only"}})["warnings"]
    )


def test_files_that_overlap_are_warned_of(tmp_path):
    from recbole_lsrec.config import Config
    from recbole_lsrec.data.dataset import SessionDataset

    (tmp_path / "log").mkdir()
    header = "user_id:token\titem_id:token\ttimestamp:float\n"
    for part, lines in (("one", "a\tx\t1\na\ty\t2\na\tz\t3\n"), ("two", "a\tz\t3\n"), ("three", "a\tw\t4\na\tx\t9\n")):
        (tmp_path / "log" / f"log.{part}.inter").write_text(header + lines)
    settings = {"data_path": str(tmp_path), "benchmark_filename": ["one", "two", "three"], "timestamp_unit": "s"}
    dataset = SessionDataset(Config("GRU4Rec", "log", config_dict=settings))
    dataset.build()
    (copies,) = [
        text for text in split_report(dataset)["warnings"] if text.startswith("exact duplicates: 1 of 6 events")
    ]
    assert copies.endswith(" of an earlier line, 100.0% of the valid targets among them; remove them from the files")
    assert (
        "the files overlap: 1 events of the validation and test files also stand in the training file, with the same user, "
        "item and time"
    ) in split_report(dataset)["warnings"]
