"""Equal models are called different as often as the level says: seeds of one model on a real log, against each other."""

from itertools import combinations

import numpy as np
import pytest

from recbole_lsrec.analysis.comparable import load_models
from recbole_lsrec.analysis.compare import compare_models
from recbole_lsrec.analysis.user_metrics import Metric
from recbole_lsrec.quick_start import run_recbole_lsrec

N_SEEDS = 12
SETTINGS = {
    "train_steps": 150,
    "train_batch_size": 256,
    "MAX_ITEM_LIST_LENGTH": 10,
    "eval_args": {"mode": "uni99"},
    "show_progress": False,
    "state": "ERROR",
}


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """Twelve seeds of GRU4Rec on ml-100k, as compare reads them."""
    runs = str(tmp_path_factory.mktemp("runs"))
    folders = [
        run_recbole_lsrec("GRU4Rec", "ml-100k", config_dict={**SETTINGS, "seed": seed, "run_dir": runs})["run_folder"]
        for seed in range(N_SEEDS)
    ]
    (found,), _ = load_models(folders, "test", "uni99")
    return found


def pair(model, left, right):
    """Some of the seeds against others."""
    sides = [
        type(model)(name, tuple(model.runs[n] for n in numbers), tuple(model.lines[n] for n in numbers))
        for name, numbers in (("left", left), ("right", right))
    ]
    return compare_models(sides, Metric.parse("ndcg@10"), "test", "uni99", resamples=100).pairs[0]


@pytest.mark.slow  # trains twelve runs
def test_one_seed_against_one_is_called_different_far_too_often_by_the_users_alone(model):
    """Why compare does not test such pairs."""
    pairs = [pair(model, [a], [b]) for a, b in combinations(range(N_SEEDS), 2)]
    assert all(found.p is None for found in pairs)
    assert np.mean([found.p_users <= 0.05 for found in pairs]) > 0.15


@pytest.mark.slow
@pytest.mark.parametrize("n_seeds", [2, 3, 5])
def test_several_seeds_a_side_keep_the_level(model, n_seeds):
    """200 draws of disjoint sides from twelve seeds; they share seeds, so that the share varies more than a binomial's."""
    generator = np.random.default_rng(7)
    draws = [generator.permutation(N_SEEDS)[: 2 * n_seeds] for _ in range(200)]
    called = [pair(model, draw[:n_seeds], draw[n_seeds:]).p <= 0.05 for draw in draws]
    assert np.mean(called) <= 0.12
