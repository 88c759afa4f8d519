"""A finished search as a preset: the yaml that ``preset: strong`` reads.

Only what was drawn is in it, and a search sees validation data alone.
"""

import json
from pathlib import Path
from typing import Any

from recbole_lsrec import registry
from recbole_lsrec.config.known import settings_for
from recbole_lsrec.errors import ConfigError
from recbole_lsrec.page.numbers import metric
from recbole_lsrec.run_files import read_json
from recbole_lsrec.tuning.result import SUMMARY


def preset_yaml(folder: Path) -> str:
    """Returns the best settings of a search as the text of a preset, each with what it means.

    Raises:
        ConfigError: the search has not found anything yet.
        DataError: the folder is not of a search.
    """
    found: dict[str, Any] = read_json(folder / SUMMARY)
    settings, best = found["settings"], found["best"]
    if not best:
        raise ConfigError(f"{folder}: no trial of the search was validated.")
    declared = settings_for(registry.get_model(settings["model"]))
    given = ", ".join(f"{key} {value}" for key, value in settings["config_dict"].items())
    how = f"{settings['method']}, {settings['scheduler']}, search seed {settings['search_seed']}"
    lines = [
        f"# Strong settings of {settings['model']}, found on {settings['dataset']}: the best of {len(found['trials'])} trials by "
        f"{found['metric']} on validation",
        f"# ({metric(found['best_score'])}; {how}; {given or 'no other settings'}).",
        "",
    ]
    lines += [f"{key}: {json.dumps(value)}  # {declared[key].comment}" for key, value in best.items()]
    return "\n".join(lines) + "\n"
