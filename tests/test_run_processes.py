"""A run in several processes: one folder, one voice, and a checkpoint for any number of them."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from recbole_lsrec.config import Config
from recbole_lsrec.errors import ConfigError, DataError
from recbole_lsrec.quick_start import load_run, run_recbole_lsrec
from recbole_lsrec.run_processes import check_resources, to_launch
from tests.shop_log import shop_settings

ROOT = Path(__file__).parent.parent
FILES = {"result.json", "instances.parquet", "scores-uni9.npy", "checkpoint.pt", "split.json", "log", "catalogue.pt"}


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    folder = tmp_path_factory.mktemp("processes")
    return {
        **shop_settings(folder),
        "run_dir": str(folder / "runs"),
        "eval_args": {"mode": ["uni9", "full"]},
        "eval_batch_size": 25,
        "train_batch_size": 128,
        "epochs": 2,
        "learner": "sgd",  # Adam makes steps of noise where a gradient is 0 but for rounding
        "use_gpu": False,
    }


@pytest.fixture(scope="module")
def told():
    """What a function of the caller hears of the epochs of ``run_of_two``."""
    return []


@pytest.fixture(scope="module")
def run_of_two(settings, told):
    """An epoch by two processes."""
    given = {**settings, "epochs": 1, "nproc": 2}
    return run_recbole_lsrec("SLSRec", "shop", config_dict=given, on_epoch=told.append)


@pytest.fixture(scope="module")
def run_of_one(settings):
    """Two epochs by one process."""
    return run_recbole_lsrec("SLSRec", "shop", config_dict=settings)


def stored(run: dict[str, Any]) -> dict[str, Any]:
    return json.loads((Path(run["run_folder"]) / "result.json").read_text())


def test_one_process_writes_and_speaks(run_of_two):
    folder = Path(run_of_two["run_folder"])
    assert {path.name for path in folder.iterdir()} == FILES | {"tensorboard"}
    assert [path.name for path in folder.parent.iterdir() if not path.name.startswith(".")] == [folder.name]
    assert len(re.findall("epoch 0 training", (folder / "log").read_text())) == 1
    assert stored(run_of_two)["processes"] == 2
    assert stored(run_of_two)["test_result"] == dict(run_of_two["test_result"])


def test_what_two_found_is_what_one_finds_with_their_weights(run_of_two):
    from recbole_lsrec.evaluation.evaluator import evaluate

    config, data, model = load_run(run_of_two["run_folder"])
    alone = evaluate(model, data.test, config)
    assert alone.metrics == run_of_two["test_result"]
    instances = pd.read_parquet(Path(run_of_two["run_folder"]) / "instances.parquet").query("phase == 'test'")
    pd.testing.assert_frame_equal(instances.reset_index(drop=True), alone.instances, check_exact=True)


def test_one_goes_on_where_two_stopped(run_of_two, run_of_one, tmp_path, settings):
    checkpoint = str(Path(run_of_two["run_folder"]) / "checkpoint.pt")
    (tmp_path / "checkpoint.pt").write_bytes(Path(checkpoint).read_bytes())
    rest = run_recbole_lsrec("SLSRec", "shop", config_dict={**settings, "resume": str(tmp_path / "checkpoint.pt")})
    losses, whole = ([epoch["train_loss"] for epoch in stored(run)["history"]] for run in (rest, run_of_one))
    assert len(losses) == 2
    np.testing.assert_allclose(losses, whole, rtol=1e-6)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"nproc": 2, "world_size": 1},
            r"^world_size: found 1 with nproc 2; accepted: -1, or the number of processes on all machines\.$",
        ),
        ({"group_offset": 1}, r"^group_offset: found 1 with nproc 1 and 1 processes"),
        ({"nnodes": 2}, r"^port: found none; accepted: a free port"),
    ],
)
def test_processes_that_cannot_be_are_refused(settings, given, message):
    with pytest.raises(ConfigError, match=message):
        to_launch(Config("SLSRec", "shop", config_dict={**settings, **given}), "SLSRec")


def test_the_caller_is_told_of_each_epoch_once(run_of_two, told):
    assert told == stored(run_of_two)["history"]


@pytest.mark.slow  # as many processes as a run has
def test_the_caller_may_end_the_run(settings):
    told = []

    def once(entry):
        told.append(entry["epoch"])
        raise SystemExit("enough")  # as Ray Tune ends a trial

    with pytest.raises(SystemExit, match="enough"):
        run_recbole_lsrec("SLSRec", "shop", config_dict={**settings, "epochs": 500, "nproc": 2}, on_epoch=once)
    assert told == [0]
    assert children(os.getpid()) == []


@pytest.mark.parametrize(
    ("given", "cpus", "gpus", "message"),
    [
        ({"nproc": 2}, 1, 0, r"^nproc: found 2 processes of a run with 1 CPUs and 0 GPUs to divide.* with --cpus "),
        ({"nproc": 2}, 2, 1, r"^nproc: found 2 processes of a run with 2 CPUs and 1 GPUs to divide.* with --gpus "),
        ({"nnodes": 2}, 4, 0, r"^nnodes, world_size: found processes on other machines"),
    ],
)
def test_processes_that_ray_would_give_nothing_are_refused(settings, given, cpus, gpus, message):
    with pytest.raises(ConfigError, match=message):
        check_resources(Config("SLSRec", "shop", config_dict={**settings, **given}), cpus, gpus)


def test_processes_that_ray_gives_a_share_are_accepted(settings):
    for nproc, cpus, gpus in ((1, 1, 0.5), (2, 2, 0), (2, 3, 2)):
        check_resources(Config("SLSRec", "shop", config_dict={**settings, "nproc": nproc}), cpus, gpus)


@pytest.mark.slow  # as many processes as a run has
def test_an_error_of_the_data_is_the_runs(settings, tmp_path):
    (tmp_path / "shop").mkdir()
    lines = "user_id:token\titem_id:token\ttimestamp:float\tcategory_id:token\na\tb\tyesterday\tc\n"
    (tmp_path / "shop" / "shop.inter").write_text(lines)
    with pytest.raises(DataError, match=r"shop\.inter, line 2: .*'yesterday'"):
        run_recbole_lsrec("SLSRec", "shop", config_dict={**settings, "data_path": str(tmp_path), "nproc": 2})


@pytest.mark.slow
@pytest.mark.parametrize("n", [2, 3])
def test_any_number_goes_on_where_two_stopped(run_of_two, run_of_one, tmp_path, settings, n):
    (tmp_path / "checkpoint.pt").write_bytes((Path(run_of_two["run_folder"]) / "checkpoint.pt").read_bytes())
    given = {**settings, "resume": str(tmp_path / "checkpoint.pt"), "nproc": n}
    rest = run_recbole_lsrec("SLSRec", "shop", config_dict=given)
    losses, whole = ([epoch["train_loss"] for epoch in stored(run)["history"]] for run in (rest, run_of_one))
    np.testing.assert_allclose(losses, whole, rtol=1e-6)
    if n == 2:
        uninterrupted = run_recbole_lsrec("SLSRec", "shop", config_dict={**settings, "nproc": 2})
        assert rest["test_result"] == uninterrupted["test_result"]
        assert losses == [epoch["train_loss"] for epoch in stored(uninterrupted)["history"]]


def as_flags(settings: dict[str, Any]) -> list[str]:
    return [f"--{key}={value}" for key, value in settings.items()]


@pytest.mark.slow
def test_torchruns_environment_is_taken(settings, run_of_one):
    script = [str(ROOT / "run_recbole_lsrec.py"), "-m", "SLSRec", "-d", "shop"]
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node=2", *script]
    runs = Path(settings["run_dir"]).with_name("of_torchrun")
    given = as_flags({**settings, "run_dir": runs})
    ended = subprocess.run([*command, *given], capture_output=True, text=True, timeout=300, cwd=ROOT)
    assert ended.returncode == 0, ended.stderr
    (run,) = (path for path in runs.iterdir() if not path.name.startswith("."))
    losses, whole = (
        [epoch["train_loss"] for epoch in stored(of)["history"]] for of in ({"run_folder": run}, run_of_one)
    )
    np.testing.assert_allclose(losses, whole, rtol=1e-6)
    assert ended.stdout.count("test result by protocol") == 1


def children(pid: int) -> list[int]:
    """The processes of a run: those that torch started, not what keeps their semaphores."""
    found = []
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes():
            found.append(int(child))
    return found


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="finds the processes in /proc")
@pytest.mark.parametrize("who", [0, 1])
def test_a_killed_process_ends_the_run_which_goes_on(settings, run_of_two, who):
    runs = Path(settings["run_dir"]).with_name(f"killed_{who}")
    given = as_flags({**settings, "epochs": 200, "run_dir": runs, "nproc": 2, "stopping_step": 200})
    command = [sys.executable, str(ROOT / "run_recbole_lsrec.py"), "-m", "SLSRec", "-d", "shop", *given]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT) as run:
        while not (log := next(runs.glob("*/log"), None)) or "epoch 2 training" not in log.read_text():
            time.sleep(0.05)
        killed = children(run.pid)[who]
        before = time.monotonic()
        subprocess.run(["kill", f"-{int(signal.SIGKILL)}", str(killed)], check=True)
        _, said = run.communicate(timeout=60)
    assert time.monotonic() - before < 60
    assert run.returncode == 3
    folder = log.parent
    *_, advice, error = said.strip().splitlines()
    assert f"recbole-lsrec run --resume {folder}" in advice
    assert error == f"Error: process {who} of 2 was killed (SIGKILL), and the others were ended."
    done = len(re.findall("epoch .* training", log.read_text()))
    rest = run_recbole_lsrec(config_dict={"resume": str(folder), "epochs": done + 1, "nproc": 1})
    assert len(stored(rest)["history"]) >= done
