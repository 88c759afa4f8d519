"""DIN and DIEN with histories encoded once: the scores, the start and the training of RecBole's own."""

import numpy as np
import pandas as pd
import pytest
import torch
from recbole.model.sequential_recommender import DIEN as RecBoleDIEN
from recbole.model.sequential_recommender import DIN as RecBoleDIN

from recbole_lsrec.config import Config
from recbole_lsrec.evaluation.scoring import predict_rows, score_batch
from recbole_lsrec.model.sequential_recommender.din import _met
from recbole_lsrec.run_data import load_data
from recbole_lsrec.trained_run import build_model
from tests.shop_log import shop_settings

RECBOLES = {"DIN": RecBoleDIN, "DIEN": RecBoleDIEN}
KINDS = [("DIN", {}), *(("DIEN", {"gru_type": kind}) for kind in ("GRU", "AIGRU", "AGRU", "AUGRU"))]
CALLED = [options.get("gru_type", name) for name, options in KINDS]


@pytest.fixture(scope="module")
def rich(tmp_path_factory):
    """Settings for the shop's log with a class, tags and a price of each item, and the age of each user."""
    folder = tmp_path_factory.mktemp("rich")
    settings = shop_settings(folder)
    item, user, rng = np.arange(1, 81), np.arange(60), np.random.default_rng(1)
    tags = [" ".join(f"t{tag}" for tag in range(number % 4)) for number in item]
    items = pd.DataFrame({"item_id:token": item, "class:token": item % 5, "tags:token_seq": tags})
    items["price:float"] = rng.random(len(item)).round(3)
    users = pd.DataFrame({"user_id:token": user, "age:token": user % 6})
    for name, table in (("item", items), ("user", users)):
        table.to_csv(folder / "data" / "shop" / f"shop.{name}", sep="\t", index=False)
    load = {**settings["load_col"], "item": ["item_id", "class", "tags", "price"], "user": ["user_id", "age"]}
    return {
        **settings,
        "run_dir": str(folder / "runs"),
        "load_col": load,
        "numerical_features": ["price"],
        "MAX_ITEM_LIST_LENGTH": 12,
        "mlp_hidden_size": [24, 16],
        "train_batch_size": 64,
        "eval_args": {"split": {"RS": [0.6, 0.1, 0.3]}, "mode": ["uni9", "full"]},
        "state": "ERROR",
    }


def both(settings, name, options):
    """The data, our model and RecBole's own class, both as they start."""
    config = Config(name, "shop", config_dict={**settings, **options})
    data = load_data(config)
    ours = build_model(config, data)
    config.model_class = RECBOLES[name]
    return config, data, ours, build_model(config, data)


def spread(model):
    """Weights and statistics as different as after long training."""
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for key, values in model.state_dict().items():
            if values.is_floating_point():
                drawn = torch.randn(values.shape, generator=generator)
                values.copy_(drawn.abs() + 0.5 if key.endswith("running_var") else values + 0.3 * drawn)


@pytest.mark.parametrize(("dtype", "apart"), [(torch.float64, 1e-12), (torch.float32, 5e-6)], ids=["exact", "rounded"])
@pytest.mark.parametrize(("name", "options"), KINDS, ids=CALLED)
def test_scores_are_recboles_pair_by_pair(rich, name, options, dtype, apart):
    config, data, ours, recboles = both(rich, name, options)
    assert {"class", "category_id", "tags"} <= set(ours.embedding_layer.field_names["item"])
    spread(ours)
    recboles.load_state_dict(ours.state_dict())
    ours.eval().to(dtype), recboles.eval().to(dtype)
    dataset, first = data.test.dataset, np.sort(data.train.rows)[:70]
    for rows in (first, first[:1]):
        _, batch = data.test.make(rows)
        every = torch.arange(dataset.item_num).expand(len(rows), -1)
        own = every.gather(1, torch.rand(every.shape).argsort(1)[:, :20])
        own[:, 5] = own[:, 7]
        with torch.no_grad():
            expected = predict_rows(recboles, batch, every, dataset, config["eval_memory_mb"])
            full = score_batch(ours, batch, own, dataset, full=True, memory_mb=1).full
            alone = score_batch(ours, batch, own, dataset, full=False, memory_mb=1).candidates
        if len(rows) > 1:
            assert set(batch["item_length"].tolist()) >= {1, 5, 12}  # short, shorter than the window, and cut by it
            assert expected.std(0).min() > 1e-4  # histories matter, and
            assert expected.std(1).min() > 1e-3  # so do candidates
        torch.testing.assert_close(full, expected, rtol=apart, atol=0)
        torch.testing.assert_close(alone, expected.gather(1, own), rtol=apart, atol=0)


