"""The flags of the command: a plan without a file, or changes to one that was read."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from recbole_lsrec.config.layers import Layer, merge
from recbole_lsrec.config.paths import DATA_PATH, log_folder, plain_name
from recbole_lsrec.config.values import parse_command_line, parse_text
from recbole_lsrec.errors import ConfigError, did_you_mean
from recbole_lsrec.leaderboard.plan import Plan, check_budget, check_unique, parse_plan
from recbole_lsrec.leaderboard.presets import preset_names
from recbole_lsrec.own_models import class_name

_ONCE = "name each once"


@dataclass(frozen=True)
class Flags:
    """What the command line says; what it does not say is empty.

    Attributes:
        models: of a file, the systems to run; without one names of models, each with the preset of its name if any; of two
            classes of one name each row is called what was given for it.
        datasets: of a file, the labels to run, and names of data sets that it does not have; without one names.
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


def read_flags(
    models: str | None = None,
    datasets: str | None = None,
    seeds: str | None = None,
    train_seconds: float | None = None,
    train_steps: int | None = None,
    title: str | None = None,
    settings: Sequence[str] = (),
) -> Flags:
    """Returns the flags as typed.

    Raises:
        ConfigError: a text that cannot be read.
    """
    return Flags(
        _names("--models", models),
        _names("--datasets", datasets),
        _numbers(seeds),
        _budget(train_seconds, train_steps),
        title,
        {key: _dict_or_text(value) for key, value in parse_command_line(settings).items()},
    )


def plan_from_flags(flags: Flags) -> Plan:
    """Returns the plan of a command without a file.

    Raises:
        ConfigError: no model or no data set is named; or see :func:`parse_plan`.
    """
    if not flags.models or not flags.datasets:
        raise ConfigError("leaderboard: give a FILE, or at least one --models and one --datasets.")
    check_unique(flags.models, "--models", _ONCE)
    presets = preset_names()
    own = Counter(class_name(name) for name in flags.models)
    systems = {
        class_name(name) if own[class_name(name)] == 1 else name: {
            "model": name,
            "preset": name if name in presets else None,
        }
        for name in flags.models
    }
    title = flags.title or f"{', '.join(systems)} on {', '.join(flags.datasets)}"
    values = {"title": title, "datasets": list(flags.datasets), "systems": systems, "settings": dict(flags.settings)}
    return parse_plan({**values, **_replaced(flags)}, "command line")


def with_flags(plan: Plan, flags: Flags) -> Plan:
    """Returns a plan as the command line changes it.

    Raises:
        ConfigError: a system that the plan does not have, or a data set that neither it has nor lies there; or see
            :func:`parse_plan`.
    """
    values = {**plan.to_dict(), **_replaced(flags)}
    if flags.models:
        values["systems"] = {
            name: values["systems"][name] for name in _known(flags.models, values["systems"], "models")
        }
    if flags.datasets:
        by_label = {data["label"]: data for data in values["datasets"]}
        settings = {**values["settings"], **flags.settings}
        own = [name for name in flags.datasets if name.lower() not in {label.lower() for label in by_label}]
        by_label |= {name: {"name": name} for name in own if _has_log(plain_name(name), settings)}
        also = "; and any data set in data_path is accepted"
        values["datasets"] = [by_label[label] for label in _known(flags.datasets, by_label, "datasets", also)]
    for system in values["systems"].values():
        if "model" in system:
            layers = (system["settings"], flags.settings)
            system["settings"], _ = merge(Layer("", dict(layer)) for layer in layers)
    return parse_plan(values, "command line")


def _replaced(flags: Flags) -> dict[str, Any]:
    given = {"title": flags.title, "seeds": list(flags.seeds), "budget": dict(flags.budget)}
    return {key: value for key, value in given.items() if value}


def _has_log(name: str, settings: Mapping[str, Any]) -> bool:
    return log_folder(name, str(settings.get("data_path", DATA_PATH)), "data_path" in settings) is not None


def _known(names: Sequence[str], accepted: Mapping[str, Any], flag: str, also: str = "") -> Sequence[str]:
    by_lower = {name.lower(): name for name in accepted}
    for name in names:
        if name.lower() not in by_lower:
            raise ConfigError(
                f"--{flag}: found {name!r}; the file has: {', '.join(accepted)}{also}.{did_you_mean(name, accepted)}"
            )
    known = [name if name in accepted else by_lower[name.lower()] for name in names]
    check_unique(known, f"--{flag}", _ONCE)
    return known


def _names(flag: str, text: str | None) -> list[str]:
    """What a flag lists, which is nothing only where it is not given."""
    names = [name.strip() for name in (text or "").split(",") if name.strip()]
    if text is not None and not names:
        raise ConfigError(
            f"{flag}: found {text!r}; accepted: values separated by commas. Leave it out to change nothing."
        )
    return names


def _numbers(text: str | None) -> list[int]:
    names = _names("--seeds", text)
    if not all(name.isdecimal() for name in names):
        raise ConfigError(f"--seeds: found {text!r}; accepted: whole numbers separated by commas, such as 2020,2021.")
    return [int(name) for name in names]


def _dict_or_text(value: str | bool) -> Any:
    """A dict is read here, so that its parts are laid over those below; other texts are read by the kind of their key."""
    return parse_text(value) if isinstance(value, str) and value.lstrip().startswith("{") else value


def _budget(train_seconds: float | None, train_steps: int | None) -> dict[str, float]:
    given = {"train_seconds": train_seconds, "train_steps": train_steps}
    found = {kind: size for kind, size in given.items() if size is not None}
    return check_budget(found or None, "--train-seconds, --train-steps")
