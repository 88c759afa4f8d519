"""Whose methods score: the nearest in the order of the classes."""

import pytest
from recbole.model.general_recommender import NeuMF
from recbole.model.sequential_recommender import DIN as RecBoleDIN
from recbole.model.sequential_recommender import GRU4Rec as RecBoleGRU4Rec

from recbole_lsrec.model.encode_once import EncodeOnce
from recbole_lsrec.model.scored_by import scored_by, scores_all_at_once
from recbole_lsrec.model.sequential_recommender.difflsrec import DiffLSRec
from recbole_lsrec.model.sequential_recommender.din import DIN
from recbole_lsrec.model.sequential_recommender.slsrec import SLSRec


def own(base, *names):
    """A subclass that overrides some methods."""
    return type("Own", (base,), {name: lambda self, *args: None for name in names})


@pytest.mark.parametrize(
    ("model", "way"),
    [
        (SLSRec, "encode"),
        (DIN, "encode"),
        (RecBoleDIN, "predict"),
        (RecBoleGRU4Rec, "full_sort_predict"),
        (NeuMF, "predict"),
        (own(DIN, "forward"), "predict"),  # RecBole's predict, which asks it
        (own(DIN, "__init__"), "predict"),  # which may have other layers than those that encode and score take apart
        (own(DIN, "calculate_loss"), "encode"),
        (own(DIN, "forward", "score"), "encode"),
        (own(own(EncodeOnce, "__init__", "encode", "score"), "__init__"), "encode"),
        (own(own(DIN, "forward"), "encode"), "encode"),
        (own(SLSRec, "forward"), "encode"),
        (own(SLSRec, "predict"), "predict"),
        (own(SLSRec, "predict", "full_sort_predict"), "full_sort_predict"),
        (own(SLSRec, "predict", "match"), "encode"),
        (own(own(SLSRec, "predict"), "match"), "encode"),
        (own(own(SLSRec, "match"), "predict"), "predict"),
        (own(own(SLSRec, "full_sort_predict"), "forward"), "full_sort_predict"),
        (own(RecBoleGRU4Rec, "predict"), "predict"),
        (own(RecBoleGRU4Rec, "encode", "score"), "full_sort_predict"),  # words of ours that are not RecBole's
    ],
)
def test_the_nearest_override_scores(model, way):
    assert scored_by(model) == way


@pytest.mark.parametrize(
    ("model", "at_once"),
    [
        (SLSRec, False),
        (DIN, False),
        (DiffLSRec, True),
        (own(DiffLSRec, "encode"), True),
        (own(DiffLSRec, "match"), False),
        (own(DiffLSRec, "score"), False),
        (own(DiffLSRec, "match", "score_all"), True),
    ],
)
def test_all_items_are_scored_at_once_by_the_scores_of_the_same_class(model, at_once):
    assert scores_all_at_once(model) is at_once
