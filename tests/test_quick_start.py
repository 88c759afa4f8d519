import json
import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from recbole_lsrec import run_folder
from recbole_lsrec.cli import main
from recbole_lsrec.config import Config
from recbole_lsrec.errors import (
    LESS_MEMORY,
    CheckpointError,
    ConfigError,
    OutOfMemoryError,
    failure_in_words,
)
from recbole_lsrec.model.sequential_recommender.slsrec import SLSRec
from recbole_lsrec.quick_start import load_run, run_recbole_lsrec
from recbole_lsrec.run_data import load_log, log_settings
from recbole_lsrec.run_files import COLUMNS
from tests.command_line import exit_code

FILES = {"result.json", "instances.parquet", "scores-uni9.npy", "checkpoint.pt", "split.json", "log", "catalogue.pt"}
FILES |= {"tensorboard"}


def _instances(result):
    return pd.read_parquet(Path(result["run_folder"]) / "instances.parquet")


def test_the_run_folder_holds_exactly_what_others_read(shop):
    result = run_recbole_lsrec("SLSRec", "shop", config_dict=shop)
    folder = Path(result["run_folder"])
    assert folder.parent == Path("runs")
    assert {path.name for path in folder.iterdir()} == FILES
    instances = _instances(result)
    assert list(instances.columns) == COLUMNS
    assert set(instances["phase"]) == {"valid", "test"}
    assert instances["alpha"].between(0, 1).all()
    uniform = instances.query("protocol == 'uni9'")
    scores = np.load(folder / "scores-uni9.npy")
    assert scores.shape == (len(uniform), 10)
    above, tied = ((compare(scores[:, 1:], scores[:, :1])).sum(1) for compare in (np.greater, np.equal))
    assert (above + tied / 2 + 1 == uniform["rank"]).all()
    assert (tied == uniform["ties"]).all()
    stored = json.loads((folder / "result.json").read_text())
    assert stored["test_result"] == result["test_result"]
    assert set(result) == {"best_valid_score", "valid_score_bigger", "best_valid_result", "test_result", "run_folder"}
    assert set(stored["fingerprints"]) == {"data", "features", "split", "candidates", "code"}
    assert set(stored["fingerprints"]["candidates"]) == {"valid/uni9", "test/uni9"}
    assert stored["simulated"] is False
    assert len(stored["history"]) == 2
    assert stored["config"]["epochs"] == 2
    assert stored["parameters"] > 1000
    assert stored["peak_memory_mb"]["process"] > 10
    split = json.loads((folder / "split.json").read_text())
    assert split["phases"]["test"]["instances"] == 60


def test_the_ways_to_run_agree(shop, tmp_path, capsys):
    by_name = run_recbole_lsrec("SLSRec", "shop", config_dict=shop)
    by_class = run_recbole_lsrec(SLSRec, "shop", config_dict=shop)
    (tmp_path / "shop.yaml").write_text(json.dumps(shop))
    main_result = sorted(Path("runs").iterdir())
    try:
        main(["run", "-m", "SLSRec", "--dataset", "shop", "--config_files", str(tmp_path / "shop.yaml"), "--seed=2020"])
    except SystemExit as stop:
        assert stop.code == 0  # noqa: PT017 - click ends every command by SystemExit
    (by_line,) = set(Path("runs").iterdir()) - set(main_result)
    assert by_name["test_result"] == by_class["test_result"]
    assert json.loads((by_line / "result.json").read_text())["test_result"] == dict(by_name["test_result"])
    pd.testing.assert_frame_equal(_instances(by_name), _instances(by_class))
    pd.testing.assert_frame_equal(_instances(by_name), pd.read_parquet(by_line / "instances.parquet"))


