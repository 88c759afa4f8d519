"""Whether the values of settings are possible; each error names key, value, source and the accepted form."""

import math
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from recbole.evaluator import metric_types, smaller_metrics

from recbole_lsrec.config.intervals import ACCEPTED, is_intervals
from recbole_lsrec.config.keys import Kinds, fits
from recbole_lsrec.errors import ConfigError, did_you_mean

Sources = Mapping[str, str]  # key -> where its value comes from


class Rule(NamedTuple):
    """What a key accepts beyond its kind: a test and the same in words."""

    holds: Callable[[Any], bool]
    accepted: str


def whole(least: int, unit: str = "") -> Rule:
    """A whole number from ``least`` on."""
    size = "greater than 0" if least == 1 else f"of at least {least}"
    return Rule(lambda value: fits(value, ("int",)) and value >= least, f"a whole number{unit} {size}")


def number(least: float = 0.0, above: bool = False) -> Rule:
    """A finite number from ``least`` on, or strictly above it."""

    def holds(value: Any) -> bool:
        return fits(value, ("float",)) and math.isfinite(value) and (value > least if above else value >= least)

    return Rule(holds, f"a number {'greater than' if above else 'of at least'} {least:g}")


def choice(*options: Any) -> Rule:
    """One of a few values."""
    return Rule(
        lambda value: any(value == option and type(value) is type(option) for option in options),
        "one of " + ", ".join(str(option) for option in options),
    )


def optional(rule: Rule) -> Rule:
    """The same, or None."""
    return Rule(lambda value: value is None or rule.holds(value), f"{rule.accepted}, or ~ for none")


_FILES = Rule(
    lambda value: fits(value, ("list of str",)) and len(value) == 3 == len(set(value)) and all(value),
    "three names such as [train, valid, test], for the files <dataset>.train.inter and so on",
)
_INTERVALS = Rule(is_intervals, ACCEPTED)
_NAME = Rule(lambda value: isinstance(value, str) and value.strip() != "", "the name of a column")

RULES: dict[str, Rule] = {
    "seed": Rule(lambda value: fits(value, ("int",)) and 0 <= value < 2**32, "a whole number from 0 to 4294967295"),
    "epochs": whole(1),
    "train_batch_size": whole(1),
    "eval_batch_size": whole(1),
    "worker": whole(0),
    "eval_step": whole(0),
    "stopping_step": whole(0),
    "learning_rate": number(above=True),
    "weight_decay": number(),
    "loss_decimal_place": whole(0),
    "metric_decimal_place": whole(0),
    "learner": choice("adam", "adamw", "sgd", "adagrad", "rmsprop", "sparse_adam"),
    "state": choice("INFO", "DEBUG", "WARNING", "ERROR", "CRITICAL", "info", "debug", "warning", "error", "critical"),
    "transform": optional(choice("mask_itemseq", "inverse_itemseq", "crop_itemseq", "reorder_itemseq")),
    "clip_grad_norm": optional(
        Rule(lambda value: isinstance(value, dict) and "max_norm" in value, "a dict such as {max_norm: 5}")
    ),
    "repeatable": Rule(lambda value: value is True, "True, because sequential models may recommend an item again"),
    "MAX_ITEM_LIST_LENGTH": whole(1),
    "USER_ID_FIELD": _NAME,
    "ITEM_ID_FIELD": _NAME,
    "TIME_FIELD": _NAME,
    "rm_dup_inter": optional(choice("first", "last")),
    "benchmark_filename": optional(_FILES),
    "nproc": choice(1),
    "session_threshold": whole(1, " of seconds"),
    "session_gap": choice("le", "lt"),
    "timestamp_unit": choice("s", "ms", "us", "ns", "order"),
    "field_separator": Rule(
        lambda value: isinstance(value, str) and len(value.encode()) == 1 and value not in "\r\n", "one ASCII character"
    ),
    "user_inter_num_interval": optional(_INTERVALS),
    "item_inter_num_interval": optional(_INTERVALS),
    "val_interval": optional(
        Rule(
            lambda value: (
                isinstance(value, dict) and all(isinstance(v, list) or is_intervals(v) for v in value.values())
            ),
            f"a dict of columns, each with {ACCEPTED}, or for a column of tokens with a list of those that stay",
        )
    ),
    "category_from_seq": choice("first"),
    "CATEGORY_FIELD": optional(_NAME),
    "SESSION_ID_FIELD": _NAME,
    "candidate_seed": whole(0),
    "ties": choice("average", "optimistic", "pessimistic"),
    "gauc_by": choice("instance", "user", "rows"),
    "eval_memory_mb": number(above=True),
    "clip_variable_norm": optional(number(above=True)),
    "train_steps": optional(whole(1)),
    "train_seconds": optional(number(above=True)),
}

