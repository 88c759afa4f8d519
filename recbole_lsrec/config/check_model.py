"""What models of RecBole and its trainer cannot take, said before any work."""

import inspect
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any

from recbole.utils import InputType

from recbole_lsrec.config.check import Sources, refuse
from recbole_lsrec.config.known import model_settings
from recbole_lsrec.config.no_effect import SHARES
from recbole_lsrec.errors import ConfigError
from recbole_lsrec.registry import is_one_of


def check_model_settings(values: Mapping[str, Any], model: type, sources: Sources) -> None:
    """Refuses settings on which a model or the trainer would stop in the middle.

    Raises:
        ConfigError: names the key, what was found and what is accepted.
    """
    heads = values.get("n_heads")
    width = "hidden_size" if "hidden_size" in values else "embedding_size"
    of_recbole = any(base.__module__.startswith("recbole.model.sequential_recommender.") for base in model.__mro__)
    if of_recbole and heads is not None and values.get(width) is not None and values[width] % heads:
        raise refuse("n_heads", heads, sources, f"a divisor of {width}, which is {values[width]}")
    _check_lists(values, model, sources)
    _check_transform(values, model, sources)
    may_be_sparse(values, model)
    for key, package, pip_name in (("log_wandb", "wandb", "wandb"), ("log_mlflow", "mlflow", "mlflow-skinny")):
        if values[key] and find_spec(package) is None:
            raise refuse(key, True, sources, f"False, because {package} is not installed here (pip install {pip_name})")


def input_type_of(model: type, values: Mapping[str, Any], sources: Sources) -> InputType:
    """How a model wants its training pairs: as its class says, or as follows from ``loss_type``.

    Raises:
        ConfigError: neither says, or the class does in another way.
    """
    of_class = getattr(model, "input_type", None)
    if isinstance(of_class, InputType):
        return of_class
    if of_class is not None:
        raise ConfigError(
            f"model: the class {model.__name__} has the input_type {of_class!r}; accepted: POINTWISE, PAIRWISE or LISTWISE of "
            "recbole.utils.InputType."
        )
    by_loss = {"CE": InputType.POINTWISE, "BPR": InputType.PAIRWISE}
    loss = values.get("loss_type")
    if loss not in by_loss:
        own = "" if _is_shipped(model) else f"; or give the class {model.__name__} an input_type"
        raise refuse("loss_type", loss, sources, f"CE or BPR{own}")
    return by_loss[loss]


def _check_lists(values: Mapping[str, Any], model: type, sources: Sources) -> None:
    """Lists of RecBole's models that have to fit each other."""
    if is_one_of(model, ("DMF",)) and values["item_hidden_size_list"][-1] != (
        last := values["user_hidden_size_list"][-1]
    ):
        raise refuse(
            "item_hidden_size_list",
            values["item_hidden_size_list"],
            sources,
            f"a list that ends with {last}, as user_hidden_size_list does",
        )
    if is_one_of(model, ("ConvNCF",)):
        layers = len(values["cnn_kernels"])
        if len(values["cnn_strides"]) != layers:
            raise refuse("cnn_strides", values["cnn_strides"], sources, f"{layers} numbers, as in cnn_kernels")
        channels = values["cnn_channels"]
        if channels[0] != 1 or len(channels) != layers + 1:
            raise refuse("cnn_channels", channels, sources, f"1 and then {layers} numbers, as many as in cnn_kernels")


def _check_transform(values: Mapping[str, Any], model: type, sources: Sources) -> None:
    """RecBole's changes of training windows, and the masks that BERT4Rec cannot do without."""
    transform, at_once = values["transform"], values.get("train_positions") == "all"
    length, ratio = values["MAX_ITEM_LIST_LENGTH"], values.get("mask_ratio")
    masks = any(base.__name__ == "BERT4Rec" for base in model.__mro__)
    if masks and transform != "mask_itemseq":
        raise refuse("transform", transform, sources, "mask_itemseq with BERT4Rec, which learns from masks alone")
    if at_once and not masks and transform is not None:
        raise refuse(
            "transform", transform, sources, "none with train_positions: all, whose batches are not changed by it"
        )
    share = SHARES.get(transform, "")
    if share and values.get(share) is None:
        raise refuse(share, None, sources, f"a number greater than 0 and at most 1 with transform: {transform}")
    if transform == "mask_itemseq" and not at_once and int(ratio * length) < 1:
        raise refuse(
            "MAX_ITEM_LIST_LENGTH",
            length,
            sources,
            f"a length of which mask_ratio ({ratio}) masks at least one item; lengthen histories or raise mask_ratio",
        )


def may_be_sparse(values: Mapping[str, Any], model: type) -> bool:
    """Whether embedding tables may have sparse gradients (``sparse_embeddings``, ``learner``).

    Raises:
        ConfigError: they are asked for where there can be none.
    """
    asked = "learner: sparse_adam" if values["learner"] == "sparse_adam" else ""
    asked = asked or ("sparse_embeddings: True" if values["sparse_embeddings"] is True else "")
    obstacle = _why_dense(values, model)
    if asked and obstacle:
        raise ConfigError(f"{asked} cannot be had together with {obstacle}.")
    return not obstacle


def _why_dense(values: Mapping[str, Any], model: type) -> str:
    """Why there can be no sparse gradients, in words; "" if they can."""
    if not hasattr(model, "lookup_tables"):
        return f"{model.__name__}, whose gradients are dense; use learner: adam"
    if values["sparse_embeddings"] is False:
        return "sparse_embeddings: False; leave that out, or use learner: adam"
    if values["learner"] not in ("adam", "sparse_adam"):
        return f"learner: {values['learner']}; use adam or sparse_adam"
    if values["weight_decay"]:
        return f"weight_decay: {values['weight_decay']}, which moves every row; use the model's reg_weight"
    if values["clip_grad_norm"]:
        return "clip_grad_norm, which torch computes of dense gradients; use clip_variable_norm"
    return ""


def reads_numbers(model: type) -> bool:
    """Whether a model reads columns of numbers of items and users; of one's own nobody knows, which counts as yes."""
    features = {"selected_features"} & model_settings(model).keys() or is_one_of(model, ("DIN", "DIEN"))
    return bool(features) or not _is_shipped(model)


def _is_shipped(model: type) -> bool:
    return model.__module__.startswith(("recbole.", "recbole_lsrec."))


def reads_preloaded_weights(model: type) -> bool:
    """Whether a model or a base of it asks the data set for ``preload_weight``; unknown source counts as yes."""
    for base in model.__mro__:
        if base.__module__.startswith(("recbole.model.abstract", "torch", "builtins", "abc")):
            continue
        try:
            if "get_preload_weight" in inspect.getsource(sys.modules[base.__module__]):
                return True
        except (OSError, TypeError, KeyError):  # typed into a shell or notebook
            return True
    return False
