"""Types and bounds of the settings of RecBole's models, whose yaml files say a default and no more.

Without them RecBole trains, and says nothing, with -1 steps of a graph, a negative weight of a regulariser, or a word that is
none of those it looks for.
"""

from functools import reduce
from operator import or_
from typing import Annotated, Any, Literal, get_args, get_origin

from annotated_types import Ge, Gt, Le, Len, Lt

_FROM_0 = Annotated[int, Ge(0)]  # a graph of no layers is the embeddings alone; a transformer of none is nothing
_SHARE = Annotated[float, Ge(0), Le(1)]
_LAYERS = Annotated[list[Annotated[int, Ge(1)]], Len(1)]

# Keys that its models read without a default, types wider than that of the default, and words that it does not check.
TYPES: dict[str, dict[str, Any]] = {
    "ConvNCF": dict.fromkeys(("cnn_channels", "cnn_kernels", "cnn_strides"), _LAYERS),
    "DIEN": {
        "alpha": Annotated[float, Ge(0)],
        "gru_type": Literal["GRU", "AIGRU", "AGRU", "AUGRU"],
        "mlp_hidden_size": _LAYERS,
    },
    "DMF": dict.fromkeys(("item_hidden_size_list", "user_hidden_size_list"), _LAYERS),
    "DiffRec": {"mlp_act_func": Literal["tanh", "relu", "leakyrelu", "sigmoid", "none"]},
    "FEARec": {
        **dict.fromkeys(("contrast", "sim", "tau", "use_filter"), Any),
        **dict.fromkeys(("global_ratio", "spatial_ratio"), _SHARE),
        "fredom_type": str | None,
    },
    "GCMC": {"accum": Literal["stack", "sum"]},
    "GCSAN": {"weight": _SHARE},
    "GRU4RecCPR": {"dropout_prob": float, "reranker_CAN_NUM": str | int, "use_proj_bias": bool | int},
    "HRM": {
        "reg_weight": Any,
        **dict.fromkeys(("pooling_type_layer_1", "pooling_type_layer_2"), Literal["max", "average"]),
    },
    **{model: {"n_layers": _FROM_0} for model in ("DGCF", "LightGCN", "SpectralCF")},
    **{model: {"mlp_hidden_size": _LAYERS} for model in ("DIN", "NNCF", "NeuMF")},
    "LINE": {"order": Literal[1, 2]},
    "SASRecCPR": {"hidden_dropout_prob": float, "reranker_CAN_NUM": str | int, "use_proj_bias": bool | int},
    "SGL": {"n_layers": _FROM_0, "type": Literal["ED", "ND", "RW"]},
}

# How wide or long something is, how many there are.
_SIZES = """
    block_num class_num cnn_channels cnn_kernels cnn_strides conv_kernel_size dilations dims_dnn embedding_size
    encoder_hidden_size gcn_output_dim hidden_size hidden_size_list high_order history_len history_num_per_term inner_size
    interest_size item_embedding_size item_hidden_size_list k k_interests kernel_size kfac latent_dimension
    mf_embedding_size mlp_embedding_size mlp_hidden_size n_factors n_heads n_layers neigh_embedding_size neigh_num nh
    num_basis_functions num_conv_kernel num_layers nv order_len pool_kernel_size prototype_size rank short_item_length steps
    topk_factor total_anneal_steps ui_embedding_size user_embedding_size user_hidden_size_list weight_size
"""
# How often something is done; 0 leaves it out.
_TIMES = "n_iterations sampling_steps split_to step"
# Shares that are dropped, of which something has to be left.
_DROPPED = """
    attn_dropout_prob corruption_ratio drop_ratio dropout dropout_prob dropout_probs hidden_dropout_prob item_dropout
    message_dropout node_dropout sess_dropout
"""
_WEIGHTS = """
    anneal_cap cor_weight lambda1 lambda2 lmd lmd_sem negative_weight noise_scale reg_loss_ratio reg_weight reg_weight_1
    reg_weight_2 reg_weights second_order_loss_weight shrink ssl_weight
"""
_DIVISORS = "layer_norm_eps rho ssl_tau tau tau_ratio temperature"
_SPREADS = "initializer_range std"

_BOUNDS: dict[str, tuple[Ge | Gt | Lt, ...]] = {
    **dict.fromkeys(_SIZES.split(), (Ge(1),)),
    **dict.fromkeys(f"{_TIMES} {_WEIGHTS} {_SPREADS}".split(), (Ge(0),)),
    **dict.fromkeys(_DROPPED.split(), (Ge(0), Lt(1))),
    **dict.fromkeys(_DIVISORS.split(), (Gt(0),)),
}

# Lists of which a model takes each entry for something else: as many as its default has.
_ONE_EACH = {"dropout_probs", "reg_weight", "reg_weights"}

# Words that RecBole looks for under a key, whichever model it is of.
_WORDS: dict[str, Any] = {
    "aggregator": Literal["mean", "user_attention", "self_attention"],
    "algorithm": Literal["prod", "concat"],
    "dnn_type": Literal["trm", "ave"],
    "hid_activation": Literal["sigmoid", "relu", "tanh"],
    "hidden_act": Literal["gelu", "relu", "swish", "tanh", "sigmoid"],
    "inter_matrix_type": Literal["01", "rating"],
    "knn_method": Literal["item", "user"],
    "mean_type": Literal["x0", "eps"],
    "neigh_info_method": Literal["random", "knn", "louvain"],
    "noise_schedule": Literal["linear", "linear-var", "cosine", "binomial"],
    "out_activation": Literal["sigmoid", "relu"],
    "pooling_mode": Literal["max", "mean", "sum"],
    "pooling_type": Literal["average", "max"],
    "train_method": Literal["no_pretrain", "after_pretrain"],
}


def bounded(key: str, kind: Any) -> Any:
    """The type of a key's values with the bounds and words that RecBole has for the key; of a list, on its entries."""
    if kind is str:
        return _WORDS.get(key, kind)
    if key not in _BOUNDS:
        return kind
    if get_origin(kind) is list:
        return list[bounded(key, get_args(kind)[0])]  # type: ignore[misc]
    return Annotated[(kind, *_BOUNDS[key])] if kind in (int, float) else kind


def type_of(key: str, value: Any) -> Any:
    """The type that a default says, with the bounds or words of its key, and its length where each entry has its own meaning."""
    kind = bounded(key, _of_value(value))
    one_each = key in _ONE_EACH and isinstance(value, list)
    return Annotated[(kind, Len(len(value), len(value)))] if one_each else kind


def _of_value(value: Any) -> Any:
    if isinstance(value, list):
        kinds = {_of_value(entry) for entry in value} or {Any}
        if kinds == {int, float}:
            kinds = {float}
        return list[reduce(or_, kinds)] if Any not in kinds else list[Any]  # type: ignore[misc]
    return type(value) if type(value) in (bool, int, float, str, dict) else Any
