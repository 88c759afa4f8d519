"""Whether a training was long enough: a result that was still improving says what the budget allows, and is not ranked."""

from collections.abc import Sequence

from recbole_lsrec.analysis.saved_runs import SavedRun


def still_improving(run: SavedRun) -> bool:
    """Whether the best validation of a run was its last one."""
    if all(epoch.get("train_loss") == 0 for epoch in run.result["history"]):
        return False  # a model that only counts has no loss, and no more to learn
    scores = [epoch["valid_score"] for epoch in run.result["history"] if "valid_score" in epoch]
    best = max if run.result["valid_score_bigger"] else min
    return bool(scores) and scores.index(best(scores)) == len(scores) - 1


def is_rising(runs: Sequence[SavedRun]) -> bool:
    """Whether a system is outside the order: more than half of its runs were still improving.

    One of several seeds has its best validation last by luck, too.
    """
    return 2 * sum(map(still_improving, runs)) > len(runs)
