"""What is refused, and in which words; negatives and protocols in normal form."""

import re
import sys
from pathlib import Path
from typing import Any

import pytest
from recbole.model.abstract_recommender import SequentialRecommender
from recbole.utils import (
    EvaluatorType,
    InputType,
)

from recbole_lsrec.config import Config
from recbole_lsrec.errors import ConfigError
from tests.config.helpers import refused, sasrec, write

ROOT = Path(__file__).resolve().parents[2]


class Candidates(SequentialRecommender):
    """Scores sampled candidates, as our models do."""

    input_type = InputType.POINTWISE
    candidate_batch = True


# --- what is refused --------------------------------------------------------------------------------------------------


def test_an_unknown_key_is_refused_with_near_ones_in_few_words() -> None:
    message = r"(?s)^(?=.{50,300}$)epocs: found in command line, which is no known key\. Did you mean 'epochs'.* --dry-run prints"
    refused(message, "--epocs=3")
    refused(r"(?s)^(?=.{50,300}$)hidden_dropout_prb: .* Did you mean 'hidden_dropout_prob'", "--hidden_dropout_prb=.1")


def test_two_heads_need_an_even_width() -> None:
    with pytest.raises(
        ConfigError, match="embedding_size: found 41; self attention has two heads, so give an even number"
    ):
        Config("SLSRec", "cosmetics", config_dict={"embedding_size": 41, "session_attention": "self"})
    Config("SLSRec", "cosmetics", config_dict={"embedding_size": 41, "session_attention": "bilinear"})
    with pytest.raises(ConfigError, match=r"embedding_size: found 41 .*; accepted: an even number, for its two heads"):
        Config("LSIDN", "cosmetics", config_dict={"embedding_size": 41})


def test_what_tells_made_fields_from_others_is_not_empty() -> None:
    refused(r"LIST_SUFFIX: found None .*accepted: a text that is not empty", LIST_SUFFIX=None)
    refused(r"seq_separator: found '' .*accepted: a text that is not empty, or ~", seq_separator="")
    refused(r"NEG_PREFIX: found '' .*accepted: a text that is not empty", NEG_PREFIX="")


def test_an_unknown_key_names_its_source(tmp_path: Path) -> None:
    refused(
        r"^sesion_threshold: found in .*a\.yaml, .*'session_threshold'",
        files=[write(tmp_path / "a.yaml", "sesion_threshold: 1")],
    )
    refused(r"^sesion_threshold: found in config_dict", sesion_threshold=1)


def test_a_key_of_another_model_is_refused_and_says_whose() -> None:
    refused(r"^k_interests: .* It is a key of LightSANs, not of SASRec\.", k_interests=3)


def test_a_replaced_key_names_its_successor() -> None:
    refused(
        r"^neg_sampling: found in config_dict; RecBole 1\.2\.1 replaced it by 'train_neg_sample_args'",
        neg_sampling=None,
    )


@pytest.mark.parametrize("value", [0, -5, 1.5, True, "soon", None])
def test_the_session_threshold_is_a_positive_whole_number(value: Any) -> None:
    found = re.escape(repr(value))
    refused(
        rf"^session_threshold: found {found} \(config_dict\); accepted: a whole number of seconds greater than 0\.$",
        session_threshold=value,
    )


