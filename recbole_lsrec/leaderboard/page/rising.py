"""Whether a training was long enough: a result that was still improving says what the budget allows, and is not ranked."""

from collections.abc import Sequence

from scipy.stats import spearmanr

from recbole_lsrec.analysis.saved_runs import SavedRun

_LAST = 10  # validations after the best that may be a rise
_RISE = 0.8  # their rank correlation with the epoch; of numbers in any order one set in 200 has it


def still_improving(run: SavedRun) -> bool:
    """Whether the best validation of a run was its last, or patience with a first peak ended it while it climbed again."""
    if all(epoch.get("train_loss") == 0 for epoch in run.result["history"]):
        return False  # a model that only counts has no loss, and no more to learn
    scores = _scores(run)
    if not scores:
        return False
    if not run.result["valid_score_bigger"]:
        scores = [-score for score in scores]
    after_best = scores[scores.index(max(scores)) + 1 :]
    last = after_best[-_LAST:]
    if len(last) < _LAST or len(set(last)) == 1:
        return not after_best
    return bool(spearmanr(range(_LAST), last).statistic >= _RISE)


def validated_once(run: SavedRun) -> bool:
    """Whether a run has a single validation: then its best was its last, and nothing is known of a rise."""
    return len(_scores(run)) == 1


def is_rising(runs: Sequence[SavedRun]) -> bool:
    """Whether a system is outside the order: more than half of its runs were still improving.

    One of several seeds has its best validation last by luck, too.
    """
    return 2 * sum(map(still_improving, runs)) > len(runs)


def _scores(run: SavedRun) -> list[float]:
    return [epoch["valid_score"] for epoch in run.result["history"] if "valid_score" in epoch]
