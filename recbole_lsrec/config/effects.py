"""Which of a run's settings may have changed what: one answer for checkpoints, logs, leaderboards and comparisons."""

from collections.abc import Mapping
from typing import Any

from recbole_lsrec.config.early import declared_for
from recbole_lsrec.config.known import general_settings
from recbole_lsrec.config.setting import Effect, Setting, settings_of


def settings_that_change(
    values: Mapping[str, Any], effect: Effect, declared: Mapping[str, Setting] | None = None, *, only: bool = False
) -> dict[str, Any]:
    """Returns the settings that may change something of ``effect``; of a dictionary of settings, those of its parts.

    Args:
        values: plain settings of a run, as ``Config.plain`` gives them or ``result.json`` holds them.
        effect: one or several.
        declared: the settings known, :func:`recbole_lsrec.config.known.settings_for` the model; None: those of all
            runs. A key that is not declared counts as one of training.
        only: leave out settings that may change something else too.

    Returns:
        The values by key; parts as ``eval_args.split``.
    """
    known = general_settings() if declared is None else declared
    found: dict[str, Any] = {}
    for key, value in values.items():
        setting = known.get(key) or Setting(key, Any)
        if setting.parts is not None and isinstance(value, Mapping):
            parts = settings_that_change(value, effect, settings_of(setting.parts), only=only)
            found |= {f"{key}.{part}": part_value for part, part_value in parts.items()}
        elif setting.effect & effect and not (only and setting.effect & ~effect):
            found[key] = value
    return found


def may_differ() -> set[str]:
    """Keys that a resumed run may have other values of: no epoch computes anything else for them."""
    return {key for key, one in general_settings().items() if one.how_long or not one.effect}


def of_a_system(values: Mapping[str, Any], model: str) -> dict[str, Any]:
    """The settings that tell one system from another: without the seed and what only says how it is tested or run.

    Args:
        values: plain settings of a run.
        model: its name.
    """
    found = settings_that_change(values, ~Effect.EVALUATION, declared_for(model))
    return {key: value for key, value in found.items() if key != "seed"}


def of_a_result(values: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that a result depends on."""
    known = general_settings()
    return {key: value for key, value in values.items() if key not in known or known[key].effect}
