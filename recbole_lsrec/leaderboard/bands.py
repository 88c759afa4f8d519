"""The under-fit guard: where published results of a baseline lie, and whether a cell is below."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from recbole_lsrec.config.paths import properties_dir
from recbole_lsrec.config.values import read_yaml
from recbole_lsrec.errors import ConfigError
from recbole_lsrec.leaderboard.plan import check_keys
from recbole_lsrec.page.numbers import metric
from recbole_lsrec.protocol import protocols_of

_KEYS = ("dataset", "split", "protocol", "filter_seen", "settings", "metric", "models", "source")
_MAY_LACK = ("settings",)


@dataclass(frozen=True)
class Band:
    """Where a test metric of baselines is expected on known data under a known protocol.

    Attributes:
        dataset: name of the data set.
        split: ``eval_args: split`` it holds for.
        protocol: such as ``full`` or ``pop99``.
        filter_seen: whether items of the history were left out; None where that does not matter.
        settings: other config keys that a run must have, such as the filters where they change the log much; of a setting
            that is a dict, only the entries named here count.
        metric: such as ``ndcg@10``.
        models: by name of the model ``[low, high]``: a run below ``low`` is under-fitted, ``high`` is the best reported.
        source: of the numbers.
    """

    dataset: str
    split: Mapping[str, Any]
    protocol: str
    filter_seen: bool | None
    metric: str
    models: Mapping[str, Sequence[float]]
    source: str
    settings: Mapping[str, Any] = field(default_factory=dict)


def read_bands(path: Path | None = None) -> list[Band]:
    """Reads the bands that ship, or a file of the same form.

    Raises:
        ConfigError: an entry has an unknown key, or lacks one, or its settings are no dict.
    """
    path = path or properties_dir() / "leaderboard/bands.yaml"
    bands = []
    for number, entry in enumerate(read_yaml(path)["bands"], 1):
        where = f"{path}: entry {number}"
        check_keys(entry, _KEYS, where)
        missing = [key for key in _KEYS if key not in entry and key not in _MAY_LACK]
        if missing:
            raise ConfigError(f"{where}: lacks {', '.join(missing)}.")
        if not isinstance(settings := entry.get("settings", {}), Mapping):
            raise ConfigError(f"{where}: settings is {settings!r}; accepted: a dict of config keys.")
        bands.append(Band(**entry))
    return bands


def below_band(result: Mapping[str, Any], bands: Sequence[Band]) -> str | None:
    """Says which expectations a run misses; None if there are none for it, or it meets them.

    Args:
        result: its ``result.json``.
        bands: as :func:`read_bands` gives them.
    """
    config, test = result["config"], result["test_result"]
    first, *_ = protocols_of(config["eval_args"]["mode"], "test")
    missed = []
    for band in bands:
        key = band.metric if band.protocol == first else f"{band.protocol}/{band.metric}"
        known = (
            band.dataset == result["dataset"]
            and band.split == config["eval_args"]["split"]
            and band.filter_seen in (None, config["filter_seen"])
            and _has(config, band.settings)
        )
        if known and result["model"] in band.models and key in test:
            low, high = band.models[result["model"]]
            if test[key] < low:
                found = f"{band.metric} ({band.protocol}) is {metric(test[key])}"
                missed.append(f"{found}, expected {low:g} to {high:g} ({band.source})")
    return "; ".join(missed) or None


def _has(found: Any, asked: Any) -> bool:
    """Whether a setting is what a band asks; of a dict what it names."""
    if isinstance(asked, Mapping):
        return isinstance(found, Mapping) and all(_has(found.get(key), value) for key, value in asked.items())
    return bool(found == asked)