@pytest.mark.parametrize(
    ("key", "value", "accepted"),
    [
        ("epochs", 0, "a whole number greater than 0"),
        ("epochs", 3.0, "a whole number greater than 0"),
        ("train_batch_size", 0, "a whole number greater than 0"),
        ("eval_step", -1, "a whole number of at least 0"),
        ("learning_rate", 0, "a number greater than 0"),
        ("learning_rate", float("nan"), "a number greater than 0"),
        ("weight_decay", -0.1, "a number of at least 0"),
        ("seed", -1, "a whole number from 0 to 4294967295"),
        ("MAX_ITEM_LIST_LENGTH", 0, "a whole number from 1 to 1000000"),
        ("MAX_ITEM_LIST_LENGTH", 10**20, "a whole number from 1 to 1000000"),
        ("timestamp_unit", "min", "one of s, ms, us, ns, order"),
        ("session_gap", "<=", "one of le, lt"),
        ("gauc_by", "users", "one of instance, user, rows"),
        ("filter_seen", "never", "True or False"),
        ("ties", "random", "one of average, optimistic, pessimistic"),
        ("learner", "adm", "one of adam, adamw, sgd, adagrad, rmsprop, sparse_adam"),
        ("category_from_seq", "last", "one of first"),
        ("clip_variable_norm", 0, "a number greater than 0 and at most 1e+15, or ~ for none"),
        ("train_steps", 0, "a whole number greater than 0, or ~ for none"),
        ("train_seconds", 0, "a number greater than 0, or ~ for none"),
        ("clip_grad_norm", 5, "a dict such as {max_norm: 5}, or ~ for none"),
        ("TIME_FIELD", None, "the name of a column"),
        (
            "repeatable",
            False,
            "True; filter_seen: True leaves out the items of the history",
        ),
        ("benchmark_filename", ["train"], "three names such as [train, valid, test], for the files"),
        ("benchmark_filename", ["a", "b", "a"], "three names such as [train, valid, test], for the files"),
        ("nproc", 0, "a whole number from 1 to 1024"),
        ("n_layers", 2.5, "a whole number"),
        ("hidden_dropout_prob", "high", "a number"),
        ("use_gpu", 1, "True or False"),
        ("user_inter_num_interval", [5, 10], "text such as '[5,inf)' (from 5 on)"),
        ("eval_args", "full", "a dict"),
        ("topk", [0], "a whole number greater than 0, or a list of them"),
        ("topk", [], "a whole number greater than 0, or a list of them"),
        ("metrics", [], "at least one of Hit, NDCG"),
        ("valid_metric", "NDCG", "NDCG@2 or NDCG@5 or NDCG@10"),
        ("valid_metric", "NDCG@x", "a metric with its cut-off, such as NDCG@10, or MRR"),
        ("valid_metric", "NDCG@20", "a cut-off that is in topk [2, 5, 10]; add 20 to topk"),
        ("valid_metric", "MAP@10", "one of metrics ['Hit', 'NDCG'"),
        ("valid_metric", "AUC@10", "AUC, which has no cut-off"),
        ("load_col", {"inter": ["user_id", "item_id"]}, "a dict whose inter has user_id, item_id, timestamp"),
        ("load_col", {"inter": "user_id"}, "lists of columns, such as {inter: [user_id, item_id, timestamp]}"),
        ("CATEGORY_FIELD", "genre", "a column that load_col reads from the inter or item file, now {'inter'"),
        ("loss_type", "MSE", "CE or BPR"),
    ],
)
def test_an_impossible_value_names_key_value_source_and_the_accepted_form(key: str, value: Any, accepted: str) -> None:
    refused(rf"^{key}: found {re.escape(repr(value))} \(config_dict\); accepted: {re.escape(accepted)}", **{key: value})


def test_splits_that_are_accepted() -> None:
    dates = "{valid: 2020-02-01, test: 2020-02-15 12:00, tz: Europe/Berlin}"
    config = sasrec(f"--eval_args={{split: {{GTS: {dates}}}}}", "--benchmark_filename=[train, valid, test]")
    assert config["eval_args"]["split"] == {
        "GTS": {"valid": "2020-02-01", "test": "2020-02-15 12:00", "tz": "Europe/Berlin"}
    }
    assert config["benchmark_filename"] == ["train", "valid", "test"]
    assert sasrec(eval_args={"split": {"TS": [8, 1, 1]}})["eval_args"]["split"] == {"TS": [8, 1, 1]}
    again = Config("SASRec", "ml-100k", config_dict=config.plain())
    assert again["eval_args"] == config["eval_args"]


def test_an_unknown_metric_is_refused_with_near_ones_and_the_list() -> None:
    refused(
        r"^metrics: found 'Hti' \(config_dict\); accepted: Hit, NDCG, .*MeanRank.* Did you mean 'Hit'\?$",
        metrics=["Hti"],
    )
    refused(r"^metrics: found 'RMSE' .*\. It compares predicted with given ratings\.$", metrics=["RMSE"])
    refused(r"^valid_metric: found 'NDGC@10' .* Did you mean 'NDCG'\?$", valid_metric="NDGC@10")