def test_a_run_records_the_command_that_repeats_it(shop, tmp_path):
    def command(*given, **options):
        folder = Path(run_recbole_lsrec(*given, **options, phases=("valid",))["run_folder"])
        return json.loads((folder / "result.json").read_text())["command"]

    files = [str(tmp_path / name) for name in ("shop.yaml", "two epochs.yaml")]
    for file, settings in zip(files, (shop, {"epochs": 1}), strict=True):
        Path(file).write_text(json.dumps(settings))
    assert command("SLSRec", "shop", files, command_line=["--seed", "3", "--train-steps=2"]) == [
        "run", "--model=SLSRec", "--dataset=shop", f"--config_files={files[0]} '{files[1]}'", "--seed=3", "--train_steps=2",
    ]  # fmt: skip
    assert command("SLSRec", "shop", config_dict={**shop, "train_steps": 2}) == []
    assert command(SLSRec, "shop", files, command_line=["--train_steps=2"]) == []


@pytest.mark.parametrize("model", ["SLSRec", "SASRec", "DIN"])
def test_a_resumed_run_ends_as_the_uninterrupted_one(shop, model):
    whole = run_recbole_lsrec(model, "shop", config_dict={**shop, "epochs": 3})
    part = run_recbole_lsrec(model, "shop", config_dict={**shop, "epochs": 1})
    checkpoint = str(Path(part["run_folder"]) / "checkpoint.pt")
    rest = run_recbole_lsrec(model, "shop", config_dict={**shop, "epochs": 3, "resume": checkpoint})
    assert Path(rest["run_folder"]).name == Path(part["run_folder"]).name
    assert rest["test_result"] == whole["test_result"]
    pd.testing.assert_frame_equal(_instances(rest), _instances(whole))
    weights = [torch.load(Path(r["run_folder"]) / "checkpoint.pt", weights_only=True)["tensors"] for r in (rest, whole)]
    for name, tensor in weights[0]["current"]["state_dict"].items():
        assert torch.equal(tensor, weights[1]["current"]["state_dict"][name]), name


def test_a_finished_run_can_be_loaded(shop):
    result = run_recbole_lsrec("SLSRec", "shop", config_dict=shop)
    config, data, model = load_run(result["run_folder"])
    from recbole_lsrec.evaluation.evaluator import evaluate

    assert evaluate(model, data.test, config).metrics == result["test_result"]


def test_without_the_test_phase_nothing_of_it_is_made(shop):
    told = []
    result = run_recbole_lsrec("SLSRec", "shop", config_dict=shop, phases=("valid",), on_epoch=told.append)
    assert result["test_result"] is None
    assert set(_instances(result)["phase"]) == {"valid"}
    stored = json.loads((Path(result["run_folder"]) / "result.json").read_text())
    assert set(stored["fingerprints"]["candidates"]) == {"valid/uni9"}
    assert told == stored["history"]
    whole = run_recbole_lsrec("SLSRec", "shop", config_dict=shop)
    assert whole["best_valid_result"] == result["best_valid_result"]


@pytest.mark.parametrize("model", ["SLSRec", "DIEN"])
def test_a_log_can_be_shared_by_runs(shop, model):
    settings = {**shop, "train_batch_size": 32, "train_steps": 3}
    alone = run_recbole_lsrec(model, "shop", config_dict=settings)
    log = load_log(Config(model, "shop", config_dict=shop))
    log = pickle.loads(pickle.dumps(log))
    shared = run_recbole_lsrec(model, "shop", config_dict=settings, log=log)
    pd.testing.assert_frame_equal(_instances(alone), _instances(shared))


def test_a_log_of_other_settings_is_refused(shop):
    log = load_log(Config("SLSRec", "shop", config_dict=shop))
    with pytest.raises(ConfigError, match=r"built with other settings \(session_threshold 1800, wanted 60\)"):
        run_recbole_lsrec("SLSRec", "shop", config_dict={**shop, "session_threshold": 60}, log=log)


def test_a_log_that_is_given_needs_no_files(shop):
    log = load_log(Config("SLSRec", "shop", config_dict=shop))
    expected = run_recbole_lsrec("SLSRec", "shop", config_dict=shop)
    Path(shop["data_path"]).rename("elsewhere")  # as on another machine of a cluster
    given = run_recbole_lsrec("SLSRec", "shop", config_dict=shop, log=log)
    assert given["test_result"] == expected["test_result"]


