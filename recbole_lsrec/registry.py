"""Which model a name means: the plugin's own first, then RecBole's sequential and general models."""

import re
from collections.abc import Sequence
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from recbole_lsrec import own_models
from recbole_lsrec.errors import ConfigError, did_you_mean

# One line per model of ours: name -> module that defines a class of that name. Imported when asked for.
PLUGIN_MODELS = {
    "BERT4Rec": "recbole_lsrec.model.sequential_recommender.bert4rec",
    "CLSR": "recbole_lsrec.model.sequential_recommender.clsr",
    "DIEN": "recbole_lsrec.model.sequential_recommender.dien",
    "DIN": "recbole_lsrec.model.sequential_recommender.din",
    "DiffLSRec": "recbole_lsrec.model.sequential_recommender.difflsrec",
    "GRU4Rec": "recbole_lsrec.model.sequential_recommender.gru4rec",
    "GRU4RecF": "recbole_lsrec.model.sequential_recommender.gru4recf",
    "GCMC": "recbole_lsrec.model.general_recommender.graph",
    "LSIDN": "recbole_lsrec.model.sequential_recommender.lsidn",
    "LightGCN": "recbole_lsrec.model.general_recommender.graph",
    "MARank": "recbole_lsrec.model.sequential_recommender.marank",
    "Markov": "recbole_lsrec.model.sequential_recommender.markov",
    "NARM": "recbole_lsrec.model.sequential_recommender.narm",
    "NGCF": "recbole_lsrec.model.general_recommender.graph",
    "Pop": "recbole_lsrec.model.general_recommender.pop",
    "Random": "recbole_lsrec.model.general_recommender.random",
    "SASRec": "recbole_lsrec.model.sequential_recommender.sasrec",
    "SASRecF": "recbole_lsrec.model.sequential_recommender.sasrecf",
    "SASRecSS": "recbole_lsrec.model.sequential_recommender.sasrecss",
    "SLSRec": "recbole_lsrec.model.sequential_recommender.slsrec",
    "SLiRec": "recbole_lsrec.model.sequential_recommender.slirec",
    "SURGE": "recbole_lsrec.model.sequential_recommender.surge",
    "SpectralCF": "recbole_lsrec.model.general_recommender.graph",
    "eSASRec": "recbole_lsrec.model.sequential_recommender.esasrec",
    "gSASRec": "recbole_lsrec.model.sequential_recommender.gsasrec",
}

# Models that declare options -> where; read without importing torch. A model's own ``options_class`` is the same class.
OPTIONS = {
    "BERT4Rec": "all_positions:BERT4RecOptions",
    "CLSR": "clsr:CLSROptions",
    "DiffLSRec": "difflsrec:DiffLSRecOptions",
    "GRU4Rec": "all_positions:AllPositionsOptions",
    "GRU4RecF": "all_positions:AllPositionsOptions",
    "LSIDN": "lsidn:LSIDNOptions",
    "MARank": "marank:MARankOptions",
    "NARM": "all_positions:AllPositionsOptions",
    "SASRec": "all_positions:AllPositionsOptions",
    "SASRecF": "all_positions:AllPositionsOptions",
    "SASRecSS": "all_positions:SASRecSSOptions",
    "SLSRec": "slsrec:SLSRecOptions",
    "SLiRec": "clsr:SLiRecOptions",
    "SURGE": "surge:SURGEOptions",
    "eSASRec": "all_positions:ESASRecOptions",
    "gSASRec": "all_positions:GSASRecOptions",
}

# What papers call a model -> its name here.
OTHER_NAMES = {"NCF": "NeuMF", "SLi-Rec": "SLiRec", "A2SVD": "SLiRec", "GRU4REC": "GRU4Rec", "MostPop": "Pop"}

# Models of RecBole that read a label of each training instance, and so need negatives; what derives from them does too.
TRAINED_ON_LABELS = ("DIN", "DIEN")

# Models that count, or solve equations, and draw nothing: every seed gives the same one.
SEEDLESS = ("AsymKNN", "EASE", "ItemKNN", "Markov", "Pop")

# RecBole's models that cannot run on a log of interactions alone, or not by one loop over its batches.
EXCLUDED = {
    "GRU4RecKG": "it needs pre-trained knowledge-graph vectors beside the log",
    "LDiffRec": "it needs vectors of the items from another model, and the package kmeans_pytorch",
    "NCL": "it clusters between epochs with a trainer of its own, and needs the package faiss",
    "RaCT": "it trains in three stages with a trainer of its own",
    "RecVAE": "it trains encoder and decoder by turns with a trainer of its own",
    "KSR": "it needs pre-trained knowledge-graph vectors beside the log",
    "S3Rec": "it trains in two stages (pre-training, then fine-tuning) with a trainer of its own",
}


