"""Which keys exist, what kind of value each takes, and which of RecBole's do nothing here."""

import inspect
import re
import sys
from functools import lru_cache
from pathlib import Path
from typing import Any

from recbole.utils import dataset_arguments, evaluation_arguments, general_arguments, training_arguments

from recbole_lsrec.config.paths import RECBOLE, properties_dir
from recbole_lsrec.config.values import parse_text, read_yaml
from recbole_lsrec.errors import ConfigError, did_you_mean
from recbole_lsrec.registry import model_names

Kinds = dict[str, tuple[str, ...]]  # key -> kinds of value accepted, e.g. ("list", "str"); () accepts any

# Keys that RecBole reads though none of its yaml files has them, and kinds that its comments get wrong.
_OTHER_KEYS: Kinds = {
    "encoding": ("str", "None"),
    "tail_ratio": ("float", "None"),
    "mask_ratio": ("float",),
    "ft_ratio": ("float",),
    "eta": ("float",),
    "beta": ("float",),
    "gpu_id": ("str", "int", "list"),
    "additional_feat_suffix": ("list", "str", "None"),
    "train_neg_sample_args": ("dict", "None"),
    "eval_args": ("dict",),
}

_GRAPH = "knowledge-graph models are not supported"
_RUN_FOLDER = "a run keeps its files in run_dir/<run>/"
_CACHE = "data sets and batches are built anew from the atomic files, which takes seconds"
_ONE_PROCESS = "one run uses one process and at most one GPU"

# RecBole's keys that do nothing here -> why. docs/from_recbole.md shows this table.
NO_EFFECT = {
    "checkpoint_dir": _RUN_FOLDER,
    "config_file": "RecBole does not read it either; files are named by --config_files",
    "save_dataset": _CACHE,
    "dataset_save_path": _CACHE,
    "save_dataloaders": _CACHE,
    "dataloaders_save_path": _CACHE,
    "valid_metric_bigger": "it follows from valid_metric",
    "require_pow": "only general recommenders of RecBole read it",
    "RATING_FIELD": "no sequential model reads ratings; name the column in load_col to have it as a feature",
    "threshold": "it sets a label from ratings; here every event is positive and labels come from negative sampling",
    "POSITION_FIELD": "no sequential model reads it",
    "HEAD_ENTITY_ID_FIELD": _GRAPH,
    "TAIL_ENTITY_ID_FIELD": _GRAPH,
    "RELATION_ID_FIELD": _GRAPH,
    "ENTITY_ID_FIELD": _GRAPH,
    "alias_of_entity_id": _GRAPH,
    "alias_of_relation_id": _GRAPH,
    "kg_reverse_r": _GRAPH,
    "entity_kg_num_interval": _GRAPH,
    "relation_kg_num_interval": _GRAPH,
    "nproc": _ONE_PROCESS,
    "world_size": _ONE_PROCESS,
    "ip": _ONE_PROCESS,
    "port": _ONE_PROCESS,
    "group_offset": _ONE_PROCESS,
}

# Keys of older RecBole versions, which 1.2.1 ignores with a warning or in silence -> what to use.
_REPLACED = {
    "neg_sampling": "train_neg_sample_args",
    "training_neg_sample_num": "train_neg_sample_args",
    "eval_setting": "eval_args",
    "group_by_user": "eval_args",
    "split_ratio": "eval_args",
    "leave_one_num": "eval_args",
}

# What the Config works out by itself; a model that reads these does not make them settings.
_DERIVED = {
    *("model", "dataset", "device", "MODEL_TYPE", "MODEL_INPUT_TYPE", "eval_type", "eval_protocols", "single_spec"),
    *("local_rank", "valid_neg_sample_args", "test_neg_sample_args", "MASK_INDEX", "MASK_ITEM_SEQ", "POS_ITEMS"),
    *("NEG_ITEMS", "INVERSE_ITEM_SEQ", "CROP_ITEM_SEQ", "CROP_ITEM_SEQ_LEN", "REORDER_ITEM_SEQ"),
}


@lru_cache(maxsize=1)
def recbole_keys() -> Kinds:
    """Returns RecBole's keys that belong to no model. A data set key may be None, as in RecBole's own yaml."""
    kinds: Kinds = dict.fromkeys(NO_EFFECT, ())
    for arguments in (general_arguments, training_arguments, evaluation_arguments, dataset_arguments):
        kinds |= dict.fromkeys(arguments, ())
    kinds |= _kinds_of_yaml(RECBOLE / "properties/overall.yaml")
    of_data = _kinds_of_yaml(RECBOLE / "properties/dataset/sample.yaml")
    kinds |= {key: (*names, "None") for key, names in of_data.items()}
    return kinds | _OTHER_KEYS


@lru_cache(maxsize=1)
def plugin_keys() -> Kinds:
    """Returns the keys that only ``properties/overall.yaml`` has."""
    kinds = _kinds_of_yaml(properties_dir() / "overall.yaml")
    return {key: names for key, names in kinds.items() if key not in recbole_keys()}


