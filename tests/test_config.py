"""Precedence, what values mean, what is refused and in which words."""

import copy
import os
import pickle
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from hypothesis import given
from hypothesis import strategies as st
from recbole.model.abstract_recommender import GeneralRecommender, SequentialRecommender
from recbole.model.sequential_recommender import SASRec
from recbole.utils import (
    EvaluatorType,
    InputType,
    ModelType,
    dataset_arguments,
    evaluation_arguments,
    general_arguments,
    training_arguments,
)

from recbole_lsrec.config import Config
from recbole_lsrec.config_check import RULES
from recbole_lsrec.config_keys import NO_EFFECT, known_keys
from recbole_lsrec.config_values import parse_command_line, parse_text, read_yaml
from recbole_lsrec.errors import ConfigError
from recbole_lsrec.registry import model_names

ROOT = Path(__file__).resolve().parents[1]


class OwnModel(SequentialRecommender):
    """A user's model: one key with a default and type, one only read."""

    input_type = InputType.POINTWISE
    default_config = {"my_size": 64}  # noqa: RUF012 - as a user would write it

    def __init__(self, config: Config, dataset: object) -> None:
        self.size, self.kernel = config["my_size"], config["my_kernel"]


class Derived(SASRec):
    """Takes the settings of the model it derives from."""


class Candidates(SequentialRecommender):
    """Scores sampled candidates, as our models do."""

    input_type = InputType.POINTWISE
    candidate_batch = True


def sasrec(*arguments: str, files: list[str] | None = None, **settings: Any) -> Config:
    return Config("SASRec", "ml-100k", files, settings, command_line=arguments)


def refused(message: str, *arguments: str, files: list[str] | None = None, **settings: Any) -> None:
    with pytest.raises(ConfigError, match=message):
        sasrec(*arguments, files=files, **settings)


def write(path: Path, text: str) -> str:
    path.write_text(text, encoding="utf-8")
    return str(path)


# --- precedence -------------------------------------------------------------------------------------------------------


def test_a_higher_place_wins(tmp_path: Path) -> None:
    first = write(tmp_path / "a.yaml", "epochs: 1\nseed: 1\nn_layers: 1\nhidden_size: 8\n")
    second = write(tmp_path / "b.yaml", "epochs: 2\nseed: 2\nn_layers: 3\n")
    config = sasrec("--epochs=4", files=[first, second], epochs=3, seed=3)
    assert [config[key] for key in ("epochs", "seed", "n_layers", "hidden_size")] == [4, 3, 3, 8]
    assert config["inner_size"] == 256  # RecBole's SASRec.yaml
    assert config["CATEGORY_FIELD"] == "class"  # our ml-100k.yaml over our overall.yaml
    assert config["topk"] == [2, 5, 10]  # our overall.yaml over RecBole's
    assert config["train_batch_size"] == 2048  # RecBole's overall.yaml


def test_a_data_set_wins_over_a_model(monkeypatch: pytest.MonkeyPatch) -> None:
    class Greedy(OwnModel):
        default_config = {"MAX_ITEM_LIST_LENGTH": 7, "timestamp_unit": "ms", "seed": 5}  # noqa: RUF012

    config = Config(Greedy, "ml-100k")
    assert [config[key] for key in ("MAX_ITEM_LIST_LENGTH", "timestamp_unit", "seed")] == [50, "s", 5]


def test_the_yaml_of_recbole_for_ml_100k_and_quick_start_is_not_merged() -> None:
    for model in ("SASRec", "DIN", "GRU4RecF"):
        config = Config(model, "ml-100k")
        assert config["normalize_all"] is None
        assert config["load_col"] == {"inter": ["user_id", "item_id", "timestamp"], "item": ["item_id", "class"]}
        assert config["eval_args"]["order"] == "TO"
        assert config["valid_metric"] == "NDCG@10"


def test_parts_of_eval_args_and_negatives_are_merged() -> None:
    config = sasrec("--eval_args={mode: full}")
    assert config["eval_args"] == {
        "split": {"LS": "valid_and_test"},
        "order": "TO",
        "group_by": "user",
        "mode": {"valid": "full", "test": "full"},
        "fewer": "error",
    }
    config = Config("TransRec", "ml-100k", config_dict={"train_neg_sample_args": {"sample_num": 3}})
    assert config["train_neg_sample_args"] == {
        "distribution": "uniform",
        "sample_num": 3,
        "alpha": 1.0,
        "dynamic": False,
        "candidate_num": 0,
        "exclude": ["positive"],
    }


