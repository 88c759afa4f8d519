"""Keys that are accepted and do nothing: some of RecBole's always, others beside certain values."""

from collections.abc import Mapping
from typing import Any

_GRAPH = "knowledge-graph models are not supported"
_RUN_FOLDER = "a run keeps its files in run_dir/<run>/"
_CACHE = "logs are kept by themselves, under a key of their content and settings (data_cache)"

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
