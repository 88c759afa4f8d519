"""The flags of the command: a plan without a file, or changes to one that was read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from recbole_lsrec.config.layers import Layer, merge
from recbole_lsrec.errors import ConfigError, did_you_mean
from recbole_lsrec.leaderboard.plan import Plan, parse_plan
from recbole_lsrec.leaderboard.presets import preset_names
from recbole_lsrec.own_models import class_name


@dataclass(frozen=True)
class Flags:
    """What the command line says; what it does not say is empty.

    Attributes:
        models: of a file, the systems to run; without one names of models, each with the preset of its name if any.
        datasets: of a file, the labels to run; without one names.
        seeds: replace the file's.
        budget: replaces the file's; ``{"train_seconds": 120}`` or ``{"train_steps": 2000}``.
        title: replaces the file's.
        settings: config keys for every cell; they win over everything in the file.
    """

    models: Sequence[str] = ()
    datasets: Sequence[str] = ()
    seeds: Sequence[int] = ()
    budget: Mapping[str, float] = field(default_factory=dict)
    title: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)


def plan_from_flags(flags: Flags) -> Plan:
    """Returns the plan of a command without a file.

    Raises:
        ConfigError: no model or no data set is named; or see :func:`parse_plan`.
    """
    if not flags.models or not flags.datasets:
        raise ConfigError("leaderboard: give a FILE, or at least one --models and one --datasets.")
    presets = preset_names()
    systems = {class_name(name): {"model": name, "preset": name if name in presets else None} for name in flags.models}
    title = flags.title or f"{', '.join(systems)} on {', '.join(flags.datasets)}"
    values = {"title": title, "datasets": list(flags.datasets), "systems": systems, "settings": dict(flags.settings)}
    return parse_plan({**values, **_replaced(flags)}, "command line")


def with_flags(plan: Plan, flags: Flags) -> Plan:
    """Returns a plan as the command line changes it.

    Raises:
        ConfigError: a system or data set that the plan does not have; or see :func:`parse_plan`.
    """
    values = {**plan.to_dict(), **_replaced(flags)}
    if flags.models:
        values["systems"] = {
            name: values["systems"][name] for name in _known(flags.models, values["systems"], "models")
        }
    if flags.datasets:
        by_label = {data["label"]: data for data in values["datasets"]}
        values["datasets"] = [by_label[label] for label in _known(flags.datasets, by_label, "datasets")]
    for system in values["systems"].values():
        if "model" in system:
            layers = (system["settings"], flags.settings)
            system["settings"], _ = merge(Layer("", dict(layer)) for layer in layers)
    return parse_plan(values, "command line")


def _replaced(flags: Flags) -> dict[str, Any]:
    given = {"title": flags.title, "seeds": list(flags.seeds), "budget": dict(flags.budget)}
    return {key: value for key, value in given.items() if value}


def _known(names: Sequence[str], accepted: Mapping[str, Any], flag: str) -> Sequence[str]:
    for name in names:
        if name not in accepted:
            raise ConfigError(
                f"--{flag}: found {name!r}; the file has: {', '.join(accepted)}.{did_you_mean(name, accepted)}"
            )
    return names
