"""What a trained model needs of its log to be used without it: vocabularies, features and popularity of items."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from logging import getLogger
from math import isfinite
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
import torch
from recbole.data.interaction import Interaction
from recbole.utils import FeatureSource, FeatureType

from recbole_lsrec import checkpoint
from recbole_lsrec.data.dataset import SessionDataset
from recbole_lsrec.data.pairs import PairDataset
from recbole_lsrec.data.sorting import order_by_user_and_time
from recbole_lsrec.errors import CheckpointError
from recbole_lsrec.run_data import dataset_class
from recbole_lsrec.run_files import CATALOGUE


@dataclass(frozen=True)
class Catalogue:
    """The users and items of a log, without its events.

    On disk it takes the bytes of all tokens, and per item 8 bytes and those of its features.

    Attributes:
        fields: RecBole's properties of each field: ``type``, ``source``, ``seqlen``, ``bucketnum``.
        tokens: by field, the original token of each id; id 0 is the padding.
        item_features: RecBole's ``item_feat``, None without.
        user_features: RecBole's ``user_feat``, None without.
        item_category: int64 ``[n_items]``, or None.
        n_categories: number of category ids, 0 included.
        popularity: int64 ``[n_items]`` training events of each item.
        pairs: int32 ``[2, P]`` users and items of training, in the order of the first event, for a model that knows users
            alone; None for other models.
        simulated: whether the log was one.
        own_sessions: whether its sessions were the log's own.
        means: of the log's columns of numbers, what training reads where one is missing.
        fingerprints: of the log, as in the checkpoint beside it.
    """

    fields: Mapping[str, Mapping[str, Any]]
    tokens: Mapping[str, np.ndarray]
    item_features: Interaction | None
    user_features: Interaction | None
    item_category: torch.Tensor | None
    n_categories: int
    popularity: np.ndarray
    pairs: np.ndarray | None
    simulated: bool
    own_sessions: bool
    means: Mapping[str, float]
    fingerprints: Mapping[str, str]


def save_catalogue(
    folder: Path, dataset: SessionDataset, fingerprints: Mapping[str, str], trained_on: SessionDataset | PairDataset
) -> None:
    """Writes ``catalogue.pt`` into a run folder: plain tensors and JSON, as a checkpoint is.

    Args:
        folder: of the run.
        dataset: the log.
        fingerprints: of the log.
        trained_on: the training data; of pairs, which a model that knows users alone is trained on, they are kept.
    """
    fields = {
        field: {
            "type": kind.value,
            "source": source.value,
            "seqlen": dataset.field2seqlen.get(field, 1),
            "bucketnum": dataset.field2bucketnum.get(field),
        }
        for field, kind in dataset.field2type.items()
        # Of an additional file (additional_feat_suffix) the source is its name, and no history has its fields.
        if isinstance(source := dataset.field2source.get(field, FeatureSource.INTERACTION), FeatureSource)
    }
    tensors = {
        "tokens": {field: _packed(tokens) for field, tokens in dataset.field2id_token.items()},
        "item_features": None if dataset.item_feat is None else dict(dataset.item_feat.interaction),
        "user_features": None if dataset.user_feat is None else dict(dataset.user_feat.interaction),
        "item_category": dataset.item_category,
        "popularity": torch.from_numpy(dataset.training_counts()),
        "pairs": torch.from_numpy(_pairs(trained_on)) if isinstance(trained_on, PairDataset) else None,
    }
    metadata = {
        "fields": fields,
        "n_categories": dataset.n_categories,
        "simulated": bool(dataset.simulated),
        "own_sessions": dataset.own_sessions,
        "means": _means(dataset),
        "fingerprints": dict(fingerprints),
    }
    checkpoint.save(folder / CATALOGUE, checkpoint.Checkpoint(metadata, tensors))


def load_catalogue(folder: Path) -> Catalogue:
    """Reads the catalogue of a run.

    Raises:
        CheckpointError: it is missing or damaged.
    """
    path = folder / CATALOGUE
    if not path.is_file():
        raise CheckpointError(
            f"{folder}: holds no {CATALOGUE}; it is no run folder, or the file was taken away: train it again."
        )
    held = checkpoint.load(path, "fields")
    metadata, tensors = held.metadata, held.tensors
    features = {name: tensors[f"{name}_features"] for name in ("item", "user")}
    return Catalogue(
        fields=metadata["fields"],
        tokens={field: _unpacked(packed) for field, packed in tensors["tokens"].items()},
        item_features=features["item"] and Interaction(features["item"]),
        user_features=features["user"] and Interaction(features["user"]),
        item_category=tensors["item_category"],
        n_categories=metadata["n_categories"],
        popularity=tensors["popularity"].numpy(),
        pairs=None if tensors.get("pairs") is None else tensors["pairs"].numpy(),
        simulated=metadata["simulated"],
        own_sessions=metadata["own_sessions"],
        means=metadata["means"],
        fingerprints=metadata["fingerprints"],
    )


def _means(dataset: SessionDataset) -> dict[str, float]:
    """Means of the log's columns of numbers: where one was missing the mean stands now, which leaves the mean as it was."""
    numbers = {
        field: float(column.double().mean())
        for field, column in dataset.events.interaction.items()
        if dataset.field2type[field] == FeatureType.FLOAT and column.dim() == 1
    }
    return {
        field: mean for field, mean in numbers.items() if isfinite(mean)
    }  # of a column without a number there is none


