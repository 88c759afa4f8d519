"""Whether a training was long enough: a result that was still improving says what the budget allows, and is not ranked."""

from collections.abc import Sequence

from scipy.stats import spearmanr

from recbole_lsrec.analysis.saved_runs import SavedRun

_LAST = 10  # validations, the last ones, that may be a rise
_FEWEST = 6  # with fewer, the order says little
_NEAR = 3  # the best is among so many last ones: a training that its budget ended, with a dip
_RISE = 0.8  # rank correlation with the epoch; of numbers in any order one set of ten in 200 has it, of six one in 35


def still_improving(run: SavedRun) -> bool:
    """Whether the validations of a run still rose when it ended.

    The best was the last; or one of the last three, and the last ten climb; or patience with a first peak ended the run
    while it climbed again.
    """
    if all(epoch.get("train_loss") == 0 for epoch in run.result["history"]):
        return False  # a model that only counts has no loss, and no more to learn
    scores = _scores(run)
    if not scores:
        return False
    if not run.result["valid_score_bigger"]:
        scores = [-score for score in scores]
    after_best = scores[scores.index(max(scores)) + 1 :]
    if not after_best:
        return True
    if len(after_best) < _NEAR:
        return len(scores) >= _FEWEST and _climbs(scores[-_LAST:])
    return len(after_best) >= _LAST and _climbs(after_best[-_LAST:])


def validated_once(run: SavedRun) -> bool:
    """Whether a run has a single validation: then its best was its last, and nothing is known of a rise."""
    return len(_scores(run)) == 1


def is_rising(runs: Sequence[SavedRun]) -> bool:
    """Whether a system is outside the order: more than half of its runs were still improving.

    One of several seeds has its best validation last by luck, too.
    """
    return 2 * sum(map(still_improving, runs)) > len(runs)


def _climbs(scores: Sequence[float]) -> bool:
    return len(set(scores)) > 1 and bool(spearmanr(range(len(scores)), scores).statistic >= _RISE)


def _scores(run: SavedRun) -> list[float]:
    return [epoch["valid_score"] for epoch in run.result["history"] if "valid_score" in epoch]