def test_auc_cannot_validate_on_all_items() -> None:
    settings = {"valid_metric": "AUC", "eval_args": {"mode": "full"}}
    refused(r"^valid_metric: found 'AUC' .* AUC needs sampled negatives\.$", **settings)


def test_the_valid_metric_may_be_of_any_validation_protocol() -> None:
    mode = {"valid": ["pop99", "full"], "test": ["uni9"]}
    found = {
        metric: sasrec(valid_metric=metric, eval_args={"mode": mode}, metrics=["NDCG", "GAUC", "GiniIndex"])
        for metric in ("full/NDCG@10", "pop99/NDCG@10", "GAUC", "full/MRR", "full/MeanRank", "GiniIndex@5")
    }
    assert [config["valid_metric"] for config in found.values()] == [
        *("full/NDCG@10", "NDCG@10", "GAUC", "full/MRR", "full/MeanRank", "GiniIndex@5")
    ]
    assert [config["valid_metric_bigger"] for config in found.values()] == [True, True, True, True, False, False]
    refused(
        r"^valid_metric: found 'uni9/MRR' .*; accepted: a protocol that eval_args validates on: pop99, full\.$",
        valid_metric="uni9/MRR",
        eval_args={"mode": mode},
    )
    refused(r"^valid_metric: found 'full/AUC' .* AUC needs sampled", valid_metric="full/AUC", eval_args={"mode": mode})
    refused(
        r"^valid_metric: found 'full/GAUC' .* gauc_by: rows needs sampled negatives\.$",
        valid_metric="full/GAUC",
        gauc_by="rows",
        eval_args={"mode": mode},
    )


@pytest.mark.parametrize(
    ("part", "message"),
    [
        (
            {"mod": "full"},
            r"^eval_args: found 'mod' \(config_dict\), .* Did you mean 'mode'\? Accepted: split, order, group_by",
        ),
        ({"order": "RO"}, r"^eval_args: order: found 'RO' \(config_dict\); accepted: TO, because"),
        ({"group_by": "item"}, r"^eval_args: group_by: found 'item' .*; accepted: user or none\.$"),
        ({"group_by": None}, r"^eval_args: group_by: found None .*; accepted: user with split LS"),
        (
            {"fewer": "skip"},
            r"^eval_args: fewer: found 'skip' .*; accepted: error, allow, or the share of instances that may",
        ),
        ({"fewer": 1.5}, r"^eval_args: fewer: found 1.5 .*; accepted: error, allow, or the share"),
        ({"exclude": ["seen"]}, r"^eval_args: exclude: found \['seen'\] .*; accepted: a list of positive, history"),
        ({"popularity": "test"}, r"^eval_args: popularity: found 'test' .*; accepted: train or all\.$"),
        ({"mode": "uni"}, r"^eval_args: mode: found 'uni' .*; accepted: full, uniN or popN"),
        ({"mode": "pop0"}, r"^eval_args: mode: found 'pop0'"),
        ({"mode": []}, r"^eval_args: mode: found \[\]"),
        ({"mode": ["full", "full"]}, r"^eval_args: mode: found \['full', 'full'\]"),
        ({"mode": {"dev": "full"}}, r"^eval_args: mode: found \{'dev': 'full'\}"),
        ({"mode": "labeled"}, r"^eval_args: mode: found 'labeled' .*; labeled needs labels"),
        ({"split": {"TS": [0.8, 0.2]}}, r"^eval_args: split: found \{'TS': \[0.8, 0.2\]\} .*; accepted: .*\{TS: "),
        ({"split": {"GST": {}}}, r"^eval_args: split: found \{'GST': .* Did you mean 'GTS'\?$"),
        (
            {"split": {"GTS": {"valid": 0.8}}},
            r"^eval_args: split: GTS: found \{'valid': 0.8\}; accepted: a dict with test .*\(config_dict\)\.$",
        ),
        (
            {"split": {"GTS": {"test": 0.8, "valid": 0.9}}},
            r"^eval_args: split: GTS: valid: found 0.9, which is not before",
        ),
        ({"split": {"LS": "both"}}, r"^eval_args: split: found \{'LS': 'both'\} .*; accepted: \{LS: valid_and_test"),
        ({"split": {"RS": [0.8, 0.2]}}, r"^eval_args: split: found"),
        ({"split": {"RS": [0.8, 0.3, -0.1]}}, r"^eval_args: split: found"),
    ],
)
def test_a_wrong_part_of_eval_args_is_refused(part: dict[str, Any], message: str) -> None:
    refused(message, eval_args=part)


