"""Every setting there is with a model: those of all runs, and the model's own."""

from dataclasses import replace
from functools import cache
from typing import Any

from recbole_lsrec.config.data_settings import DataSettings
from recbole_lsrec.config.no_effect import NO_EFFECT
from recbole_lsrec.config.paths import RECBOLE, properties_dir, yamls_named
from recbole_lsrec.config.protocol_settings import ProtocolSettings
from recbole_lsrec.config.recbole_types import TYPES, bounded, type_of
from recbole_lsrec.config.run_settings import RunSettings
from recbole_lsrec.config.setting import Effect, Options, Setting, settings_of
from recbole_lsrec.config.values import read_yaml
from recbole_lsrec.errors import ConfigError, did_you_mean
from recbole_lsrec.registry import model_names

Settings = dict[str, Setting]

LAYERS: tuple[type[Options], ...] = (DataSettings, ProtocolSettings, RunSettings)

# Keys of older RecBole versions, which 1.2.1 ignores with a warning or in silence -> what to use.
_REPLACED = {
    "neg_sampling": "train_neg_sample_args",
    "training_neg_sample_num": "train_neg_sample_args",
    "eval_setting": "eval_args",
    "group_by_user": "eval_args",
    "split_ratio": "eval_args",
    "leave_one_num": "eval_args",
}


@cache
def general_settings() -> Settings:
    """The settings that belong to no model, and RecBole's keys that do nothing here."""
    useless = {key: Setting(key, Any, meaning=reason, effect=Effect.NOTHING) for key, reason in NO_EFFECT.items()}
    return useless | {key: one for layer in LAYERS for key, one in settings_of(layer).items()}


@cache
def plugin_keys() -> tuple[str, ...]:
    """The general keys that are ours, not RecBole's."""
    theirs = {key for name in ("overall", "dataset/sample") for key in read_yaml(RECBOLE / f"properties/{name}.yaml")}
    return tuple(key for key in read_yaml(properties_dir() / "overall.yaml") if key not in theirs)


@cache
def model_settings(model: type) -> Settings:
    """The settings that a model declares.

    From the class and its bases: ``options_class`` (an :class:`Options`); where that says nothing of a key, a
    ``default_config`` and the yaml files of their names, whose values say the types (``recbole_types``).
    """
    declared: Settings = {}
    by_value: Settings = {}
    for base in reversed(model.__mro__):
        own = vars(base)
        for path in yamls_named(base.__name__):
            by_value |= {key: _of_value(key, value) for key, value in read_yaml(path).items()}
        for key, kind in TYPES.get(base.__name__, {}).items():
            by_value[key] = Setting(key, bounded(key, kind), by_value[key].default if key in by_value else None)
        by_value |= {key: _of_value(key, value) for key, value in own.get("default_config", {}).items()}
        if options := own.get("options_class"):
            declared |= settings_of(options)
    general = general_settings()
    return {**{key: one for key, one in by_value.items() if key not in general}, **declared}


@cache
def settings_for(model: type) -> Settings:
    """Every setting accepted with this model; what a model declares anew keeps the effect that it has elsewhere."""
    general = general_settings()
    own = {
        key: replace(one, effect=general[key].effect) if key in general and key not in NO_EFFECT else one
        for key, one in model_settings(model).items()
    }
    return {**general, **own}


def check_not_replaced(key: str, source: str) -> None:
    """Refuses a key of older RecBole versions.

    Raises:
        ConfigError: says what to use.
    """
    if key in _REPLACED:
        raise ConfigError(f"{key}: found in {source}; RecBole 1.2.1 replaced it by {_REPLACED[key]!r}, use that.")


def check_key(key: str, source: str, model: type) -> None:
    """Refuses a key that does not exist.

    Raises:
        ConfigError: names the nearest keys, and models that it belongs to if it is another's.
    """
    accepted = settings_for(model)
    if key in accepted:
        return
    check_not_replaced(key, source)
    others = [name for names in model_names().values() for name in names if _has(name, key)]
    more = f" and {len(others) - 3} more" if len(others) > 3 else ""
    hint = f" It is a key of {', '.join(others[:3])}{more}, not of {model.__name__}." if others else ""
    raise ConfigError(
        f"{key}: found in {source}, which is no known key.{did_you_mean(key, accepted)}{hint} --dry-run prints every key that "
        f"{model.__name__} takes, with its value."
    )


def _of_value(key: str, value: Any) -> Setting:
    """What RecBole's yaml files and a plain ``default_config`` declare: a key, and a default that says the type."""
    return Setting(key, type_of(key, value), value)


def _has(name: str, key: str) -> bool:
    return any(key in read_yaml(path) for path in yamls_named(name))
