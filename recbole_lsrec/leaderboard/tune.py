"""The search that each system gets before its cells, the same for all."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from recbole_lsrec.leaderboard.cells import PlannedCell, cell_settings
from recbole_lsrec.leaderboard.execute import Resources, connected
from recbole_lsrec.leaderboard.plan import Plan
from recbole_lsrec.leaderboard.text import slug
from recbole_lsrec.tuning.search import checked, search
from recbole_lsrec.tuning.settings import SearchSettings
from recbole_lsrec.tuning.space import read_space

TUNING = "tuning"


def tune_systems(
    plan: Plan, cells: Sequence[PlannedCell], out: Path, resources: Resources, say: Callable[[str], None]
) -> dict[tuple[str, str], Mapping[str, Any]]:
    """Searches settings for every system on every data set, each trial with the first seed and the budget of a cell.

    Only validation data are read. A finished search is not repeated while its space, and what the result of a cell
    depends on (settings, data, code, threads), are the same.

    Args:
        plan: with ``tune``.
        cells: of the plan before any search.
        out: folder of the leaderboard; each search has one in ``<out>/tuning``.
        resources: of a trial, as of a cell.
        say: takes lines of text for the user.

    Returns:
        By (system name, data set label): ``trials``, ``spent_seconds`` and the ``best`` settings.

    Raises:
        KeyboardInterrupt: a search was interrupted, which Ray Tune ends in order; it is taken up at the next start.
        ConfigError: a model has no search space, before any search begins; or an option of the search is wrong.
    """
    searches = {}
    for cell in cells:
        if cell.system.model is None or cell.seed != plan.seeds[0]:
            continue
        space = read_space(None, cell.system.model)
        depends_on = json.dumps(
            [cell.identity, resources.gpus, plan.tune, space.describe()], sort_keys=True, default=str
        )
        key = hashlib.sha256(depends_on.encode()).hexdigest()[:8]
        name, label = cell.system.name, cell.data.label
        searches[name, label] = SearchSettings(
            model=cell.system.model,
            dataset=cell.data.name,
            out=out / TUNING / f"{slug(name)}-{slug(label)}-{key}",
            config_dict=cell_settings(plan, cell.system, cell.data, cell.seed),
            cpus_per_trial=resources.cpus,
            gpus_per_trial=resources.gpus,
            concurrent=resources.jobs,
            test=False,
            **(plan.tune or {}),
        )
    for asked in searches.values():
        checked(asked)  # before the first of them spends hours
    found: dict[tuple[str, str], Mapping[str, Any]] = {}
    with connected(resources):
        for (name, label), asked in searches.items():
            say(f"{name} on {label}: searching settings")
            result = search(asked)
            if not result.complete:
                raise KeyboardInterrupt
            if result.best is None:
                say(f"{name} on {label}: no trial was validated, so its own settings are used; see {asked.out}")
            found[name, label] = {
                "trials": len(result.trials),
                "spent_seconds": result.spent_seconds["trials"],
                "best": result.best or {},
            }
    return found
