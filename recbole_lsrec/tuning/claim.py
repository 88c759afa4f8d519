"""Whose a folder is: a search is taken up only where its options, and what its scores depend on, are what they were."""

import json
from collections.abc import Mapping
from logging import getLogger
from pathlib import Path
from typing import Any

from recbole_lsrec import checkpoint, environment, registry
from recbole_lsrec.config import Config
from recbole_lsrec.config.effects import of_a_result
from recbole_lsrec.data.files import files_of, sha256_of
from recbole_lsrec.errors import ConfigError
from recbole_lsrec.json_files import read_json, write_json
from recbole_lsrec.tuning import journal
from recbole_lsrec.tuning.result import DEPENDS_ON, SETTINGS, description
from recbole_lsrec.tuning.settings import SearchSettings
from recbole_lsrec.tuning.space import Space

# What does not matter for what a search finds, so that it may be taken up with others.
_PLACE = ("out", "concurrent", DEPENDS_ON)


def claim(folder: Path, settings: SearchSettings, space: Space, config: Config) -> str | None:
    """Writes down what the folder is for, or refuses a folder that is for something else.

    Args:
        folder: of the search.
        settings: its options.
        space: what is drawn.
        config: the settings of all trials.

    Returns:
        Where the folder was when the search began, if it was elsewhere.

    Raises:
        ConfigError: it holds another search, or one of other data.
        DataError: there are no data.
    """
    wanted = {**description(settings, space), DEPENDS_ON: _depends_on(config)}
    wanted = json.loads(json.dumps(wanted, default=str))
    path = folder / SETTINGS
    if not (path.is_file() and journal.begun(folder)):
        write_json(path, wanted)
        return None
    held = read_json(path)
    differing = [key for key in wanted if key not in _PLACE and held.get(key) != wanted[key]]
    if differing:
        raise ConfigError(
            f"out: {folder} holds a search with other settings: {_pairs(differing, held, wanted)}. Give another folder, or "
            "the same settings (`recbole-lsrec tune --resume FOLDER` takes them from there)."
        )
    _compare(held.get(DEPENDS_ON), wanted[DEPENDS_ON], folder)
    return held["out"] if held.get("out") != wanted["out"] else None


def _depends_on(config: Config) -> dict[str, Any]:
    """What files say that the options only name, and the versions that decide bits."""
    return {
        "settings": of_a_result(config.plain()),
        "data": sha256_of(files_of(config)),
        "code": [environment.code_fingerprint(), registry.own_origin(config.model_class)],
        "versions": checkpoint.versions(),
    }


def _compare(held: Any, now: Mapping[str, Any], folder: Path) -> None:
    """Refuses other settings and data; other code and versions are said, as between runs that are compared."""
    if not (isinstance(held, Mapping) and all(isinstance(held.get(name), type(part)) for name, part in now.items())):
        raise ConfigError(
            f"{folder / SETTINGS}: {DEPENDS_ON}: does not say what the search began with; the file was changed or damaged. "
            "Give another folder."
        )
    before, after = held["settings"], now["settings"]
    # A setting that an update of this package brought was before what its default is now.
    differing = [key for key in after if key in before and before[key] != after[key]]
    found = [_pairs(differing, before, after)] if differing else []
    found += ["the data files changed"] if held.get("data") != now["data"] else []
    if found:
        raise ConfigError(
            f"out: {folder} holds a search that depends on what files held when it began: {'; '.join(found)}. Put back what "
            "the files held, or give another folder."
        )
    if held.get("code") != now["code"]:
        getLogger().warning(
            f"{folder}: the code has changed since the search began, so its trials may not be comparable"
        )
    if changed := checkpoint.other_versions(held["versions"]):
        getLogger().warning(
            f"{folder}: the search began with other versions ({changed}), so its trials may not be comparable"
        )


def _pairs(keys: list[str], held: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    return "; ".join(f"{key} {held.get(key)!r}, now {now[key]!r}" for key in keys)