@pytest.mark.parametrize(
    ("part", "message"),
    [
        (
            {"distribution": "zipf"},
            r"distribution: found 'zipf' .*; accepted: uniform, popularity, in_batch, or ~ for none",
        ),
        ({"sample_num": 0}, r"sample_num: found 0 .*; accepted: a whole number greater than 0"),
        ({"alpha": -1}, r"alpha: found -1 .*; accepted: a number of at least 0"),
        ({"dynamic": True}, r"dynamic: found True .*; accepted: False"),
        ({"exclude": ["seen"]}, r"exclude: found \['seen'\] .*; accepted: a list of positive, history, target_session"),
        ({"sample_nun": 4}, r"found 'sample_nun' \(config_dict\), .* Did you mean 'sample_num'\?"),
    ],
)
def test_a_wrong_part_of_the_negatives_is_refused(part: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match="^train_neg_sample_args: " + message):
        Config("TransRec", "ml-100k", config_dict={"train_neg_sample_args": part})


# --- negatives and protocols ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("none", [None, "None", "~", {"distribution": None}, {"distribution": "none"}])
def test_none_is_written_in_several_ways(none: Any) -> None:
    assert sasrec(train_neg_sample_args=none)["train_neg_sample_args"]["distribution"] == "none"


@pytest.mark.parametrize("model", ["SASRec", "BERT4Rec", "GRU4Rec", "RepeatNet", "SINE"])
def test_a_ce_model_samples_nothing_by_itself(model: str) -> None:
    assert Config(model, "ml-100k")["train_neg_sample_args"]["distribution"] == "none"


def test_negatives_beside_ce_are_refused_wherever_they_are_set(tmp_path: Path) -> None:
    message = (
        r"^train_neg_sample_args: found \{'sample_num': 4\} \(.*\), but loss_type is CE \(RecBole's SASRec\.yaml\)"
    )
    text = "train_neg_sample_args: {sample_num: 4}"
    refused(message, files=[write(tmp_path / "a.yaml", text)])
    refused(message, "--train_neg_sample_args={sample_num: 4}")
    refused(message, train_neg_sample_args={"sample_num": 4})
    config = sasrec(loss_type="BPR", train_neg_sample_args={"sample_num": 4})
    assert (config["train_neg_sample_args"]["sample_num"], config["MODEL_INPUT_TYPE"]) == (4, InputType.PAIRWISE)


@pytest.mark.parametrize(
    ("model", "usual"),
    [*((model, "uniform") for model in ("TransRec", "DIN", "DIEN", "BPR", Candidates)), ("SLSRec", "in_batch")],
)
def test_a_model_that_trains_on_negatives_needs_them(model: str | type, usual: str) -> None:
    assert Config(model, "ml-100k")["train_neg_sample_args"]["distribution"] == usual
    told = r"^train_neg_sample_args: found None \(config_dict\); .* trains on negatives; leave it out for the default, "
    with pytest.raises(ConfigError, match=rf"{told}.*'distribution': '{usual}'.*\.$"):
        Config(model, "ml-100k", config_dict={"train_neg_sample_args": None})


def test_our_forms_of_negatives() -> None:
    args = {"distribution": "in_batch", "sample_num": 4, "exclude": "history"}
    found = Config(Candidates, "ml-100k", config_dict={"train_neg_sample_args": args})["train_neg_sample_args"]
    assert (found["distribution"], found["exclude"]) == ("in_batch", ["positive", "history"])


