"""What a leaderboard is to run: its yaml, read and checked before anything starts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from recbole_lsrec.config.early import check_early
from recbole_lsrec.config.layers import Layer, for_model
from recbole_lsrec.config.paths import properties_dir
from recbole_lsrec.config.run_settings import BUDGETS
from recbole_lsrec.config.strong import STRONG
from recbole_lsrec.config.values import read_yaml
from recbole_lsrec.errors import ConfigError, did_you_mean
from recbole_lsrec.leaderboard.presets import preset_names
from recbole_lsrec.own_models import absolute
from recbole_lsrec.registry import model_names

_KEYS = ("title", "datasets", "seeds", "budget", "settings", "systems", "tune")
_DATASET_KEYS = ("name", "label", "settings")
_SYSTEM_KEYS = ("model", "preset", "settings", "not_built")
_TUNE_KEYS = ("trials", "time_budget", "scheduler", "method", "search_seed")
# The leaderboard decides these itself: one value for every cell, or one that the plan has a place for.
_NOT_SETTINGS = {
    "model": "name it under systems",
    "dataset": "name it under datasets",
    "seed": "list the seeds under seeds",
    "train_seconds": "give it under budget, which is equal for all",
    "train_steps": "give it under budget, which is equal for all",
    "resume": "a leaderboard goes on by itself when it is started again",
    "dry_run": "use `recbole-lsrec run --dry-run` for one model",
    "run_dir": "give the folder with --out",
    "nnodes": "--address spreads cells over a cluster; nproc are the processes of each, on one machine",
    "world_size": "--address spreads cells over a cluster; nproc are the processes of each, on one machine",
}


@dataclass(frozen=True)
class DataSet:
    """A data set under one choice of settings.

    Attributes:
        name: as in ``--dataset``.
        label: its name in the tables; differs where one data set is there twice, under two splits say.
        settings: config keys for every cell on it; ``of_model`` holds those of single models, as in a data set's yaml.
    """

    name: str
    label: str
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class System:
    """A row of the tables: a model with its settings, or the reason why there is none.

    Attributes:
        name: shown in the tables.
        model: as in ``--model``, the path of a file absolute; None for a system that is not built.
        preset: name of a file in ``properties/leaderboard/presets``, or None.
        settings: config keys; they win over the preset's.
        not_built: why the row is empty; None for a system that runs.
    """

    name: str
    model: str | None
    preset: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    not_built: str | None = None


@dataclass(frozen=True)
class Plan:
    """A checked plan.

    Attributes:
        title: of the page.
        datasets: in the order of the tables.
        seeds: every system is run once with each.
        budget: ``{"train_seconds": s}`` or ``{"train_steps": n}``; empty: until ``epochs`` or early stopping.
        settings: config keys for every cell.
        systems: in the order of the tables.
        tune: options of the search that every system gets before its cells, or None.
    """

    title: str
    datasets: tuple[DataSet, ...]
    seeds: tuple[int, ...]
    budget: Mapping[str, float]
    settings: Mapping[str, Any]
    systems: tuple[System, ...]
    tune: Mapping[str, Any] | None = None

    @property
    def bit_reproducible(self) -> bool:
        """Whether nothing in it goes by the clock.

        A search does where it has a time budget, or compares trials that run beside each other.
        """
        if "train_seconds" in self.budget:
            return False
        if self.tune is None:
            return True
        options = {"scheduler": "asha", "method": "random", "time_budget": None, **self.tune}
        return (options["scheduler"], options["time_budget"]) == ("none", None) and options["method"] != "tpe"

    def to_dict(self) -> dict[str, Any]:
        """Returns what :func:`parse_plan` reads as this plan, in its longest form."""
        return {
            "title": self.title,
            "datasets": [
                {"name": data.name, "label": data.label, "settings": dict(data.settings)} for data in self.datasets
            ],
            "seeds": list(self.seeds),
            "budget": dict(self.budget) or None,
            "settings": dict(self.settings),
            "systems": {
                system.name: {"not_built": system.not_built}
                if system.model is None
                else {"model": system.model, "preset": system.preset, "settings": dict(system.settings)}
                for system in self.systems
            },
            "tune": dict(self.tune) if self.tune is not None else None,
        }


def plan_file(name: str) -> Path:
    """Returns the file a user means: a path, or the name of one that ships in ``properties/leaderboard``.

    Raises:
        ConfigError: there is no such file.
    """
    shipped = properties_dir() / "leaderboard"
    for path in (Path(name), shipped / f"{name}.yaml", properties_dir().parent / name):
        if path.is_file():
            return path
    names = sorted(path.stem for path in shipped.glob("*.yaml") if path.stem != "bands")
    raise ConfigError(f"{name}: no such file; give the path of a yaml file, or one of {', '.join(names)}.")


def read_plan(path: Path) -> Plan:
    """Reads a leaderboard's yaml.

    Raises:
        ConfigError: see :func:`parse_plan`; or the file cannot be read.
    """
    return parse_plan(read_yaml(path), str(path))


def parse_plan(values: Mapping[str, Any], source: str) -> Plan:
    """Checks a plan.

    Args:
        values: as in the yaml; docs/leaderboard.md has every key.
        source: named in messages.

    Raises:
        ConfigError: an unknown or missing key, a value of the wrong form, a name that is there twice. Whether settings
            fit their models is found out later, by :func:`recbole_lsrec.leaderboard.cells.make_cells`.
    """
    check_keys(values, _KEYS, source)
    systems = values.get("systems")
    if not isinstance(systems, Mapping) or not systems:
        raise _wrong(f"{source}: systems", systems, "'display name: {model: NAME}' a line")
    datasets = values.get("datasets")
    if not isinstance(datasets, Sequence) or isinstance(datasets, str) or not datasets:
        raise _wrong(f"{source}: datasets", datasets, "a list such as [cosmetics, {name: ml-100k, settings: {...}}]")
    parsed = tuple(_dataset(entry, f"{source}: datasets, entry {n}") for n, entry in enumerate(datasets, 1))
    check_unique([data.label for data in parsed], f"{source}: datasets", "give each a label of its own")
    check_unique([str(name) for name in systems], f"{source}: systems", "give each a name of its own")  # 1 and "1"
    for name in (*(data.label for data in parsed), *map(str, systems)):
        if "," in name:
            raise _wrong(f"{source}: name", name, "no comma, because --models and --datasets are lists with commas")
    tune = values.get("tune")
    if tune is not None and not isinstance(tune, Mapping):
        raise _wrong(f"{source}: tune", tune, "a mapping such as {trials: 8}, equal for every system")
    _check_tune(tune or {}, f"{source}: tune")
    plan = Plan(
        title=str(values.get("title") or "Leaderboard"),
        datasets=parsed,
        seeds=_seeds(values.get("seeds", [2020]), f"{source}: seeds"),
        budget=check_budget(values.get("budget"), f"{source}: budget"),
        settings=_settings(values.get("settings"), f"{source}: settings"),
        systems=tuple(_system(str(name), entry, f"{source}: systems, {name}") for name, entry in systems.items()),
        tune=tune,
    )
    _check_declared(plan, source)
    return plan


def _check_declared(plan: Plan, source: str) -> None:
    """Refuses values that their declarations rule out; whether all fits together, ``Config`` knows."""
    _check_of_model(plan, source)
    for system in plan.systems:
        if system.model is not None:
            given = [Layer(f"{source}: datasets, {data.label}", dict(data.settings)) for data in plan.datasets]
            layers = [for_model(layer, system.model) for layer in given]
            layers.append(Layer(f"{source}: settings", dict(plan.settings)))
            layers.append(Layer(f"{source}: systems, {system.name}", dict(system.settings)))
            check_early(system.model, layers)


def _check_of_model(plan: Plan, source: str) -> None:
    """A model that ``of_model`` names must be one: of a misspelt name the settings would be left out in silence."""
    models = {*(name for names in model_names().values() for name in names)}
    models |= {system.model for system in plan.systems if system.model is not None}
    given = {f"datasets, {data.label}": data.settings for data in plan.datasets} | {"settings": plan.settings}
    given |= {f"systems, {system.name}": system.settings for system in plan.systems}
    for where, settings in given.items():
        own = settings.get("of_model", {})
        unknown = [name for name in own if name not in models] if isinstance(own, Mapping) else []
        if unknown:
            raise ConfigError(
                f"{source}: {where}: of_model: found {unknown[0]!r}; accepted: names of models."
                f"{did_you_mean(str(unknown[0]), models)}"
            )


def check_budget(budget: Any, where: str) -> dict[str, float]:
    """Returns the budget of a cell; empty where none is given.

    Raises:
        ConfigError: anything but one positive number of one of the two kinds.
    """
    if budget is None:
        return {}
    accepted = "one of {train_seconds: 120} and {train_steps: 2000}, with a number greater than 0"
    if not isinstance(budget, Mapping) or len(budget) != 1 or next(iter(budget)) not in BUDGETS:
        raise _wrong(where, budget, accepted)
    ((kind, size),) = budget.items()
    whole = kind == "train_steps"
    if isinstance(size, bool) or not isinstance(size, int if whole else (int, float)) or not size > 0:
        raise _wrong(where, budget, accepted)
    return {kind: size}


def _check_tune(options: Mapping[str, Any], where: str) -> None:
    """The names of schedulers and methods are the search's to check."""
    check_keys(options, _TUNE_KEYS, where)
    for key, least in (("trials", 1), ("search_seed", 0)):
        number = options.get(key, least)
        if not isinstance(number, int) or isinstance(number, bool) or number < least:
            raise _wrong(f"{where}: {key}", number, f"a whole number of at least {least}")
    seconds = options.get("time_budget")
    if seconds is not None and (not isinstance(seconds, (int, float)) or isinstance(seconds, bool) or not seconds > 0):
        raise _wrong(f"{where}: time_budget", seconds, "a number of seconds greater than 0, or nothing")