def test_log_settings_are_those_that_change_the_log(shop):
    def of(model="SLSRec", **changes):
        return log_settings(Config(model, "shop", config_dict={**shop, **changes}))

    same = {
        "learning_rate": 0.1,
        "train_batch_size": 7,
        "embedding_size": 16,
        "seed": 1,
        "ties": "optimistic",
        "epochs": 9,
    }
    assert of(**same) == of() == of("CLSR") == of("GRU4Rec")
    for key, value in {"session_threshold": 60, "MAX_ITEM_LIST_LENGTH": 3, "candidate_seed": 1}.items():
        assert of(**{key: value}) != of(), key
    assert of("DIEN") != of()
    assert of("DIEN", seed=1) != of("DIEN")


def test_seeds_meet_the_same_candidates(shop):
    prints = []
    for seed in (1, 2):
        result = run_recbole_lsrec("SLSRec", "shop", config_dict={**shop, "seed": seed, "train_steps": 2})
        prints.append(json.loads((Path(result["run_folder"]) / "result.json").read_text())["fingerprints"])
    assert prints[0] == prints[1]


def test_dry_run_prints_and_leaves_nothing(shop, capsys):
    text = run_recbole_lsrec("SLSRec", "shop", config_dict={**shop, "checkpoint_dir": "x"}, command_line=["--dry-run"])[
        "dry_run"
    ]
    assert text == capsys.readouterr().out.rstrip("\n")
    for expected in ("session_threshold: 1800", "checkpoint_dir: ", "test: 60 instances", "one training batch: "):
        assert expected in text
    assert not Path("runs").exists()
    users = pd.read_csv(Path(shop["data_path"]) / "shop/shop.inter", sep="\t")["user_id:token"].nunique()
    assert f" events of {users} users and " in text  # without the padding
    assert "\x1b" not in text


def test_one_config_file_may_be_named_without_a_list_and_other_shapes_are_refused(shop, tmp_path):
    (tmp_path / "mine.yaml").write_text("epochs: 7\ndry_run: True\n")
    given = {key: value for key, value in shop.items() if key != "epochs"}
    text = run_recbole_lsrec("SLSRec", "shop", str(tmp_path / "mine.yaml"), given)["dry_run"]
    assert "epochs: 7\n" in text
    for wrong in ([1], [], "epochs=7"):
        with pytest.raises(
            ConfigError, match=r"^config_dict: found .*; accepted: a dict, each key the name of a setting"
        ):
            run_recbole_lsrec("SLSRec", "shop", config_dict=wrong)
    with pytest.raises(ConfigError, match=r"^config_file_list: found 3; accepted: paths of YAML files\.$"):
        run_recbole_lsrec("SLSRec", "shop", [3])
    with pytest.raises(ConfigError, match=r"^config_file_list: found 3; accepted: paths of YAML files\.$"):
        run_recbole_lsrec("SLSRec", "shop", 3)


@pytest.mark.parametrize(
    ("given", "accepted"),
    [
        ({"phases": ["Valid"]}, "a tuple of valid and test"),
        ({"phases": ("train",)}, "a tuple of valid and test"),
        ({"phases": None}, "a tuple of valid and test"),
        ({"saved": "no"}, "True or False"),
        ({"log": "shop"}, "what load_log gave, or None"),
        ({"on_epoch": 3}, "a function of an epoch's entry, or None"),
        ({"command_line": "--epochs=1"}, "a list of arguments, such as"),
        ({"command_line": None}, "a list of arguments, such as"),
        ({"config_dict": pd.Series({"epochs": 1})}, "a dict, each key the name of a setting"),
        ({"config_dict": {1: 2}}, "a dict, each key the name of a setting"),
        ({"config_file_list": b"a.yaml"}, "paths of YAML files"),
        ({"config_file_list": {"epochs": 1}}, "paths of YAML files"),
    ],
)
def test_an_argument_that_is_none_is_refused_before_any_work(shop, given, accepted):
    (name,) = given
    with pytest.raises(ConfigError, match=rf"^{name}: found .*; accepted: {accepted}"):
        run_recbole_lsrec("Pop", "shop", **{"config_dict": shop, **given})
    assert not Path("runs").exists()


