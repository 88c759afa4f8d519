"""Reading a model's hyper-parameters: each function returns a checked value or raises a ConfigError naming the key."""

from collections.abc import Mapping, Sequence
from typing import Any

from recbole_lsrec.errors import ConfigError, did_you_mean


def choice(config: Any, key: str, accepted: Sequence[str], preset: Mapping[str, Any] | None = None) -> str:
    """Returns ``config[key]``, one of ``accepted``; if it is None, what ``preset`` says."""
    value = _or_preset(config, key, preset)
    if value not in accepted:
        hint = did_you_mean(value, accepted) if isinstance(value, str) else ""
        raise ConfigError(f"{key}: {value!r} is not accepted.{hint} Set it to one of {', '.join(accepted)}.")
    return value


def subset(config: Any, key: str, accepted: Sequence[str]) -> frozenset[str]:
    """Returns ``config[key]``, a list of words out of ``accepted`` (a single word or None will do), as a set."""
    value = config[key]
    words = [] if value is None else [value] if isinstance(value, str) else value
    if not isinstance(words, (list, tuple)) or not set(map(str, words)) <= set(accepted):
        raise ConfigError(f"{key}: found {value!r}; set it to a list with any of {', '.join(accepted)}, or [].")
    return frozenset(words)


def flag(config: Any, key: str) -> bool:
    """Returns ``config[key]``, True or False."""
    value = config[key]
    if not isinstance(value, bool):
        raise ConfigError(f"{key}: found {value!r}; set it to True or False.")
    return value


def integer(config: Any, key: str, least: int, optional: bool = False) -> Any:
    """Returns ``config[key]``, an int of at least ``least``, or None if ``optional``."""
    value = config[key]
    if value is None and optional:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise ConfigError(
            f"{key}: found {value!r}; set it to an int >= {least}{' or leave it empty' if optional else ''}."
        )
    return value


def number(
    config: Any,
    key: str,
    least: float = 0.0,
    most: float = float("inf"),
    preset: Mapping[str, Any] | None = None,
) -> float:
    """Returns ``config[key]``, a finite number from ``least`` to ``most``; if it is None, what ``preset`` says."""
    value = _or_preset(config, key, preset)
    good = not isinstance(value, bool) and isinstance(value, (int, float)) and least <= value <= most
    if not good or value == float("inf"):
        bounds = f">= {least:g}" if most == float("inf") else f"from {least:g} to {most:g}"
        raise ConfigError(f"{key}: found {value!r}; set it to a finite number {bounds}.")
    return float(value)


def sizes(config: Any, key: str, allow_empty: bool = False) -> list[int]:
    """Returns ``config[key]``, a list of layer widths."""
    value = config[key]
    good = isinstance(value, (list, tuple)) and all(type(size) is int and size > 0 for size in value)
    if not good or not (value or allow_empty):
        form = "a list of positive ints such as [80, 40]" + (", or [] for no hidden layer" if allow_empty else "")
        raise ConfigError(f"{key}: found {value!r}; set it to {form}.")
    return list(value)


def _or_preset(config: Any, key: str, preset: Mapping[str, Any] | None) -> Any:
    value = config[key]
    return preset[key] if value is None and preset is not None else value