def check_keys(values: Mapping[str, Any], accepted: Sequence[str], where: str) -> None:
    """Refuses a key that is not accepted.

    Raises:
        ConfigError: names the nearest key.
    """
    for key in values:
        if key not in accepted:
            raise ConfigError(
                f"{where}: found the key {key!r}; accepted: {', '.join(accepted)}.{did_you_mean(str(key), accepted)}"
            )


def _dataset(entry: Any, where: str) -> DataSet:
    if isinstance(entry, str):
        return DataSet(entry, entry)
    if not isinstance(entry, Mapping) or not isinstance(entry.get("name"), str):
        raise _wrong(where, entry, "a name, or {name: NAME, label: TEXT, settings: {...}}")
    check_keys(entry, _DATASET_KEYS, where)
    settings = _settings(entry.get("settings"), f"{where}: settings")
    return DataSet(entry["name"], str(entry.get("label") or entry["name"]), settings)


def _system(name: str, entry: Any, where: str) -> System:
    if not isinstance(entry, Mapping) or ("model" in entry) == ("not_built" in entry):
        raise _wrong(where, entry, "{model: NAME, preset: NAME, settings: {...}}, or {not_built: why}")
    check_keys(entry, _SYSTEM_KEYS, where)
    if "not_built" in entry:
        return System(name, None, not_built=str(entry["not_built"]))
    if not isinstance(entry["model"], str):
        raise _wrong(f"{where}: model", entry["model"], "the name of a model; `recbole-lsrec models` lists them")
    preset = entry.get("preset")
    if preset is not None and preset not in preset_names():
        hint = did_you_mean(str(preset), preset_names())
        if preset == STRONG:
            hint = f" Strong settings of a row's model are asked for by settings: {{preset: {STRONG}}}."
        raise ConfigError(f"{where}: preset: found {preset!r}; accepted: {', '.join(preset_names())}, or none.{hint}")
    return System(name, absolute(entry["model"]), preset, _settings(entry.get("settings"), f"{where}: settings"))


