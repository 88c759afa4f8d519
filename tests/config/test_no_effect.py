"""Settings that do nothing beside others are named, and only where they were given another value than the default."""

from typing import Any

import pytest

from recbole_lsrec.config import Config
from recbole_lsrec.leaderboard.plan import plan_file, read_plan


@pytest.mark.parametrize(
    ("model", "given", "idle"),
    [
        ("SASRec", {"n_negatives": 16}, {"n_negatives": "position_loss is softmax"}),
        ("SASRec", {"train_positions": "all", "position_loss": "gbce", "n_negatives": 16, "gbce_t": 0.5}, {}),
        ("SASRecSS", {"n_negatives": 16, "gbce_t": 0.5}, {"gbce_t": "position_loss is sampled_softmax"}),
        ("SASRec", {"mask_ratio": 0.3, "eta": 0.5}, dict.fromkeys(("mask_ratio", "eta"), "transform is ~, not {}_itemseq")),
        ("BERT4Rec", {"mask_ratio": 0.3, "ft_ratio": 0.1}, {}),
        ("SASRec", {"enable_scaler": True}, {"enable_scaler": "enable_amp is False"}),
        ("SASRec", {"eval_step": 0, "stopping_step": 3}, {"stopping_step": "eval_step is 0"}),
        ("SLSRec", {"train_neg_sample_args": {"distribution": "uniform", "sample_num": 4, "alpha": 0.5}},
         {"train_neg_sample_args: alpha": "distribution is uniform, not popularity"}),
        ("SASRec", {"eval_args": {"mode": "pop20"}, "filter_seen": True, "full_stage": "two_stage"},
         dict.fromkeys(("filter_seen", "full_stage"), "eval_args: mode has no full; the run stays as it is, and recommend and "
                       "serve take it for their default")),
        ("SASRec", {"filter_seen": True, "full_stage": "two_stage", "candidate_seed": 7}, {}),
        ("SASRec", {"k_core": "once", "tail_ratio": 0.3},
         {"k_core": "user_inter_num_interval and item_inter_num_interval keep all",
          "tail_ratio": "metrics has no TailPercentage"}),
        ("SASRec", {"k_core": "once", "item_inter_num_interval": "[5,inf)", "tail_ratio": 0.3,
                    "metrics": ["NDCG", "TailPercentage"]}, {}),
        ("SASRec", {"candidate_seed": 7, "eval_args": {"mode": "full", "exclude": ["history"], "popularity": "all",
                                                      "pool": "all", "fewer": "error"}},
         {**dict.fromkeys(("candidate_seed", "eval_args: exclude", "eval_args: popularity", "eval_args: pool"),
                          "eval_args: mode has neither uniN nor popN, so no negatives are drawn"),
          "eval_args: fewer": "eval_args: mode has full alone"}),
        ("SASRec", {"candidate_seed": 7, "eval_args": {"mode": "full", "split": {"GTS": {"test": 0.8, "targets": "random"}}}},
         {}),
        ("SASRec", {"eval_args": {"mode": "uni9", "popularity": "all", "exclude": ["history"]}},
         {"eval_args: popularity": "eval_args: mode has no popN"}),
        ("SASRec", {"numerical_features": ["price"]}, {"numerical_features": "SASRec reads no columns of numbers"}),
        ("DIN", {"numerical_features": ["price"]}, {}),
        ("SASRecF", {"numerical_features": ["price"]}, {}),
        ("SASRec", {"wandb_project": "mine"}, {"wandb_project": "log_wandb is False"}),
        ("SLSRec", {"data_loss": "softmax", "output_bias": "zero"}, {"output_bias": "data_loss is softmax"}),
        ("SLSRec", {"output_bias": "zero", "contrastive_weight": 0.3, "category_tie": "recent"}, {}),
        ("SLSRec", {"without": ["cl"], "contrastive_weight": 0.3}, {"contrastive_weight": "without has cl"}),
        ("SLSRec", {"contrastive_weight": 0, "contrastive_margin": 2.0}, {"contrastive_margin": "contrastive_weight is 0"}),
        ("SLSRec", {"without": "long", "alpha_hidden_sizes": [8]}, {"alpha_hidden_sizes": "without has long"}),
        ("SLSRec", {"fusion_gate": "proxies", "alpha_hidden_sizes": [8]}, {"alpha_hidden_sizes": "fusion_gate is proxies"}),
        ("SLSRec", {"without": ["cate"], "category_tie": "recent"}, {"category_tie": "without has cate"}),
        ("SLSRec", {"attention_hidden_sizes": [8]}, {"attention_hidden_sizes": "session_attention is additive"}),
        ("SLSRec", {"preset": "lineage", "attention_hidden_sizes": [8]}, {}),
        ("CLSR", {"manual_alpha": 0.5, "alpha_hidden_sizes": [8]}, {"alpha_hidden_sizes": "manual_alpha fixes alpha"}),
        ("CLSR", {"short_encoder": "dien", "sequential_model": "gru", "discrepancy_weight": 0},
         {"sequential_model": "short_encoder is dien"}),
        ("CLSR", {"attention": "inner_product", "attention_hidden_sizes": [8]},
         {"attention_hidden_sizes": "attention is inner_product"}),
        ("CLSR", {"contrastive_loss": "bpr", "contrastive_margin": 2.0}, {"contrastive_margin": "contrastive_loss is bpr"}),
        ("CLSR", {"contrastive_weight": 0, "recent_k": 5}, {"recent_k": "contrastive_weight is 0"}),
        ("CLSR", {"MAX_ITEM_LIST_LENGTH": 5, "recent_k": 2, "contrastive_weight": 0.3},
         dict.fromkeys(("recent_k", "contrastive_weight"),
                       "length_threshold is 5, and no history has more than MAX_ITEM_LIST_LENGTH events")),
        ("CLSR", {"MAX_ITEM_LIST_LENGTH": 6, "recent_k": 2, "contrastive_weight": 0.3}, {}),
        ("DiffLSRec", {"loss_samples": 9}, {"loss_samples": "loss is full"}),
        ("DiffLSRec", {"loss": "sampled", "loss_samples": 9, "eta": 0.5}, {}),
        ("DiffLSRec", {"fusion": "gate", "eta": 0.5}, {"eta": "fusion is gate"}),
        ("DiffLSRec", {"training": "one_step", "eta": 0.5}, {"eta": "training is one_step and inference_samples is ~"}),
        ("DiffLSRec", {"truncated_steps": 3}, {"truncated_steps": "training is chain"}),
        ("DiffLSRec", {"guidance_constant": 0.1}, {"guidance_constant": "without has no snr"}),
        ("DiffLSRec", {"without": "snr", "guidance_rate": 1.0}, {"guidance_rate": "without has snr"}),
        ("DiffLSRec", {"guidance_max": 0, "guidance_rate": 1.0, "guidance_shift": 0.1},
         dict.fromkeys(("guidance_rate", "guidance_shift"), "guidance_max is 0")),
        ("DiffLSRec", {"denoise_weight": 0, "condition_dropout": 0.5}, {"condition_dropout": "denoise_weight is 0"}),
        ("DiffLSRec", {"without": "token", "reg_weight": 0.5},
         {"reg_weight": "without has token, and with it all that C.6 regularises"}),
        ("DiffLSRec", {"fusion": "mean", "reg_weight": 0.5}, {"reg_weight": "fusion is mean"}),
        ("DiffLSRec", {"fusion": "gate", "reg_weight": 0.5, "recent_items": 3}, {}),
        ("DiffLSRec", {"fusion": "short", "recent_items": 3}, {}),
        ("DiffLSRec", {"fusion": "long", "recent_items": 3}, {"recent_items": "fusion is long"}),
        ("DiffLSRec", {"diffusion_steps": 1, "beta_last": 0.1, "eta": 0.5},
         dict.fromkeys(("beta_last", "eta"), "diffusion_steps is 1")),
        ("CLSR", {"variant": "paper", "sequential_model": "gru", "time_feature_unit": 60.0},
         {"time_feature_unit": "neither the short-term encoder nor alpha reads times"}),
        ("CLSR", {"sequential_model": "gru", "time_feature_unit": 60.0}, {}),
        ("CLSR", {"variant": "paper", "time_feature_unit": 60.0}, {}),
        ("LSIDN", {"contrastive_weight": 0, "temperature": 0.5, "length_threshold": 3},
         dict.fromkeys(("temperature", "length_threshold"), "contrastive_weight is 0")),
        ("LSIDN", {"max_session_len": 5, "contrastive_weight": 0.3},
         {"contrastive_weight": "length_threshold is 5, and no view has more than max_session_len events"}),
        ("LSIDN", {"max_session_len": 6, "contrastive_weight": 0.3}, {}),
        ("eSASRec", {"hidden_act": "relu"}, {"hidden_act": "eSASRec's blocks have SwiGLU"}),
        ("SASRecSS", {"hidden_act": "relu"}, {}),
    ],
)  # fmt: skip
def test_what_does_nothing_is_named(model: str, given: dict[str, Any], idle: dict[str, str]) -> None:
    words = {"mask_ratio": "mask", "eta": "crop"}
    expected = {key: reason.format(words.get(key)) for key, reason in idle.items()}
    config = Config(model, "ml-100k", config_dict=given)
    assert config.no_effect() == expected
    assert Config(model, "ml-100k", config_dict=config.plain()).no_effect() == expected


@pytest.mark.parametrize("model", ["SASRec", "SLSRec", "CLSR", "SLiRec", "DiffLSRec", "LSIDN", "BERT4Rec"])
def test_defaults_are_not(model: str) -> None:
    config = Config(model, "ml-100k", config_dict=Config(model, "ml-100k").plain())
    assert config.no_effect() == {}


def test_the_plan_of_the_answer_sets_nothing_in_vain() -> None:
    plan = read_plan(plan_file("answer"))
    for system in plan.systems:
        if system.model is not None:
            assert Config(system.model, "ml-100k", config_dict=dict(system.settings)).no_effect() == {}, system.name
