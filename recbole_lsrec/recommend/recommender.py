"""A trained model that answers: histories in, ranked items out, as the evaluation would rank them."""

from collections.abc import Callable, Collection, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from recbole.data.interaction import Interaction
from recbole.model.abstract_recommender import GeneralRecommender
from recbole.utils import init_seed
from torch import Tensor

from recbole_lsrec import checkpoint
from recbole_lsrec.config import Config
from recbole_lsrec.console import bar
from recbole_lsrec.data.pairs import PairDataset
from recbole_lsrec.errors import CheckpointError, ConfigError
from recbole_lsrec.evaluation.popularity import kept_lambda, log_popularity
from recbole_lsrec.evaluation.retriever import make_items, worth_it
from recbole_lsrec.evaluation.scoring import check_finite, predict_rows, rows_at_a_time, score_batch, scores_pairs
from recbole_lsrec.evaluation.two_stage import HISTORIES, RETRIEVED, TwoStage, histories_within
from recbole_lsrec.item_catalogue import Catalogue, CatalogueDataset, catalogue_dataset, load_catalogue
from recbole_lsrec.model.base import LongShortRecommender
from recbole_lsrec.model.scored_by import scored_by
from recbole_lsrec.recommend.allowed import allowed_items, count_unknown, say_if_none_is_left, say_unknown
from recbole_lsrec.recommend.asked import Now, check_asked, check_device, check_now
from recbole_lsrec.recommend.counts import say_counts
from recbole_lsrec.recommend.explain import COLUMNS, explanation
from recbole_lsrec.recommend.further_columns import Further, further_columns
from recbole_lsrec.recommend.moments import asked_at, check_unit
from recbole_lsrec.recommend.popular import popular_table
from recbole_lsrec.recommend.read_histories import ID, ITEM, NUMBER, TIME, USER, read_histories
from recbole_lsrec.recommend.run_filters import kept_by_filters
from recbole_lsrec.run_files import CHECKPOINT, folder_of
from recbole_lsrec.trained_run import checkpoint_of, model_of

_Batch = tuple[np.ndarray, Interaction]
"""Numbers of users, and their windows."""


class _Read(NamedTuple):
    """Histories, as they are asked about."""

    users: np.ndarray  # [U] in the order of first appearance
    events: pd.DataFrame  # with the number of their user and the id of their item
    asked: np.ndarray  # [U] when each user is asked about
    known: pd.DataFrame  # events of items that the model knows, which the run's filters keep
    further: Further  # of these


class _Best(NamedTuple):
    """The best items of a batch."""

    items: Tensor  # [B, K]
    scores: Tensor  # [B, K], -inf where there are no more items
    alpha: Tensor | None  # [B, K]


