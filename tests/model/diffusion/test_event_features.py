"""Intervals and frequencies on a log of eight rows, of which training sees six."""

import numpy as np
import torch

from recbole_lsrec.model.diffusion import event_features

USER = np.array([1, 1, 1, 1, 2, 2, 2, 2])
ITEM = np.array([3, 3, 1, 2, 3, 4, 3, 1])
TIME = np.array([0, 10, 40, 1_000_000, 500, 600, 620, 621])
TRAINING = np.array([True, True, True, False, True, True, True, False])  # each user's last row is held out


def test_range_of_training_intervals() -> None:
    # user 1: 10, 30; user 2: 100, 20. Not from one user to the next, and not the gaps 999,960 and 1 to held-out rows.
    assert event_features.interval_range(USER, TIME, TRAINING) == (10.0, 100.0)


def test_held_out_rows_change_nothing() -> None:
    item, time = ITEM.copy(), TIME.copy()
    item[~TRAINING], time[~TRAINING] = 4, 999_999_999
    assert event_features.interval_range(USER, time, TRAINING) == (10.0, 100.0)
    expected = event_features.frequencies(ITEM, TRAINING, 6)
    assert np.array_equal(event_features.frequencies(item, TRAINING, 6), expected)


def test_no_interval_at_all() -> None:
    assert event_features.interval_range(np.array([1, 2]), np.array([5, 9]), np.array([True, True])) == (0.0, 0.0)
    assert not event_features.min_max(torch.tensor([0.0, 7.0]), 0.0, 0.0).any()


def test_frequencies() -> None:
    # item 3 four times, items 1 and 4 once, item 2 in a held-out row only
    assert event_features.frequencies(ITEM, TRAINING, 6).tolist() == [0, 0.25, 0, 1, 0.25, 0]


def test_buckets_are_equal_in_the_logarithm() -> None:
    counts = np.array([0, 1, 2, 4, 8, 16, 0])
    # 1 to 16 are four doublings over buckets 1 to 4, each one doubling wide; 16 itself closes the last
    assert event_features.frequency_buckets(counts / 16, 5).tolist() == [0, 1, 2, 3, 4, 4, 0]
    assert event_features.frequency_buckets(np.array([0, 1.0, 1.0])).tolist() == [0, 15, 15]
    assert event_features.frequency_buckets(np.zeros(3)).tolist() == [0, 0, 0]


def test_intervals_of_histories() -> None:
    times = torch.tensor([[0, 10, 40, 99], [500, 600, 7, 7]])
    seconds = event_features.intervals(times, torch.tensor([3, 2]))
    assert seconds.tolist() == [[0, 10, 30, 0], [0, 100, 0, 0]]
    scaled = event_features.min_max(seconds, 10.0, 50.0)
    assert scaled.tolist() == [[0, 0, 0.5, 0], [0, 1, 0, 0]]  # 0 and 100 lie outside and are cut off
