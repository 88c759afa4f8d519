"""Whether what is asked beside the histories can be meant."""

import math
from collections.abc import Mapping
from numbers import Real
from typing import Any

import torch

from recbole_lsrec.errors import ConfigError


def check_asked(k: Any, now: Any, batch_size: Any, **items: Any) -> None:
    """Refuses options of :meth:`recbole_lsrec.recommend.recommender.Recommender.recommend` that are none.

    Args:
        k, now, batch_size: as there.
        items: ``exclude`` and ``candidates``, by name.

    Raises:
        ConfigError: names the option, what was found and what is accepted.
    """
    for name, number in (("k", k), ("batch_size", 1 if batch_size is None else batch_size)):
        if isinstance(number, bool) or not isinstance(number, int) or number < 1:
            raise ConfigError(f"{name}: found {number!r}; accepted: a whole number of at least 1.")
    for time in now.values() if isinstance(now, Mapping) else [now]:
        if time is not None and (isinstance(time, bool) or not isinstance(time, Real) or not math.isfinite(time)):
            raise ConfigError(
                f"now: found {time!r}; accepted: a number in the unit of the run's log, or one for each user."
            )
    for name, given in items.items():
        if isinstance(given, (str, bytes)):  # whose letters would be taken for items
            raise ConfigError(f"{name}: found {given!r}; accepted: a list of items.")


def check_device(device: str | None) -> None:
    """Refuses a device that there is not.

    Raises:
        ConfigError: as of :func:`check_asked`.
    """
    if device not in (None, "cpu", "cuda"):
        raise ConfigError(f"device: found {device!r}; accepted: cpu or cuda.")
    if device == "cuda" and not torch.cuda.is_available():
        raise ConfigError("device: found 'cuda', but there is no GPU that torch can use here; accepted: cpu.")
