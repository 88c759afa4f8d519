"""From events to the windows that a model reads, each ending at the moment that is asked about."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from recbole.data.interaction import Interaction

from recbole_lsrec.config import Config
from recbole_lsrec.item_catalogue import Catalogue, CatalogueDataset
from recbole_lsrec.recommend.asked import Now
from recbole_lsrec.recommend.further_columns import Further, further_columns
from recbole_lsrec.recommend.moments import asked_at, check_unit
from recbole_lsrec.recommend.read_histories import ID, ITEM, NUMBER, TIME, USER
from recbole_lsrec.recommend.run_filters import kept_by_filters


class Asked(NamedTuple):
    """Histories, as they are asked about."""

    users: np.ndarray  # [U] in the order of first appearance
    events: pd.DataFrame  # with the number of their user and the id of their item
    moment: np.ndarray  # [U] when each user is asked about
    known: pd.DataFrame  # events of items that the model knows, which the run's filters keep
    further: Further  # of these


class AskedHistories:
    """What a run reads of histories.

    Attributes:
        item_id: number of an item's name, from 1.
        user_id: number of a user's name, from 1.
    """

    def __init__(self, config: Config, catalogue: Catalogue, dataset: CatalogueDataset) -> None:
        self._config, self._catalogue, self._dataset = config, catalogue, dataset
        self.item_id: Mapping[str, int] = dataset.field2token_id[config["ITEM_ID_FIELD"]]
        self.user_id: Mapping[str, int] = dataset.field2token_id[config["USER_ID_FIELD"]]
        self._trained: np.ndarray | None = None  # of a model that knows users alone: those it was trained on
        if catalogue.pairs is not None:
            self._trained = np.zeros(len(catalogue.tokens[config["USER_ID_FIELD"]]), dtype=bool)
            self._trained[catalogue.pairs[0]] = True

    def read(self, events: pd.DataFrame, now: Now) -> Asked:
        """Numbers users and items, leaves out what the model does not know and the run's filters remove, and dates each user.

        Raises:
            DataError: an event after ``now``, a time in another unit, or a further column that cannot be read.
        """
        unit = self._config["timestamp_unit"]
        check_unit(events[TIME].to_numpy(), unit, "histories")
        number, users = pd.factorize(events[USER].to_numpy(dtype=object))
        users = users.astype(str)
        # Not Series.map, which makes a column of the whole catalogue each time.
        item = np.array([self.item_id.get(token, 0) for token in events[ITEM]], dtype=np.int64)
        events = events.assign(**{NUMBER: number, ID: item})
        kept = kept_by_filters(self._config, self._catalogue, events)
        last, last_kept = (part.groupby(NUMBER)[TIME].max() for part in (events, events[kept]))
        usual = last.copy()
        usual[last_kept.index] = last_kept
        moment = asked_at(users, last.to_numpy(), usual.to_numpy(), now, unit)
        known = events[(events[ID] > 0) & kept]
        further = further_columns(self._config, self._catalogue, self._dataset, known)
        return Asked(users, events, moment, known, further)

    def without_answer(self, asked: Asked) -> np.ndarray:
        """Boolean ``[U]``: users without an event that the model knows; of a model that knows users, those it does not."""
        if self._trained is None:
            return np.bincount(asked.known[NUMBER], minlength=len(asked.users)) == 0
        return ~self._trained[[self.user_id.get(user, 0) for user in asked.users]]

    def windows(self, asked: Asked, rows: np.ndarray, size: int) -> Iterator[tuple[np.ndarray, Interaction]]:
        """The users of ``rows``, ``size`` at a time: their numbers, and what the model reads of them, on its device.

        That is the window of each; for a model that knows users alone, their ids.
        """
        config, known = self._config, asked.known
        user_id = torch.tensor([self.user_id.get(user, 0) for user in asked.users[rows]], dtype=torch.int64)
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
                time: np.concatenate([known[TIME].to_numpy(), asked.moment[rows]]),
            }
        )
        for field, values in asked.further.values.items():
            log[field] = np.concatenate([values, np.zeros(len(rows), dtype=values.dtype)])
        laid = self._dataset.with_events(log, len(rows))
        targets = laid.start[2:] - 1  # the last row of each
        for at in range(0, len(rows), size):
            batch = laid.windows(targets[at : at + size])
            batch.interaction[uid] = user_id[at : at + size]
            yield rows[at : at + size], self._dataset.join(batch).to(config["device"])
