"""The plugin's models, one file each, imported when they are asked for: ``from ... import SLSRec, CLSR``, as in RecBole."""

from importlib import import_module
from typing import Any

from recbole_lsrec.registry import PLUGIN_MODELS

_HERE = {name: module for name, module in PLUGIN_MODELS.items() if module.startswith(f"{__name__}.")}


def __getattr__(name: str) -> Any:
    if name not in _HERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HERE[name]), name)


def __dir__() -> list[str]:
    return sorted(_HERE)
