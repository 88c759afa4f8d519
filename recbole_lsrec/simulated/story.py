"""A click log with planted truth: who clicked what, when, and whether a stable taste or a passing intent caused it.

The story of one user, told again for every user from a random stream of their own:

* a *taste* theta over a few categories, a taste vector, and a share lambda of events that the taste drives;
* *sessions* that start by a heavy-tailed renewal process with the rhythm of day and week; each has an *intent*
  category, taken from the taste or from what is popular that week;
* *events*: with probability lambda taste-driven (category from theta, item by popularity x closeness to the taste
  vector), else intent-driven (category = intent, item by popularity x closeness to the previous item of the session);
  both kinds repeat earlier items at a stated rate;
* with *drift*, a second taste: a session follows it with a probability that grows from 0 to ``drift`` over the period.

Totals are met by the draw itself. Lengths are 5 + multinomial. Items and categories that lag behind the pace needed
for their 5 events are promoted (a shop clears its shelves), and once the events that are left equal the sales still
owed, only owed items are drawn. With the default parameters that last rule acts on fewer than 20 of 109,580 events.

Only counts per item are carried from user to user, so memory is O(users + items), whatever the number of events.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from recbole_lsrec.errors import DataError
from recbole_lsrec.simulated.parameters import Parameters

HOUR = 3600
WEEK = 168 * HOUR
CART, PURCHASE = 1, 2  # positions in EVENT_TYPES
EVENT_TYPES = ("view", "cart", "purchase")


@dataclass(frozen=True)
class Catalogue:
    """What the shop sells. Items are numbered category by category, so that a category is a slice.

    Attributes:
        category: int64 ``[items]``, category of each item.
        first: int64 ``[categories + 1]``, category ``c`` holds the items ``first[c]:first[c + 1]``.
        demand: float64 ``[categories]``, share of each category, sums to 1.
        popularity: float64 ``[items]``, share of each item within its category.
        vector: float64 ``[items, D]``, unit vectors, category centre + noise.
        birth: float64 ``[items]``, seconds after the start of the period.
        fashion: float64 ``[weeks, categories]``, factor on the demand for intents in that week.
    """

    category: np.ndarray
    first: np.ndarray
    demand: np.ndarray
    popularity: np.ndarray
    vector: np.ndarray
    birth: np.ndarray
    fashion: np.ndarray


@dataclass(frozen=True)
class UserLog:
    """All events of one user in the order of time; ``[n]`` arrays unless said otherwise.

    Attributes:
        user: Number of the user, 0-based.
        item: int64, numbers as in :class:`Catalogue`.
        timestamp: int64, unix seconds, non-decreasing.
        event_type: int8, position in ``EVENT_TYPES``.
        session: int32, planted session, 1..k.
        intent: int64, category the session was opened for.
        long_driven: int8, 1 where the taste caused the event.
        long_share: The user's lambda, rounded to 6 digits (last bits of a beta draw differ between machines).
        forced: Events that had to be drawn from the items still owed a sale.
    """

    user: int
    item: np.ndarray
    timestamp: np.ndarray
    event_type: np.ndarray
    session: np.ndarray
    intent: np.ndarray
    long_driven: np.ndarray
    long_share: float
    forced: int


class Clock:
    """Maps even "shop time" to seconds of the period so that busy hours hold more of it (mean rate 1)."""

    def __init__(self, p: Parameters):
        hours = np.arange(p.period_days * 24)
        rate = np.array(p.hour_rhythm)[hours % 24] * np.array(p.day_rhythm)[(hours // 24 + p.first_weekday) % 7]
        rate = rate / rate.mean()
        self.peak = float(rate.max())
        self.length = float(p.period_days * 24 * HOUR)
        self._seconds = np.arange(len(hours) + 1) * float(HOUR)
        self._shop = np.concatenate([[0.0], np.cumsum(rate) * HOUR])

    def to_shop(self, seconds: float) -> float:
        """Shop time that has passed ``seconds`` after the start of the period."""
        return float(np.interp(seconds, self._seconds, self._shop))

    def to_seconds(self, shop: float) -> float:
        """Inverse of :meth:`to_shop`."""
        return float(np.interp(shop, self._shop, self._seconds))


def zipf(n: int, exponent: float) -> np.ndarray:
    """Shares ``rank ** -exponent`` of ``n`` things, summing to 1."""
    weight = np.arange(1, n + 1, dtype=float) ** -exponent
    return weight / weight.sum()


def build_catalogue(p: Parameters) -> Catalogue:
    """Draws the catalogue (random stream 0 of the seed)."""
    rng = np.random.default_rng([p.seed, 0])
    demand = zipf(p.categories, p.category_zipf)
    size = 1 + rng.multinomial(p.items - p.categories, demand)
    first = np.concatenate([[0], np.cumsum(size)])
    category = np.repeat(np.arange(p.categories), size)
    popularity = np.concatenate([(1 - p.item_floor) * zipf(n, p.item_zipf) + p.item_floor / n for n in size])
    centre = rng.standard_normal((p.categories, p.dimension))
    vector = centre[category] + rng.standard_normal((p.items, p.dimension))
    vector /= np.linalg.norm(vector, axis=1, keepdims=True)
    late = rng.random(p.items) < p.late_items
    late[first[:-1]] = False  # a category is never empty: its best seller is there from the first day
    birth = np.where(late, rng.random(p.items) * p.last_birth * p.period_days * 24 * HOUR, 0.0)
    weeks = -(-p.period_days // 7)
    fashion = np.exp(p.fashion_sigma * rng.standard_normal((weeks, p.categories)))
    return Catalogue(category, first, demand, popularity, vector, birth, fashion)


def simulate(p: Parameters, catalogue: Catalogue | None = None) -> Iterator[UserLog]:
    """Tells the story user by user.

    Args:
        p: Parameters; the same parameters give the same log.
        catalogue: ``build_catalogue(p)`` if the caller has it already.

    Yields:
        One :class:`UserLog` per user; over all of them the totals of ``p`` hold exactly.

    Raises:
        DataError: The events of a user do not fit into the period.
    """
    catalogue = catalogue or build_catalogue(p)
    rng = np.random.default_rng([p.seed, 1])
    weight = np.exp(p.length_sigma * rng.standard_normal(p.users))
    spare = p.interactions - p.users * p.min_user_events
    lengths = p.min_user_events + rng.multinomial(spare, weight / weight.sum())
    clock, shelf = Clock(p), Shelf(p, catalogue)
    for user, n_events in enumerate(lengths):
        yield _tell(np.random.default_rng([p.seed, 2, user]), p, catalogue, clock, shelf, user, int(n_events))


class Shelf:
    """What has been sold so far, and what must still be sold so that every item reaches its minimum."""

    def __init__(self, p: Parameters, catalogue: Catalogue):
        self._p = p
        self.birth = catalogue.birth.copy()
        self.sold = np.zeros(p.items, dtype=np.int64)
        self.left = p.interactions
        self.owed = p.items * p.min_item_events

    @property
    def must_clear(self) -> bool:
        """True when every event that is left is needed by an item still below the minimum."""
        return self.left == self.owed

    def promotion(self) -> np.ndarray:
        """float64 ``[items]``: factor >= 1, above 1 for items behind the pace to their minimum, the more so the
        larger the part of the remaining events that is owed."""
        done = 1 - self.left / self._p.interactions
        pace = self._p.min_item_events * min(1.0, done / self._p.clear_by)
        slack = max(1 - self.owed / self.left, 1e-3)
        return 1 + self._p.promotion / slack * np.maximum(0.0, pace - self.sold)

    def owed_in(self, low: int, high: int) -> np.ndarray:
        """bool: which of the items ``low:high`` are below the minimum."""
        return self.sold[low:high] < self._p.min_item_events

    def sell(self, item: int, seconds: float) -> None:
        """Counts one event; an item drawn before its birth (possible only when clearing) was listed earlier."""
        self.left -= 1
        self.owed -= int(self.sold[item] < self._p.min_item_events)
        self.sold[item] += 1
        self.birth[item] = min(self.birth[item], seconds)


@dataclass(frozen=True)
class _Taste:
    """Categories ``[k]`` with their cumulative shares, and how well each item suits, ``[items]``."""

    categories: np.ndarray
    theta: np.ndarray
    fit: np.ndarray

    def category(self, u: float) -> int:
        """Category drawn by the uniform number ``u``."""
        return int(self.categories[_pick(self.theta, u)])


def _draw_taste(rng: np.random.Generator, p: Parameters, demand: np.ndarray, vector: np.ndarray) -> _Taste:
    k = min(int(rng.geometric(1 / p.taste_categories)), p.categories)
    categories = rng.choice(p.categories, size=k, replace=False, p=demand / demand.sum())
    theta = np.cumsum(rng.dirichlet(np.full(k, p.taste_dirichlet)))
    direction = rng.standard_normal(p.dimension)
    return _Taste(categories, theta, np.exp(p.taste_sharpness * (vector @ (direction / np.linalg.norm(direction)))))


def _tell(
    rng: np.random.Generator,
    p: Parameters,
    catalogue: Catalogue,
    clock: Clock,
    shelf: Shelf,
    user: int,
    n: int,
) -> UserLog:
    """The story of one user with ``n`` events."""
    first, vector = catalogue.first, catalogue.vector
    promotion = shelf.promotion()
    demand = catalogue.demand * np.add.reduceat(promotion, first[:-1]) / np.diff(first)  # [categories]
    popularity = catalogue.popularity * promotion  # [items]

    tastes = [_draw_taste(rng, p, demand, vector)]
    long_share = round(float(rng.beta(p.long_mean * p.long_weight, (1 - p.long_mean) * p.long_weight)), 6)

    sizes = session_sizes(rng, p, n)
    starts, seconds = session_times(rng, p, clock, sizes, user)
    session = np.repeat(np.arange(len(sizes)), sizes)  # [n]
    long_driven = rng.random(n) < long_share
    repeats = rng.random(n) < np.where(long_driven, p.long_repeat, p.short_repeat)
    u_category, u_item, u_intent = rng.random(n), rng.random(n), rng.random((len(sizes), 2))
    follows = np.zeros(len(sizes), dtype=np.int64)  # [sessions] which taste
    if p.drift:
        tastes.append(_draw_taste(rng, p, demand, vector))
        follows += rng.random(len(sizes)) < p.drift * starts / clock.length

    item = np.empty(n, dtype=np.int64)
    intent = np.empty(len(sizes), dtype=np.int64)
    known: list[int] = []  # taste-driven items of earlier sessions
    again = np.zeros(n, dtype=bool)
    forced = 0
    begin = 0
    for s, size in enumerate(sizes):
        age = starts[s] - shelf.birth
        on_sale = (
            popularity * (age >= 0) * (1 + p.novelty * np.exp(-np.maximum(age, 0.0) / (p.novelty_days * 24 * HOUR)))
        )
        fashion = demand * catalogue.fashion[int(starts[s] // WEEK)]
        taste = tastes[follows[s]]
        from_taste = u_intent[s, 0] < p.intent_from_taste
        intent[s] = taste.category(u_intent[s, 1]) if from_taste else _pick(np.cumsum(fashion), u_intent[s, 1])
        for t in range(begin, begin + size):
            seen = item[begin:t]
            pool = known if long_driven[t] else seen[catalogue.category[seen] == intent[s]]
            if repeats[t] and len(pool) and not shelf.must_clear:
                # taste: any known item, often clicked more likely; intent: the latest of the session more likely
                back = len(pool) * u_item[t] if long_driven[t] else -np.log2(1 - u_item[t])
                item[t] = pool[-1 - min(int(back), len(pool) - 1)]
            else:
                c = taste.category(u_category[t]) if long_driven[t] else intent[s]
                low, high = int(first[c]), int(first[c + 1])
                weight = on_sale[low:high]
                if shelf.must_clear:
                    forced += 1
                    if not shelf.owed_in(low, high).any():
                        low, high = 0, p.items
                    weight = popularity[low:high] * shelf.owed_in(low, high)
                if long_driven[t]:
                    weight = weight * taste.fit[low:high]
                elif t > begin:
                    weight = weight * np.exp(p.intent_sharpness * (vector[low:high] @ vector[item[t - 1]]))
                item[t] = low + _pick(np.cumsum(weight), u_item[t])
            again[t] = item[t] in seen
            shelf.sell(int(item[t]), float(seconds[t]))
        known.extend(item[begin : begin + size][long_driven[begin : begin + size]].tolist())
        begin += size

    return UserLog(
        user=user,
        item=item,
        timestamp=p.period_start + seconds,
        event_type=_event_types(rng, p, long_driven, again),
        session=(session + 1).astype(np.int32),
        intent=intent[session],
        long_driven=long_driven.astype(np.int8),
        long_share=long_share,
        forced=forced,
    )


def session_sizes(rng: np.random.Generator, p: Parameters, n: int) -> np.ndarray:
    """Numbers of events per session, summing to ``n``: geometric, a few from a much longer geometric."""
    mean = np.where(rng.random(n) < p.long_sessions, p.long_session_mean, p.session_mean)
    ends = np.minimum(np.cumsum(rng.geometric(1 / mean)), n)  # n sessions are always enough
    return np.diff(ends[: np.searchsorted(ends, n) + 1], prepend=0)


def session_times(
    rng: np.random.Generator, p: Parameters, clock: Clock, sizes: np.ndarray, user: int
) -> tuple[np.ndarray, np.ndarray]:
    """Times of a user's events, whole seconds after the start of the period.

    The history is placed anywhere in the period; one that would be longer than the period is squeezed into it.

    Returns:
        Starts of the sessions ``[k]`` and times of the events ``[n]``, both int64.

    Raises:
        DataError: Even with no time between sessions the events do not fit.
    """
    gap = np.rint(p.gap_median * np.exp(p.gap_sigma * rng.standard_normal(sizes.sum()))).astype(np.int64)
    ends = np.cumsum(sizes)
    gap[ends - sizes] = 0
    total = np.cumsum(gap)
    offset = total - np.repeat(total[ends - sizes], sizes)  # [n] seconds since the session's first event
    span = offset[ends - 1] + p.break_minimum + 1  # [k]
    pause = p.break_median * np.exp(p.break_sigma * rng.standard_normal(len(sizes) - 1))
    room = clock.length - clock.peak * float(span.sum())
    if room <= 0:
        raise DataError(
            f"simulate: user number {user} has {int(sizes.sum())} events in {len(sizes)} sessions, which do not fit "
            f"into period_days={p.period_days}. Use a longer period_days or fewer interactions per user."
        )
    pause *= min(1.0, rng.uniform(0.8, 1.0) * room / max(float(pause.sum()), 1.0))
    shop = rng.random() * (room - float(pause.sum()))
    starts = np.empty(len(sizes), dtype=np.int64)
    for s in range(len(sizes)):
        starts[s] = int(np.ceil(clock.to_seconds(shop)))
        if s < len(pause):
            shop = clock.to_shop(float(starts[s] + span[s] - 1)) + float(pause[s])
    return starts, np.repeat(starts, sizes) + offset


def _event_types(rng: np.random.Generator, p: Parameters, long_driven: np.ndarray, again: np.ndarray) -> np.ndarray:
    """int8 ``[n]``: purchases more likely when the taste drives, carts when the item was seen in this session."""
    u = rng.random(len(again))
    purchase = np.where(long_driven, p.purchase_long, p.purchase_short)
    cart = np.where(again, p.cart_again, p.cart_first)
    return np.select([u < purchase, u < purchase + cart], [PURCHASE, CART], 0).astype(np.int8)


def _pick(cumulative: np.ndarray, u: float) -> int:
    """Index drawn in proportion to the steps of ``cumulative`` by the uniform number ``u`` in [0, 1)."""
    return min(int(np.searchsorted(cumulative, u * cumulative[-1], side="right")), len(cumulative) - 1)
