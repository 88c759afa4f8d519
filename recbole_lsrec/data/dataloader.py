"""Batches of instances: windows gathered on demand, negatives drawn in one vectorised call."""

import copy
import hashlib
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import torch
from recbole.config import Config
from recbole.data.interaction import Interaction
from recbole.utils import FeatureSource, FeatureType, InputType
from torch.utils.data import DataLoader

from recbole_lsrec.data.candidates.cache import folder_of
from recbole_lsrec.data.candidates.freeze import candidate_hash, freeze_candidates
from recbole_lsrec.data.candidates.given import read_candidates
from recbole_lsrec.data.candidates.short import (
    ShortLists,
    allowed_share,
    check_short_lists,
    has_seen_all,
    say_unrivalled,
)
from recbole_lsrec.data.candidates.unseen import unseen_report
from recbole_lsrec.data.counter_random import key_from
from recbole_lsrec.data.dataset import SessionDataset
from recbole_lsrec.data.log_chance import LOG_CHANCE, log_chance
from recbole_lsrec.data.sampler import TimeThresholdSampler
from recbole_lsrec.data.split.phases import PHASES
from recbole_lsrec.data.transform import KeyedTransform
from recbole_lsrec.errors import ConfigError
from recbole_lsrec.processes import group
from recbole_lsrec.protocol import Protocol

_AFTER_ALL = np.iinfo(np.int64).max  # a limit that no event reaches
_ROWS = 1 << 20  # targets looked at together, to hold little beside the log


