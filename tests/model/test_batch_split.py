"""Which models several processes train together: the parts of a batch make up the loss and the gradient of the whole."""

import pytest
import torch

from recbole_lsrec.config import Config
from recbole_lsrec.model.batch_split import ROWS, SHARE, batch_split
from recbole_lsrec.model.sequential_recommender.slsrec import SLSRec
from recbole_lsrec.registry import get_model
from recbole_lsrec.run_data import load_data
from recbole_lsrec.trained_run import build_model


def loss_and_gradients(model: torch.nn.Module, batch: object) -> list[torch.Tensor]:
    model.zero_grad()
    loss = model.calculate_loss(batch)
    loss = sum(loss) if isinstance(loss, tuple) else loss
    loss.backward()
    gradients = [torch.zeros_like(p) if p.grad is None else p.grad.clone() for p in model.parameters()]
    return [loss.detach(), *gradients]


@pytest.mark.parametrize("name", sorted(ROWS))
def test_the_loss_is_a_mean_of_rows(shop, name):
    config = Config(name, "shop", config_dict={**shop, "eval_args": {"mode": ["uni9"]}})
    data = load_data(config, phases=("valid",))
    model = build_model(config, data).train()
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    rows = data.train.rows[:60]
    whole, first, second = (loss_and_gradients(model, data.train.make(part)) for part in (rows, rows[:20], rows[20:]))
    for of_whole, of_first, of_second in zip(whole, first, second, strict=True):
        torch.testing.assert_close(of_first / 3 + of_second * 2 / 3, of_whole, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", sorted(ROWS | SHARE))
def test_each_is_a_model(name):
    assert batch_split(get_model(name)) == ("share" if name in SHARE else "rows")


@pytest.mark.parametrize("name", ["BERT4Rec", "DIN", "LightGCN", "Pop", "Markov"])
def test_the_others_are_trained_by_one_process(name):
    assert batch_split(get_model(name)) is None


def test_a_class_of_ones_own_says_it_itself():
    class Mine(SLSRec):
        pass

    class Splits(SLSRec):
        batch_split = "share"

    class Inherits(Splits):
        pass

    assert [batch_split(model) for model in (Mine, Splits, Inherits)] == [None, "share", None]
