"""Whether what is asked beside the histories can be meant; users and items are named as in histories."""

from collections.abc import Collection, Mapping
from numbers import Integral, Real
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch

from recbole_lsrec.errors import ConfigError, counted
from recbole_lsrec.recommend.read_histories import as_words, shown

Now = float | Mapping[str, float | None] | None


class Asked(NamedTuple):
    """Options of :meth:`recbole_lsrec.recommend.recommender.Recommender.recommend`, checked."""

    k: int
    now: Now
    batch_size: int | None
    exclude_seen: bool | None
    two_stage: bool | None
    exclude: list[str]
    candidates: list[str] | None


def check_asked(
    k: Any,
    now: Any = None,
    batch_size: Any = None,
    *,
    exclude_seen: Any = None,
    two_stage: Any = None,
    exclude: Any = (),
    candidates: Any = None,
) -> Asked:
    """The options, as :meth:`recbole_lsrec.recommend.recommender.Recommender.recommend` says of them.

    Raises:
        ConfigError: one is none; names it, what was found and what is accepted.
    """
    for name, number in (("k", k), ("batch_size", 1 if batch_size is None else batch_size)):
        if isinstance(number, bool) or not isinstance(number, Integral) or number < 1:
            raise ConfigError(f"{name}: found {shown(number)}; accepted: a whole number of at least 1.")
    for name, flag in (("exclude_seen", exclude_seen), ("two_stage", two_stage)):
        if flag is not None and not isinstance(flag, (bool, np.bool_)):
            raise ConfigError(
                f"{name}: found {shown(flag)}; accepted: True, False, or None for what the run's settings say."
            )
    size = None if batch_size is None else int(batch_size)
    return Asked(
        int(k),
        check_now(now),
        size,
        exclude_seen,
        two_stage,
        _items("exclude", () if exclude is None else exclude),
        None if candidates is None else _items("candidates", candidates),
    )


def check_now(now: Any) -> Now:
    """When it is asked, with users named as in histories.

    Raises:
        ConfigError: as of :func:`check_asked`.
    """
    for time in now.values() if isinstance(now, Mapping) else [now]:
        number = isinstance(time, Real) and not isinstance(time, bool)
        if time is not None and not (number and 0 <= time < 2**63):
            raise ConfigError(
                f"now: found {shown(time)}; accepted: a finite number >= 0 and below 2**63 in the unit of the run's log, or one "
                "for each user."
            )
    if not isinstance(now, Mapping):
        return now
    named = dict(zip(_words(now), now.values(), strict=True))
    if len(named) < len(now):
        raise ConfigError(
            f"now: found {len(now)} times for {counted(len(named), 'user')}, as 1 and '1' are one; give one for each."
        )
    return named


def _items(name: str, given: Any) -> list[str]:
    one = isinstance(given, (str, bytes, Mapping)) or not isinstance(given, Collection)  # whose letters would be items
    if one or getattr(given, "ndim", 1) != 1:  # a single number, or a table, whose columns would be
        raise ConfigError(f"{name}: found {shown(given)}; accepted: a list of items.")
    return _words(given)


def _words(names: Collection[Any]) -> list[str]:
    return as_words(pd.Series(list(names))).tolist()


def check_device(device: str | None) -> None:
    """Refuses a device that there is not.

    Raises:
        ConfigError: as of :func:`check_asked`.
    """
    if device not in (None, "cpu", "cuda"):
        raise ConfigError(f"device: found {device!r}; accepted: cpu or cuda.")
    if device == "cuda" and not torch.cuda.is_available():
        raise ConfigError("device: found 'cuda', but there is no GPU that torch can use here; accepted: cpu.")
