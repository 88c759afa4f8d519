"""The search that each system gets before its cells, the same for all."""

import hashlib
import json
from collections.abc import Callable, Mapping
from itertools import product
from pathlib import Path
from typing import Any

from recbole_lsrec.leaderboard.cells import cell_settings
from recbole_lsrec.leaderboard.execute import Resources, connected
from recbole_lsrec.leaderboard.plan import Plan
from recbole_lsrec.leaderboard.text import slug
from recbole_lsrec.tuning import SearchSettings, search
from recbole_lsrec.tuning.space import read_space

TUNING = "tuning"


def tune_systems(
    plan: Plan, out: Path, resources: Resources, say: Callable[[str], None]
) -> dict[tuple[str, str], Mapping[str, Any]]:
    """Searches settings for every system on every data set, each trial with the first seed and the budget of a cell.

    Only validation data are read. A finished search is not repeated.

    Args:
        plan: with ``tune``.
        out: folder of the leaderboard; each search has one in ``<out>/tuning``.
        resources: of a trial, as of a cell.
        say: takes lines of text for the user.

    Returns:
        By (system name, data set label): ``trials``, ``spent_seconds`` and the ``best`` settings.

    Raises:
        ConfigError: a model has no search space, before any search begins; or an option of the search is wrong.
        KeyboardInterrupt: a search was interrupted; it is taken up at the next start.
    """
    built = [system for system in plan.systems if system.model is not None]
    for system in built:
        read_space(None, str(system.model))
    searches = {}
    for data, system in product(plan.datasets, built):
        settings = cell_settings(plan, system, data, plan.seeds[0])
        key = hashlib.sha256(json.dumps([settings, plan.tune], sort_keys=True).encode()).hexdigest()[:8]
        searches[system.name, data.label] = SearchSettings(
            model=str(system.model),
            dataset=data.name,
            out=out / TUNING / f"{slug(system.name)}-{slug(data.label)}-{key}",
            config_dict=settings,
            cpus_per_trial=resources.cpus,
            gpus_per_trial=resources.gpus,
            concurrent=resources.jobs,
            test=False,
            **(plan.tune or {}),
        )
    found: dict[tuple[str, str], Mapping[str, Any]] = {}
    with connected(resources):
        for (name, label), asked in searches.items():
            say(f"{name} on {label}: searching settings")
            result = search(asked)
            if not result.complete:
                raise KeyboardInterrupt  # Ray Tune takes it for a wish to stop in order
            if result.best is None:
                say(f"{name} on {label}: no trial was validated, so its own settings are used; see {asked.out}")
            found[name, label] = {
                "trials": len(result.trials),
                "spent_seconds": result.spent_seconds["trials"],
                "best": result.best or {},
            }
    return found
