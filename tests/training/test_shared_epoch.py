"""Two and three processes train and evaluate as one does."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from recbole_lsrec.processes.launch import launch
from recbole_lsrec.training.shared_epoch import of_numbers
from tests import shared_run
from tests.shop_log import shop_settings

TRAINED: dict[str, dict[str, Any]] = {
    "SLSRec": {},
    "SASRec": {"train_neg_sample_args": None},
    "SASRec, every position": {"train_neg_sample_args": None, "train_positions": "all"},
    "CLSR": {},
    "CLSR, sparse": {
        "learner": "adam",
        "learning_rate": 1e-3,
        "train_steps": 3,  # Adam triples what rounding differs by with each step: after six 5e-6 on some processors
        "sparse_embeddings": True,
        "train_neg_sample_args": {"distribution": "in_batch", "sample_num": 4},
    },
    "BERT4Rec": {"train_neg_sample_args": None},  # by one process
}
MORE: dict[str, dict[str, Any]] = {
    "SLiRec": {},
    "SURGE": {},
    "LSIDN": {"sequence": "recent30"},
    "MARank": {},
    "DiffLSRec": {},
    "DiffLSRec, sampled": {"loss": "sampled", "loss_samples": 20, "training": "one_step"},
    "GRU4Rec": {"train_neg_sample_args": None},
    "SASRecSS": {},
    "gSASRec": {},
    "eSASRec": {"hidden_dropout_prob": 0.0, "attn_dropout_prob": 0.0},
    "NeuMF": {},
    "NARM": {"train_neg_sample_args": None},
    "NARM, every position": {"train_neg_sample_args": None, "train_positions": "all"},
    "SASRecF, every position": {"train_neg_sample_args": None, "train_positions": "all"},
    "BERT4Rec, every position": {"train_neg_sample_args": None, "train_positions": "all"},  # by one process
    "DIN": {},  # by one process
}
EVALUATED: dict[str, dict[str, Any]] = {
    "SLSRec": {"eval_args": {"mode": ["pop9", "full"]}, "eval_batch_size": 7},
    "CLSR, several a user": {
        "eval_args": {"split": {"GTS": {"valid": 0.6, "test": 0.7, "targets": "all"}}, "mode": ["uni9", "full"]}
    },
    "GRU4Rec": {
        "eval_args": {"mode": ["full"]},
        "eval_batch_size": 25,
        "metrics": ["NDCG", "ItemCoverage"],
        "topk": [10],
    },
    "DiffLSRec": {"eval_args": {"mode": ["uni9"]}, "eval_batch_size": 25, "inference_samples": 3},
    "BPR": {"eval_args": {"mode": ["uni9", "full"]}, "eval_batch_size": 25},
    "SURGE": {"eval_args": {"mode": ["uni9"]}, "eval_batch_size": 7, "pool_length": 3},  # parts of different number
}


@pytest.fixture(scope="module", autouse=True)
def one_thread_each():
    """Processes that are told no number divide the threads; on some processors a sum rounds otherwise with another number."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OMP_NUM_THREADS", "1")
        yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    """Settings for the small shop's log; 1,320 training targets in batches of 61."""
    folder = tmp_path_factory.mktemp("shared")
    return {
        **shop_settings(folder),
        "run_dir": str(folder / "runs"),
        "eval_args": {"mode": ["uni9"]},
        "train_batch_size": 61,
        "train_steps": 6,
        "learner": "sgd",
        "learning_rate": 0.05,
        "state": "ERROR",
    }


def jobs_of(cases: Mapping[str, Mapping[str, Any]], kind: str, log: Mapping[str, Any]) -> list[tuple[str, str, dict]]:
    return [(kind, name.split(",")[0], {**log, **own}) for name, own in cases.items()]


def by_processes(n: int, jobs: list) -> list[dict[str, Any]]:
    return launch(shared_run.together, (jobs,), n, world=n, first=0, address="localhost", port=None)


@pytest.fixture(scope="module")
def of_two(log):
    jobs = jobs_of(TRAINED, "trained", log) + jobs_of(EVALUATED, "evaluated", log)
    return dict(zip([*TRAINED, *(f"evaluated {name}" for name in EVALUATED)], by_processes(2, jobs), strict=True))


def check_training(found: dict[str, Any], name: str, log: Mapping[str, Any], own: Mapping[str, Any]) -> None:
    alone = shared_run.trained(name.split(",")[0], {**log, **own})
    assert len(found["losses"]) == len(alone["losses"]) > 0
    np.testing.assert_allclose(found["losses"], alone["losses"], rtol=1e-6, err_msg=name)
    np.testing.assert_allclose(found["history"], alone["history"], rtol=1e-6)
    for key, tensor in alone["weights"].items():
        if own.get("sparse_embeddings") is not True:  # Adam makes steps of noise where a gradient is 0 but for rounding
            torch.testing.assert_close(found["weights"][key], tensor, rtol=1e-4, atol=1e-6, msg=f"{name}: {key}")


