"""Damaged inputs at every door: refused in one line, or read as what they say; the long run is slow."""

import pytest

from tests.fuzz.doors_fuzz import doors
from tests.fuzz.outcomes import BAD, fuzz, table


@pytest.fixture(scope="module")
def every_door(tmp_path_factory):
    """The doors, with one small run."""
    return doors(tmp_path_factory.mktemp("doors"))


@pytest.mark.parametrize(
    ("inputs", "seed"), [(300, 7), pytest.param(5950, 11, marks=pytest.mark.slow)], ids=["short", "long"]
)
def test_no_traceback_no_silent_change_no_hang(every_door, inputs, seed):
    outcomes, failures = fuzz(every_door, inputs, seed)
    print(table(outcomes))
    assert not failures, "\n".join(failures)
    assert sum(of.total() for of in outcomes.values()) == inputs
    assert not any(of[kind] for of in outcomes.values() for kind in BAD)
    assert all(of["refused"] or of["as it says"] for of in outcomes.values())  # so that every door was really tried
