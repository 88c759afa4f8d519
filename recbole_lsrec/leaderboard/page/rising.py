"""Whether a training was long enough: a result that was still improving says what the budget allows, and is not ranked."""

from collections.abc import Sequence

from scipy.stats import spearmanr

from recbole_lsrec.analysis.saved_runs import SavedRun

_LAST = 10  # validations of which a rise is seen, RecBole's patience
_RISE = 0.8  # their rank correlation with the epoch; where nothing changes any more it comes in one run of 200


def still_improving(run: SavedRun) -> bool:
    """Whether the best validation of a run was its last, or its last ten rose, as after a first peak that ended it."""
    if all(epoch.get("train_loss") == 0 for epoch in run.result["history"]):
        return False  # a model that only counts has no loss, and no more to learn
    scores = [epoch["valid_score"] for epoch in run.result["history"] if "valid_score" in epoch]
    if not run.result["valid_score_bigger"]:
        scores = [-score for score in scores]
    last = scores[-_LAST:]
    rose = len(set(last)) > 1 and len(last) == _LAST and spearmanr(range(_LAST), last).statistic >= _RISE
    return bool(scores) and bool(scores.index(max(scores)) == len(scores) - 1 or rose)


def is_rising(runs: Sequence[SavedRun]) -> bool:
    """Whether a system is outside the order: more than half of its runs were still improving.

    One of several seeds has its best validation last by luck, too.
    """
    return 2 * sum(map(still_improving, runs)) > len(runs)
