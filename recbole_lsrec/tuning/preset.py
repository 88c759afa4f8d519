"""A finished search as a preset: the yaml that ``preset: strong`` reads.

Only what was drawn is in it, and a search sees validation data alone.
"""

import json
from pathlib import Path
from typing import Any

from recbole_lsrec import registry
from recbole_lsrec.config.known import settings_for
from recbole_lsrec.errors import ConfigError, DataError, LSRecError
from recbole_lsrec.json_files import read_json
from recbole_lsrec.page.numbers import metric
from recbole_lsrec.tuning.result import SUMMARY
from recbole_lsrec.tuning.settings import taken_up_by


def preset_yaml(folder: Path) -> str:
    """Returns the best settings of a search as the text of a preset, each with what it means.

    Raises:
        ConfigError: the folder is not of a finished search, or it has found nothing.
        DataError: its file was changed.
    """
    if not (folder / SUMMARY).is_file():
        raise ConfigError(f"{folder}: holds no {SUMMARY}; give the folder of a finished search (tune --out).")
    found: dict[str, Any] = read_json(folder / SUMMARY)
    try:
        _check_finished(found, folder)
        if not found["best"]:
            raise ConfigError(f"{folder}: no trial of the search was validated.")
        return _preset(found)
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as error:
        if isinstance(error, LSRecError):
            raise
        raise DataError(
            f"{folder / SUMMARY}: is not as a search writes it ({type(error).__name__}: {error}); it was changed or damaged."
        ) from error


def _check_finished(found: dict[str, Any], folder: Path) -> None:
    if not found["complete"]:
        ended = sum(trial["status"] != "unfinished" for trial in found["trials"])
        raise ConfigError(
            f"{folder}: the search is not finished: {ended} of {found['planned']} trials have ended; go on with: "
            f"{taken_up_by(folder, found['settings']['model'])}"
        )


def _preset(found: dict[str, Any]) -> str:
    settings, best = found["settings"], found["best"]
    declared = settings_for(registry.get_model(settings["model"]))
    given = [f"{key} {value}" for key, value in settings["config_dict"].items() if key != "data_path"]
    given += [f"those of {Path(path).name}" for path in settings["config_files"]]
    how = f"{settings['method']}, {settings['scheduler']}, search seed {settings['search_seed']}"
    lines = [
        f"# Strong settings of {settings['model']}, found on {settings['dataset']}: the best of {len(found['trials'])} trials by "
        f"{found['metric']} on validation",
        f"# ({metric(found['best_score'])}; {how}; {', '.join(given) or 'no other settings'}).",
        "",
    ]
    lines += [f"{key}: {json.dumps(value)}  # {declared[key].comment}" for key, value in best.items()]
    return "\n".join(lines) + "\n"