def model_keys(model: type) -> Kinds:
    """Returns the keys of a model: of its yaml, of its class's ``default_config``, and those its modules read."""
    kinds: Kinds = dict.fromkeys(_keys_read(model) - _DERIVED, ())
    for path in model_yamls(model):
        kinds |= _kinds_of_yaml(path)
    kinds |= {key: _kinds_of_value(value) for key, value in getattr(model, "default_config", {}).items()}
    return {key: names for key, names in kinds.items() if key not in recbole_keys() and key not in plugin_keys()}


def model_yamls(model: type) -> list[Path]:
    """Returns the yaml files of a model and of the models it derives from, a base's before its own."""
    return [path for base in reversed(model.__mro__) for path in _yamls_named(base.__name__)]


def _yamls_named(name: str) -> list[Path]:
    folders = (RECBOLE / "properties", properties_dir())
    return [path for folder in folders if (path := folder / "model" / f"{name}.yaml").is_file()]


def known_keys(model: type) -> Kinds:
    """Returns every key accepted with this model."""
    return {**model_keys(model), **plugin_keys(), **recbole_keys()}


def check_key(key: str, source: str, model: type) -> None:
    """Refuses a key that does not exist.

    Raises:
        ConfigError: names the nearest keys, the model it belongs to if another's, and the keys accepted.
    """
    accepted = known_keys(model)
    if key in accepted:
        return
    if key in _REPLACED:
        raise ConfigError(f"{key}: found in {source}; RecBole 1.2.1 replaced it by {_REPLACED[key]!r}, use that.")
    others = [name for names in model_names().values() for name in names if _has(name, key)]
    hint = f" It is a key of {', '.join(others)}, not of {model.__name__}." if others else ""
    raise ConfigError(
        f"{key}: found in {source}, which is no known key.{did_you_mean(key, accepted)}{hint} "
        f"Accepted, of {model.__name__}: {_names(model_keys(model))}; of recbole_lsrec: {_names(plugin_keys())}; "
        f"of RecBole: {_names(recbole_keys())}."
    )


def value_of_text(value: Any, kinds: tuple[str, ...]) -> Any:
    """Returns what a string from the command line or a dictionary stands for, given the kinds its key takes."""
    if not isinstance(value, str):
        return value
    parsed = parse_text(value)
    if parsed is not None and kinds and set(kinds) <= {"str", "None"}:
        return parsed if isinstance(parsed, str) and value.strip()[:1] in ("'", '"') else value
    return value if "str" in kinds and not fits(parsed, kinds) else parsed


def fits(value: Any, kinds: tuple[str, ...]) -> bool:
    """Whether a value is of one of the kinds; no kinds accept any value."""
    return not kinds or any(_fits(value, kind) for kind in kinds)


def _fits(value: Any, kind: str) -> bool:
    outer, _, inner = kind.partition(" of ")
    if outer == "int":
        return isinstance(value, int) and not isinstance(value, bool)
    if outer == "float":
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    if outer == "list":
        return isinstance(value, list) and all(_fits(entry, inner) for entry in value if inner)
    types = {"str": str, "bool": bool, "dict": dict, "None": type(None)}
    return isinstance(value, types[outer])


def _kinds_of_yaml(path: Path) -> Kinds:
    """The kinds in the comments ``# (type) meaning.``, widened by the kind of the default value itself."""
    text = path.read_text(encoding="utf-8")
    comments = dict(re.findall(r"^(\w+):.*?#\s*\(([a-zA-Z ]+)\)", text, re.MULTILINE))
    known = re.compile(r"(int|float|str|bool|dict|None|list)( of (int|float|str))?")
    kinds = {}
    for key, value in read_yaml(path).items():
        named = [name for name in comments.get(key, "").split(" or ") if known.fullmatch(name)]
        if value is None:
            kinds[key] = tuple(dict.fromkeys([*named, "None"])) if named else ()
        else:
            fitting = named and fits(value, tuple(named))
            kinds[key] = tuple(named) if fitting else (*named, *_kinds_of_value(value))
    return kinds


def _kinds_of_value(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    return (type(value).__name__,) if type(value) in (bool, int, float, str, list, dict) else ()


def _keys_read(model: type) -> set[str]:
    """Keys that the modules of a model and of its bases read as ``config["key"]``, where the source is at hand."""
    modules = {base.__module__ for base in model.__mro__}
    outside = ("recbole.model.abstract_recommender", "torch", "builtins", "typing", "abc")
    found: set[str] = set()
    for name in modules:
        if name.startswith(outside):
            continue
        try:
            source = inspect.getsource(sys.modules[name])
        except (OSError, TypeError, KeyError):  # typed into a shell or notebook: default_config can name its keys
            continue
        found |= set(re.findall(r"\bconfig\[\s*[\"'](\w+)[\"']\s*\]", source))
    return found


def _has(name: str, key: str) -> bool:
    return any(key in read_yaml(path) for path in _yamls_named(name))


def _names(kinds: Kinds) -> str:
    return ", ".join(sorted(kinds, key=str.lower)) or "none"