def test_files_and_settings_come_as_python_has_them(shop, tmp_path):
    (tmp_path / "a.yaml").write_text("topk: [3]\nvalid_metric: NDCG@3\n")
    (tmp_path / "b.yaml").write_text("metrics: [Hit, NDCG]\n")
    names = ["a.yaml", "b.yaml"]
    for files in (np.array(names), pd.Series(names), iter(names), tuple(map(Path, names))):
        settings = {**shop, "load_col": {"inter": np.array(shop["load_col"]["inter"])}, "tail_ratio": np.float64(0.1)}
        result = run_recbole_lsrec("Pop", "shop", files, config_dict=settings, command_line=np.array(["--seed=1"]))
        assert "ndcg@3" in result["test_result"]
    Path("c.yaml").write_text(json.dumps(shop))
    folder = Path(run_recbole_lsrec("Pop", "shop", iter(["c.yaml", *names]))["run_folder"])
    command = json.loads((folder / "result.json").read_text())["command"]
    assert command[-1] == "--config_files=c.yaml a.yaml b.yaml"  # although they could be read once alone


def test_a_dry_run_says_that_nothing_is_sampled_as_the_run_does(shop):
    text = run_recbole_lsrec("GRU4Rec", "shop", config_dict=shop, command_line=["--dry-run"])["dry_run"]
    assert "train_neg_sample_args:\n  alpha: none" in text


def test_keys_without_effect_are_reported(shop, caplog):
    run_recbole_lsrec(
        "GRU4Rec", "shop", config_dict={**shop, "train_steps": 1, "save_dataset": True, "state": "WARNING"}
    )
    assert "save_dataset has no effect here" in caplog.text


def test_without_categories_models_that_need_none_run(shop):
    settings = {
        **shop,
        "load_col": {"inter": ["user_id", "item_id", "timestamp"]},
        "CATEGORY_FIELD": None,
        "train_steps": 2,
    }
    result = run_recbole_lsrec("GRU4Rec", "shop", config_dict=settings)
    assert _instances(result)["same_category"].isna().all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--model=SLSRek", "--dataset=shop"], "Did you mean 'SLSRec'"),
        (["--model=SLSRec", "--dataset=nowhere"], "nowhere"),
        (["--model=SLSRec", "--dataset=shop", "--session_treshold=3"], "Did you mean 'session_threshold'"),
        (["--model=SLSRec", "--dataset=shop", "--session_threshold=0"], "session_threshold: found 0"),
        (["--model=SASRec", "--dataset=shop", "--train_neg_sample_args={sample_num: 2}"], "loss_type is CE"),
        (["--model=GRU4Rec", "--dataset=shop", "--resume=none.pt"], "none.pt"),
    ],
)
def test_what_a_user_got_wrong_is_one_line_and_exit_code_2(shop, capsys, arguments, message):
    assert exit_code(["run", f"--data_path={shop['data_path']}", *arguments]) == 2
    error = capsys.readouterr().err.strip()
    assert message in error
    assert "Traceback" not in error


def test_log_folder_names_cannot_collide(shop):
    from recbole_lsrec.config import Config

    config = Config("GRU4Rec", "shop", config_dict=shop)
    assert len({run_folder.create(config) for _ in range(5)}) == 5


@pytest.mark.parametrize("model", ["SLSRec", "DiffLSRec"])
def test_mixed_precision_runs_from_end_to_end(shop, model):
    settings = {**shop, "train_steps": 6, "learning_rate": 0.01}
    exact, mixed = (
        run_recbole_lsrec(model, "shop", config_dict={**settings, "enable_amp": amp}) for amp in (False, True)
    )
    losses = [json.loads((Path(r["run_folder"]) / "result.json").read_text())["history"] for r in (exact, mixed)]
    exact_loss, mixed_loss = ([epoch["train_loss"] for epoch in history] for history in losses)
    assert mixed_loss != exact_loss
    assert mixed_loss == pytest.approx(exact_loss, rel=0.01)


def test_resume_takes_the_folder_and_alone_goes_on(shop):
    whole = run_recbole_lsrec("GRU4Rec", "shop", config_dict={**shop, "epochs": 2})
    part = run_recbole_lsrec("GRU4Rec", "shop", config_dict={**shop, "epochs": 1})
    rest = run_recbole_lsrec(command_line=[f"--resume={part['run_folder']}", "--epochs=2"])
    assert Path(rest["run_folder"]).name == Path(part["run_folder"]).name
    assert rest["test_result"] == whole["test_result"]


