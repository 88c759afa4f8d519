"""The cells that a plan asks for: one run each, with what identifies its result."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from pathlib import Path
from typing import Any

from recbole_lsrec import checkpoint, environment, registry
from recbole_lsrec.config import Config
from recbole_lsrec.config.effects import of_a_result
from recbole_lsrec.config.layers import Layer, for_model, merge
from recbole_lsrec.data.files import files_of, sha256_of
from recbole_lsrec.errors import ConfigError
from recbole_lsrec.leaderboard.plan import DataSet, Plan, System
from recbole_lsrec.leaderboard.presets import preset_settings
from recbole_lsrec.run_data import log_settings
from recbole_lsrec.run_processes import check_resources

_SHOWN_DIFFERENCES = 5


@dataclass(frozen=True)
class PlannedCell:
    """One run of a system on a data set with a seed.

    Attributes:
        system: the row.
        data: the table.
        seed: of the run.
        settings: plain values that rebuild its Config anywhere; empty for a system that is not built.
        identity: what its result depends on, as plain values; equal identities give equal results (under a step
            budget, on the same machine).
        log_key: equal for cells that can share one loaded log: data sets of one name may lie in several folders.
    """

    system: System
    data: DataSet
    seed: int
    settings: Mapping[str, Any]
    identity: Mapping[str, Any]
    log_key: str

    @property
    def name(self) -> str:
        """For people; two cells may have one, as a system may be called "A on B"."""
        return f"{self.system.name} on {self.data.label}, seed {self.seed}"

    @property
    def key(self) -> tuple[str, str, int]:
        """What tells it from every other cell of its plan."""
        return self.system.name, self.data.label, self.seed


def make_cells(
    plan: Plan, threads: int, tuned: Mapping[tuple[str, str], Mapping[str, Any]] | None = None, gpus: float = 0
) -> list[PlannedCell]:
    """Returns all cells: data set by data set, in each seed by seed, so that every system has a result early.

    Args:
        plan: what to run.
        threads: CPU threads of a cell, which its processes divide; sums of floats depend on them.
        tuned: settings found by a search, by (system name, data set label); they win over all others.
        gpus: of a cell; a table must not mix cells on a GPU with others, which got fewer steps in the same time.

    Raises:
        ConfigError: settings do not fit a model, or a model or data set is unknown, or a cell has more processes than CPUs
            or GPUs; names the system and data set.
        DataError: a data set has no files.
    """
    code = environment.code_fingerprint()
    sha256 = lru_cache(maxsize=None)(sha256_of)  # of files that many cells have
    cells = []
    planned = list(product(plan.datasets, plan.seeds, plan.systems))
    # All, before a file of data is opened.
    configs = [_config(plan, *which, tuned or {}, threads, gpus) for which in planned]
    for (data, seed, system), config in zip(planned, configs, strict=True):
        if config is None:
            cells.append(PlannedCell(system, data, seed, {}, {}, ""))
            continue
        paths = tuple(files_of(config))
        settings = _plain(config)
        identity = {
            "model": config["model"],
            "own_model": registry.own_origin(config.model_class),
            "dataset": config["dataset"],
            "settings": of_a_result(settings),
            "data": sha256(paths),
            "candidates": sha256(paths[-1:]) if config["candidates"] else None,  # of which each node has a file
            "code": code,
            "versions": checkpoint.versions(),
            "threads": threads,
            "gpu": gpus > 0,
        }
        of_log = json.dumps([sha256(paths), log_settings(config)], sort_keys=True, default=str)
        key = hashlib.sha256(of_log.encode()).hexdigest()
        cells.append(PlannedCell(system, data, seed, settings, _as_json(identity), key))
    return cells


def _config(
    plan: Plan,
    data: DataSet,
    seed: int,
    system: System,
    tuned: Mapping[tuple[str, str], Mapping[str, Any]],
    threads: int,
    gpus: float,
) -> Config | None:
    if system.model is None:
        return None
    given = cell_settings(plan, system, data, seed, tuned.get((system.name, data.label)))
    try:
        config = Config(system.model, data.name, config_dict=given, dict_source="plan")
        check_resources(config, threads, gpus)
    except ConfigError as error:
        raise ConfigError(f"{system.name} on {data.label}: {error}") from error
    return config


def cell_settings(
    plan: Plan, system: System, data: DataSet, seed: int, tuned: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Returns what the plan sets for a cell. From below: preset, plan, data set, system, what a search found, budget."""
    preset = preset_settings(system.preset) if system.preset else {}
    layers = [preset, plan.settings, data.settings, system.settings, tuned or {}, plan.budget]
    settings, _ = merge(for_model(Layer("", dict(values)), system.model or "") for values in layers)
    return {**settings, "seed": seed}


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """Says in what two identities differ, for the reason why a cell is run again."""
    words = {"code": "the code changed", "data": "the data files changed"}
    found = [text for key, text in words.items() if before.get(key) != now[key]]
    for key in ("model", "own_model", "dataset", "threads", "gpu"):
        if before.get(key) != now.get(key):
            found.append(f"{key}: {before.get(key)} -> {now.get(key)}")
    then, today = before.get("versions", {}), now.get("versions", {})
    found += [f"{name}: {then[name]} -> {today.get(name)}" for name in then if then[name] != today.get(name)]
    old, new = before.get("settings", {}), now["settings"]
    changed = [key for key in sorted({*old, *new}) if old.get(key) != new.get(key)]
    found += [f"{key}: {old.get(key)} -> {new.get(key)}" for key in changed[:_SHOWN_DIFFERENCES]]
    if len(changed) > _SHOWN_DIFFERENCES:
        found.append(f"{len(changed) - _SHOWN_DIFFERENCES} more settings")
    return "; ".join(found)


def _plain(config: Config) -> dict[str, Any]:
    """The settings of a run with absolute paths: a worker may stand in another folder."""
    settings = config.plain()
    for key in ("data_path", "candidates"):
        if settings[key] is not None:
            settings[key] = str(Path(settings[key]).absolute())
    return settings


def _as_json(identity: Mapping[str, Any]) -> dict[str, Any]:
    """What reading the identity back from JSON gives, so that the two can be compared."""
    return json.loads(json.dumps(identity, default=str))