class TrainLoader:
    """Training batches, a pure function of (seed, epoch, batch number).

    Models with ``candidate_batch = True`` get ``neg_item_id`` as ``[B, N]`` and each history once. RecBole's own models
    get their stock batches: rows repeated per negative, with labels (pointwise) or ``neg_`` fields (pairwise).
    ``train_batch_size`` counts positives for both.

    Where several processes train together, each is given its part of every batch; one with fewer rows than there are
    processes is given whole to all, and :attr:`whole` says so.

    Args:
        config: the run's settings.
        dataset: the training view.
        sampler: draws the negatives; not used when ``train_neg_sample_args`` is none.
        candidate_batch: whether the model takes ``[B, N]`` negatives.

    Attributes:
        whole: whether the batch that was given last is all of it, although several processes train together.

    Raises:
        ConfigError: more negatives are asked for than there are other items.
    """

    def __init__(
        self, config: Config, dataset: SessionDataset, sampler: TimeThresholdSampler, candidate_batch: bool
    ) -> None:
        self.config, self.dataset, self.sampler, self.candidate_batch = config, dataset, sampler, candidate_batch
        self.rows = dataset.rows
        self.batch_size = config["train_batch_size"]
        self.shuffle = config["shuffle"]
        self.epoch, self.whole = 0, False
        self.transform = KeyedTransform(config)
        arguments = config["train_neg_sample_args"]
        self.distribution = arguments["distribution"]
        self.n_negatives = 0 if self.distribution == "none" else arguments["sample_num"]
        self.alpha = arguments["alpha"] if self.distribution == "popularity" else None
        self.exclude = arguments.get("exclude", ["positive"])
        self.item_field, self.label_field = config["ITEM_ID_FIELD"], config["LABEL_FIELD"]
        self.neg_prefix = config["NEG_PREFIX"]
        self.log_chance = torch.from_numpy(log_chance(self._weights())) if arguments.get("logq") else None
        others = dataset.item_num - 2
        if self.n_negatives > others:
            raise ConfigError(
                f"train_neg_sample_args: sample_num is {self.n_negatives}, but an item of {config['dataset']} has only "
                f"{others} others; ask for at most {others}."
            )
        self._describe_negatives()

    def set_epoch(self, epoch: int) -> None:
        """Chooses the order and the negatives of the next pass."""
        self.epoch = epoch

    def __len__(self) -> int:
        return -(-len(self.rows) // self.batch_size)

    def __iter__(self) -> Iterator[Interaction]:
        rows = self.rows
        if self.shuffle:
            # Half the memory, the same order.
            rows = rows.astype(np.int32 if len(self.dataset.user) < 2**31 else np.int64)
            np.random.default_rng([self.config["seed"], self.epoch]).shuffle(rows)
        return self._given([rows[at : at + self.batch_size] for at in range(0, len(rows), self.batch_size)])

    def _given(self, batches: list[np.ndarray]) -> Iterator[Interaction]:
        """Makes the batches, or this process's parts of them."""
        seed = key_from("workers", self.config["seed"], self.epoch) >> 1
        whole = [len(batch) < group.world() for batch in batches]
        parts = [
            (b if all_of_it else b[group.own_part(len(b))], b) for b, all_of_it in zip(batches, whole, strict=True)
        ]
        made = in_parallel(parts, self._make_part, self.config["worker"], seed)
        for self.whole, batch in zip(whole, made, strict=True):
            yield batch

    def _make_part(self, part: tuple[np.ndarray, np.ndarray]) -> Interaction:
        return self.make(*part)

    def make(self, rows: np.ndarray, batch_rows: np.ndarray | None = None) -> Interaction:
        """One batch from the rows of its targets; or a part of it, where ``batch_rows`` are those of the whole."""
        rows = rows.astype(np.int64)
        key = key_from("transform", self.config["seed"], self.epoch, rows[0])  # a row is in one batch of an epoch
        batch = self.transform(self.dataset, self.dataset.join(self.dataset.windows(rows)), key)
        batch.update(Interaction(self.dataset.training_fields(rows, self.epoch)))
        if self.n_negatives == 0:
            return batch
        negatives = self.negatives(rows, batch_rows)
        if self.candidate_batch:
            batch.update(Interaction({self.neg_prefix + self.item_field: torch.from_numpy(negatives)}))
            if self.log_chance is not None:
                candidates = np.concatenate([self.dataset.item[rows][:, None], negatives], axis=1)
                batch.update(Interaction({LOG_CHANCE: self.log_chance[candidates]}))
            return batch
        return self._stock_batch(batch, torch.from_numpy(negatives.T.reshape(-1)))

    def negatives(self, rows: np.ndarray, batch_rows: np.ndarray | None) -> np.ndarray:
        """Negatives ``[B, N]`` of the rows in this epoch; ``in_batch`` among the targets of ``batch_rows``."""
        key = key_from("train", self.config["seed"], self.epoch)
        if self.distribution == "in_batch":
            return self.sampler.in_batch(rows, self.n_negatives, key, batch_rows)
        return self.sampler.draw(rows, self.n_negatives, key, **self._drawn_from(), widen=True)

    def widened(self) -> int:
        """Of how many targets of a pass the negatives are drawn from more items than had appeared by then."""
        if self.distribution in ("none", "in_batch"):
            return 0
        parts = (self.rows[at : at + _ROWS].astype(np.int64) for at in range(0, len(self.rows), _ROWS))
        return sum(self.sampler.widened(part, self.n_negatives, **self._drawn_from()) for part in parts)

    def _drawn_from(self) -> dict[str, Any]:
        """What may be drawn: see :meth:`TimeThresholdSampler.draw`."""
        return {"alpha": self.alpha, "exclude": self.exclude}

    def _weights(self) -> np.ndarray:
        """``[n_items]``, in proportion to which negatives are drawn, whatever had been seen by a target's time."""
        if self.distribution == "in_batch":
            return np.bincount(self.dataset.item[self.rows], minlength=self.dataset.item_num).astype(np.float64)
        counts = self.sampler.popularity
        return (counts > 0) * np.maximum(counts, 1.0) ** (self.alpha or 0.0)

    def _stock_batch(self, batch: Interaction, negatives: torch.Tensor) -> Interaction:
        """RecBole's layout: all positives, then all first negatives, all second ... (pointwise); or pairs."""
        n = len(batch)
        if self.config["MODEL_INPUT_TYPE"] == InputType.PAIRWISE:
            batch = batch.repeat(self.n_negatives)
            items = self.dataset.join(Interaction({self.item_field: negatives}))
            items.add_prefix(self.neg_prefix)
            batch.update(items)
            return batch
        batch = batch.repeat(1 + self.n_negatives)
        batch[self.item_field][n:] = negatives
        batch = self.dataset.join(batch)
        label = torch.zeros(len(batch))
        label[:n] = 1
        batch.update(Interaction({self.label_field: label}))
        return batch

    def _describe_negatives(self) -> None:
        """Registers the fields that negatives add, as RecBole's models look their types up."""
        if self.n_negatives == 0:
            return
        if self.config["MODEL_INPUT_TYPE"] == InputType.POINTWISE:
            self.dataset.set_field_property(self.label_field, FeatureType.FLOAT, FeatureSource.INTERACTION, 1)
            return
        columns = [self.item_field] if self.dataset.item_feat is None else self.dataset.item_feat.columns
        for column in columns:
            self.dataset.copy_field_property(self.neg_prefix + column, column)


class EvalLoader:
    """Evaluation batches: ``(rows, windows)`` of one phase, in the order of the log.

    Args:
        config: the run's settings.
        dataset: the view of the phase.
        phase: ``valid`` or ``test``.
        sampler: draws the candidates, once, here.
        protocols: other ones than ``eval_args: mode`` says of the phase.

    Attributes:
        protocols: the phase's protocols, the first one giving the plain metric names.
        dataset: the view of the phase, without the instances that a protocol gives no competitor: these are in no metric.
        unrivalled: how many were left out for that.
        short: of each drawn protocol that some instances have too few negatives for, how many.
        candidates: int32 ``[N, n]`` per sampled protocol, in the order of the rows; 0 where there are fewer than ``n``.
        hashes: what identifies the candidates of each sampled protocol.
        unseen: per protocol, how many targets and negatives have no training event; see :func:`unseen_report`.

    Raises:
        DataError: more instances have too few possible negatives than ``eval_args: fewer`` allows, none has any, or the
            file of given lists does not fit.
    """

    def __init__(
        self,
        config: Config,
        dataset: SessionDataset,
        phase: str,
        sampler: TimeThresholdSampler,
        protocols: Sequence[str] | None = None,
    ) -> None:
        self.config, self.phase = config, phase
        self.protocols = [Protocol.parse(name) for name in protocols or config["eval_protocols"][phase]]
        sampled = [protocol for protocol in self.protocols if protocol.sampled]
        self.short: list[ShortLists] = []
        candidates = {protocol.name: self._candidates(protocol, dataset, sampler) for protocol in sampled}
        rivalled = np.ones(len(dataset.rows), dtype=bool)
        for chosen in candidates.values():
            rivalled &= (chosen > 0).any(axis=1)
        if config["filter_seen"] and len(sampled) < len(self.protocols):
            rivalled &= ~has_seen_all(dataset)
        self.unrivalled = int((~rivalled).sum())
        if self.unrivalled:
            say_unrivalled(phase, self.unrivalled, len(rivalled))
            dataset, candidates = dataset.view(dataset.rows[rivalled]), {n: c[rivalled] for n, c in candidates.items()}
        self.dataset, self.candidates = dataset, candidates
        self.hashes = {name: candidate_hash(dataset.rows, chosen) for name, chosen in candidates.items()}
        trained = np.zeros(dataset.item_num, dtype=bool)
        trained[dataset.item[dataset.training_events()]] = True
        targets = dataset.item[dataset.rows]
        self.unseen = {
            protocol.name: unseen_report(targets, candidates.get(protocol.name), trained)
            for protocol in self.protocols
            if len(targets)
        }
        self.workers, self.batch_size = config["worker"], config["eval_batch_size"]
        if len(sampled) < len(self.protocols):
            # A full pass holds a few [B, n_items] float32 tables at a time.
            self.batch_size = min(self.batch_size, max(1, (config["eval_memory_mb"] << 20) // (16 * dataset.item_num)))

    def _candidates(self, protocol: Protocol, dataset: SessionDataset, sampler: TimeThresholdSampler) -> np.ndarray:
        config, arguments = self.config, self.config["eval_args"]
        if protocol.name == "file":
            return read_candidates(config["candidates"], dataset, allowed_share(arguments))
        chosen = self._frozen(protocol, dataset, sampler, self.phase, folder_of(config))
        others = [
            (phase, rows)
            for phase, rows in zip(PHASES[1:], dataset.split[1:], strict=True)
            if phase != self.phase and len(rows) and protocol.name in config["eval_protocols"][phase]
        ]
        short = check_short_lists(
            self.phase,
            protocol,
            (chosen > 0).sum(axis=1),
            arguments,
            lambda: [
                (self._frozen(protocol, dataset.view(rows), sampler, phase, None) > 0).sum(axis=1)
                for phase, rows in others
            ],
        )
        if short:
            self.short.append(short)
        return chosen

    def _frozen(
        self, protocol: Protocol, dataset: SessionDataset, sampler: TimeThresholdSampler, phase: str, cache: Path | None
    ) -> np.ndarray:
        config, arguments = self.config, self.config["eval_args"]
        identity = [dataset.fingerprint(), dataset.split_fingerprint(), config["candidate_seed"]]
        if "target_session" in arguments["exclude"]:
            identity.append(hashlib.sha256(dataset.session.tobytes()).hexdigest())
        return freeze_candidates(
            sampler,
            dataset.rows,
            protocol,
            tuple(identity),
            exclude=arguments["exclude"],
            popularity=arguments["popularity"],
            limit=_AFTER_ALL if arguments["pool"] == "all" else dataset.candidate_limit(phase),
            cache=cache,
            keep=not config["dry_run"],
        )

    def some(self, n: int) -> "EvalLoader":
        """The loader of at most ``n`` of the instances, evenly spaced; for measuring, not for results."""
        other, places = copy.copy(self), np.arange(len(self.dataset))[:: -(-len(self.dataset) // n) or 1]
        other.workers = 0  # which take longer to start than a few batches do
        other.dataset = self.dataset.view(self.dataset.rows[places])
        other.candidates = {name: chosen[places] for name, chosen in self.candidates.items()}
        return other

    def __len__(self) -> int:
        return -(-len(self.dataset) // self.batch_size)

    def __iter__(self) -> Iterator[tuple[np.ndarray, Interaction]]:
        return self.batches([slice(at, at + self.batch_size) for at in range(0, len(self.dataset), self.batch_size)])

    def batches(self, cuts: list[slice]) -> Iterator[tuple[np.ndarray, Interaction]]:
        """The given cuts of the instances as batches."""
        rows = [self.dataset.rows[cut] for cut in cuts]
        return in_parallel(rows, self.make, self.workers, seed=0)

    def cuts(self, divisible: int | None) -> list[slice]:
        """The batches as cuts of the instances; where several processes evaluate, those of this one.

        A process gets whole batches, or parts of them that end after a multiple of ``divisible`` rows from the beginning of
        the batch, where a model scores that many at a time whatever the batch: then every score is the same, bit for bit.
        """
        n, size = len(self.dataset), self.batch_size
        step = size if divisible is None else min(divisible, size)
        ends = [
            slice(at, min(at + step, first + size, n))
            for first in range(0, n, size)
            for at in range(first, min(first + size, n), step)
        ]
        own = ends[group.own_part(len(ends))]
        batches = [list(cuts) for _, cuts in groupby(own, lambda cut: cut.start // size)]
        return [slice(cuts[0].start, cuts[-1].stop) for cuts in batches]

    def make(self, rows: np.ndarray) -> tuple[np.ndarray, Interaction]:
        """One batch from the rows of its targets."""
        return rows, self.dataset.join(self.dataset.windows(rows))


def in_parallel(batches: list, make: Callable, workers: int, seed: int) -> Iterator:
    """Makes the batches in order, in ``workers`` processes of torch's loader, or in this one."""
    if not workers:
        return map(make, batches)
    # Its own generator: torch's loader would otherwise draw from the global one and change the run's dropout.
    generator = torch.Generator().manual_seed(seed)
    dataset: Any = batches  # a list is all that a map-style dataset needs to be
    return iter(DataLoader(dataset, batch_size=None, collate_fn=make, num_workers=workers, generator=generator))