def _pairs(dataset: PairDataset) -> np.ndarray:
    return np.stack([dataset.user[dataset.rows], dataset.item[dataset.rows]]).astype(np.int32)


def _packed(tokens: np.ndarray) -> torch.Tensor:
    """Tokens as bytes, one a line: atomic files are read line by line, so no token holds a line's end."""
    return torch.from_numpy(np.frombuffer("\n".join(map(str, tokens)).encode(), dtype=np.uint8).copy())


def _unpacked(packed: torch.Tensor) -> np.ndarray:
    return np.array(packed.numpy().tobytes().decode().split("\n"), dtype=object)


class CatalogueDataset(SessionDataset):
    """A catalogue in the form of a data set, on which a trained model is built, and on which events are laid.

    Until then it has no log: a model that reads one fails on a missing attribute.

    Args:
        config: of the run.
        catalogue: of the run.
    """

    def __init__(self, config: Any, catalogue: Catalogue) -> None:  # not RecBole's, which reads files
        self.config, self.dataset_name, self.logger = config, config["dataset"], getLogger()
        self.max_item_list_len = config["MAX_ITEM_LIST_LENGTH"]
        self.item_list_length_field = config["ITEM_LIST_LENGTH_FIELD"]
        self._get_preset()
        self._get_field_from_config()
        self.benchmark_filename_list = None  # events laid on it come from one place
        for field, held in catalogue.fields.items():
            self.field2type[field] = FeatureType(held["type"])
            self.field2source[field] = FeatureSource(held["source"])
            widths: Any = held["seqlen"]  # of lists of lists two
            self.field2seqlen[field] = cast(int, tuple(widths) if isinstance(widths, list) else widths)
            if held["bucketnum"] is not None:
                self.field2bucketnum[field] = held["bucketnum"]
        self.field2id_token = dict(catalogue.tokens)
        self.field2token_id = {
            field: {token: number for number, token in enumerate(tokens)} for field, tokens in catalogue.tokens.items()
        }
        self.item_feat, self.user_feat = catalogue.item_features, catalogue.user_features
        self.item_category, self.n_categories = catalogue.item_category, catalogue.n_categories
        self._pairs, self._trained_on = catalogue.pairs, False

    def with_events(self, frame: pd.DataFrame, n_users: int) -> "CatalogueDataset":
        """A log of other events on the same items.

        Args:
            frame: user (1 to ``n_users``, numbered by the caller), item (ids of the catalogue) and time, in the unit of the
                run's log, and any other column of it; in any order, what has one time as it stands.
            n_users: how many users there are.
        """
        other = copy.copy(self)
        other.field2id_token = {**self.field2id_token, self.uid_field: np.arange(n_users + 1).astype(str)}
        other.feat_name_list = ["inter_feat"]  # the features of users and items are tensors already
        user, time = frame[self.uid_field].to_numpy(), frame[self.time_field].to_numpy()
        other.inter_feat = frame.iloc[order_by_user_and_time(user, time)].reset_index(drop=True)
        other._change_feat_format()
        return other

    def with_empty_log(self) -> "CatalogueDataset":
        """The catalogue with a log that holds no event, its users being the catalogue's."""
        columns = {self.uid_field: "int64", self.iid_field: "int64", self.time_field: "float64"}
        other = self.with_events(pd.DataFrame({name: np.zeros(0, dtype=kind) for name, kind in columns.items()}), 0)
        other.field2id_token = self.field2id_token
        return other

    def training_pairs(self) -> PairDataset:
        """The training pairs, as the model met them.

        Raises:
            CheckpointError: the run kept none.
        """
        if self._pairs is None:
            raise CheckpointError("the run kept no pairs of users and items, which its model needs: train it again.")
        user, item = self._pairs.astype(np.int64)
        columns = {self.uid_field: user, self.iid_field: item, self.time_field: np.arange(len(user), dtype=np.float64)}
        laid = self.with_events(pd.DataFrame(columns), self.user_num - 1)
        laid.field2id_token, laid._trained_on = self.field2id_token, True
        return PairDataset.of(laid)

    def _set_categories(self, frame: pd.DataFrame) -> None:
        """They are the catalogue's."""

    def _sessions(self, frame: pd.DataFrame, exact: np.ndarray) -> np.ndarray:
        """As in the run, without a word on it."""
        return self._cut_sessions(frame, exact)[0]

    def training_events(self) -> np.ndarray:
        """None of the events laid on it are trained on, but for the training pairs."""
        return np.full(len(self.user), self._trained_on)


def catalogue_dataset(config: Any, catalogue: Catalogue) -> CatalogueDataset:
    """The data set of a catalogue, of the kind that the run's model wants."""
    kind = dataset_class(config)
    own = CatalogueDataset if kind is SessionDataset else type("CatalogueDataset", (CatalogueDataset, kind), {})
    return own(config, catalogue)