def test_model_and_dataset_may_be_named_anywhere(tmp_path: Path) -> None:
    file = write(tmp_path / "a.yaml", "model: SASRec\ndataset: ml-100k\n")
    assert Config(config_file_list=[file]).model == "SASRec"
    assert Config(command_line=["--config_files", file, "--model=GRU4Rec"]).model == "GRU4Rec"
    assert Config(config_dict={"model": OwnModel, "dataset": "ml-100k"}).model_class is OwnModel
    with pytest.raises(ConfigError, match=r"^dataset: not given; name it as an argument, .* or as --dataset=NAME\.$"):
        Config("SASRec")
    with pytest.raises(ConfigError, match=r"^model: found 'SASRec' as argument and 'GRU4Rec' on the command line"):
        Config("SASRec", "ml-100k", command_line=["--model=GRU4Rec"])


# --- values -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *[("1e-3", 0.001), ("5", 5), ("-5", -5), ("1_000", 1000), (".5", 0.5), ("True", True), ("false", False)],
        *[("~", None), ("null", None), ("None", None), ("", ""), (" ", " "), ("\t", "\t"), ("'7'", "7")],
        *[
            ("(64, 32)", [64, 32]),
            ("[64, 32]", [64, 32]),
            ("{mode: full}", {"mode": "full"}),
            ("{'a': (1,)}", {"a": [1]}),
        ],
        *[
            (text, text)
            for text in ("2020-10-12", "2020-01-02", "12:30:00", "010", "1/0", "print", "os", "a: b", "[0,inf)")
        ],
        *[
            (text, text)
            for text in ("__import__('os').getcwd()", "{1, 2}", "1+2j", "lambda: 0", "!!python/name:os.system")
        ],
    ],
)
def test_text_is_a_literal_or_itself(text: str, value: Any) -> None:
    found = parse_text(text)
    assert found == value
    assert type(found) is type(value)


@given(st.text())
def test_any_text_can_be_read(text: str) -> None:
    assert isinstance(parse_text(text), (type(None), bool, int, float, str, list, dict))


def test_text_that_looks_like_code_does_nothing(tmp_path: Path) -> None:
    target = tmp_path / "touched"
    code = f"open({str(target)!r}, 'w')"
    config = sasrec(f"--hidden_act={code}", wandb_project=code)
    assert config["hidden_act"] == config["wandb_project"] == code
    assert not target.exists()


def test_a_key_that_takes_text_keeps_it() -> None:
    config = sasrec("--user_inter_num_interval=[5,10]", "--run_dir=2020", "--wandb_project=1e3", "--gpu_id=")
    assert config["user_inter_num_interval"] == "[5,10]"
    assert (config["run_dir"], config["wandb_project"], config["gpu_id"]) == ("2020", "1e3", "")


def test_yaml_is_read_safely(tmp_path: Path) -> None:
    text = "a: 2020-10-12\nb: 1e-3\nc: 12:30\nd: 010\ne: None\nf: [1, 2.5, yes]\ng: '1'\nh: -.inf\n"
    assert read_yaml(write(tmp_path / "a.yaml", text)) == {
        "a": "2020-10-12",
        "b": 0.001,
        "c": "12:30",
        "d": "010",
        "e": None,
        "f": [1, 2.5, True],
        "g": "1",
        "h": float("-inf"),
    }
    assert yaml.safe_load("a: 12:30") == {"a": 750}  # PyYAML's own loaders stay as they were
    assert read_yaml(write(tmp_path / "empty.yaml", "# nothing\n")) == {}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "epochs: 3\nuser_inter_num_interval: [5,inf)\n",
            r"bad\.yaml, line \d: .*; accepted: plain YAML.*quote intervals",
        ),
        ("epochs: 3\nseed: 1\nepochs: 4\n", r"bad\.yaml, line 3: the key 'epochs' is there twice"),
        ("epochs: 3\n\tseed: 1\n", r"bad\.yaml, line 2: found character '\\t'"),
        ("a: !!python/object/apply:os.getcwd []\n", r"bad\.yaml, line 1: could not determine a constructor"),
        ("- epochs\n", r"bad\.yaml: found \['epochs'\]; accepted: 'key: value' a line"),
    ],
)
def test_a_malformed_file_is_named_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    refused(message, files=[write(tmp_path / "bad.yaml", text)])


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    refused(
        r"none\.yaml: cannot be read \(No such file or directory\); give the path", files=[str(tmp_path / "none.yaml")]
    )