@pytest.mark.parametrize(
    ("mode", "valid", "test"),
    [
        ("full", ["full"], ["full"]),
        (["pop99", "full"], ["pop99", "full"], ["pop99", "full"]),
        ({"valid": "uni99", "test": ["uni99", "full"]}, ["uni99"], ["uni99", "full"]),
        ({"test": "uni4"}, ["uni4"], ["uni4"]),
    ],
)
def test_protocols_are_lists_by_phase(mode: Any, valid: list[str], test: list[str]) -> None:
    config = sasrec(eval_args={"mode": mode})
    assert config["eval_protocols"] == {"valid": valid, "test": test}
    assert set(config["eval_args"]["mode"]) == {"valid", "test"}


def test_evaluation_in_the_words_of_recbole() -> None:
    config = sasrec(eval_args={"mode": {"valid": "pop99", "test": ["uni50", "full"]}}, valid_metric="MeanRank")
    assert config["eval_type"] == EvaluatorType.RANKING
    assert config["valid_metric_bigger"] is False
    assert config["valid_neg_sample_args"] == {"distribution": "popularity", "sample_num": 99}
    assert config["test_neg_sample_args"] == {"distribution": "uniform", "sample_num": 50}
    assert sasrec(topk=5, valid_metric="ndcg@5", metrics="NDCG")["topk"] == [5]


def test_ratio_splits_by_user_or_over_the_whole_log() -> None:
    for group_by in ("user", "none", None):
        config = sasrec(eval_args={"split": {"RS": [0.8, 0.1, 0.1]}, "group_by": group_by})
        assert config["eval_args"]["split"] == {"RS": [0.8, 0.1, 0.1]}


@pytest.mark.parametrize(
    ("model", "settings", "message"),
    [
        (
            "SASRec",
            {"hidden_size": 50, "n_heads": 4},
            "n_heads: found 4 .*; accepted: a divisor of hidden_size, which is 50",
        ),
        (
            "BERT4Rec",
            {"MAX_ITEM_LIST_LENGTH": 3},
            r"MAX_ITEM_LIST_LENGTH: found 3 .* mask_ratio \(0.2\) masks at least one",
        ),
        ("BERT4Rec", {"mask_ratio": None}, r"^mask_ratio: found None .*; accepted: a number greater than 0"),
        (
            "BERT4Rec",
            {"transform": "crop_itemseq"},
            r"^transform: found 'crop_itemseq' .*; accepted: mask_itemseq with BERT4Rec",
        ),
        (
            "SASRec",
            {"transform": "crop_itemseq", "train_positions": "all"},
            r"^transform: found 'crop_itemseq' .*; accepted: none with train_positions: all",
        ),
    ],
)
def test_what_a_model_of_recbole_cannot_take(model: str, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Config(model, "ml-100k", config_dict=settings)


def test_whole_sequences_are_masked_however_short() -> None:
    settings = {"MAX_ITEM_LIST_LENGTH": 3, "train_positions": "all"}
    assert Config("BERT4Rec", "ml-100k", config_dict=settings)["mask_ratio"] == 0.2


@pytest.mark.parametrize(
    ("key", "package", "pip_name"), [("log_wandb", "wandb", "wandb"), ("log_mlflow", "mlflow", "mlflow-skinny")]
)
def test_a_tracker_that_is_not_installed(
    key: str, package: str, pip_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)  # as if it were not there
    refused(
        rf"^{key}: found True .*; accepted: False, because {package} is not installed here \(pip install {pip_name}\)",
        **{key: True},
    )


def test_weights_that_no_model_reads_are_named() -> None:
    config = Config("GRU4Rec", "ml-100k", config_dict={"preload_weight": {"item_id": "emb"}})
    assert config.no_effect()["preload_weight"] == "GRU4Rec reads no weights that are given (get_preload_weight)"


def test_sparse_gradients_that_cannot_be_are_refused_before_data_are_read() -> None:
    with pytest.raises(
        ConfigError, match=r"^learner: sparse_adam cannot be had together with SASRec, whose gradients are dense"
    ):
        Config("SASRec", "ml-100k", config_dict={"learner": "sparse_adam"})
    with pytest.raises(ConfigError, match=r"^hidden_dropout_prob: found 1.5 .* of at least 0 and below 1\.$"):
        Config("eSASRec", "ml-100k", config_dict={"hidden_dropout_prob": 1.5})