def test_resume_with_a_file_of_settings_or_in_it(shop, tmp_path):
    part = run_recbole_lsrec("SLSRec", "shop", config_dict={**shop, "epochs": 1})
    path = tmp_path / "more.yaml"
    path.write_text(f"resume: {part['run_folder']}\nepochs: 2")
    run_recbole_lsrec(config_file_list=path)
    assert len(json.loads((Path(part["run_folder"]) / "result.json").read_text())["history"]) == 2


@pytest.mark.parametrize("named", ["--model=GRU4Rec", "--dataset=shop"])
def test_resume_with_half_of_what_it_holds(named):
    key, _, value = named.removeprefix("--").partition("=")
    with pytest.raises(ConfigError, match=rf"^resume: found 'somewhere' and {key}: {value} alone; .* or name both\.$"):
        run_recbole_lsrec(command_line=["--resume=somewhere", named])
    with pytest.raises(CheckpointError, match=r"^resume: found '', but there is no file checkpoint\.pt"):
        run_recbole_lsrec(command_line=["--resume="])


def test_memory_that_is_used_up_is_one_line(shop):
    with pytest.raises(OutOfMemoryError, match=r"^memory is used up; smaller train_batch_size, .*MAX_ITEM_LIST_LENGTH"):
        run_recbole_lsrec("GRU4Rec", "shop", config_dict={**shop, "embedding_size": 10**13})
    assert failure_in_words(OutOfMemoryError(LESS_MEMORY)) == LESS_MEMORY  # as a trial and a cell have it


def test_what_torch_says_is_told_without_its_stack():
    error = TypeError(
        "empty(): Overflow\nException raised from THPUtils at x.h:107 (most recent call first):\nframe #0: c10"
    )
    assert failure_in_words(error) == "TypeError: empty(): Overflow"


def test_a_refused_resume_leaves_the_folder_as_it_was(shop):
    folder = Path(run_recbole_lsrec("GRU4Rec", "shop", config_dict={**shop, "epochs": 1})["run_folder"])
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.name != "log"}
    log = Path(shop["data_path"]) / "shop" / "shop.inter"
    lines = log.read_text().splitlines(keepends=True)
    log.write_text("".join(lines[:-50]))
    with pytest.raises(CheckpointError, match="the data fingerprint differs"):
        run_recbole_lsrec(command_line=[f"--resume={folder}", "--epochs=2"])
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.name != "log"} == before


def test_resume_from_nowhere_leaves_nothing(shop, tmp_path):
    with pytest.raises(CheckpointError, match=r"resume: found 'nowhere/checkpoint\.pt', but there is no file nowhere"):
        run_recbole_lsrec("GRU4Rec", "shop", config_dict=shop, command_line=["--resume=nowhere/checkpoint.pt"])
    with pytest.raises(CheckpointError, match="there is no file"):
        run_recbole_lsrec(command_line=[f"--resume={tmp_path}"])
    assert not (tmp_path / "log").exists()


def test_weights_that_no_model_reads_are_said_and_the_run_goes_on(shop):
    """An additional file of RecBole's, whose fields belong to neither events nor items nor users."""
    lines = ["iid:token\temb:float_seq", *(f"{item}\t0.1 0.2" for item in range(1, 81))]
    Path(shop["data_path"], "shop", "shop.itememb").write_text("\n".join(lines) + "\n")
    shop |= {
        "load_col": {**shop["load_col"], "itememb": ["iid", "emb"]},
        "additional_feat_suffix": ["itememb"],
        "alias_of_item_id": ["iid"],
        "preload_weight": {"iid": "emb"},
        "train_steps": 2,
    }
    result = run_recbole_lsrec("GRU4Rec", "shop", config_dict=shop)
    said = json.loads(Path(result["run_folder"], "result.json").read_text())["no_effect"]
    assert said["preload_weight"] == "GRU4Rec reads no weights that are given (get_preload_weight)"
