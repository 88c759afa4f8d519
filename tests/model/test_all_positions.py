"""Training at every position: the loss is that of the windows, nothing looks ahead, and ``last`` is RecBole's."""

import math

import pytest
import torch
from recbole.model.sequential_recommender import NARM as RecBoleNARM
from recbole.model.sequential_recommender import BERT4Rec as RecBoleBERT4Rec
from recbole.model.sequential_recommender import GRU4Rec as RecBoleGRU4Rec
from recbole.model.sequential_recommender import GRU4RecF as RecBoleGRU4RecF
from recbole.model.sequential_recommender import SASRec as RecBoleSASRec
from recbole.model.sequential_recommender import SASRecF as RecBoleSASRecF

from recbole_lsrec.config import Config
from recbole_lsrec.data.dataloader import TrainLoader
from recbole_lsrec.errors import ConfigError
from recbole_lsrec.model.position_losses import calibration, gbce
from recbole_lsrec.model.sequential_recommender.gru4rec import GRU4Rec
from recbole_lsrec.model.sequential_recommender.narm import NARM
from recbole_lsrec.model.sequential_recommender.sasrec import SASRec
from recbole_lsrec.quick_start import build_model, run_recbole_lsrec
from recbole_lsrec.run_data import load_data

MODELS = ("SASRec", "GRU4Rec", "NARM", "SASRecF", "GRU4RecF", "gSASRec", "SASRecSS", "eSASRec")
STOCK = {
    "SASRec": RecBoleSASRec,
    "GRU4Rec": RecBoleGRU4Rec,
    "NARM": RecBoleNARM,
    "SASRecF": RecBoleSASRecF,
    "GRU4RecF": RecBoleGRU4RecF,
}
_SMALL = {
    "GRU4Rec": {"embedding_size": 16, "hidden_size": 16, "dropout_prob": 0.0},
    "GRU4RecF": {"embedding_size": 16, "hidden_size": 16, "dropout_prob": 0.0},
    "NARM": {"embedding_size": 16, "hidden_size": 16, "dropout_probs": [0.0, 0.0]},
}
_SASREC = {"hidden_size": 16, "inner_size": 32, "hidden_dropout_prob": 0.0, "attn_dropout_prob": 0.0}


def small(name):
    """Settings of a model that is quick and has no dropout."""
    return _SMALL.get(name, _SASREC)


def prepared(shop, name, **settings):
    config = Config(name, "shop", config_dict={**shop, "train_positions": "all", **small(name), **settings})
    data = load_data(config)
    return config, data, build_model(config, data)