@pytest.mark.parametrize("name", TRAINED)
def test_two_processes_train_as_one(of_two, log, name):
    check_training(of_two[name], name, log, TRAINED[name])


def check_evaluation(found: dict[str, Any], name: str, log: Mapping[str, Any], own: Mapping[str, Any]) -> None:
    check_equal(found, shared_run.evaluated(name.split(",")[0], {**log, **own}))


def check_equal(found: dict[str, Any], alone: dict[str, Any]) -> None:
    for part in ("metrics", "curves", "noise"):
        assert found[part] == alone[part], part
    pd.testing.assert_frame_equal(found["instances"], alone["instances"], check_exact=True)
    for protocol, scores in alone["scores"].items():
        np.testing.assert_array_equal(found["scores"][protocol], scores)


@pytest.mark.parametrize("name", EVALUATED)
def test_two_processes_evaluate_as_one(of_two, log, name):
    check_evaluation(of_two[f"evaluated {name}"], name, log, EVALUATED[name])


@pytest.mark.slow  # 13 models and as many evaluations, twice
def test_all_our_models_train_and_are_evaluated_as_by_one(log):
    found = by_processes(2, jobs_of(MORE, "trained", log))
    for of_one, (name, own) in zip(found, MORE.items(), strict=True):
        check_training(of_one, name, log, own)


@pytest.mark.slow  # three processes
def test_three_processes_do_as_one(log):
    cases = {**TRAINED, "SLSRec, a last batch of two rows": {"train_batch_size": 659, "train_steps": 3}}
    found = by_processes(3, jobs_of(cases, "trained", log) + jobs_of(EVALUATED, "evaluated", log))
    for of_one, (name, own) in zip(found[: len(cases)], cases.items(), strict=True):
        check_training(of_one, name, log, own)
    for of_one, (name, own) in zip(found[len(cases) :], EVALUATED.items(), strict=True):
        check_evaluation(of_one, name, log, own)


@pytest.mark.slow  # the bundled log, with one, two and three processes
@pytest.mark.parametrize(
    ("split", "instances"),
    [({"LS": "valid_and_test"}, 2515), ({"GTS": {"valid": 0.95, "test": 0.98, "targets": "all"}}, 2020)],
    ids=["one target a user", "several"],
)
def test_numbers_of_instances_that_do_not_divide_are_evaluated_as_by_one(tmp_path, split, instances):
    own = {
        "dataset": "cosmetics",
        "data_path": str(Path(__file__).parents[2] / "atomic_data"),
        "run_dir": str(tmp_path),
        "eval_args": {"mode": ["pop99", "full"], "split": split},
        "embedding_size": 16,
        "state": "ERROR",
    }
    alone = shared_run.evaluated("SLSRec", own)
    assert set(alone["instances"]["protocol"]) == {"pop99", "full"}
    assert len(alone["instances"]) == 2 * instances
    assert (len(alone["instances"].groupby(["user_id", "protocol"])) == 2 * instances) == ("LS" in split)
    for n in (2, 3):
        (found,) = by_processes(n, [("evaluated", "SLSRec", own)])
        check_equal(found, alone)


@pytest.mark.parametrize(
    ("loss", "found"),
    [
        (None, "NoneType"),
        (0.5, "float"),
        (torch.ones(3), r"a tensor of \[3\]"),
        ((torch.ones(()), torch.ones(2)), r"a tensor of \[2\]"),
    ],
)
def test_a_loss_that_is_no_number_is_refused(loss, found):
    with pytest.raises(TypeError, match=rf"^calculate_loss gave {found}, accepted: a tensor of one number, or a tuple"):
        of_numbers(lambda _: loss)(None)


@pytest.mark.parametrize("loss", [torch.ones(()), (torch.ones(()), torch.ones(()))])
def test_a_loss_without_a_gradient_is_refused(loss):
    with pytest.raises(TypeError, match=r"^calculate_loss gave a loss without a gradient, accepted: one of parameters"):
        of_numbers(lambda _: loss)(None)


def test_a_loss_of_numbers_stays_as_it_is():
    one = torch.ones((), requires_grad=True)
    for loss in (one, torch.ones(1, requires_grad=True), (one, torch.zeros(1))):
        assert of_numbers(lambda _, loss=loss: loss)(None) is loss
