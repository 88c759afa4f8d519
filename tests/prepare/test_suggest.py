"""A threshold from gaps, and how many negatives a log can bear."""

import numpy as np
import pytest

from recbole_lsrec.prepare.suggest import EDGES, gap_histogram, sampled_negatives, suggest_threshold

HOUR = 3600


def test_a_valley_near_half_an_hour_keeps_the_usual():
    rng = np.random.default_rng(1)
    gaps = np.concatenate([rng.lognormal(np.log(60), 1, 5000), rng.lognormal(np.log(20 * HOUR), 0.8, 5000)])
    found = suggest_threshold(gap_histogram(gaps.astype(int)), 1)
    assert found.seconds == 1800 or 1200 <= found.seconds <= 3 * HOUR


def test_a_clear_valley_elsewhere_is_taken():
    rng = np.random.default_rng(1)
    gaps = np.concatenate([rng.lognormal(np.log(1200), 0.7, 9000), rng.lognormal(np.log(12 * HOUR), 0.3, 5000)])
    found = suggest_threshold(gap_histogram(gaps.astype(int)), 1)
    assert 2 * HOUR < found.seconds < 6 * HOUR
    assert "rarest" in found.reason


def test_gaps_that_grow_rarer_all_the_way_have_no_valley():
    """As a shop's whose visitors come back through the day: the rarest are at the range's edge."""
    rng = np.random.default_rng(1)
    gaps = np.concatenate([rng.lognormal(np.log(300), 2.2, 20000), rng.lognormal(np.log(30 * HOUR), 0.3, 5000)])
    assert suggest_threshold(gap_histogram(gaps.astype(int)), 1).seconds == 1800


def test_whole_days_are_cut_between_days():
    assert suggest_threshold(gap_histogram(np.full(500, 86400)), 86400).seconds == 43200


def test_times_in_hours_bear_no_shorter_threshold():
    assert suggest_threshold(gap_histogram(np.full(500, 2 * HOUR)), HOUR).seconds == HOUR


@pytest.mark.parametrize(
    ("low", "high", "gaps", "seconds"),
    [
        (5793, 8192, 20, 6600),  # one bin
        (5793, 8192, 80, 1800),  # not clearly emptier than half an hour
        (2896, 11585, 20, 6600),  # the middle of four
        (2048, 2896, 20, 1800),  # near half an hour
        (2896, 2**25, 20, 1800),  # no hill after it
        (1, 1024, 20, 1800),  # none before it
    ],
)
def test_a_valley_lies_between_hills_that_are_clearly_higher(low, high, gaps, seconds):
    """All bins hold 100 gaps but those from ``low`` to ``high`` seconds."""
    histogram = np.where((EDGES[:-1] >= low) & (EDGES[1:] <= high), gaps, 100)
    assert suggest_threshold(histogram, 1).seconds == seconds


def test_few_gaps_say_so():
    found = suggest_threshold(gap_histogram(np.array([5, 7])), 1)
    assert (found.seconds, found.reason) == (1800, "half an hour, the usual; the log has too few gaps to tell")


def test_gaps_of_zero_count_nowhere_and_long_ones_in_the_last_bin():
    found = gap_histogram(np.array([0, 0, 1, 2**30]))
    assert (found.sum(), found[0], found[-1]) == (2, 1, 1)


@pytest.mark.parametrize(
    ("targets", "expected"),
    [
        ([200.5] * 20, 99),
        ([60.5] * 20, 49),
        ([3.5] * 20, 2),
        ([200.5] * 19 + [3.5], 99),
        ([200.5] * 18 + [3.5] * 2, 2),
        ([], 99),
        ([100] * 20, 49),
        ([101] * 20, 99),
    ],
)
def test_negatives_that_nearly_every_target_has(targets, expected):
    first_seen = np.arange(1, 301)  # item n is first seen at n; a target's own item is no negative
    assert sampled_negatives(first_seen, np.array(targets)) == expected