@pytest.mark.parametrize("name", STOCK)
def test_the_loss_is_the_mean_of_the_windows_losses_where_histories_fit_in_a_chunk(name, shop):
    config, data, model = prepared(shop, name, MAX_ITEM_LIST_LENGTH=60, train_batch_size=10**6)
    (chunks,), (windows,) = list(data.train), list(TrainLoader(config, data.train.dataset, data.train.sampler, False))
    assert len(windows) == int((chunks["next_item_id_list"] > 0).sum())
    loss = model.calculate_loss(chunks)
    torch.testing.assert_close(loss, model.calculate_loss(windows), rtol=1e-5, atol=1e-6)
    of_chunks = torch.autograd.grad(loss, model.item_embedding.weight)[0]
    of_windows = torch.autograd.grad(model.calculate_loss(windows), model.item_embedding.weight)[0]
    torch.testing.assert_close(of_chunks, of_windows, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("name", MODELS)
def test_a_state_does_not_depend_on_what_comes_after_it(name, shop):
    _, data, model = prepared(shop, name)
    model.eval()
    items = next(iter(data.train))["item_id_list"]
    changed = items.clone()
    changed[:, 5:] = torch.where(items[:, 5:] > 0, items[:, 5:] % (data.dataset.item_num - 1) + 1, 0)
    assert not torch.equal(items, changed)
    before, after = model.position_states(items), model.position_states(changed)
    torch.testing.assert_close(before[:, :5], after[:, :5], rtol=0, atol=1e-6)
    assert (before[:, 5] - after[:, 5]).abs().max() > 1e-4


@pytest.mark.parametrize("name", MODELS)
def test_the_state_at_a_position_is_that_of_the_history_up_to_it(name, shop):
    """What training sees is what evaluation asks, of RecBole's class with the same weights where there is one."""
    _, data, model = prepared(shop, name, MAX_ITEM_LIST_LENGTH=40)
    config = Config(STOCK.get(name, name), "shop", config_dict={**shop, **small(name), "MAX_ITEM_LIST_LENGTH": 40})
    stock = build_model(config, data)
    assert (type(stock) is STOCK[name]) if name in STOCK else (type(stock) is type(model))
    stock.load_state_dict(model.state_dict())
    model.eval(), stock.eval()
    items = next(iter(data.train))["item_id_list"][:4]
    states = model.position_states(items)
    assert states.shape == (4, items.shape[1], 16)
    assert items.shape[1] > 16  # more than one of NARM's blocks
    for place in range(items.shape[1]):
        real = items[:, place] > 0
        if not real.any():
            break  # RecBole's features of no history have no shape
        alone = stock(items[real, : place + 1], torch.full((int(real.sum()),), place + 1))
        torch.testing.assert_close(states[real, place], alone, rtol=0, atol=1e-6)


class OwnNARM(NARM):
    """Trained at every position it would learn without its own dropout."""

    def forward(self, item_seq, item_seq_len):
        return torch.nn.functional.dropout(super().forward(item_seq, item_seq_len), training=self.training)


class Looks(SASRec):
    """Its attention is not causal."""

    def get_attention_mask(self, item_seq, bidirectional=False):
        return super().get_attention_mask(item_seq, bidirectional=True)


class Means(GRU4Rec):
    """Adds the mean of the whole window to each state."""

    def forward(self, item_seq, item_seq_len):
        mean = self.item_embedding(item_seq).mean(1)
        state = super().forward(item_seq, item_seq_len)
        return state + (mean if state.dim() == 2 else mean[:, None])


class Doubles(SASRec):
    """Each state from earlier events alone."""

    def forward(self, item_seq, item_seq_len):
        return 2 * super().forward(item_seq, item_seq_len)


@pytest.mark.parametrize(
    ("model", "found"),
    [
        (OwnNARM, "whose own forward NARM's position_states does not ask"),
        (Looks, "whose state"),
        (Means, "whose state"),
    ],
)
def test_ones_own_class_that_would_learn_something_else_is_refused(model, found, shop):
    width = {} if model is Looks else {"embedding_size": 64}  # RecBole's GRU4Rec has states of that
    with pytest.raises(ConfigError, match=f"^train_positions: found 'all' with the class {model.__name__}, {found}"):
        run_recbole_lsrec(model, "shop", config_dict={**shop, "train_positions": "all", **width})
    assert run_recbole_lsrec(model, "shop", config_dict={**shop, "train_steps": 1, **width})["test_result"]


def test_ones_own_forward_over_earlier_events_is_trained_at_every_position(shop):
    assert run_recbole_lsrec(Doubles, "shop", config_dict={**shop, "train_positions": "all", "train_steps": 1})[
        "test_result"
    ]


def test_narm_keeps_no_vector_for_each_pair_of_positions(shop):
    """Of 16 positions at a time with all others these are 16 times the states; the largest that is kept are logits."""
    _, data, model = prepared(shop, "NARM", MAX_ITEM_LIST_LENGTH=40)
    batch, kept = next(iter(data.train)), []
    with torch.autograd.graph.saved_tensors_hooks(lambda x: kept.append(x.numel()) or x, lambda x: x):
        model.calculate_loss(batch)
    states = 16 * batch["item_id_list"].numel()
    logits = int((batch["next_item_id_list"] > 0).sum()) * data.dataset.item_num
    assert states < max(kept) == logits < 16 * states


@pytest.mark.parametrize(("name", "stock"), [*STOCK.items(), ("BERT4Rec", RecBoleBERT4Rec)])
@pytest.mark.parametrize("loss", ["CE", "BPR"])
def test_last_is_recbole_bit_for_bit(name, stock, loss, shop):
    found = []
    for model in (name, stock):
        result = run_recbole_lsrec(model, "shop", config_dict={**shop, "loss_type": loss, "train_steps": 5})
        found.append((result["best_valid_result"], result["test_result"]))
    assert found[0] == found[1]


@pytest.fixture
def ring(shop, tmp_path):
    """``ring(name, **settings)``: a run on a log in which each item is followed by the next on a ring."""
    times = [(u, (5 * u + t) % 20, 1_600_000_000 + 10_000 * u + t) for u in range(40) for t in range(16)]
    lines = [(user, item, time, item % 3) for user, item, time in times]
    (tmp_path / "data" / "ring").mkdir(parents=True)
    text = "user_id:token\titem_id:token\ttimestamp:float\tcategory_id:token\n"
    text += "\n".join("\t".join(map(str, line)) for line in lines)
    (tmp_path / "data" / "ring" / "ring.inter").write_text(text + "\n")
    fixed = {
        **{key: shop[key] for key in ("data_path", "show_progress", "state", "load_col", "CATEGORY_FIELD")},
        **{"train_positions": "all", "learning_rate": 0.01, "train_batch_size": 64, "MAX_ITEM_LIST_LENGTH": 8},
        **{"eval_args": {"mode": "full"}, "metrics": ["NDCG"], "topk": [5], "valid_metric": "NDCG@5"},
    }

    def run(name, **settings):
        drawn = {} if name in (*STOCK, "BERT4Rec") else {"n_negatives": 10}
        return run_recbole_lsrec(name, "ring", config_dict={**fixed, **small(name), **drawn, **settings})

    return run


@pytest.mark.parametrize("name", MODELS)
def test_it_learns(name, ring):
    assert ring(name, epochs=24, eval_step=24)["test_result"]["ndcg@5"] > 0.8


def test_bert4rec_learns_to_go_on_from_events_that_it_saw_from_both_sides(ring):
    """Half of the events are under masks in each epoch; by chance it would find .15."""
    settings = {"epochs": 60, "eval_step": 60, "mask_ratio": 0.5, "ft_ratio": 0.2}
    assert ring("BERT4Rec", **settings)["test_result"]["ndcg@5"] > 0.5


@pytest.mark.parametrize(("name", "loss"), [("SASRec", "softmax"), ("SASRec", "gbce"), ("BERT4Rec", "softmax")])
def test_it_repeats_and_resumes_bit_for_bit(name, loss, ring):
    settings = {"position_loss": loss, "n_negatives": 10, "hidden_dropout_prob": 0.2}
    first, second = (ring(name, epochs=4, **settings) for _ in range(2))
    assert first["test_result"] == second["test_result"]
    half = ring(name, epochs=2, **settings)
    resumed = ring(name, epochs=4, resume=f"{half['run_folder']}/checkpoint.pt", **settings)
    assert resumed["test_result"] == first["test_result"]


def test_gbce_by_hand():
    states, positive = torch.tensor([[1.0], [2.0]]), torch.tensor([[0.5], [-1.0]])
    negatives, hit = torch.tensor([[1.0], [-2.0]]), torch.tensor([[False, False], [False, True]])

    def log_sigmoid(x):
        return -math.log1p(math.exp(-x))

    base = math.log(0.3 / 2)
    first = -(0.3 * log_sigmoid(0.5 + base) + log_sigmoid(-1.0 - base) + log_sigmoid(2.0 - base))
    second = -(0.3 * log_sigmoid(-2.0 + base) + log_sigmoid(-2.0 - base))
    found = gbce(states, positive, negatives, hit, beta=0.3)
    assert found.item() == pytest.approx((first + second) / 2 / 3, rel=1e-6)


def test_gbce_starts_where_pushing_all_items_up_or_down_gains_nothing():
    """Else all states become one vector before anything is learnt."""
    states, shift = torch.ones(4, 1), torch.zeros(4, 1, requires_grad=True)
    gbce(states, shift, shift[:1].expand(256, 1), torch.zeros(4, 256, dtype=torch.bool), beta=0.3).backward()
    assert shift.grad.sum().item() == pytest.approx(0, abs=1e-6)


def test_calibration_goes_from_the_usual_cross_entropy_to_the_sampling_rate():
    assert calibration(256, 3417, 0.0) == pytest.approx(1.0)
    assert calibration(256, 3417, 1.0) == pytest.approx(256 / 3416)
    assert calibration(256, 3417, 0.75) == pytest.approx(0.25 + 0.75 * 256 / 3416)


def test_sampled_softmax_tends_to_the_full_one(shop):
    """With many draws; the correction makes up for how often each item is drawn."""
    _, data, model = prepared(shop, "SASRecSS", n_negatives=100_000)
    states = torch.randn(30, 16, generator=torch.Generator().manual_seed(2))
    target = torch.randint(1, data.dataset.item_num, (30,), generator=torch.Generator().manual_seed(3))
    with torch.no_grad():
        table = model.item_embedding.weight.normal_(0, 0.1)
        full = torch.nn.functional.cross_entropy(states @ table[1:].t(), target - 1)
        assert model._loss_at(states, target).item() == pytest.approx(full.item(), rel=0.01)


class Own(RecBoleNARM):
    """On RecBole's class, which knows the last position alone."""


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("SASRec", {"train_positions": "all", "loss_type": "BPR"}, r"^train_positions: found 'all' with loss_type BPR"),
        ("gSASRec", {"train_positions": "last"}, r"^position_loss: found 'gbce' with train_positions 'last'; accepted"),
        ("SASRec", {"train_positions": "every"}, r"^train_positions: found 'every' .*; accepted: one of last, all"),
        (
            RecBoleSASRec,
            {"train_positions": "all"},
            r"^train_positions: found 'all' with the class recbole\..*by its name",
        ),
        (
            Own,
            {"train_positions": "all"},
            r"^train_positions: found 'all' with the class .*\.Own; accepted: NARM of this package \(model='NARM', by",
        ),
        ("STAMP", {"train_positions": "all"}, r"^train_positions: found in .* no known key.*It is a key of .*GRU4Rec"),
    ],
)
def test_what_does_not_go_together_is_said(name, settings, message, shop):
    with pytest.raises(ConfigError, match=message):
        run_recbole_lsrec(name, "shop", config_dict={**shop, **settings})
