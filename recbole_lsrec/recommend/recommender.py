"""A trained model that answers: histories in, ranked items out, as the evaluation would rank them."""

from collections.abc import Collection, Iterator
from functools import partial
from pathlib import Path
from typing import Any

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
from recbole_lsrec.evaluation.two_stage import TwoStage
from recbole_lsrec.item_catalogue import Catalogue, CatalogueDataset, catalogue_dataset, load_catalogue
from recbole_lsrec.model.base import LongShortRecommender
from recbole_lsrec.recommend.allowed import allowed_items, count_unknown, say_if_none_is_left, say_unknown
from recbole_lsrec.recommend.asked import Now, check_asked, check_device, check_now
from recbole_lsrec.recommend.asked_histories import AskedHistories
from recbole_lsrec.recommend.best_items import BestItems
from recbole_lsrec.recommend.counts import say_counts
from recbole_lsrec.recommend.explain import COLUMNS, explanation
from recbole_lsrec.recommend.popular import popular_table
from recbole_lsrec.recommend.read_histories import ID, ITEM, NUMBER, TIME, USER, read_histories
from recbole_lsrec.run_files import CHECKPOINT, folder_of
from recbole_lsrec.trained_run import checkpoint_of, model_of


class Recommender:
    """A run's model with what it needs of the log; made by :meth:`load`.

    Attributes:
        config: of the run.
        model: with its best weights.
        catalogue: users and items.
        shift: ``[n_items]`` what is added to the scores of a run with ``popularity_correction``; None without.
    """

    def __init__(self, config: Config, model: Any, catalogue: Catalogue, dataset: CatalogueDataset) -> None:
        self.config, self.model, self.catalogue = config, model, catalogue
        self.shift: Tensor | None = None
        self._token = catalogue.tokens[config["ITEM_ID_FIELD"]]
        self._histories = AskedHistories(config, catalogue, dataset)
        self._best = BestItems(config, model, dataset)

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
        asked = self._histories.read(events, now)
        users, known = asked.users, asked.known
        alone = self._histories.without_answer(asked)
        counts = {
            "users": len(users),
            "events": len(events),
            "unknown_items": int((asked.events[ID] == 0).sum()),
            "filtered": int((asked.events[ID] > 0).sum()) - len(known),
            **asked.further.counts,
            "users_of_popularity": int(alone.sum()),
            "users_not_trained_on": int(sum(user not in self._histories.user_id for user in users)),
        }
        allowed = allowed_items(self._histories.item_id, len(self._token), exclude, candidates)
        seen = known if (self.config["filter_seen"] if exclude_seen is None else exclude_seen) else known.iloc[:0]
        popular = (self.catalogue.popularity, self._token, users, np.flatnonzero(alone), allowed, seen, k)
        tables = [popular_table(*popular)] if alone.any() or not len(users) else []
        rows = np.flatnonzero(~alone)
        init_seed(self.config["seed"], self.config["reproducibility"])  # a model draws the same noise each time
        wanted = self.config["full_stage"] == "two_stage" if two_stage is None else two_stage
        windows = partial(self._histories.windows, asked, rows, batch_size or self._best.batch_size())
        # The stages score the best of all items alone: few of a list of candidates would be among them.
        staged = wanted and candidates is None
        stages = self._best.two_stages(lambda: (batch for _, batch in windows()), len(rows), k) if staged else None
        with bar(total=len(rows), desc="Recommend", unit="user", shown=show_progress) as progress:
            for of_users, batch in windows():
                tables.append(self._lists(users, of_users, batch, allowed, seen, k, stages))
                progress.update(len(of_users))
        table = pd.concat(tables, ignore_index=True).sort_values([NUMBER, "rank"], kind="stable", ignore_index=True)
        columns = [USER, "rank", ITEM, "score", "source"]
        columns += COLUMNS if isinstance(self.model, LongShortRecommender) else []
        return table.reindex(columns=columns), counts

    def tell_of_items(
        self, exclude: Collection[Any] | None = (), candidates: Collection[Any] | None = None
    ) -> dict[str, int]:
        """Says what these items, as of :meth:`recommend`, come to; returns how many of them the model does not know."""
        items = check_asked(1, exclude=exclude, candidates=candidates)[-2:]
        counts = count_unknown(self._histories.item_id, *items)
        say_unknown(counts, *items)
        say_if_none_is_left(allowed_items(self._histories.item_id, len(self._token), *items))
        return counts

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
        options = check_asked(1, now, batch_size)
        events = read_histories(histories, self.names(), self.config["timestamp_unit"])
        asked = self._histories.read(events, options.now)
        rows = np.flatnonzero(~self._histories.without_answer(asked))
        for of_users, batch in self._histories.windows(asked, rows, options.batch_size or self._best.batch_size()):
            yield asked.users[of_users], batch

    def names(self) -> dict[str, str]:
        """What the run calls the user, the item and the time."""
        fields = {USER: "USER_ID_FIELD", ITEM: "ITEM_ID_FIELD", TIME: "TIME_FIELD"}
        return {name: self.config[key] for name, key in fields.items()}

    def check(self, events: pd.DataFrame, now: Now = None) -> None:
        """Refuses events, which have been read, as :meth:`answer` would.

        Raises:
            DataError: of :meth:`recommend`.
        """
        self._histories.read(events, check_now(now))

    def _lists(
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
        added = torch.zeros(len(self._token), device=hidden.device) if self.shift is None else self.shift
        best = self._best.of(batch, added.masked_fill(hidden, -torch.inf), min(k, int(allowed.sum())), stages)
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
