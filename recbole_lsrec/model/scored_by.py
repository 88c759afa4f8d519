"""Which of a model's methods scores it: the nearest in the order of its classes, so that nobody's override is passed over."""

from typing import Literal

from recbole.model.abstract_recommender import AbstractRecommender

from recbole_lsrec.model.encode_once import EncodeOnce

Way = Literal["encode", "full_sort_predict", "predict"]


def scored_by(model: type) -> Way:
    """Which way of scoring a class, or the base nearest to it, defines; of equally near ones the first, the cheapest.

    All protocols of a run are scored this one way: a subclass that overrides ``predict`` alone is ranked by it among all
    items too, and not by the ``full_sort_predict`` of a base that knows nothing of it. In DIN and DIEN, whose ``predict`` is
    RecBole's, an own ``forward`` counts as ``predict``, and so does an own ``__init__``, which may have put in other layers.

    Args:
        model: the class of any recommender; ``encode``, with ``score`` and ``match``, counts for :class:`EncodeOnce` alone.
    """
    places: dict[Way, int] = {way: nearest(model, way) for way in ("full_sort_predict", "predict")}
    if issubclass(model, EncodeOnce):
        if _of_recbole(model, places["predict"]):
            places["predict"] = nearest(model, "predict", "forward", "__init__")
        places = {"encode": nearest(model, "encode", "score", "match"), **places}
    return min(places, key=lambda way: places[way])


def scores_all_at_once(model: type[EncodeOnce]) -> bool:
    """Whether a class has a ``score_all`` for its scores, and not one of a base whose ``score`` or ``match`` is another."""
    place = nearest(model, "score_all")
    return place <= nearest(model, "score", "match") and model.__mro__[place] is not EncodeOnce


def _of_recbole(model: type, place: int) -> bool:
    return any(base.__module__.startswith("recbole.") for base in model.__mro__[place : place + 1])


def nearest(model: type, *names: str) -> int:
    """The place in ``__mro__`` of the first class that defines one of the methods; its length where none does.

    RecBole's :class:`AbstractRecommender` defines them to say that a model does not have them.
    """
    bases = model.__mro__
    defining = (
        at
        for at, base in enumerate(bases)
        if base is not AbstractRecommender and not vars(base).keys().isdisjoint(names)
    )
    return next(defining, len(bases))