_FAMILIES = ("recbole.model.sequential_recommender.", "recbole.model.general_recommender.")


def get_model(name: str) -> type:
    """Returns the class of a model.

    Args:
        name: as in ``--model``; the plugin's models win over RecBole's of the same name. A class of the user's own is
            named by its place (:mod:`recbole_lsrec.own_models`).

    Raises:
        ConfigError: no such model, one that needs more than the log, or one that is excluded; says why and what is
            accepted.
    """
    if own_models.is_reference(name):
        return own_models.load(name)
    if name in PLUGIN_MODELS:
        return getattr(import_module(PLUGIN_MODELS[name]), name)
    if name in OTHER_NAMES:
        raise ConfigError(
            f"model: found {name!r}, which is {OTHER_NAMES[name]} here; type --model={OTHER_NAMES[name]}."
        )
    if name in EXCLUDED:
        raise ConfigError(f"model: found {name!r}, which is not supported: {EXCLUDED[name]}. {_accepted()}")
    table = _recbole_models()
    if name not in table:
        raise ConfigError(f"model: found {name!r}, which is no known model.{_near(name)} {_accepted()}")
    module = table[name]
    if not module.startswith(_FAMILIES):
        kind = module.split(".")[2].replace("_", " ")
        article = "an" if kind[0] in "aeiou" else "a"
        raise ConfigError(
            f"model: found {name!r}, {article} {kind} of RecBole; only sequential and general ones run here. {_accepted()}"
        )
    return getattr(import_module(module), name)


def declared_options(name: str) -> Any:
    """Returns the class of a model's options by the model's name; None where it declares none."""
    if name not in OPTIONS:
        return None
    module, _, options = OPTIONS[name].partition(":")
    return getattr(import_module(f"recbole_lsrec.model.options.{module}"), options)


def trains_on_users(model: type) -> bool:
    """Whether a model learns from whole users, as RecBole's auto-encoders and ENMF do, and not from pairs."""
    from recbole.model.abstract_recommender import AutoEncoderMixin
    from recbole.model.general_recommender import ENMF

    return issubclass(model, (AutoEncoderMixin, ENMF))


def is_seedless(model: type) -> bool:
    """Whether every seed gives the same model; of a class of the user's own nobody knows, which counts as no."""
    return model.__name__ in SEEDLESS and own_origin(model) is None


def own_origin(model: type) -> own_models.Origin | None:
    """Where a model class of the user's own came from; None for the plugin's and RecBole's."""
    known = PLUGIN_MODELS.get(model.__name__) or _recbole_models().get(model.__name__)
    return None if known == model.__module__ else own_models.origin(model)


def is_one_of(model: type, names: Sequence[str]) -> bool:
    """Whether a model is one of those named, or derives from one."""
    return any(base.__name__ in names for base in model.__mro__)


def model_names() -> dict[str, list[str]]:
    """Returns the names that :func:`get_model` accepts, ``{"recbole_lsrec": [...], "recbole": [...]}``, sorted."""
    of_recbole = {name for name, module in _recbole_models().items() if module.startswith(_FAMILIES)}
    return {
        "recbole_lsrec": sorted(PLUGIN_MODELS),
        "recbole": sorted(of_recbole - set(EXCLUDED) - set(PLUGIN_MODELS)),
    }


@lru_cache(maxsize=1)
def _recbole_models() -> dict[str, str]:
    """Name -> module of every model of RecBole, read from its files; to import them needs packages not installed."""
    spec = find_spec("recbole")
    assert spec is not None
    assert spec.origin is not None
    table = {}
    for path in sorted((Path(spec.origin).parent / "model").glob("*_recommender/*.py")):
        for name in re.findall(r"^class (\w+)\(", path.read_text(encoding="utf-8"), re.MULTILINE):
            if name.lower() == path.stem:  # RecBole's rule: the module is the class's name in lower case
                table[name] = f"recbole.model.{path.parent.name}.{path.stem}"
    return table


def _near(name: str) -> str:
    return did_you_mean(name, [*PLUGIN_MODELS, *model_names()["recbole"]])


def _accepted() -> str:
    names = model_names()
    return (
        f"Accepted: {', '.join(names['recbole_lsrec'])} (recbole_lsrec); {', '.join(names['recbole'])} (RecBole); "
        f"or a class of your own: {own_models.ACCEPTED}."
    )