def test_the_command_line_has_three_forms() -> None:
    arguments = ["--epochs=3", "--session_threshold", "-5", "--dry-run", "--note=a=b", "--epochs=3"]
    assert parse_command_line(arguments) == {
        "epochs": "3",
        "session_threshold": "-5",
        "dry_run": True,
        "note": "a=b",
    }
    assert sasrec("--dry-run", "--seed", "7")["dry_run"] is True


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--epochs=3", "--epochs=4"], r"^epochs: found '3' and '4' on the command line; give it once\.$"),
        (["epochs=3"], r"^command line: found 'epochs=3'; accepted: --key=value, --key value, or --flag\.$"),
        (
            ["--eval_args.mode=full"],
            r"^command line: found .*; a nested setting is one value: --eval_args='\{mode: \.\.\.\}'",
        ),
        (["--epochs"], r"^epochs: found True \(command line\); accepted: a whole number greater than 0\.$"),
        (["--config_files"], r"^config_files: found no value"),
    ],
)
def test_a_wrong_command_line_is_refused(arguments: list[str], message: str) -> None:
    refused(message, *arguments)


def test_sys_argv_is_never_read() -> None:
    program = (
        "import recbole_lsrec.config, recbole_lsrec.registry\n"
        "config = recbole_lsrec.config.Config('SASRec', 'ml-100k')\n"
        "assert config['epochs'] == 300 and 'cov' not in config and config.cmd_config_dict == {}\n"
    )
    hostile = ["--epochs=7", "--cov=x", "--model=BPR", "--seed=__import__('os')._exit(9)", "stray"]
    subprocess.run([sys.executable, "-c", program, *hostile], check=True, cwd=ROOT)


def test_the_given_dictionary_is_not_changed() -> None:
    settings = {"epochs": "3", "eval_args": {"mode": "full"}, "metrics": ("NDCG", "Hit")}
    before = copy.deepcopy(settings)
    Config("SASRec", "ml-100k", config_dict=settings)
    assert settings == before


def test_recbole_is_left_as_it_was() -> None:
    lists = (general_arguments, training_arguments, evaluation_arguments, dataset_arguments)
    before = copy.deepcopy(lists)
    sasrec()
    assert lists == before


# --- what is refused --------------------------------------------------------------------------------------------------


def test_an_unknown_key_is_refused_with_near_ones_and_the_list() -> None:
    message = r"^epocs: found in command line, which is no known key\. Did you mean 'epochs'.* Accepted, of SASRec: .*"
    refused(message + r"n_layers.*; of recbole_lsrec: .*session_threshold.*; of RecBole: .*epochs", "--epocs=3")


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
        ("MAX_ITEM_LIST_LENGTH", 0, "a whole number greater than 0"),
        ("timestamp_unit", "us", "one of s, ms"),
        ("session_gap", "<=", "one of le, lt"),
        ("ties", "random", "one of average, optimistic, pessimistic"),
        ("learner", "adm", "one of adam, adamw, sgd, adagrad, rmsprop, sparse_adam"),
        ("category_from_seq", "last", "one of first"),
        ("clip_variable_norm", 0, "a number greater than 0, or ~ for none"),
        ("train_steps", 0, "a whole number greater than 0, or ~ for none"),
        ("clip_grad_norm", 5, "a dict such as {max_norm: 5}, or ~ for none"),
        ("TIME_FIELD", None, "the name of a column"),
        ("repeatable", False, "True, because sequential models may recommend an item again"),
        ("benchmark_filename", ["train"], "~ only: ready-made splits are not available yet"),
        ("nproc", 2, "one of 1"),
        ("n_layers", 2.5, "a whole number"),
        ("hidden_dropout_prob", "high", "a number"),
        ("use_gpu", 1, "True or False"),
        ("user_inter_num_interval", [5, 10], "text or ~ for none"),
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
        ("loss_type", "MSE", "CE or BPR; or give the class SASRec an input_type"),
    ],
)
def test_an_impossible_value_names_key_value_source_and_the_accepted_form(key: str, value: Any, accepted: str) -> None:
    refused(rf"^{key}: found {re.escape(repr(value))} \(config_dict\); accepted: {re.escape(accepted)}", **{key: value})


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
        ({"fewer": "skip"}, r"^eval_args: fewer: found 'skip' .*; accepted: error or allow\.$"),
        ({"mode": "uni"}, r"^eval_args: mode: found 'uni' .*; accepted: full, uniN or popN"),
        ({"mode": "pop0"}, r"^eval_args: mode: found 'pop0'"),
        ({"mode": []}, r"^eval_args: mode: found \[\]"),
        ({"mode": ["full", "full"]}, r"^eval_args: mode: found \['full', 'full'\]"),
        ({"mode": {"dev": "full"}}, r"^eval_args: mode: found \{'dev': 'full'\}"),
        ({"mode": "labeled"}, r"^eval_args: mode: found 'labeled' .*; labeled needs labels"),
        ({"split": {"TS": [0.8, 0.1, 0.1]}}, r"^eval_args: split: found .*GTS, TS\) are not available yet\.$"),
        ({"split": {"GTS": {}}}, r"^eval_args: split: found .*GTS, TS\) are not available yet\.$"),
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


