"""The search that each system gets before its cells, the same for all."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from recbole_lsrec.leaderboard.cells import cell_config, plain_settings
from recbole_lsrec.leaderboard.execute import Resources, connected
from recbole_lsrec.leaderboard.flags import slug
from recbole_lsrec.leaderboard.plan import Plan

TUNING = "tuning"


def tune_systems(
    plan: Plan, out: Path, resources: Resources, say: Callable[[str], None]
) -> dict[tuple[str, str], Mapping[str, Any]]:
    """Searches settings for every system on every data set, with the first seed and the budget of a cell for each trial.

    Only validation data are read. A finished search is not repeated.

    Args:
        plan: with ``tune``.
        out: folder of the leaderboard; each search has one in ``<out>/tuning``.
        resources: of a trial, as of a cell.
        say: takes lines of text for the user.

    Returns:
        By (system name, data set label): ``trials``, ``spent_seconds`` and the ``best`` settings.
    """
    from recbole_lsrec.tuning import SearchSettings, search

    searches = {}
    for data in plan.datasets:
        for system in plan.systems:
            if system.model is None:
                continue
            config = cell_config(plan, system, data, plan.seeds[0])
            searches[system.name, data.label] = SearchSettings(
                model=system.model,
                dataset=data.name,
                out=out / TUNING / slug(f"{system.name} on {data.label}"),
                config_dict=plain_settings(config),
                cpus_per_trial=resources.cpus,
                gpus_per_trial=resources.gpus,
                concurrent=resources.jobs,
                test=False,
                **(plan.tune or {}),
            )
    found = {}
    with connected(resources):
        for (system_name, label), settings in searches.items():
            say(f"{system_name} on {label}: search for settings")
            result = search(settings)
            found[system_name, label] = {
                "trials": len(result.trials),
                "spent_seconds": result.spent_seconds["trials"],
                "best": result.best or {},
            }
    return found
