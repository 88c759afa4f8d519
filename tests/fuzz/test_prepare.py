"""A short run of the fuzzing of ``prepare``; the long one is ``python -m tests.fuzz.prepare_fuzz``."""

from tests.fuzz.prepare_fuzz import fuzz


def test_damaged_files_are_refused_in_words_or_accounted_for():
    outcomes, failures = fuzz(inputs=28, seed=7)
    assert not failures, "\n".join(failures)
    assert sum(of["written"] + of["refused"] for of in outcomes.values()) == 28
