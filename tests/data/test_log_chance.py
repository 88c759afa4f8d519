"""The logQ correction: by hand, through the loader, and what it makes a loss learn."""

import numpy as np
import pytest
import torch

from recbole_lsrec.config import Config
from recbole_lsrec.data.log_chance import LOG_CHANCE, log_chance
from recbole_lsrec.errors import ConfigError
from recbole_lsrec.model import losses
from recbole_lsrec.quick_start import run_recbole_lsrec
from recbole_lsrec.run_data import load_data


def test_by_hand():
    found = log_chance(np.array([0.0, 1.0, 1.0, 2.0]))
    mean = np.log(0.25) / 2 + np.log(0.5) / 2
    np.testing.assert_allclose(found, [0, np.log(0.25) - mean, np.log(0.25) - mean, np.log(0.5) - mean], rtol=1e-6)


def test_uniform_draws_need_none():
    np.testing.assert_allclose(log_chance(np.array([0.0, 1.0, 1.0, 1.0])), 0, atol=1e-12)


@pytest.mark.parametrize("loss", [losses.bce, losses.sampled_softmax])
def test_what_negatives_of_another_distribution_teach(loss):
    """The scores of three items after one history, fitted: with the correction their probability, without it their lift."""
    generator = torch.Generator().manual_seed(0)
    likely, drawn = torch.tensor([0.6, 0.3, 0.1]), torch.tensor([0.7, 0.2, 0.1])
    n = 20_000
    candidates = torch.cat(
        [part.multinomial(n * k, True, generator=generator).view(n, k) for part, k in ((likely, 1), (drawn, 4))], dim=1
    )
    shift = torch.from_numpy(log_chance(drawn.numpy()))
    for off, expected in ((shift, likely.log()), (torch.zeros(3), likely.log() - drawn.log())):
        scores = torch.zeros(3, requires_grad=True)
        optimiser = torch.optim.LBFGS([scores], max_iter=50)

        def closure(scores=scores, off=off, optimiser=optimiser):
            optimiser.zero_grad()
            value = loss((scores - off)[candidates])
            value.backward()
            return value

        optimiser.step(closure)
        found = scores.detach()
        torch.testing.assert_close(found - found.mean(), expected - expected.mean(), atol=0.05, rtol=0)


@pytest.mark.parametrize("distribution", ["popularity", "in_batch", "uniform"])
def test_the_loader_gives_each_candidate_its_own(shop, distribution):
    negatives = {"distribution": distribution, "sample_num": 3, "alpha": 0.5, "logq": True}
    data = load_data(Config("SLSRec", "shop", config_dict={**shop, "train_neg_sample_args": negatives}))
    batch = next(iter(data.train))
    log = data.dataset
    trained = log.item[log.training_events() if distribution == "popularity" else data.train.rows]
    counts = {item: int((trained == item).sum()) for item in range(log.item_num)}
    power = {"popularity": 0.5, "in_batch": 1.0, "uniform": 0.0}[distribution]
    expected = log_chance(np.array([counts[item] ** power if item and counts[item] else 0.0 for item in counts]))
    candidates = torch.cat([batch["item_id"][:, None], batch["neg_item_id"]], dim=1)
    np.testing.assert_allclose(batch[LOG_CHANCE], expected[candidates], rtol=1e-5, atol=1e-6)
    assert (distribution == "uniform") == (float(batch[LOG_CHANCE].std()) < 1e-6)


@pytest.mark.parametrize("model", ["SLSRec", "MARank"])  # MARank has a loss of its own
def test_a_run_learns_something_else_by_it(model, shop):
    negatives = {"distribution": "popularity", "sample_num": 3}
    found = [
        run_recbole_lsrec(
            model, "shop", config_dict={**shop, "epochs": 1, "train_neg_sample_args": {**negatives, **more}}
        )
        for more in ({}, {"logq": True})
    ]
    assert found[0]["test_result"] != found[1]["test_result"]


def test_it_is_refused_where_the_loss_has_no_place_for_it(shop):
    negatives = {"distribution": "popularity", "sample_num": 3, "logq": True}
    with pytest.raises(ConfigError, match=r"logq: found True .*DIN does not score"):
        Config("DIN", "shop", config_dict={**shop, "train_neg_sample_args": negatives})
