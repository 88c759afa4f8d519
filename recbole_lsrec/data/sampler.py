"""Negatives that could have been shown: drawn among the items first seen before the instance's time."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from recbole_lsrec.data.counter_random import uniform
from recbole_lsrec.errors import DataError

# Rounds of vectorised redraws before the few stubborn rows are finished by listing their whole pool.
_ROUNDS = 24
# Cells of the [rows, pool] table that finishes the stubborn rows at a time.
_CELLS = 1 << 22


@dataclass
class TimeThresholdSampler:
    """Draws distinct negatives for instances of a log, vectorised, as a pure function of (key, row).

    With the items in order of first appearance, "seen before time t" is a prefix: a uniform draw is an index below
    the length of the prefix, a popularity draw a search in one cumulative sum. An instance's draws depend on the key
    and its row alone, whatever the batch, worker or thread.

    Args:
        user: ``[n]`` user of each row of the log, sorted by (user, time).
        item: ``[n]`` item of each row; items are 1 to ``n_items - 1``, 0 is padding.
        time: ``[n]`` exact time of each row.
        session: ``[n]`` session number of each row, from :func:`segment_sessions`.
        counted: boolean ``[n]``: the rows whose items popularity counts (training rows: nothing held out leaks).
        n_items: number of item ids, padding included.
        history_end: ``[n]`` the row after the last one of each row's history; None: the row itself.
        name: what a message calls the event of a row.
    """

    user: np.ndarray
    item: np.ndarray
    time: np.ndarray
    session: np.ndarray
    counted: np.ndarray
    n_items: int
    history_end: np.ndarray | None = None
    name: Callable[[int], str] = "event {} of the sorted log".format

    def __post_init__(self) -> None:
        n = len(self.item)
        earliest = np.full(self.n_items, self.time.max(initial=0))
        np.minimum.at(earliest, self.item, self.time)
        rows = np.flatnonzero(self.time == earliest[self.item])
        first = np.full(self.n_items, n)
        first[self.item[rows[::-1]]] = rows[::-1]  # of equal times the first row, which is written last
        seen = np.flatnonzero(first < n)
        self.by_appearance = seen[np.lexsort((first[seen], earliest[seen]))]  # [n_seen]
        self.appeared = earliest[self.by_appearance]  # [n_seen], non-decreasing
        self.popularity = np.bincount(self.item[self.counted], minlength=self.n_items).astype(np.float64)
        self._seen_in: dict[str, tuple[np.ndarray, np.ndarray]] = {}
        self._cumulative: dict[tuple[float | None, str], np.ndarray] = {}
        self._drawable: dict[tuple[float | None, str], np.ndarray] = {}  # places of items with a weight, and the last

    def draw(
        self,
        rows: np.ndarray,
        n: int,
        key: int,
        *,
        alpha: float | None = None,
        exclude: Collection[str] = ("positive",),
        popularity: str = "train",
        limit: int | None = None,
        widen: bool = False,
        fewer: bool = False,
    ) -> np.ndarray:
        """Draws ``n`` distinct negatives for each instance.

        Args:
            rows: ``[B]`` rows of the targets.
            n: negatives per instance.
            key: from :func:`~recbole_lsrec.data.counter_random.key_from`; names the use (phase, seed, epoch, protocol).
            alpha: None draws uniformly; a number draws in proportion to ``popularity ** alpha``.
            exclude: what is left out, among ``positive`` (always is), ``history`` (items of the instance's history),
                ``target_session`` (items of the session the target belongs to; in training of its counted events, since
                what is never drawn would tell the held-out ones) and ``user`` (items of the user's events among the
                counted, before and after the row).
            popularity: what the popularity draw counts: ``train``, the rows of ``counted``, or ``all`` rows of the log.
            limit: only items first seen before this time; None means each target's own time.
            widen: a pool is never smaller than the first items to appear that leave ``n`` after the exclusions (training).
            fewer: rows with fewer than ``n`` candidates are allowed and padded with 0, instead of an error.

        Returns:
            int64 ``[B, n]`` item ids; 0 only where ``fewer`` allows it.

        Raises:
            DataError: an instance has fewer than ``n`` candidates; says how many there are and what to do.
        """
        rows = np.asarray(rows, dtype=np.int64)
        pool, cumulative = self._appeared_before(rows, limit), self._weights(alpha, popularity)
        if widen:
            pool = np.maximum(pool, self._least(rows, n, alpha, popularity, exclude))
        banned = self._banned(rows, exclude, training=widen)
        chosen = np.full((len(rows), n), -1, dtype=np.int64)  # positions in order of appearance
        open_row, open_slot = np.nonzero(chosen < 0)
        for attempt in range(_ROUNDS):
            mass = cumulative[pool[open_row]]
            alive = mass > 0
            open_row, open_slot, mass = open_row[alive], open_slot[alive], mass[alive]
            if len(open_row) == 0:
                break
            u = uniform(key, rows[open_row], open_slot, attempt)
            # The last cell may be reached by rounding only; the prefix's own last item is then meant.
            drawn = np.searchsorted(cumulative, u * mass, side="right") - 1
            drawn = np.minimum(drawn, pool[open_row] - 1)
            chosen[open_row, open_slot] = np.where(banned(open_row, self.by_appearance[drawn]), -1, drawn)
            _drop_repeats(chosen, np.unique(open_row))
            open_row, open_slot = np.nonzero(chosen < 0)
        self._finish(chosen, rows, pool, cumulative, banned, key, fewer)
        return np.where(chosen < 0, 0, self.by_appearance[chosen])

    def widened(
        self,
        rows: np.ndarray,
        n: int,
        *,
        alpha: float | None = None,
        exclude: Collection[str] = ("positive",),
        popularity: str = "train",
        limit: int | None = None,
    ) -> int:
        """How many of the rows have a pool that ``widen`` makes larger; the arguments are those of :meth:`draw`."""
        least = self._least(rows, n, alpha, popularity, exclude)
        return int((self._appeared_before(rows, limit) < least).sum())

    def in_batch(self, rows: np.ndarray, n: int, key: int, batch_rows: np.ndarray | None = None) -> np.ndarray:
        """Draws among the targets of the batch, as CLSR's authors do: with repeats, only the positive is rejected.

        So negatives follow popularity, may be items of the history, and ignore the time limit. A batch whose targets
        are all one item has no in-batch negative; the last resort there is a uniform draw over all items.

        Args:
            rows: ``[B]``.
            n: negatives of each.
            key: of the draws.
            batch_rows: those of the whole batch, where ``rows`` is a part of it.

        Returns:
            int64 ``[B, n]`` item ids.
        """
        target = self.item[rows]
        offered = target if batch_rows is None else self.item[batch_rows.astype(np.int64)]
        chosen = np.broadcast_to(target[:, None], (len(rows), n)).copy()
        for attempt in range(_ROUNDS):
            row, slot = np.nonzero(chosen == target[:, None])
            if len(row) == 0:
                return chosen
            u = uniform(key, rows[row], slot, attempt)
            chosen[row, slot] = offered[(u * len(offered)).astype(np.int64)]
        row, slot = np.nonzero(chosen == target[:, None])
        u = uniform(key, rows[row], slot, _ROUNDS)
        other = 1 + (u * (self.n_items - 2)).astype(np.int64)
        chosen[row, slot] = other + (other >= target[row])
        return chosen

    def _appeared_before(self, rows: np.ndarray, limit: int | None) -> np.ndarray:
        """``[B]`` how many items had appeared before the limit, or before each row."""
        return np.searchsorted(self.appeared, self.time[rows] if limit is None else np.full(len(rows), limit))

    def _least(
        self, rows: np.ndarray, n: int, alpha: float | None, popularity: str, exclude: Collection[str]
    ) -> np.ndarray:
        """``[B]`` how many items, by appearance, hold ``n`` that can be drawn whatever the exclusions take."""
        if (alpha, popularity) not in self._drawable:
            weighted = np.flatnonzero(np.diff(self._weights(alpha, popularity)))
            self._drawable[alpha, popularity] = np.append(weighted, len(self.by_appearance) - 1)
        drawable = self._drawable[alpha, popularity]
        return 1 + drawable[np.minimum(n + self._at_most_banned(rows, exclude), len(drawable) - 1)]

    @cached_property
    def _counted_user(self) -> np.ndarray:
        """``[n]`` the user of a counted row, -1 for the others."""
        return np.where(self.counted, self.user, -1)

    @cached_property
    def _counted_session(self) -> np.ndarray:
        """``[n]`` the session of a counted row, -1 for the others."""
        return np.where(self.counted, self.session, -1)

    @cached_property
    def _n_counted_of_user(self) -> np.ndarray:
        return np.bincount(self.user[self.counted], minlength=self.user[-1] + 1)

    @cached_property
    def _n_counted_in_session(self) -> np.ndarray:
        return np.bincount(self.session[self.counted], minlength=self.session[-1] + 1)

    def _weights(self, alpha: float | None, popularity: str) -> np.ndarray:
        """Cumulative weights ``[n_seen + 1]`` in order of appearance, starting with 0."""
        if (alpha, popularity) not in self._cumulative:
            by_item = self.popularity if popularity == "train" else np.bincount(self.item, minlength=self.n_items)
            counts = by_item[self.by_appearance]
            weight = np.ones(len(counts)) if alpha is None else np.maximum(counts, 1.0) ** alpha * (counts > 0)
            self._cumulative[alpha, popularity] = np.concatenate([[0.0], np.cumsum(weight)])
        return self._cumulative[alpha, popularity]

    def _banned(
        self, rows: np.ndarray, exclude: Collection[str], training: bool
    ) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
        """A test ``(index into rows, item) -> bool`` for what must not be drawn."""
        sessions = ("counted_session", self._counted_session) if training else ("target_session", self.session)

        def banned(index: np.ndarray, item: np.ndarray) -> np.ndarray:
            row = rows[index]
            found = item == self.item[row]
            if "history" in exclude:
                found |= self._first_row("history", self.user, self.user[row], item) < self._end_of_history(row)
            if "target_session" in exclude:
                found |= self._first_row(*sessions, self.session[row], item) < len(self.item)
            if "user" in exclude:
                found |= self._first_row("user", self._counted_user, self.user[row], item) < len(self.item)
            return found

        return banned

    def _at_most_banned(self, rows: np.ndarray, exclude: Collection[str]) -> np.ndarray:
        """How many items the exclusions beyond the positive can take from the pool of each row."""
        taken = np.zeros(len(rows), dtype=np.int64)
        if "history" in exclude:
            taken += self._end_of_history(rows) - np.searchsorted(self.user, self.user[rows], side="left")
        if "target_session" in exclude:
            taken += self._n_counted_in_session[self.session[rows]]
        if "user" in exclude:
            taken += self._n_counted_of_user[self.user[rows]]
        return taken

    def _end_of_history(self, rows: np.ndarray) -> np.ndarray:
        return rows if self.history_end is None else self.history_end[rows]

    def _first_row(self, name: str, group: np.ndarray, of: np.ndarray, item: np.ndarray) -> np.ndarray:
        """First row where ``item`` occurs in the group ``of``; the log's length where it does not."""
        if name not in self._seen_in:
            self._seen_in[name] = np.unique(group * self.n_items + self.item, return_index=True)
        pairs, first = self._seen_in[name]
        wanted = of * self.n_items + item
        at = np.minimum(np.searchsorted(pairs, wanted), len(pairs) - 1)
        return np.where(pairs[at] == wanted, first[at], len(self.item))

    def _finish(
        self,
        chosen: np.ndarray,
        rows: np.ndarray,
        pool: np.ndarray,
        cumulative: np.ndarray,
        banned: Callable[[np.ndarray, np.ndarray], np.ndarray],
        key: int,
        fewer: bool,
    ) -> None:
        """Fills what the redraws left open by drawing without replacement from what remains of the listed pool.

        Exponential races give exactly the distribution of going on redrawing: the smallest of E_i / w_i win, in order.
        """
        stubborn = np.flatnonzero((chosen < 0).any(axis=1))
        weight = np.diff(cumulative)
        at = 0
        while at < len(stubborn):
            width = max(1, int(pool[stubborn[at:]].max()))
            chunk = stubborn[at : at + max(1, _CELLS // width)]
            at += len(chunk)
            places = np.arange(max(1, int(pool[chunk].max())))
            inside = places < pool[chunk, None]
            u = uniform(key, rows[chunk, None], places, _ROUNDS)
            with np.errstate(divide="ignore", invalid="ignore"):
                race = np.where(inside, -np.log1p(-u) / weight[places], np.inf)
            race[banned(chunk[:, None], self.by_appearance[places][None, :])] = np.inf
            taken_row, taken_slot = np.nonzero(chosen[chunk] >= 0)
            race[taken_row, chosen[chunk][taken_row, taken_slot]] = np.inf
            finish_order = np.argsort(race, axis=1, kind="stable")
            left = np.isfinite(race).sum(axis=1)
            is_open = chosen[chunk] < 0
            turn = np.cumsum(is_open, axis=1) - 1  # which finisher takes this open slot
            filled = is_open & (turn < left[:, None])
            winner = np.take_along_axis(finish_order, np.clip(turn, 0, len(places) - 1), axis=1)
            chosen[chunk] = np.where(filled, winner, chosen[chunk])
            missing = (is_open & ~filled).sum(axis=1)
            if missing.any() and not fewer:
                worst = int(np.argmax(missing))
                n = chosen.shape[1]
                raise DataError(
                    f"negatives: the target {self.name(rows[chunk[worst]])} has {n - missing[worst]} possible negatives, {n} "
                    "are asked for; ask for fewer (sample_num), exclude less, or leave out such users (user_inter_num_interval)."
                )


def _drop_repeats(chosen: np.ndarray, rows: np.ndarray) -> None:
    """Opens again, in the given rows, every slot that repeats a place already taken in the row."""
    part = chosen[rows]
    order = np.argsort(part, axis=1, kind="stable")
    ordered = np.take_along_axis(part, order, axis=1)
    repeat = np.zeros(part.shape, dtype=bool)
    repeat[:, 1:] = (ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] >= 0)
    again = np.zeros_like(repeat)
    np.put_along_axis(again, order, repeat, axis=1)
    part[again] = -1
    chosen[rows] = part
