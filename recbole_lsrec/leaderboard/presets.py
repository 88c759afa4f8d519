"""Settings under which a baseline is known to do well, one yaml a preset, each value with its source."""

from pathlib import Path
from typing import Any

from recbole_lsrec.config.paths import properties_dir
from recbole_lsrec.config.values import read_yaml


def preset_names() -> list[str]:
    """Returns the presets that ship."""
    return sorted(path.stem for path in _folder().glob("*.yaml"))


def preset_settings(name: str) -> dict[str, Any]:
    """Returns the config keys of a preset."""
    return read_yaml(_folder() / f"{name}.yaml")


def _folder() -> Path:
    return properties_dir() / "leaderboard/presets"
