"""Long- and short-term interest models for RecBole, with the data, sampling and evaluation they need.

What a script or notebook needs is here by name, and imported when it is asked for: ``run``, ``load_run``, ``compare``,
``Recommender``, ``SessionDataset``, ``LongShortRecommender``, ``register_metric``, and the plugin's models.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

# Name here -> module, and name there where it differs.
_PUBLIC = {
    "run": "recbole_lsrec.quick_start:run_recbole_lsrec",
    "load_run": "recbole_lsrec.trained_run",
    "compare": "recbole_lsrec.analysis.compare",
    "Recommender": "recbole_lsrec.recommend",
    "SessionDataset": "recbole_lsrec.data.dataset",
    "LongShortRecommender": "recbole_lsrec.model.base",
    "register_metric": "recbole_lsrec.evaluation.metrics:register",
}


def _models() -> dict[str, str]:
    from recbole_lsrec.registry import PLUGIN_MODELS

    return PLUGIN_MODELS


def __getattr__(name: str) -> Any:
    # Python asks here for every module of the package too, before it imports it; their names are in lower case.
    place = _PUBLIC.get(name) or (_models().get(name) if name != name.lower() else None)
    if place is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}{_near(name) if name[0].isupper() else ''}")
    module, _, there = place.partition(":")
    return getattr(import_module(module), there or name)


def _near(name: str) -> str:
    from recbole_lsrec.errors import did_you_mean

    return "." + did_you_mean(name, [*_PUBLIC, *_models()])


def __dir__() -> list[str]:
    return sorted(["__version__", *_PUBLIC, *_models()])
