"""Precedence, data sets, models, and what RecBole needs of a Config."""

import copy
import os
import pickle
import re
from pathlib import Path

import pytest
import torch
import yaml
from recbole.model.abstract_recommender import KnowledgeRecommender, SequentialRecommender
from recbole.model.sequential_recommender import SASRec
from recbole.utils import (
    InputType,
    ModelType,
)

from recbole_lsrec.config import Config
from recbole_lsrec.config.known import settings_for
from recbole_lsrec.config.layers import Layer, for_model, merge, recbole_layers
from recbole_lsrec.config.no_effect import NO_EFFECT
from recbole_lsrec.config.values import read_yaml
from recbole_lsrec.errors import ConfigError
from recbole_lsrec.registry import model_names
from tests.config.helpers import refused, sasrec, write

ROOT = Path(__file__).resolve().parents[2]


class OwnModel(SequentialRecommender):
    """A user's model: one key with a default that says the type, one that may hold anything."""

    input_type = InputType.POINTWISE
    default_config = {"my_size": 64, "my_kernel": None}

    def __init__(self, config: Config, dataset: object) -> None:
        self.size, self.kernel = config["my_size"], config["my_kernel"]


class Derived(SASRec):
    """Takes the settings of the model it derives from."""


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
        default_config = {"MAX_ITEM_LIST_LENGTH": 7, "timestamp_unit": "ms", "seed": 5}

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
        "fewer": 0.05,
        "exclude": ["positive"],
        "popularity": "train",
        "pool": "seen",
    }
    config = Config("TransRec", "ml-100k", config_dict={"train_neg_sample_args": {"sample_num": 3}})
    assert config["train_neg_sample_args"] == {
        "distribution": "uniform",
        "sample_num": 3,
        "alpha": 1.0,
        "dynamic": False,
        "candidate_num": 0,
        "exclude": ["positive"],
        "logq": False,
    }


def test_of_what_is_merged_by_part_only_the_parts_differ_from_the_defaults() -> None:
    def differing(model: str = "TransRec", dataset: str = "ml-100k", **settings: object) -> dict[str, object]:
        found = Config(model, dataset, config_dict=settings).differing()
        return {key: found[key] for key in ("eval_args", "train_neg_sample_args") if key in found}

    assert differing("SLSRec", "cosmetics") == {"eval_args": {"fewer": "allow"}}  # of its yaml
    assert differing(eval_args={"order": "TO", "mode": "full"}) == {
        "eval_args": {"mode": {"valid": "full", "test": "full"}}
    }
    assert (
        differing(eval_args={"fewer": 0.05}, train_neg_sample_args={"distribution": "uniform", "exclude": "positive"})
        == {}
    )
    assert differing(train_neg_sample_args={"sample_num": 2}) == {"train_neg_sample_args": {"sample_num": 2}}
    assert differing("SLSRec", train_neg_sample_args={"distribution": "uniform"}) == {
        "train_neg_sample_args": {"distribution": "uniform"}
    }


def test_model_and_dataset_may_be_named_anywhere(tmp_path: Path) -> None:
    file = write(tmp_path / "a.yaml", "model: SASRec\ndataset: ml-100k\n")
    spaced = write(tmp_path / "my own.yaml", "seed: 7\n")
    assert Config(config_file_list=[file]).model == "SASRec"
    assert Config(command_line=["--config_files", file, "--model=GRU4Rec"]).model == "GRU4Rec"
    for named in (file, str(spaced), f"{file} '{spaced}'"):
        config = Config(command_line=["--config_files", named, "--model=GRU4Rec", "--dataset=ml-100k"])
        assert config["seed"] == (7 if "my own" in named else 2020)
    with pytest.raises(
        ConfigError, match=r"^config_files: found \"'a.yaml\", with a quote that is not closed; accepted: "
    ):
        Config(command_line=["--config_files='a.yaml"])
    assert Config(config_dict={"model": OwnModel, "dataset": "ml-100k"}).model_class is OwnModel
    with pytest.raises(ConfigError, match=r"^dataset: not given; name it as an argument, .* or as --dataset=NAME\.$"):
        Config("SASRec")
    with pytest.raises(ConfigError, match=r"^model: found 'SASRec' as argument and 'GRU4Rec' on the command line"):
        Config("SASRec", "ml-100k", command_line=["--model=GRU4Rec"])


# --- data sets --------------------------------------------------------------------------------------------------------


def make_log(folder: Path, name: str) -> None:
    (folder / name).mkdir(parents=True)
    (folder / name / f"{name}.inter").write_text("user_id:token\titem_id:token\ttimestamp:float\n")