_OF_RANKS = ("Hit", "NDCG", "MRR", "Precision", "Recall", "MAP", "AUC", "GAUC", "MeanRank")
_OF_LISTS = ("ItemCoverage", "GiniIndex", "AveragePopularity", "TailPercentage", "ShannonEntropy")
METRICS = {name.lower(): name for name in (*_OF_RANKS, *_OF_LISTS)}
_NEED_RATINGS = set(metric_types) - set(METRICS)
_WITHOUT_K = ("auc", "gauc", "meanrank")  # these never have a cut-off; MRR may
_ALWAYS = ("mrr", "meanrank")  # without a cut-off, computed whatever ``metrics`` says
_OWN_METRICS: dict[str, bool] = {}  # name -> whether more of it is better


def accept_metric(name: str, higher_is_better: bool) -> None:
    """Accepts a user's metric in ``metrics`` and ``valid_metric``; see :func:`recbole_lsrec.evaluation.metrics.register`.

    Raises:
        ConfigError: the name is none, or is taken.
    """
    if not re.fullmatch(r"[a-z]\w*", name) or name != name.lower():
        raise ConfigError(f"metric: found {name!r}; accepted: a name of lower-case letters, digits and underscores.")
    if name in METRICS and name not in _OWN_METRICS:
        raise ConfigError(f"metric: {name!r} is {METRICS[name]}, which is there already; give yours another name.")
    METRICS[name], _OWN_METRICS[name] = name, higher_is_better


def bigger_is_better(metric: str) -> bool:
    """Whether more of a metric is better; ``metric`` is its lower-case name without protocol and cut-off."""
    return _OWN_METRICS.get(metric, metric not in (*smaller_metrics, "meanrank"))


def refuse(key: str, value: Any, sources: Sources, accepted: str) -> ConfigError:
    """Returns the error that a value of a key is not accepted; ``key`` may be ``eval_args: mode``."""
    source = sources.get(key.split(":")[0], "")
    return ConfigError(f"{key}: found {value!r}{f' ({source})' if source else ''}; accepted: {accepted}.")


def check_values(values: Mapping[str, Any], kinds: Kinds, sources: Sources) -> None:
    """Checks every value by the rule of its key, or else by its kind.

    Raises:
        ConfigError: the first value that cannot be used.
    """
    for key, value in values.items():
        rule = RULES.get(key)
        if rule is not None:
            if not rule.holds(value):
                raise refuse(key, value, sources, rule.accepted)
        elif not fits(value, kinds.get(key, ())):
            raise refuse(key, value, sources, _words(kinds[key]))


def check_budget(values: Mapping[str, Any], sources: Sources) -> None:
    """Refuses two budgets at once.

    Raises:
        ConfigError: both ``train_steps`` and ``train_seconds`` are set.
    """
    if values["train_steps"] is not None and values["train_seconds"] is not None:
        raise refuse(
            "train_seconds", values["train_seconds"], sources, "~ where train_steps is set; one budget at a time"
        )


def check_topk(topk: Any, sources: Sources) -> list[int]:
    """Returns ``topk`` as a list of cut-offs.

    Raises:
        ConfigError: something else than positive whole numbers.
    """
    cuts = topk if isinstance(topk, list) else [topk]
    if not cuts or not all(fits(cut, ("int",)) and cut > 0 for cut in cuts):
        raise refuse("topk", topk, sources, "a whole number greater than 0, or a list of them")
    return cuts