def _settings(values: Any, where: str) -> dict[str, Any]:
    if values is None:
        return {}
    if not isinstance(values, Mapping):
        raise _wrong(where, values, "a mapping of config keys to values")
    of_model = values.get("of_model")
    of_single = [own for own in of_model.values() if isinstance(own, Mapping)] if isinstance(of_model, Mapping) else []
    for key, instead in _NOT_SETTINGS.items():
        if any(key in own for own in (values, *of_single)):
            raise ConfigError(f"{where}: found {key!r}, which is not set here: {instead}.")
    return dict(values)


def _seeds(seeds: Any, where: str) -> tuple[int, ...]:
    values = seeds if isinstance(seeds, list) else [seeds]
    if not values or not all(isinstance(seed, int) and not isinstance(seed, bool) and seed >= 0 for seed in values):
        raise _wrong(where, seeds, "a list of whole numbers of at least 0, such as [2020, 2021, 2022]")
    check_unique(values, where, "a repeat is no new seed")
    return tuple(values)


def check_unique(values: Sequence[Any], where: str, advice: str) -> None:
    """Refuses a value that is there twice.

    Raises:
        ConfigError: names it.
    """
    twice = sorted({value for value in values if values.count(value) > 1})
    if twice:
        raise ConfigError(f"{where}: {', '.join(map(repr, twice))} is there twice; {advice}.")


def _wrong(where: str, found: Any, accepted: str) -> ConfigError:
    return ConfigError(f"{where}: found {found!r}; accepted: {accepted}.")