@pytest.mark.parametrize("model", ["TransRec", "DIN", "DIEN", Candidates])
def test_a_model_that_trains_on_negatives_needs_them(model: str | type) -> None:
    assert Config(model, "ml-100k")["train_neg_sample_args"]["distribution"] == "uniform"
    with pytest.raises(
        ConfigError, match=r"^train_neg_sample_args: found None \(config_dict\); .* trains on negatives\.$"
    ):
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


# --- data sets --------------------------------------------------------------------------------------------------------


def make_log(folder: Path, name: str) -> None:
    (folder / name).mkdir(parents=True)
    (folder / name / f"{name}.inter").write_text("user_id:token\titem_id:token\ttimestamp:float\n")


def test_an_unknown_data_set_is_refused_with_those_found(tmp_path: Path) -> None:
    make_log(tmp_path, "tmall")
    message = r"^dataset: found 'tmal', which has no folder .*\. Did you mean 'tmall'\? Data sets found: .*-100k, tmall"
    with pytest.raises(ConfigError, match=message):
        Config("SASRec", "tmal", config_dict={"data_path": tmp_path})


def test_the_folder_of_a_data_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    inside_recbole = Config("SASRec", "ml-100k")["data_path"]
    assert Path(inside_recbole).parts[-3:] == ("recbole", "dataset_example", "ml-100k")
    make_log(tmp_path / "atomic_data", "ml-100k")
    make_log(tmp_path / "logs", "mine")
    assert Config("SASRec", "ml-100k")["data_path"] == "atomic_data/ml-100k"
    assert Config("SASRec", "mine", config_dict={"data_path": "logs"})["data_path"] == "logs/mine"
    # One that the data layer can make is expected where the user wants it.
    assert Config("SASRec", "cosmetics", config_dict={"data_path": "logs"})["data_path"] == "logs/cosmetics"


def test_a_data_set_without_yaml_loads_user_item_and_time(tmp_path: Path) -> None:
    make_log(tmp_path, "mine")
    settings = {"data_path": tmp_path, "TIME_FIELD": "ts"}
    assert Config("SASRec", "mine", config_dict=settings)["load_col"] == {"inter": ["user_id", "item_id", "ts"]}


def test_a_load_col_without_the_category_turns_it_off_and_says_so() -> None:
    config = sasrec(load_col={"inter": ["user_id", "item_id", "rating", "timestamp"]})
    assert config["CATEGORY_FIELD"] is None
    assert config.no_effect() == {"CATEGORY_FIELD": "load_col (config_dict) leaves out the column 'class'"}
    assert sasrec(load_col=None)["CATEGORY_FIELD"] == "class"


