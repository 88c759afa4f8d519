"""Whether the values of settings are possible; each error names key, value, source and the accepted form."""

import re
from collections.abc import Mapping
from typing import Any

from recbole.evaluator import metric_types

from recbole_lsrec.config.metric_names import ALWAYS, METRICS, OF_LISTS, OWN_METRICS, WITHOUT_K
from recbole_lsrec.config.run_settings import BUDGETS
from recbole_lsrec.config.setting import Setting
from recbole_lsrec.errors import ConfigError, did_you_mean

Sources = Mapping[str, str]  # key -> where its value comes from
_NEED_RATINGS = set(metric_types) - set(METRICS)


def refuse(key: str, value: Any, sources: Sources, accepted: str) -> ConfigError:
    """Returns the error that a value of a key is not accepted; ``key`` may be ``eval_args: mode``."""
    source = sources.get(key.split(":")[0], "")
    return ConfigError(f"{key}: found {value!r}{f' ({source})' if source else ''}; accepted: {accepted}.")


def check_values(values: Mapping[str, Any], declared: Mapping[str, Setting], sources: Sources) -> None:
    """Checks every value by the declaration of its key.

    Raises:
        ConfigError: the first value that cannot be used.
    """
    for key, value in values.items():
        declared[key].check(value, sources.get(key, ""))


def check_budget(values: Mapping[str, Any], sources: Sources) -> None:
    """Refuses two budgets at once.

    Raises:
        ConfigError: both ``train_steps`` and ``train_seconds`` are set.
    """
    first, second = BUDGETS
    if values[first] is not None and values[second] is not None:
        raise refuse(first, values[first], sources, f"~ where {second} is set; one budget at a time")


def check_own_columns(values: Mapping[str, Any], sources: Sources) -> None:
    """Refuses one column in two roles, and a field that is made in the place of another.

    Raises:
        ConfigError: names both keys.
    """
    roles = ("USER_ID_FIELD", "ITEM_ID_FIELD", "TIME_FIELD", "SESSION_ID_FIELD")
    taken: dict[str, str] = {}
    for key in roles:
        if values[key] in taken:
            raise refuse(key, values[key], sources, f"another column than that of {taken[values[key]]}")
        taken[values[key]] = key
    taken |= {f"{column}{values['LIST_SUFFIX']}": f"the histories of {key}" for column, key in taken.items()}
    for key in ("LABEL_FIELD", "ITEM_LIST_LENGTH_FIELD"):
        if values[key] in taken:
            raise refuse(key, values[key], sources, f"another field than that of {taken[values[key]]}")
        taken[values[key]] = key


def check_topk(topk: Any, sources: Sources) -> list[int]:
    """Returns ``topk`` as a list of cut-offs.

    Raises:
        ConfigError: something else than positive whole numbers.
    """
    cuts = topk if isinstance(topk, list) else [topk]
    if not cuts or not all(type(cut) is int and cut > 0 for cut in cuts):
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
    if cut is not None and name in (*WITHOUT_K, *OWN_METRICS):
        raise wrong(f"{written}, which has no cut-off")
    if cut is None and name not in (*ALWAYS, *WITHOUT_K, *OWN_METRICS):
        raise wrong(" or ".join(f"{written}@{k}" for k in topk))
    if cut is not None and int(cut) not in topk:
        raise wrong(f"a cut-off that is in topk {topk}; add {cut} to topk")
    if (cut is not None or name not in ALWAYS) and name not in [known.lower() for known in metrics]:
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


def check_popularity_correction(values: Mapping[str, Any], sources: Sources) -> None:
    """Refuses a correction that is not there, or that validation cannot fit.

    Args:
        values: ``popularity_correction``, ``corrected_results``, ``valid_metric``, ``gauc_by`` and ``full_stage``, all checked.
        sources: where each key comes from.

    Raises:
        ConfigError: ``corrected_results`` without a correction, a ``valid_metric`` that ranks do not give, or scores that
            are estimates for most items.
    """
    asked, metric = values["popularity_correction"], values["valid_metric"]
    if values["corrected_results"] and asked is None:
        raise refuse("corrected_results", True, sources, "False where popularity_correction is ~")
    if asked is not None and values["full_stage"] != "exact":
        raise refuse("full_stage", values["full_stage"], sources, "exact where popularity_correction is set")
    name = re.sub(r"^.*/|@.*$", "", metric).lower()
    of_scores = name == "auc" or (name == "gauc" and values["gauc_by"] != "instance")
    if asked == "valid" and (of_scores or name in map(str.lower, OF_LISTS)):
        raise refuse(
            "popularity_correction", asked, sources, f"a number, because ranks alone do not give valid_metric {metric}"
        )
