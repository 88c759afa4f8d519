"""Parameters of the simulated click log, each with its meaning and the source of its value.

They were written down before any model was trained on the log, from three kinds of source only: published
statistics, marginals of real logs, common sense. ``docs/simulated_cosmetics.md`` prints this table.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from recbole_lsrec.errors import ConfigError, did_you_mean

TABLE_1 = "SLSRec paper, Table 1, Cosmetics"
SENSE = "common sense"
REES46 = "REES46 Cosmetics, first 999 rows of each month"
RETAIL = "RetailRocket"
BASKET = "Complete Journey (drug store, cosmetics)"
TAOBAO = "Taobao favourites"


_LATER = ("drift",)


def _set(default: Any, meaning: str, source: str) -> Any:
    return field(default=default, metadata={"meaning": meaning, "source": source})


_ACCEPTED: list[tuple[str, Callable[[Any], bool], str]] = [
    (
        "users items interactions categories min_user_events min_item_events period_days dimension",
        lambda value: isinstance(value, int) and value >= 1,
        "a whole number from 1 up",
    ),
    (
        "seed period_start gap_sigma break_minimum break_sigma length_sigma fashion_sigma novelty promotion",
        lambda value: value >= 0,
        "0 or more",
    ),
    (
        "item_floor late_items last_birth intent_from_taste long_repeat short_repeat long_sessions "
        "purchase_long purchase_short cart_first cart_again drift",
        lambda value: 0 <= value <= 1,
        "a share from 0 to 1",
    ),
    ("long_mean", lambda value: 0 < value < 1, "a share strictly between 0 and 1"),
    ("session_mean long_session_mean taste_categories", lambda value: value >= 1, "a mean of counts, 1 or more"),
    (
        "long_weight taste_dirichlet novelty_days gap_median break_median clear_by",
        lambda value: value > 0,
        "a number above 0",
    ),
    ("hour_rhythm", lambda value: len(value) == 24 and min(value) > 0, "24 numbers above 0"),
    ("day_rhythm", lambda value: len(value) == 7 and min(value) > 0, "7 numbers above 0"),
    ("first_weekday", lambda value: value in range(7), "0 (Monday) to 6"),
]


@dataclass(frozen=True)
class Parameters:
    """Everything that determines the log. ``Parameters()`` is the bundled ``cosmetics``.

    Raises:
        ConfigError: Values that no log can satisfy.
    """

    seed: int = _set(20191001, "seed of all random streams", "first day of the public log, written as a number")
    users: int = _set(2515, "number of users, exact", TABLE_1)
    items: int = _set(5288, "number of items, exact", TABLE_1)
    interactions: int = _set(109580, "number of events, exact (mean length 43.57)", TABLE_1)
    categories: int = _set(309, "number of categories, exact", TABLE_1)
    min_user_events: int = _set(5, "events every user has at least", "5-core filtering, usual for such logs")
    min_item_events: int = _set(5, "events every item has at least", "5-core filtering, usual for such logs")
    period_start: int = _set(1569888000, "first second (unix), 2019-10-01 00:00 UTC", "the public log starts there")
    period_days: int = _set(152, "days, to 2020-02-29", "the public log's five months")
    first_weekday: int = _set(1, "weekday of the first day, Monday = 0", "calendar: a Tuesday")

    length_sigma: float = _set(
        1.4, "log-sd of the users' activity", f"mean / median of lengths: between {BASKET} 1.8 and {RETAIL} 5.0"
    )
    category_zipf: float = _set(0.8, "exponent of popularity across categories", f"{REES46}: top category 8 %")
    item_zipf: float = _set(0.8, "exponent of popularity within a category", f"Gini of items: {RETAIL} .50")
    item_floor: float = _set(0.3, "share of a category's popularity spread evenly", "5-core removes the thin tail")
    late_items: float = _set(0.4, "share of items that appear during the period", SENSE)
    last_birth: float = _set(0.8, "latest appearance, share of the period", f"{SENSE}: must still sell 5 times")
    novelty: float = _set(1.0, "extra popularity of a new item", f"{SENSE}: new items are shown first")
    novelty_days: float = _set(14.0, "decay of that extra in days", SENSE)
    fashion_sigma: float = _set(1.0, "log-sd of a category's weekly popularity", f"{SENSE}: campaigns and seasons")
    dimension: int = _set(8, "length of item and taste vectors", f"{SENSE}: a few independent traits")

    long_mean: float = _set(0.35, "mean share of taste-driven events", "CLSR paper, Table 3: alpha .34-.36 on Taobao")
    long_weight: float = _set(5.0, "weight of the beta distribution around it", f"{SENSE}: sd .19 between users")
    taste_categories: float = _set(4.0, "mean number of categories of a taste (geometric)", f"{SENSE}: a few")
    taste_dirichlet: float = _set(1.0, "Dirichlet parameter of their shares", f"{SENSE}: no favoured shape")
    taste_sharpness: float = _set(3.0, "weight of closeness to the taste vector", f"{SENSE}: +-1 sd is a factor 2")
    drift: float = _set(0.0, "share of sessions at the end of the period that follow a second taste", "0: no drift")
    intent_sharpness: float = _set(3.0, "weight of closeness to the previous item", "as the taste's")
    intent_from_taste: float = _set(
        0.4, "share of intents from the taste", f"same category in a session: between {TAOBAO} .41 and {REES46} .64"
    )
    long_repeat: float = _set(0.10, "share of taste-driven events that repeat", f"repeats: {RETAIL} .21, {BASKET} .25")
    short_repeat: float = _set(
        0.20, "share of intent-driven events that repeat", f"repeats in a session: {RETAIL} .18, {REES46} .31"
    )

    session_mean: float = _set(3.2, "mean events of an ordinary session", f"events per session: {RETAIL} 6.1")
    long_sessions: float = _set(0.15, "share of long sessions", f"90 % quantile of sessions: {RETAIL} 14, {REES46} 13")
    long_session_mean: float = _set(15.0, "mean events of a long session", "the same")
    gap_median: float = _set(60.0, "seconds between events of a session, median", f"{REES46} 15, {RETAIL} 126")
    gap_sigma: float = _set(1.5, "log-sd of these", f"{RETAIL} 1.7: about 1 % exceed 30 minutes")
    break_minimum: int = _set(900, "seconds from a session's end to the next start, least", f"{SENSE}: 15 minutes")
    break_median: float = _set(108000.0, "further seconds between sessions, median", f"{RETAIL} 3 h, {BASKET} 125 h")
    break_sigma: float = _set(1.8, "log-sd of these", f"{RETAIL}, {BASKET}: hours to weeks")
    hour_rhythm: tuple[float, ...] = _set(
        (0.4, 0.25, 0.2, 0.2, 0.3, 0.5, 0.7, 0.9, 1.1, 1.3, 1.3, 1.3)
        + (1.3, 1.3, 1.2, 1.2, 1.3, 1.4, 1.6, 1.7, 1.6, 1.3, 0.9, 0.6),
        "relative activity by hour",
        f"{RETAIL}, {BASKET}: quiet night, highest in the evening",
    )
    day_rhythm: tuple[float, ...] = _set(
        (1.0, 1.0, 1.0, 1.0, 1.0, 0.9, 0.95),
        "relative activity, Monday first",
        f"between {RETAIL} (weekend half) and {BASKET} (weekend + 25 %)",
    )

    purchase_long: float = _set(0.12, "share of purchases, taste-driven", "CLSR paper, 4.2.2: purchases are long-term")
    purchase_short: float = _set(0.06, "share of purchases, intent-driven", f"{REES46}: .08 together")
    cart_first: float = _set(0.30, "share of carts at first sight", f"{REES46}: .33 of events other than removals")
    cart_again: float = _set(0.45, "share of carts, item seen in the session", f"{SENSE}: view, then cart")

    promotion: float = _set(
        10.0, "extra weight per event that an item lags behind", "exact totals: keeps items on pace"
    )
    clear_by: float = _set(0.7, "share of the events after which the minimum is due", "exact totals: slack at the end")

    def __post_init__(self) -> None:
        for keys, holds, accepted in _ACCEPTED:
            for key in keys.split():
                if not holds(getattr(self, key)):
                    raise ConfigError(f"simulate: {key}={getattr(self, key)}; accepted: {accepted}.")
        if self.categories > self.items:
            raise ConfigError(
                f"simulate: categories={self.categories} exceeds items={self.items}; every category needs an item."
            )
        needed = max(self.users * self.min_user_events, self.items * self.min_item_events)
        if self.interactions < needed:
            raise ConfigError(
                f"simulate: interactions={self.interactions} is too few for users={self.users} with at least "
                f"{self.min_user_events} events and items={self.items} with at least {self.min_item_events}; "
                f"give at least {needed}."
            )
        if max(self.purchase_long, self.purchase_short) + max(self.cart_first, self.cart_again) > 1:
            raise ConfigError("simulate: shares of purchases (purchase_*) and carts (cart_*) together exceed 1.")

    @classmethod
    def from_settings(cls, settings: Mapping[str, str | bool]) -> "Parameters":
        """Those named changed, the others as in the bundled log.

        Args:
            settings: name -> text, as on the command line.

        Raises:
            ConfigError: no such parameter, or a text that is no number (or tuple of numbers) of its kind.
        """
        defaults = {one.name: one.default for one in fields(cls)}
        changed: dict[str, Any] = {}
        for name, text in settings.items():
            if name not in defaults:
                near = did_you_mean(name, defaults)
                raise ConfigError(f"simulate: found --{name}.{near} Accepted: {', '.join(defaults)}.")
            changed[name] = _value(name, str(text), defaults[name])
        return cls(**changed)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; what came after the bundled log was frozen is left out where it is as it was."""
        values = json.loads(json.dumps(asdict(self)))
        return {name: value for name, value in values.items() if name not in _LATER or value}

    def sha256(self) -> str:
        """Identifies the parameters, whatever log they produce."""
        return hashlib.sha256(json.dumps(self.to_dict(), sort_keys=True).encode()).hexdigest()


def _value(name: str, text: str, default: Any) -> Any:
    kind = "whole number" if isinstance(default, int) else "number" if isinstance(default, float) else "list of numbers"
    try:
        if isinstance(default, tuple):
            return tuple(float(part) for part in text.strip("[]() ").split(","))
        return type(default)(text)
    except ValueError:
        raise ConfigError(f"simulate: {name}: found {text!r}; accepted: a {kind}, such as {default}.") from None