@pytest.mark.parametrize("path", sorted((ROOT / "properties/dataset").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_data_set_yaml_is_accepted_and_leaves_negatives_to_the_model(path: Path) -> None:
    Config("SASRec", path.stem)
    assert "train_neg_sample_args" not in read_yaml(path)


@pytest.mark.parametrize("path", sorted((ROOT / "properties").rglob("*.yaml")), ids=lambda path: path.stem)
def test_every_key_of_our_yaml_says_its_type_and_meaning(path: Path) -> None:
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if re.match(r"\w+:", line)]
    assert all(re.search(r"# \([a-z]+( (of|or) [a-zA-Z]+)*\) .+", line) for line in lines), path


# --- models -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", model_names()["recbole"])
def test_every_model_of_recbole_has_a_config_that_rebuilds_from_its_plain_values(model: str) -> None:
    config = Config(model, "ml-100k")
    again = Config(model, "ml-100k", config_dict=config.plain())
    assert again.final_config_dict == config.final_config_dict
    assert again.no_effect() == {}
    assert yaml.safe_load(yaml.safe_dump(config.plain()))["epochs"] == 300


def test_a_class_of_ones_own_brings_its_keys() -> None:
    config = Config(OwnModel, "ml-100k", config_dict={"my_kernel": "rbf"}, command_line=["--my_size=32"])
    assert (config["my_size"], config["my_kernel"], config.model) == (32, "rbf", "OwnModel")
    with pytest.raises(ConfigError, match=r"^my_size: found 'big' \(config_dict\); accepted: a whole number\.$"):
        Config(OwnModel, "ml-100k", config_dict={"my_size": "big"})
    with pytest.raises(ConfigError, match=r"^my_sise: .* Did you mean 'my_size'\?"):
        Config(OwnModel, "ml-100k", config_dict={"my_sise": 32})


def test_a_derived_class_takes_the_settings_of_its_base() -> None:
    assert Config(Derived, "ml-100k")["hidden_size"] == 64


def test_a_class_that_is_not_sequential_is_refused() -> None:
    with pytest.raises(
        ConfigError, match=r"^model: found the class GeneralRecommender; accepted: a subclass of Sequential"
    ):
        Config(GeneralRecommender, "ml-100k")


def test_the_three_ways_to_set_agree(tmp_path: Path) -> None:
    file = write(tmp_path / "a.yaml", "epochs: 3\nlearning_rate: 1e-3\ntopk: [5]\nvalid_metric: NDCG@5\n")
    by_file = sasrec(files=[file])
    by_dict = sasrec(epochs=3, learning_rate=1e-3, topk=(5,), valid_metric="NDCG@5")
    by_line = sasrec("--epochs=3", "--learning_rate", "1e-3", "--topk=[5]", "--valid-metric=NDCG@5")
    by_class = Config(SASRec, "ml-100k", [file])
    assert by_file.final_config_dict == by_dict.final_config_dict == by_line.final_config_dict
    assert by_class.final_config_dict == by_file.final_config_dict


# --- what RecBole needs -----------------------------------------------------------------------------------------------


def test_it_can_be_pickled_copied_and_printed() -> None:
    config = sasrec()
    for other in (pickle.loads(pickle.dumps(config)), copy.deepcopy(config), copy.copy(config)):
        assert other.final_config_dict == config.final_config_dict
        assert other.no_effect() == config.no_effect()
    assert "session_threshold" in str(config)
    assert config["never_set"] is None
    assert config.MODEL_TYPE == ModelType.SEQUENTIAL


def test_the_cpu_can_be_chosen_and_visible_gpus_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    assert sasrec(use_gpu=False)["device"] == torch.device("cpu")
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "1"
    assert sasrec("--gpu_id=2,3")["gpu_id"] == "2,3"
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "2,3"


# --- keys without effect ----------------------------------------------------------------------------------------------


def test_keys_that_do_nothing_are_listed_with_the_reason() -> None:
    config = sasrec(checkpoint_dir="old", threshold={"rating": 4}, save_dataset=False, RATING_FIELD="rating")
    assert config.no_effect() == {key: NO_EFFECT[key] for key in ("checkpoint_dir", "threshold")}
    assert config["threshold"] is None
    assert list(sasrec(normalize_all=True).no_effect()) == ["normalize_all"]
    assert list(sasrec(normalize_field=["timestamp"]).no_effect()) == ["normalize_field"]
    assert sasrec(normalize_field=["price"]).no_effect() == {}
    refused(
        r"^normalize_all: found True .*; accepted: ~ where normalize_field is set",
        normalize_all=True,
        normalize_field=["price"],
    )


def test_the_page_shows_the_same_table() -> None:
    page = (ROOT / "docs/from_recbole.md").read_text(encoding="utf-8")
    assert dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", page, re.MULTILINE)) == NO_EFFECT


def test_every_rule_and_every_reason_is_of_a_key_that_exists() -> None:
    assert {*RULES, *NO_EFFECT} <= set(known_keys(SASRec))
