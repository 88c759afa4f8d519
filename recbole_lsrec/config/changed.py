"""A copy of the settings of a run with other values, which go no way through the checks."""

import copy
from typing import Any

from recbole.config import Config


def changed(config: Config, **values: Any) -> Config:
    """Returns a copy with these values; the settings themselves stay."""
    view = copy.copy(config)
    view.final_config_dict = {**config.final_config_dict, **values}
    return view