@pytest.mark.parametrize("name", list(RECBOLES))
def test_training_is_recboles_bit_for_bit(rich, name):
    _, data, *models = both(rich, name, {"dropout_prob": 0.2})
    batches = [data.train.make(data.train.rows[at : at + 64]) for at in range(0, 192, 64)]
    losses, states = [], []
    for model in models:
        torch.manual_seed(1)
        optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
        states.append({key: value.clone() for key, value in model.state_dict().items()})
        for batch in batches:
            optimizer.zero_grad()
            loss = model.calculate_loss(batch)
            loss.backward()
            optimizer.step()
            losses.append(float(loss.detach()))
        states.append(model.state_dict())
    assert losses[:3] == losses[3:]
    assert len(set(losses)) == 3
    for ours, recboles in zip(states[:2], states[2:], strict=True):
        assert list(ours) == list(recboles)
        assert all(torch.equal(ours[key], recboles[key]) for key in ours)
    assert list(models[0].other_parameter()) == list(models[1].other_parameter())


@pytest.mark.parametrize("name", list(RECBOLES))
def test_memory_for_one_pair_is_enough(rich, name):
    _, data, model, _ = both(rich, name, {})
    spread(model.eval())
    _, batch = data.test.make(data.test.dataset.rows[:9])
    items = torch.arange(1, 15).expand(9, -1)
    with torch.no_grad():
        state = model.encode(batch)
        whole = model.score_many(state, items, 9)
        model.eval_bytes = 1
        torch.testing.assert_close(model.score_many(state, items, 9), whole, rtol=1e-6, atol=0)


def test_no_score_waits_for_the_auxiliary_loss(rich, monkeypatch):
    _, data, model, recboles = both(rich, "DIEN", {})
    monkeypatch.delattr(type(model.interset_extractor), "auxiliary_loss")
    _, batch = data.test.make(data.test.dataset.rows[:4])
    assert model.eval().score_all(model.encode(batch), 4).shape == (4, data.dataset.item_num)
    with pytest.raises(AttributeError):
        recboles.predict(batch)


def test_padding_is_what_lies_after_the_length(rich):
    """An id of 0 within it is an event, as in RecBole's."""
    _, data, model, recboles = both(rich, "DIN", {})
    model.eval(), recboles.eval()
    _, batch = data.test.make(data.test.dataset.rows[:4])
    batch["item_id_list"] = batch["item_id_list"].clone()
    batch["item_id_list"][:, 0] = 0
    found = model.score(model.encode(batch), batch["item_id"].unsqueeze(1)).squeeze(1)
    torch.testing.assert_close(found, recboles.predict(batch), rtol=1e-5, atol=1e-7)


def test_items_that_meet_often_are_one_pair():
    history = torch.tensor([[3, 3, 4], [4, 0, 0]])
    met, place = _met(torch.tensor([[1, 2]]), history, 10)
    assert met.tolist() == [10, 13, 14, 20, 23, 24]
    assert met[place].tolist() == [[[13, 13, 14], [23, 23, 24]], [[14, 10, 10], [24, 20, 20]]]
    met, place = _met(torch.tensor([[1, 2], [2, 1]]), history, 10)
    assert met.tolist() == [10, 13, 14, 20, 23, 24]
    assert met[place].tolist() == [[[13, 13, 14], [23, 23, 24]], [[24, 20, 20], [14, 10, 10]]]