def check_metrics(metrics: Any, sources: Sources) -> list[str]:
    """Returns ``metrics`` as a list of names, in the case the user gave.

    Raises:
        ConfigError: an unknown metric, or one of RecBole's that needs ratings.
    """
    names = metrics if isinstance(metrics, list) else [metrics]
    if not names:
        raise refuse("metrics", metrics, sources, f"at least one of {', '.join(METRICS.values())}")
    for name in names:
        if not isinstance(name, str) or name.lower() not in METRICS:
            lower = str(name).lower()
            hint = did_you_mean(str(name), METRICS.values())
            if lower in _NEED_RATINGS:
                hint = " It compares predicted with given ratings."
            raise ConfigError(f"{refuse('metrics', name, sources, ', '.join(METRICS.values()))}{hint}")
    return names


def check_valid_metric(metric: Any, settings: Mapping[str, Any], sources: Sources) -> str:
    """Returns ``valid_metric`` if the evaluation will compute it, without the prefix of the first protocol.

    Args:
        metric: such as ``NDCG@10``, ``MRR``, or ``full/NDCG@10`` for a validation protocol that is not the first.
        settings: ``metrics``, ``topk``, ``gauc_by`` and ``eval_protocols``, all checked.
        sources: where each key comes from.

    Raises:
        ConfigError: it is malformed, its protocol does not validate, its metric is not among ``metrics``, its cut-off not
            in ``topk``, or it needs raw scores on ``full``, which are not kept.
    """
    metrics, topk, protocols = settings["metrics"], settings["topk"], settings["eval_protocols"]["valid"]

    def wrong(accepted: str) -> ConfigError:
        return refuse("valid_metric", metric, sources, accepted)

    form = r"(?:([a-z0-9]+)/)?([A-Za-z]\w*)(?:@([1-9]\d*))?"
    parts = re.fullmatch(form, metric) if isinstance(metric, str) else None
    if parts is None:
        raise wrong(f"a metric with its cut-off, such as NDCG@{topk[-1]}, or MRR, MeanRank, AUC, GAUC")
    protocol, written, cut = parts[1] or protocols[0], parts[2], parts[3]
    name = written.lower()
    if protocol not in protocols:
        raise wrong(f"a protocol that eval_args validates on: {', '.join(protocols)}")
    if name not in METRICS:
        raise ConfigError(f"{wrong(', '.join(METRICS.values()))}{did_you_mean(written, METRICS.values())}")
    if cut is not None and name in (*_WITHOUT_K, *_OWN_METRICS):
        raise wrong(f"{written}, which has no cut-off")
    if cut is None and name not in (*_ALWAYS, *_WITHOUT_K, *_OWN_METRICS):
        raise wrong(" or ".join(f"{written}@{k}" for k in topk))
    if cut is not None and int(cut) not in topk:
        raise wrong(f"a cut-off that is in topk {topk}; add {cut} to topk")
    if (cut is not None or name not in _ALWAYS) and name not in [known.lower() for known in metrics]:
        raise wrong(f"one of metrics {metrics}; add {written} to metrics")
    if protocol == "full" and name == "auc":
        raise wrong(
            "GAUC, MRR or a metric with a cut-off where eval_args validates on full: AUC needs sampled negatives"
        )
    if protocol == "full" and name == "gauc" and settings["gauc_by"] != "instance":
        raise wrong(
            "MRR, a metric with a cut-off, or gauc_by: instance where eval_args validates on full: gauc_by: "
            f"{settings['gauc_by']} needs sampled negatives"
        )
    return metric if protocol != protocols[0] else metric.split("/")[-1]


def _words(kinds: tuple[str, ...]) -> str:
    names = {
        "int": "a whole number",
        "float": "a number",
        "str": "text",
        "bool": "True or False",
        "list": "a list",
        "dict": "a dict",
        "None": "~ for none",
    }
    phrases = []
    for kind in dict.fromkeys(kinds):
        outer, _, inner = kind.partition(" of ")
        element = {"int": " of whole numbers", "float": " of numbers", "str": " of texts"}.get(inner, "")
        phrases.append(names[outer] + element)
    return " or ".join(phrases)
