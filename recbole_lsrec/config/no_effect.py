"""Keys that are accepted and do nothing: some of RecBole's always, others beside certain values."""

from collections.abc import Mapping
from typing import Any

from recbole_lsrec.config.global_time_settings import GlobalTime
from recbole_lsrec.config.protocol_settings import EvalArgs
from recbole_lsrec.config.setting import settings_of
from recbole_lsrec.protocol import Protocol

_GRAPH = "knowledge-graph models are not supported"
_RUN_FOLDER = "a run keeps its files in run_dir/<run>/"
_CACHE = "logs are cached automatically, by their content and settings (data_cache)"

NO_EFFECT = {
    "checkpoint_dir": _RUN_FOLDER,
    "config_file": "RecBole does not read it either; files are named by --config_files",
    "save_dataset": _CACHE,
    "dataset_save_path": _CACHE,
    "save_dataloaders": _CACHE,
    "dataloaders_save_path": _CACHE,
    "valid_metric_bigger": "it follows from valid_metric",
    "require_pow": "only general recommenders of RecBole read it",
    "RATING_FIELD": "no sequential model reads ratings; name the column in load_col to have it as a feature",
    "threshold": "it sets a label from ratings; here every event is positive and labels come from negative sampling",
    "POSITION_FIELD": "no sequential model reads it",
    "HEAD_ENTITY_ID_FIELD": _GRAPH,
    "TAIL_ENTITY_ID_FIELD": _GRAPH,
    "RELATION_ID_FIELD": _GRAPH,
    "ENTITY_ID_FIELD": _GRAPH,
    "alias_of_entity_id": _GRAPH,
    "alias_of_relation_id": _GRAPH,
    "kg_reverse_r": _GRAPH,
    "entity_kg_num_interval": _GRAPH,
    "relation_kg_num_interval": _GRAPH,
}
"""Key -> why it does nothing. docs/from_recbole.md shows this table."""

SHARES = {"mask_itemseq": "mask_ratio", "crop_itemseq": "eta", "reorder_itemseq": "beta"}
"""Values of ``transform`` -> the key that says how much it changes."""
_OF_TRANSFORM = {**{share: transform for transform, share in SHARES.items()}, "ft_ratio": "mask_itemseq"}


def idle_beside(values: Mapping[str, Any]) -> dict[str, str]:
    """Which settings of all models do nothing beside the others, each with the reason.

    Args:
        values: of all keys, checked.
    """
    transform = values["transform"]
    found = {
        key: f"transform is {transform or '~'}, not {one}" for key, one in _OF_TRANSFORM.items() if one != transform
    }
    if not values["enable_amp"]:
        found["enable_scaler"] = "enable_amp is False"
    if not values["eval_step"]:
        found |= dict.fromkeys(("stopping_step", "stopping_rule"), "eval_step is 0")
    if not values["log_wandb"]:
        found["wandb_project"] = "log_wandb is False"
    if not values["log_mlflow"]:
        found["mlflow_experiment"] = "log_mlflow is False"
    return found


def idle_in_evaluation(values: Mapping[str, Any]) -> dict[str, str]:
    """Which settings of the evaluation and its data do nothing beside the others, each with the reason.

    Args:
        values: of all keys, checked, with ``eval_protocols``.
    """
    protocols = _protocols(values)
    found: dict[str, str] = {}
    if not any(protocol.name == "full" for protocol in protocols):
        why = "eval_args: mode has no full; the run stays as it is, and recommend and serve take it for their default"
        found |= dict.fromkeys(("filter_seen", "full_stage"), why)
    split = values["eval_args"]["split"]
    if not any(protocol.n for protocol in protocols) and not (
        "GTS" in split and GlobalTime.parse(split["GTS"]).targets == "random"
    ):
        found["candidate_seed"] = _NO_DRAW
    if all(values[f"{kind}_inter_num_interval"] in (None, "[0,inf)") for kind in ("user", "item")):
        found["k_core"] = "user_inter_num_interval and item_inter_num_interval keep all"
    if not any(metric.lower() == "tailpercentage" for metric in values["metrics"]):
        found["tail_ratio"] = "metrics has no TailPercentage"
    return found


def idle_parts(given: Any, values: Mapping[str, Any]) -> dict[str, str]:
    """Which parts of ``eval_args`` were set in vain, as ``eval_args: part``, each with the reason.

    Args:
        given: ``eval_args`` as the user wrote it, or None.
        values: of all keys, checked, with ``eval_protocols``.
    """
    protocols = _protocols(values)
    found: dict[str, str] = {}
    if not any(protocol.n for protocol in protocols):
        found = dict.fromkeys(("exclude", "pool", "popularity"), _NO_DRAW)
        if not any(protocol.sampled for protocol in protocols):
            found["fewer"] = "eval_args: mode has full alone"
    elif not any(protocol.alpha for protocol in protocols):
        found["popularity"] = "eval_args: mode has no popN"
    usual = settings_of(EvalArgs)
    own = given if isinstance(given, Mapping) else {}
    return {
        f"eval_args: {part}": why
        for part, why in found.items()
        if part in own and values["eval_args"][part] != usual[part].default
    }


_NO_DRAW = "eval_args: mode has neither uniN nor popN, so no negatives are drawn"


def _protocols(values: Mapping[str, Any]) -> list[Protocol]:
    return [Protocol.parse(name) for names in values["eval_protocols"].values() for name in names]
