from recbole.evaluator import smaller_metrics

from recbole_lsrec.config.metric_names import AT_K, METRICS, OF_LISTS, bigger_is_better
from recbole_lsrec.evaluation.lists import LIST_METRICS
from recbole_lsrec.evaluation.metrics import RANK_METRICS


def test_what_is_accepted_is_computed():
    assert list(RANK_METRICS) == [name.lower() for name in AT_K]
    assert list(LIST_METRICS) == [name.lower() for name in OF_LISTS]


def test_which_way_is_better_as_in_recbole():
    smaller = {name for name in METRICS if not bigger_is_better(name)}
    assert smaller == {*smaller_metrics, "meanrank"} & set(METRICS)
    assert smaller == {"meanrank", "giniindex", "averagepopularity"}
