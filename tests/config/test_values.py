"""What text stands for: literals, YAML files, the command line."""

import copy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from recbole.utils import (
    dataset_arguments,
    evaluation_arguments,
    general_arguments,
    training_arguments,
)

from recbole_lsrec.config import Config
from recbole_lsrec.config.values import parse_command_line, parse_text, read_yaml
from recbole_lsrec.errors import ConfigError
from tests.config.helpers import refused, sasrec, write

ROOT = Path(__file__).resolve().parents[2]


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


@settings(deadline=None)
@given(st.text())
def test_any_text_can_be_read(text: str) -> None:
    assert isinstance(parse_text(text), (type(None), bool, int, float, str, list, dict))


def test_text_that_looks_like_code_does_nothing(tmp_path: Path) -> None:
    target = tmp_path / "touched"
    code = f"open({str(target)!r}, 'w')"
    config = sasrec(f"--mlflow_experiment={code}", wandb_project=code)
    assert config["mlflow_experiment"] == config["wandb_project"] == code
    assert not target.exists()


def test_a_key_that_takes_text_keeps_it() -> None:
    config = sasrec("--user_inter_num_interval=[5,10]", "--run_dir=2020", "--wandb_project=1e3", "--gpu_id=")
    assert config["user_inter_num_interval"] == "[5,10]"
    assert (config["run_dir"], config["wandb_project"], config["gpu_id"]) == ("2020", "1e3", "")


@pytest.mark.parametrize("key", ["candidates", "candidate_cache", "data_cache", "data_path", "run_dir"])
def test_no_path_is_not_the_working_directory(key: str) -> None:
    with pytest.raises(ConfigError, match=f"^{key}: found '' .*; accepted: the path of a "):
        sasrec(**{key: ""})


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
        ("seed: 1\na: &x [*x]\n", r"bad\.yaml, line 2: found unconstructable recursive node"),
        ("a: &x {b: *x}\n", r"bad\.yaml, line 1: found unconstructable recursive node"),
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
