"""From settings to a log with its loaders, and which settings the log depends on."""

from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

from recbole.model.abstract_recommender import GeneralRecommender

from recbole_lsrec.config import Config
from recbole_lsrec.config.effects import settings_that_change
from recbole_lsrec.config.known import settings_for
from recbole_lsrec.config.setting import LOG
from recbole_lsrec.data.candidates.short import say_short_lists
from recbole_lsrec.data.dataloader import EvalLoader, TrainLoader
from recbole_lsrec.data.dataset import SessionDataset
from recbole_lsrec.data.event_name import event_name
from recbole_lsrec.data.features import check_features
from recbole_lsrec.data.negative_history import NegativeHistoryDataset
from recbole_lsrec.data.pair_loader import PairLoader, UserLoader
from recbole_lsrec.data.pairs import PairDataset
from recbole_lsrec.data.sampler import TimeThresholdSampler
from recbole_lsrec.data.session_views import SessionViewDataset
from recbole_lsrec.errors import ConfigError
from recbole_lsrec.model.all_positions import AllPositions
from recbole_lsrec.registry import PLUGIN_MODELS, trains_on_users

# Models, and what derives from them, whose batches need more of the log than windows.
_LOGS = {"DIEN": NegativeHistoryDataset, "LSIDN": SessionViewDataset}


class Data(NamedTuple):
    """The log and its loaders.

    Attributes:
        dataset: the log.
        train: training batches.
        valid: the validation.
        test: None in a run that must not see it.
        fitting: the validation under the protocols of the test too, to fit ``popularity_correction: valid``; else None.
    """

    dataset: SessionDataset
    train: TrainLoader
    valid: EvalLoader
    test: EvalLoader | None
    fitting: EvalLoader | None

    def evaluated(self) -> list[EvalLoader]:
        """The loaders of the phases that are evaluated."""
        return [self.valid] if self.test is None else [self.valid, self.test]

    def log_fingerprints(self) -> dict[str, str]:
        """What identifies data, split and the models' features: what training depends on."""
        return {
            "data": self.dataset.fingerprint(),
            "features": self.dataset.features_fingerprint(),
            "split": self.dataset.split_fingerprint(),
        }

    def fingerprints(self) -> dict[str, Any]:
        """Those of the log and of each list of candidates, equal in every run that may be compared."""
        candidates = {
            f"{loader.phase}/{name}": hash_ for loader in self.evaluated() for name, hash_ in loader.hashes.items()
        }
        return {**self.log_fingerprints(), "candidates": candidates}


def dataset_class(config: Config) -> type[SessionDataset]:
    """Returns the class that loads the log for a model."""
    return next((_LOGS[base.__name__] for base in config.model_class.__mro__ if base.__name__ in _LOGS), SessionDataset)


def load_log(config: Config) -> SessionDataset:
    """Reads, sorts and splits the log of a run; it can be given to every run with equal :func:`log_settings`."""
    log = dataset_class(config)(config)
    log.build()
    return log


def log_settings(config: Config) -> dict[str, Any]:
    """Returns the settings that the log depends on, as plain values; what is not known not to matter is among them."""
    kind = dataset_class(config)
    own = {
        "dataset": config["dataset"],
        "dataset_class": kind.__name__,
        **{key: config[key] for key in kind.also_reads},
    }
    return own | settings_that_change(config.plain(), LOG, settings_for(config.model_class))


def load_data(config: Config, log: SessionDataset | None = None, phases: Sequence[str] = ("valid", "test")) -> Data:
    """Makes the loaders of a run.

    Args:
        config: the run's settings.
        log: a built log of equal :func:`log_settings`; read from the files if None.
        phases: without ``test`` there is no test loader, so that no candidate of it is drawn or read.

    Raises:
        ConfigError: the log given was built under other settings.
    """
    if log is None:
        log = load_log(config)
    else:
        built, wanted = log_settings(log.config), log_settings(config)
        differing = sorted(key for key in {*built, *wanted} if built.get(key) != wanted.get(key))
        if differing:
            pairs = "; ".join(f"{key} {built.get(key)!r}, wanted {wanted.get(key)!r}" for key in differing)
            raise ConfigError(f"log: it was built with other settings ({pairs}); make one with load_log(config).")
        log = log.under(config)
    check_features(config, log)
    train, valid, test = (log.view(rows) for rows in log.split)
    sampler = TimeThresholdSampler(
        log.user,
        log.item,
        log.time,
        log.session,
        log.training_events(),
        log.item_num,
        history_end=log.history_ends,
        name=partial(event_name, log),
    )
    fitting = None
    if config["popularity_correction"] == "valid":
        protocols = dict.fromkeys(name for phase in phases for name in config["eval_protocols"][phase])
        if "file" in protocols and "file" not in config["eval_protocols"]["valid"]:
            del protocols["file"]  # whose lists are asked for of the test alone
            log.logger.warning(
                "popularity_correction: file gets no lambda, as its lists are given for the test alone; add file to the "
                "validation's eval_args: mode, with lists for it, to have one fitted"
            )
        fitting = EvalLoader(config, valid, "valid", sampler, tuple(protocols))
    data = Data(
        log,
        _train_loader(config, train, sampler),
        EvalLoader(config, valid, "valid", sampler),
        EvalLoader(config, test, "test", sampler) if "test" in phases else None,
        fitting,
    )
    loaders = data.evaluated() if fitting is None else [*data.evaluated(), fitting]
    say_short_lists(short for loader in loaders for short in loader.short)
    return data


def _train_loader(config: Config, train: SessionDataset, sampler: TimeThresholdSampler) -> TrainLoader:
    """The batches that the model learns from: pairs, users, chunks of events, or windows."""
    if issubclass(config.model_class, GeneralRecommender):
        kind = UserLoader if trains_on_users(config.model_class) else PairLoader
        return kind(config, PairDataset.of(train), sampler)
    if config["train_positions"] == "all":
        if not issubclass(config.model_class, AllPositions):
            own = config.model_class
            ours = next((base.__name__ for base in own.__mro__ if base.__name__ in PLUGIN_MODELS), config["model"])
            raise ConfigError(
                f"train_positions: found 'all' with the class {own.__module__}.{own.__name__}; accepted: {ours} of this package "
                f"(model={ours!r}, by its name) or a class on it, or 'last'."
            )
        return config.model_class.position_loader(config, train, sampler)
    return TrainLoader(config, train, sampler, getattr(config.model_class, "candidate_batch", False))