class Recommender:
    """A run's model with what it needs of the log; made by :meth:`load`.

    Attributes:
        config: of the run.
        model: with its best weights.
        catalogue: users and items.
        shift: ``[n_items]`` what is added to the scores of a run with ``popularity_correction``; None without.
    """

    def __init__(self, config: Config, model: Any, catalogue: Catalogue, dataset: CatalogueDataset) -> None:
        self.config, self.model, self.catalogue, self._dataset = config, model, catalogue, dataset
        item = config["ITEM_ID_FIELD"]
        self._item_id: Mapping[str, int] = dataset.field2token_id[item]
        self._token = catalogue.tokens[item]
        self._user_id: Mapping[str, int] = dataset.field2token_id[config["USER_ID_FIELD"]]
        self.shift: Tensor | None = None
        self._trained: np.ndarray | None = None  # of a model that knows users alone: those it was trained on
        if catalogue.pairs is not None:
            self._trained = np.zeros(len(catalogue.tokens[config["USER_ID_FIELD"]]), dtype=bool)
            self._trained[catalogue.pairs[0]] = True

    @classmethod
    def load(cls, folder: str | Path, *, model: str | type | None = None, device: str | None = None) -> "Recommender":
        """Reads a run folder; its data set need not be there.

        Args:
            folder: of the run, or its checkpoint.
            model: its class, where it is one of your own that this process has not loaded, or its place.
            device: ``cpu`` or ``cuda``; by default as the run's settings say.

        Raises:
            CheckpointError: the folder holds no finished run, or the model's class is not at hand.
            ConfigError: a model of sequences that reads the log when it is built.
        """
        check_device(device)
        folder = folder_of(folder)
        stored, catalogue = checkpoint_of(folder / CHECKPOINT), load_catalogue(folder)
        if stored.metadata["fingerprints"] != catalogue.fingerprints:
            raise CheckpointError(f"{folder}: checkpoint and catalogue are of different logs; take both from one run.")
        settings = stored.config if device is None else {**stored.config, "use_gpu": device != "cpu"}
        named = model_of(stored, model, str(folder))
        config = Config(named, stored.dataset, config_dict=settings, data_folder=str(folder))
        kind = config.model_class
        dataset = catalogue_dataset(config, catalogue)
        init_seed(config["seed"], config["reproducibility"])
        try:
            on: CatalogueDataset | PairDataset = dataset
            if issubclass(kind, GeneralRecommender):
                on = dataset.training_pairs()
            elif getattr(kind, "log_in_checkpoint", False):
                on = dataset.with_empty_log()
            trained = kind(config, on).to(config["device"])
        except AttributeError as error:
            if error.obj is not dataset:
                raise
            raise ConfigError(
                f"{config.model}: it reads the log when it is built ({error.name}), which a run folder does not hold; "
                "recommend with another model, or use load_run where the data are."
            ) from error
        checkpoint.restore_best(stored, trained)
        found = cls(config, trained.eval(), catalogue, dataset)
        if correction := kept_lambda(folder, config):
            found.shift = (correction * log_popularity(catalogue.popularity)).to(config["device"])
        return found

    @torch.no_grad()
    def recommend(
        self,
        histories: Any,
        k: int = 20,
        *,
        now: Now = None,
        exclude_seen: bool | None = None,
        exclude: Collection[Any] | None = (),
        candidates: Collection[Any] | None = None,
        batch_size: int | None = None,
        two_stage: bool | None = None,
        show_progress: bool = False,
    ) -> pd.DataFrame:
        """Ranks items for each user.

        Items that the model does not know and events that the run's filters remove are left out of histories, and a history
        of which nothing is left gets the most popular items of training; all are counted in the log and in
        ``frame.attrs["counts"]``. The answer is the same each time, of models that draw noise too.

        Args:
            histories: see :func:`recbole_lsrec.recommend.read_histories.read_histories`; users need not be known.
            k: length of the lists.
            now: when it is asked, in the unit of the run's log: a number, or one for each user; by default the user's last
                event that the filters keep. Intervals depend on it.
            exclude_seen: leave out what is in a user's history; by default as ``filter_seen`` of the run says.
            exclude: items never to recommend.
            candidates: rank these items alone.
            batch_size: histories at a time; by default what ``eval_memory_mb`` of the run allows.
            two_stage: score the likely items alone, where that saves half of the work (many histories, many items, a model
                that looks at each pair); by default as ``full_stage`` of the run says. Lists may miss an item. Candidates
                are always scored exactly.
            show_progress: whether to show a progress bar.

        Returns:
            One line per user and rank: ``user``, ``rank`` from 1, ``item``, ``score``, ``source`` (``model`` or
            ``popularity``), and of long/short-term models what :func:`recbole_lsrec.recommend.explain.explanation` says.
            Users in the order they first appear.

        Raises:
            DataError: the histories cannot be read, or hold an event after ``now``.
            ConfigError: ``k`` or ``candidates`` cannot be used.
        """
        table, counts = self.answer(
            read_histories(histories, self.names(), self.config["timestamp_unit"]),
            k,
            now=now,
            exclude_seen=exclude_seen,
            exclude=exclude,
            candidates=candidates,
            batch_size=batch_size,
            two_stage=two_stage,
            show_progress=show_progress,
        )
        counts |= self.tell_of_items(exclude, candidates)
        say_counts(counts)
        table.attrs["counts"] = counts
        return table

    @torch.no_grad()
    def answer(
        self, events: pd.DataFrame, k: int, *, show_progress: bool = False, **options: Any
    ) -> tuple[pd.DataFrame, dict[str, int]]:
        """As :meth:`recommend`, of events that have been read, with the counts, and without a word."""
        k, now, batch_size, exclude_seen, two_stage, exclude, candidates = check_asked(k, **options)
        read = self._read(events, now)
        users, known = read.users, read.known
        alone = self._without_answer(users, known)
        counts = {
            "users": len(users),
            "events": len(events),
            "unknown_items": int((read.events[ID] == 0).sum()),
            "filtered": int((read.events[ID] > 0).sum()) - len(read.known),
            **read.further.counts,
            "users_of_popularity": int(alone.sum()),
            "users_not_trained_on": int(sum(user not in self._user_id for user in users)),
        }
        allowed = allowed_items(self._item_id, len(self._token), exclude, candidates)
        seen = known if (self.config["filter_seen"] if exclude_seen is None else exclude_seen) else known.iloc[:0]
        popular = (self.catalogue.popularity, self._token, users, np.flatnonzero(alone), allowed, seen, k)
        tables = [popular_table(*popular)] if alone.any() or not len(users) else []
        asked_users = np.flatnonzero(~alone)
        init_seed(self.config["seed"], self.config["reproducibility"])  # a model draws the same noise each time
        wanted = self.config["full_stage"] == "two_stage" if two_stage is None else two_stage
        batches = partial(self._batches, read, asked_users, batch_size)
        # The stages score the best of all items alone: few of a list of candidates would be among them.
        stages = self._two_stages(batches, len(asked_users), k) if wanted and candidates is None else None
        with bar(total=len(asked_users), desc="Recommend", unit="user", shown=show_progress) as progress:
            for rows, batch in batches():
                tables.append(self._answer(users, rows, batch, allowed, seen, k, stages))
                progress.update(len(rows))
        table = pd.concat(tables, ignore_index=True).sort_values([NUMBER, "rank"], kind="stable", ignore_index=True)
        columns = [USER, "rank", ITEM, "score", "source"]
        columns += COLUMNS if isinstance(self.model, LongShortRecommender) else []
        return table.reindex(columns=columns), counts

    def tell_of_items(
        self, exclude: Collection[Any] | None = (), candidates: Collection[Any] | None = None
    ) -> dict[str, int]:
        """Says what these items, as of :meth:`recommend`, come to; returns how many of them the model does not know."""
        items = check_asked(1, exclude=exclude, candidates=candidates)[-2:]
        counts = count_unknown(self._item_id, *items)
        say_unknown(counts, *items)
        say_if_none_is_left(allowed_items(self._item_id, len(self._token), *items))
        return counts

    def _without_answer(self, users: np.ndarray, known: pd.DataFrame) -> np.ndarray:
        """Boolean ``[U]``: users without an event that the model knows; of a model that knows users, those it does not."""
        if self._trained is None:
            return np.bincount(known[NUMBER], minlength=len(users)) == 0
        return ~self._trained[[self._user_id.get(user, 0) for user in users]]

    def windows(
        self, histories: Any, now: Now = None, batch_size: int | None = None
    ) -> Iterator[tuple[np.ndarray, Interaction]]:
        """Users with what the model reads of their histories, as in training.

        Left out are users of whose events it reads none, and by a model that knows users alone those it was not trained on.

        Args:
            histories: as of :meth:`recommend`, and so the others.
            now: see there.
            batch_size: see there.
        """
        asked = check_asked(1, now, batch_size)
        events = read_histories(histories, self.names(), self.config["timestamp_unit"])
        read = self._read(events, asked.now)
        for rows, batch in self._batches(
            read, np.flatnonzero(~self._without_answer(read.users, read.known)), asked.batch_size
        ):
            yield read.users[rows], batch

    # --- from events to batches --------------------------------------------------------------------------------------

    def names(self) -> dict[str, str]:
        """What the run calls the user, the item and the time."""
        fields = {USER: "USER_ID_FIELD", ITEM: "ITEM_ID_FIELD", TIME: "TIME_FIELD"}
        return {name: self.config[key] for name, key in fields.items()}

    def check(self, events: pd.DataFrame, now: Now = None) -> None:
        """Refuses events, which have been read, as :meth:`answer` would.

        Raises:
            DataError: of :meth:`recommend`.
        """
        self._read(events, check_now(now))

    def _read(self, events: pd.DataFrame, now: Now) -> _Read:
        unit = self.config["timestamp_unit"]
        check_unit(events[TIME].to_numpy(), unit, "histories")
        number, users = pd.factorize(events[USER].to_numpy(dtype=object))
        users = users.astype(str)
        # Not Series.map, which makes a column of the whole catalogue each time.
        item = np.array([self._item_id.get(token, 0) for token in events[ITEM]], dtype=np.int64)
        events = events.assign(**{NUMBER: number, ID: item})
        kept = kept_by_filters(self.config, self.catalogue, events)
        last, last_kept = (part.groupby(NUMBER)[TIME].max() for part in (events, events[kept]))
        usual = last.copy()
        usual[last_kept.index] = last_kept
        asked = asked_at(users, last.to_numpy(), usual.to_numpy(), now, unit)
        known = events[(events[ID] > 0) & kept]
        return _Read(users, events, asked, known, further_columns(self.config, self.catalogue, self._dataset, known))

    def _batches(self, read: _Read, rows: np.ndarray, batch_size: int | None) -> Iterator[_Batch]:
        """Numbers of users with their windows, on the model's device; of a model that knows users alone, with their ids."""
        config, dataset, known = self.config, self._dataset, read.known
        size = batch_size or self._batch_size()
        user_id = torch.tensor([self._user_id.get(user, 0) for user in read.users[rows]], dtype=torch.int64)
        if self._trained is not None:
            for at in range(0, len(rows), size):
                of_users = Interaction({config["USER_ID_FIELD"]: user_id[at : at + size]})
                yield rows[at : at + size], of_users.to(config["device"])
            return
        uid, iid, time = config["USER_ID_FIELD"], config["ITEM_ID_FIELD"], config["TIME_FIELD"]
        here = pd.Series(np.arange(len(rows)), index=rows)
        # Each history ends in a target that is to be found: item 0 at the time that is asked about.
        log = pd.DataFrame(
            {
                uid: np.concatenate([here.loc[known[NUMBER]].to_numpy(), np.arange(len(rows))]) + 1,
                iid: np.concatenate([known[ID].to_numpy(), np.zeros(len(rows), dtype=np.int64)]),
                time: np.concatenate([known[TIME].to_numpy(), read.asked[rows]]),
            }
        )
        for field, values in read.further.values.items():
            log[field] = np.concatenate([values, np.zeros(len(rows), dtype=values.dtype)])
        laid = dataset.with_events(log, len(rows))
        targets = laid.start[2:] - 1  # the last row of each
        for at in range(0, len(rows), size):
            batch = laid.windows(targets[at : at + size])
            batch.interaction[uid] = user_id[at : at + size]
            yield rows[at : at + size], dataset.join(batch).to(config["device"])

    def _batch_size(self) -> int:
        """As the evaluation's full pass has it, or as two stages do."""
        at_a_time = rows_at_a_time(self.model, self.config["device"])
        if at_a_time is not None:
            return at_a_time
        memory, most = self.config["eval_memory_mb"], self.config["eval_batch_size"]
        return min(most, max(1, min((memory << 20) // (16 * len(self._token)), histories_within(memory))))

    # --- from batches to lists ---------------------------------------------------------------------------------------

    def _two_stages(self, batches: Callable[[], Iterator[_Batch]], n: int, k: int) -> TwoStage | None:
        """Made of evenly spaced histories; None where scoring all items costs less than twice as much, or k asks for it."""
        if k > RETRIEVED or not scores_pairs(self.model) or not worth_it(n, len(self._token)):
            return None
        chosen = np.linspace(0, n - 1, HISTORIES).astype(np.int64)
        rows, at = [], 0
        for _, batch in batches():
            here = chosen[(chosen >= at) & (chosen < at + len(batch))] - at
            at += len(batch)
            if len(here):
                rows.append(self._scored(batch[torch.from_numpy(here)]))
        return make_items(self.model, torch.cat(rows), k, "recommend").items

    def _scored(self, batch: Interaction) -> Tensor:
        """Scores of all items, ``[B, n_items]``."""
        first = torch.ones(len(batch), 1, dtype=torch.int64, device=self.config["device"])
        memory = self.config["eval_memory_mb"]
        found = score_batch(self.model, batch, first, self._dataset, full=True, memory_mb=memory).full
        assert found is not None
        return found

    def _answer(
        self,
        users: np.ndarray,
        rows: np.ndarray,
        batch: Interaction,
        allowed: np.ndarray,
        seen: pd.DataFrame,
        k: int,
        stages: TwoStage | None,
    ) -> pd.DataFrame:
        hidden = torch.from_numpy(~allowed).to(self.config["device"]).repeat(len(rows), 1)  # [B, n_items]
        at = np.searchsorted(rows, seen[NUMBER].to_numpy())
        inside = (at < len(rows)) & (rows[np.minimum(at, len(rows) - 1)] == seen[NUMBER].to_numpy())
        hidden[torch.from_numpy(at[inside]), torch.from_numpy(seen[ID].to_numpy()[inside])] = True
        best = self._best(batch, hidden, min(k, int(allowed.sum())), stages)
        listed = torch.isfinite(best.scores).cpu().numpy()  # [B, K]
        n = listed.sum(axis=1)
        table = {
            NUMBER: np.repeat(rows, n),
            USER: np.repeat(users[rows], n),
            "rank": (listed.cumsum(axis=1))[listed],
            ITEM: self._token[best.items.cpu().numpy()[listed]],
            "score": best.scores.cpu().numpy()[listed],
            "source": "model",
        }
        if isinstance(self.model, LongShortRecommender):
            table |= explanation(self.config, self.catalogue, batch, best.alpha, listed)
        return pd.DataFrame(table)

    def _best(self, batch: Interaction, hidden: Tensor, k: int, stages: TwoStage | None) -> _Best:
        """The best items that are not hidden, the history encoded once."""
        model, n = self.model, len(batch)
        state = model.encode(batch) if scored_by(type(model)) == "encode" else None

        def exact(asked: Tensor) -> Tensor:
            if state is not None:
                return model.score_many(state, asked, n)
            return predict_rows(model, batch, asked, self._dataset, self.config["eval_memory_mb"])

        added = torch.zeros_like(hidden, dtype=torch.get_default_dtype()) if self.shift is None else self.shift
        added = added.masked_fill(hidden, -torch.inf)  # [B, n_items]
        if stages is not None:
            scores = stages.best(exact, n, added)
        else:
            scores = self._scored(batch) if state is None else model.score_all(state, n)  # [B, n_items]
        check_finite(scores[:, 1:], model)
        top = (scores + added).topk(k)
        fuses = state is not None and isinstance(model, LongShortRecommender)
        alpha = model.score(state, top.indices, return_alpha=True)[1] if fuses else None
        return _Best(top.indices, top.values, alpha)
