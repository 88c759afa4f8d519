"""Variables of the authors' TensorFlow graphs and the parameters of ours that hold them.

The prefix ``sequential/`` of their names is left out. Weights of linear layers stand ``[in, out]`` there and
``[out, in]`` here; nothing else differs in shape.
"""


def _fcn(theirs: str, ours: str, hidden: int = 2) -> dict[str, str]:
    names = {}
    for number in range(hidden):
        suffix = f"_{number}" if number else ""
        names[f"{theirs}/nn_part/w_nn_layer{number}"] = f"{ours}.linears.{number}.weight"
        names[f"{theirs}/nn_part/b_nn_layer{number}"] = f"{ours}.linears.{number}.bias"
        for their_end, our_end in (
            ("gamma", "weight"),
            ("beta", "bias"),
            ("moving_mean", "running_mean"),
            ("moving_variance", "running_var"),
        ):
            names[f"{theirs}/nn_part/batch_normalization{suffix}/{their_end}"] = f"{ours}.norms.{number}.{our_end}"
    names[f"{theirs}/nn_part/w_nn_output"] = f"{ours}.linears.{hidden}.weight"
    names[f"{theirs}/nn_part/b_nn_output"] = f"{ours}.linears.{hidden}.bias"
    return names


def _attention(theirs: str, ours: str) -> dict[str, str]:
    return {f"{theirs}/attention_mat": f"{ours}.attention.matrix"} | _fcn(f"{theirs}/att_fcn", f"{ours}.attention.fcn")


def gru(theirs: str, ours: str) -> dict[str, str]:
    """The names of a GRU."""
    parts = {"gates/kernel": "gate_kernel", "gates/bias": "gate_bias"}
    parts |= {"candidate/kernel": "candidate_kernel", "candidate/bias": "candidate_bias"}
    return {f"{theirs}/{their_end}": f"{ours}{our_end}" for their_end, our_end in parts.items()}


def time4lstm(theirs: str, ours: str) -> dict[str, str]:
    """The names of a Time4LSTM; number 1 belongs to time_to_now, 2 to time_from_first_action."""
    names = {f"{theirs}/kernel": f"{ours}kernel", f"{theirs}/bias": f"{ours}bias"}
    for number in (1, 2):
        for their_end, our_end in (
            ("_time_input_w", "time_weight"),
            ("_time_input_bias", "time_bias"),
            ("_time_kernel_w", "gate_input"),
            ("_time_kernel_t", "gate_time"),
            ("_time_bias", "gate_bias"),
            ("_o_kernel_t", "out_time"),
        ):
            names[f"{theirs}/{their_end}{number}"] = f"{ours}{our_end}{number}"
    return names


EMBEDDINGS = {
    "embedding/item_embedding": "embedding.item.weight",
    "embedding/cate_embedding": "embedding.category.weight",
}

CLSR = {
    **EMBEDDINGS,
    "embedding/user_long_embedding": "user_long.weight",
    "embedding/user_short_embedding": "user_short.weight",
    **_attention("clsr/long_term/attention_fcn", "long_attention"),
    **gru("clsr/short_term/short_term_intention/gru_cell", "query_gru."),
    **time4lstm("clsr/short_term/time4lstm/time4lstm_cell", "rnn."),
    **_attention("clsr/short_term/attention_fcn", "short_attention"),
    **gru("clsr/causal2/causal2/gru_cell", "fusion_gru."),
    **_fcn("clsr/fcn_alpha", "fusion"),
    **_fcn("logit_fcn", "head"),
}

CLSR_WITH_GRU = CLSR | gru("clsr/short_term/simple_gru/gru_cell", "rnn.")

SLIREC = {
    **EMBEDDINGS,
    "sli_rec/long_term_asvd/attention_mat": "long_attention.matrix",
    "sli_rec/long_term_asvd/query": "long_attention.vector",
    **time4lstm("sli_rec/rnn/time4lstm/time4lstm_cell", "rnn."),
    "sli_rec/attention_fcn/attention_fcn/attention_mat": "short_attention.attention.matrix",
    **_fcn("sli_rec/attention_fcn/attention_fcn/att_fcn", "short_attention.attention.fcn"),
    **_fcn("sli_rec/fcn_alpha", "fusion"),
    **_fcn("logit_fcn", "head"),
}

ATTENTIONS_OF_SURGE = {
    "f1_shared_0": "cluster_attention.attention",
    "f2_shared_0": "query_attention.attention",
    "AGRU": "final_attention",
}
SURGE = {
    **EMBEDDINGS,
    "dense/kernel": "metric",
    "dense_1/kernel": "convolution",
    **{
        name: parameter
        for theirs, ours in ATTENTIONS_OF_SURGE.items()
        for name, parameter in {
            f"attention_fcn{theirs}/attention_mat{theirs}": f"{ours}.matrix",
            **_fcn(f"attention_fcn{theirs}/att_fcn", f"{ours}.fcn"),
        }.items()
    },
    **gru("gru", "gru."),
    **_fcn("logit_fcn", "head"),
}


def _encoder(theirs: str, ours: str) -> dict[str, str]:
    names = {}
    layers = ["self_attention/dense", "self_attention/dense_1", "self_attention/dense_2"]
    layers += ["multihead_attention/conv1d", "multihead_attention/conv1d_1"]
    for block in (0, 1):
        for layer, part in zip(layers, ("query", "key", "value", "wide", "narrow"), strict=True):
            for their_end, our_end in (("kernel", "weight"), ("bias", "bias")):
                names[f"{theirs}/sess_long_num_blocks_{block}/{layer}/{their_end}"] = (
                    f"{ours}.blocks.{block}.{part}.{our_end}"
                )
    return names


LSIDN = {
    **EMBEDDINGS,
    "embedding/user_long_embedding": "user_long.weight",
    "embedding/user_short_embedding": "user_short.weight",
    "embedding/position_embedding_long": "position",
    **_encoder("ddsin/long_term/long_term_session", "long_encoder"),
    **_encoder("ddsin/short_term/short_term_current", "current_encoder"),
    **_attention("ddsin/long_term/long_term_session/attention_fcn", "session_attention"),
    **gru("ddsin/long_term/long_term_rnn/gru_cell", "session_gru."),
    "ddsin/long_term/attention_fcn/attention_mat": "long_attention.matrix",
    **_fcn("ddsin/long_term/attention_fcn/att_fcn", "long_attention.fcn"),
    **_attention("ddsin/short_term/short_term_current/attention_fcn", "current_attention"),
    **time4lstm("ddsin/short_term/forward_rnn/time4lstm_cell", "rnn."),
    **_attention("ddsin/short_term/attention_fcn", "sequence_attention"),
    **gru("ddsin/causal2/gru_cell", "fusion_gru."),
    **_fcn("ddsin/alpha_fcn", "fusion", 3),
    **_fcn("logit_fcn", "head", 3),
}
LSIDN_NORM = {"Variable_2": "norm.weight", "Variable_3": "norm.bias"}
"""Without the prefix; ``Variable`` and ``Variable_1`` are a second pair, which nothing reads."""

NOT_OURS = {"embedding/user_embedding"}
"""Variables that the authors create and nothing reads."""
