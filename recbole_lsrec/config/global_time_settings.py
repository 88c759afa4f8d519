"""The parts of ``eval_args: {split: {GTS: {...}}}``: what is accepted, and where the periods begin in a log."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from recbole_lsrec.config.split_boundary import Boundary, check_time_zone
from recbole_lsrec.errors import DataError, did_you_mean

TARGETS = ("last", "first", "random", "all", "successive")
VALIDATIONS = ("by_time", "last_train_item", "by_user")
# Where only the test boundary is given, the last tenth of the events before it validates.
VALID_QUANTILE = 0.9
# Share of the users who validate with ``validation: by_user``.
VALID_USERS = 0.1


@dataclass(frozen=True)
class GlobalTime:
    """``eval_args: {split: {GTS: {...}}}``, checked.

    Attributes:
        test: events at or after it are the test period.
        valid: events from it to ``test`` are the validation period (``by_time`` only); None makes it the 0.9 quantile
            of the events before ``test``.
        tz: time zone of the dates.
        targets: which events of a user in a period are predicted: the ``last``, the ``first``, one at ``random``;
            ``successive``: each, from everything before it; ``all``: each, from what came before the boundary.
        validation: ``by_time``; ``last_train_item``: each user's last event before ``test``, with nothing of the user
            trained on after it; ``by_user``: the same of some users, who then train nothing.
        valid_users: how many users validate (``by_user`` only): a share, or a whole number.
        train_events: event types that may be targets in training; empty means all.
        target_events: event types that may be targets in validation and test; empty means all.
    """

    test: Boundary
    valid: Boundary | None = None
    tz: str | None = None
    targets: str = "last"
    validation: str = "by_time"
    valid_users: int | float = VALID_USERS
    train_events: tuple[str, ...] = ()
    target_events: tuple[str, ...] = ()

    @staticmethod
    def parse(given: object) -> "GlobalTime":
        """Reads and checks the parts of ``GTS``.

        Raises:
            ValueError: an unknown part, a value that is not accepted, or parts that contradict each other; the message
                starts with the part.
        """
        parts = [field.name for field in fields(GlobalTime)]
        if not isinstance(given, Mapping) or given.get("test") is None:
            raise ValueError(f"found {given!r}; accepted: a dict with test and any of {', '.join(parts[1:])}")
        for part in given:
            if part not in parts:
                hint = did_you_mean(str(part), parts)
                raise ValueError(f"found the part {part!r}, which is no part of it.{hint} Accepted: {', '.join(parts)}")
        values = {part: value for part, value in given.items() if value is not None}
        if "tz" in values:
            _of("tz", check_time_zone, values["tz"])
        for part in ("valid", "test"):
            if part in values:
                values[part] = _of(part, Boundary.parse, values[part], values.get("tz"))
        for part, accepted in (("targets", TARGETS), ("validation", VALIDATIONS)):
            if part in values and values[part] not in accepted:
                hint = did_you_mean(str(values[part]), accepted)
                raise ValueError(f"{part}: found {values[part]!r}; accepted: one of {', '.join(accepted)}.{hint}")
        for part in ("train_events", "target_events"):
            if part in values:
                values[part] = _of(part, _event_types, values[part])
        settings = GlobalTime(**values)
        settings._check_together("valid_users" in values)
        return settings

    def _check_together(self, users_given: bool) -> None:
        if self.validation != "by_time" and self.valid is not None:
            raise ValueError(
                f"valid: found {self.valid.written!r} beside validation: {self.validation}, which takes its targets from "
                "before test; leave valid out, or set validation: by_time"
            )
        if users_given and self.validation != "by_user":
            raise ValueError(f"valid_users: found beside validation: {self.validation}; it belongs to by_user")
        users = self.valid_users
        whole = isinstance(users, int) and not isinstance(users, bool) and users >= 1
        if not whole and not (isinstance(users, float) and 0 < users < 1):
            raise ValueError(
                f"valid_users: found {users!r}; accepted: a share greater than 0 and less than 1, or a number of users"
            )
        if self.valid is not None:
            for valid, test in ((self.valid.seconds, self.test.seconds), (self.valid.quantile, self.test.quantile)):
                if valid is not None and test is not None and valid >= test:
                    raise ValueError(
                        f"valid: found {self.valid.written!r}, which is not before test, {self.test.written!r}; "
                        "accepted: a boundary earlier than test"
                    )

    def boundaries(self, time: np.ndarray) -> tuple[int | None, int]:
        """Where the validation and the test period begin, in unix seconds; None without a validation period.

        Args:
            time: ``[n]`` times of the events, in seconds.

        Raises:
            DataError: a boundary outside the log, or validation not before test.
        """
        test = self.test.at(time, "test")
        if self.validation != "by_time":
            return None, test
        if self.valid is None:
            return Boundary(VALID_QUANTILE, quantile=VALID_QUANTILE).at(time[time < test], "valid (by default)"), test
        valid = self.valid.at(time, "valid")
        if valid >= test:
            raise DataError(
                f"GTS: valid: {self.valid.written!r} is second {valid} and test: {self.test.written!r} is {test} in this "
                "log; the validation period must begin before the test period."
            )
        return valid, test


def _event_types(given: object) -> tuple[str, ...]:
    names = [given] if isinstance(given, str) else given
    if not isinstance(names, (list, tuple)) or not names or not all(isinstance(name, str) for name in names):
        raise ValueError(f"found {given!r}; accepted: an event type or a list of them, such as [purchase]")
    return tuple(names)


def _of(part: str, read: Callable[..., Any], *arguments: object) -> Any:
    """``read(*arguments)``, with the part's name before its complaint."""
    try:
        return read(*arguments)
    except ValueError as error:
        raise ValueError(f"{part}: {error}") from error