def test_an_unknown_data_set_is_refused_with_those_found(tmp_path: Path) -> None:
    make_log(tmp_path, "tmall")
    message = (
        r"^dataset: found 'tmal', which has no folder .*\. Did you mean 'tmall'\? Data sets found: cosmetics, "
        r"ml-100k, tmall; to be downloaded and prepared: .*retailrocket, taobao \("
    )
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


def test_a_data_set_yaml_may_tune_single_models() -> None:
    assert Config("CLSR", "kuaishou")["contrastive_loss"] == "bpr"
    assert (
        Config("SLSRec", "kuaishou", config_dict={"without": ["cate"]})["contrastive_loss"] is None
    )  # no categories there
    assert Config("CLSR", "kuaishou", config_dict={"contrastive_loss": "triplet"})["contrastive_loss"] == "triplet"
    assert "of_model" not in Config("SASRec", "kuaishou").plain()


SETTINGS = [path for path in (ROOT / "properties").rglob("*.yaml") if not {"hyper", "reproduce"} & {*path.parts}]


@pytest.mark.parametrize("path", sorted(SETTINGS), ids=lambda path: path.stem)
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


def test_a_class_that_needs_more_than_the_log_is_refused() -> None:
    with pytest.raises(
        ConfigError, match=r"^model: found the class KnowledgeRecommender; accepted: a subclass of Sequential"
    ):
        Config(KnowledgeRecommender, "ml-100k")


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
    assert config.no_effect() == {key: NO_EFFECT[key] for key in NO_EFFECT if key in config.external_config_dict}
    assert len(config.no_effect()) == 4  # values that are RecBole's own too
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


def test_the_page_shows_the_defaults_that_differ() -> None:
    page = (ROOT / "docs/from_recbole.md").read_text(encoding="utf-8")
    table = page.partition("## Defaults that differ")[2].partition("## ")[0]
    theirs, ours = merge(recbole_layers())[0], read_yaml(ROOT / "properties/overall.yaml")
    told = set()
    for there, here in re.findall(r"^\| `(\w+: .+)` \| `(.+)` \|$", table, re.MULTILINE):
        ((key, value),) = yaml.safe_load(there).items()
        parts = value if isinstance(value, dict) else None
        assert value == ({part: theirs[key][part] for part in parts} if parts else theirs[key]), key
        assert yaml.safe_load(here) == ({part: ours[key][part] for part in parts} if parts else ours[key]), key
        told.add(key)
    assert told == {key for key in ours if key in theirs and ours[key] != theirs[key]}


def test_a_mask_without_categories_is_refused_before_any_data_are_read() -> None:
    given = {"CATEGORY_FIELD": None}
    with pytest.raises(ConfigError, match=r"^CATEGORY_FIELD: found none, but SLSRec's category mask") as found:
        Config("SLSRec", "ml-100k", config_dict=given)
    line = "of_model: {SLSRec: {without: [cate]}}"
    assert f"with the line {line} in its yaml." in str(found.value)
    assert for_model(Layer("the log's yaml", yaml.safe_load(line)), "SLSRec").values == {"without": ["cate"]}
    with pytest.raises(
        ConfigError, match=r"^of_model: found 'slsrec' \(a yaml\), which is no model; did you mean 'SLSRec'\?"
    ):
        for_model(Layer("a yaml", {"of_model": {"slsrec": {}, "Mine": {}}}), "SASRec")
    for part in ("cate", "short"):
        Config("SLSRec", "ml-100k", config_dict={**given, "without": [part]})


def test_every_reason_is_of_a_key_that_exists() -> None:
    assert set(NO_EFFECT) <= set(settings_for(SASRec))


@pytest.mark.parametrize("name", ["/etc/passwd", "../x", "a/b", "..", "x" * 300, "a\0b"])
def test_a_data_set_is_a_name_and_no_path(name: str) -> None:
    with pytest.raises(ConfigError, match=r"^dataset: found .*; accepted: the name of a folder in data_path"):
        Config("GRU4Rec", name)


def test_processes_beyond_reason_are_refused() -> None:
    with pytest.raises(ConfigError, match="worker"):
        Config("GRU4Rec", "ml-100k", config_dict={"worker": 1e30})


def test_a_pipe_is_no_file_of_settings(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    with pytest.raises(ConfigError, match=r"pipe\.yaml: is no file"):
        Config("GRU4Rec", "ml-100k", [str(tmp_path / "pipe.yaml")])


def test_a_relative_data_path_that_is_not_here_says_from_where_it_was_read(tmp_path, monkeypatch):
    """As of a finished run, which `counterfactual` reads from another folder."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=f"of a finished run, start from where it was started, not from {tmp_path}"):
        Config("Pop", "mine", config_dict={"data_path": "data"})
