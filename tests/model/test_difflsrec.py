"""DiffLSRec: the properties of its diffusion, its losses and features, and each option."""

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from recbole_lsrec.errors import ConfigError
from recbole_lsrec.model.diffusion import process
from recbole_lsrec.model.diffusion.denoiser import guided
from recbole_lsrec.model.sequential_recommender.difflsrec import DiffLSRec
from recbole_lsrec.testing.stub import N_ITEMS, batch_of, random_batch, randomise
from tests.model.difflsrec_stub import StubLog, build

# ---- 3: diffusion ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("steps", [1, 2, 7, 20, 100])
def test_with_the_true_noise_the_chain_returns_the_long_term_interest(steps: int, monkeypatch: Any) -> None:
    model = build(diffusion_steps=steps, guidance_max=0.0)
    batch = random_batch()
    long = model.interests(batch).long

    def oracle(e: Tensor, t: int, prepared: Any) -> Tensor:
        return (e - model.alpha_bar[t].sqrt() * long) / (1 - model.alpha_bar[t]).sqrt()

    monkeypatch.setattr(model.denoiser, "guided_noise", oracle)
    torch.testing.assert_close(model.encode(batch).user, long, rtol=0, atol=1e-5)
    with model.inference_sample(0):
        torch.testing.assert_close(model.encode(batch).user, long, rtol=0, atol=1e-5)


def test_equal_predictions_are_not_changed_by_guidance() -> None:
    prediction = torch.randn(5, 3)
    for scale in (0.0, 0.3, torch.rand(5, 1) * 100):
        assert torch.equal(guided(prediction, prediction, scale), prediction)
    model = build(without=["token"])  # the condition is e_short: make it the null condition
    interests = model.interests(random_batch())
    e, null = interests.long, model.denoiser.null.expand_as(interests.short)
    prepared = model._sides(interests._replace(short=null))[1]
    expected = model.denoiser.noise(e, 3, prepared)
    for most in (0.5, 20.0):
        model.denoiser.most = most
        torch.testing.assert_close(model.denoiser.guided_noise(e, 3, prepared), expected)


@pytest.mark.parametrize("without", [[], ["token"], ["snr"], ["token", "snr"]])
def test_the_fused_prediction_is_the_combination_of_two_passes(without: list[str]) -> None:
    """Eq. 3.3-3.5 as printed."""
    model = build(without=without, guidance_constant=0.7)
    denoiser, interests = model.denoiser, model.interests(random_batch())
    e, t, d = torch.randn(6, 8), 7, 8
    prepared = model._sides(interests)[1]
    condition = interests.short
    if "token" not in without:
        rows = []
        for row in range(6):
            tokens = interests.tokens[row, : interests.lengths[row]]
            a = torch.softmax(denoiser.query(e[row]) @ denoiser.key(tokens).t() / d**0.5, dim=0)
            rows.append(a @ denoiser.value(tokens))
        gate = torch.sigmoid(denoiser.gate(torch.cat([e, condition], dim=1)))
        condition = gate * torch.stack(rows) + (1 - gate) * condition
    step = denoiser.time(denoiser.steps[t]).expand(6, d)

    def network(c: Tensor) -> Tensor:
        return denoiser.second(torch.nn.functional.gelu(denoiser.first(torch.cat([e, c, step], dim=1))))

    scale = denoiser.scale(e, t, prepared)
    expected = (1 + scale) * network(condition) - scale * network(denoiser.null.expand(6, d))
    torch.testing.assert_close(denoiser.guided_noise(e, t, prepared), expected, rtol=1e-4, atol=1e-5)
    by_row = denoiser.guided_noise(e, torch.full((6,), t), prepared)
    torch.testing.assert_close(by_row, expected, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(denoiser.noise(e, t, prepared), network(condition), rtol=1e-4, atol=1e-5)
    if "snr" in without:
        assert bool((scale == 0.7).all())


def test_a_constant_scale_guides_whatever_the_largest_of_the_other_form() -> None:
    """``guidance_max`` belongs to eq. 3.6; without it ``guidance_constant`` alone says how much."""
    batch = random_batch()
    users = [
        build(without=["snr"], guidance_max=most, guidance_constant=constant).encode(batch).user
        for most, constant in ((1.0, 0.5), (0.0, 0.5), (1.0, 0.0), (0.0, 0.0))
    ]
    assert torch.equal(users[0], users[1])
    assert torch.equal(users[2], users[3])
    assert not torch.allclose(users[0], users[2])


def test_guidance_scale_by_hand() -> None:
    model = build(guidance_max=2.0, diffusion_steps=10)
    denoiser, d = model.denoiser, 8
    with torch.no_grad():
        denoiser.learned.weight.copy_(torch.tensor([[0.5, 0.25, 0.125]]))
        denoiser.learned.bias.fill_(0.1)
    interests = model.interests(random_batch())
    prepared = model._sides(interests._replace(short=torch.full((6, d), 4.0)))[1]
    snr = model.alpha_bar[3] / (1 - model.alpha_bar[3])
    # norms over sqrt(d): 3 and 4; -5 (0.3 - 0.5) = 1
    inside = 1.0 + 0.5 * 3 + 0.25 * 4 + 0.125 * float(torch.log(1 + snr)) + 0.1
    expected = 2 / (1 + math.exp(-inside))
    assert denoiser.scale(torch.full((6, d), 3.0), 3, prepared).tolist() == [[pytest.approx(expected)]] * 6


def test_guidance_is_bounded_whatever_is_learned() -> None:
    model = build(guidance_max=1.5)
    randomise(model, seed=3, std=20.0)
    prepared = model._sides(model.interests(random_batch()))[1]
    for t in range(1, 21):
        scale = model.denoiser.scale(torch.randn(6, 8) * 10, t, prepared)
        assert bool(((scale >= 0) & (scale <= 1.5)).all())


def test_guidance_grows_as_noise_goes_at_the_start() -> None:
    model = build(spread=False)
    prepared = model._sides(model.interests(random_batch()))[1]
    scales = torch.stack([model.denoiser.scale(torch.randn(6, 8), t, prepared)[:, 0] for t in range(1, 21)])
    assert bool((scales.diff(dim=0) < 0).all()), "smaller the more noise there is"
    assert 0 < scales.min() < 0.1
    assert 0.9 < scales.max() < 1


def test_evaluation_is_deterministic_and_samples_are_fixed() -> None:
    model, batch = build(), random_batch()
    scores = model.full_sort_predict(batch)
    assert torch.equal(model.full_sort_predict(batch), scores)

    def sample(number: int) -> Tensor:
        with model.inference_sample(number):
            return model.full_sort_predict(batch)

    first, second = sample(0), sample(1)
    torch.rand(3)
    assert torch.equal(sample(0), first)
    assert not torch.allclose(first, second)
    assert not torch.allclose(first, scores)
    assert torch.equal(model.full_sort_predict(batch), scores)


def test_a_chain_of_one_step_is_the_estimate() -> None:
    model = build(diffusion_steps=1, eta=0.0)
    interests = model.interests(random_batch())
    ab = float(model.alpha_bar[1])
    start = ab**0.5 * interests.long
    noise = model.denoiser.guided_noise(start, 1, model._sides(interests)[1])
    torch.testing.assert_close(model.fuse(interests)[0], process.clean_estimate(start, noise, ab))


def test_truncated_gradients() -> None:
    """All steps with a gradient are the chain; fewer leave e_long its straight path and cut the rest."""
    batch, grads = random_batch(), {}
    for name, options in {
        "chain": {"training": "chain"},
        "all": {"training": "truncated", "truncated_steps": 20},
        "last": {"training": "truncated", "truncated_steps": 2},
    }.items():
        model = build(denoise_weight=0.0, **options).train()
        torch.manual_seed(5)
        loss = model.calculate_loss(batch)
        loss.backward()
        grads[name] = (loss.detach(), model.denoiser.first.weight.grad, model.long_encoder.to_state.grad)
    for left, right in zip(grads["chain"], grads["all"], strict=True):
        torch.testing.assert_close(left, right)
    torch.testing.assert_close(grads["last"][0], grads["chain"][0])  # the same forward pass
    assert not torch.allclose(grads["last"][1], grads["chain"][1])
    assert grads["last"][2].any()


# ---- C: losses ------------------------------------------------------------------------------------------------------


def denoise(model: DiffLSRec, interests: Any) -> Tensor:
    torch.manual_seed(7)
    return model.denoise_loss(interests)


def test_with_every_condition_dropped_the_short_side_does_not_matter() -> None:
    batch = random_batch()
    for p, same in ((1.0, True), (0.0, False)):
        model = build(condition_dropout=p).train()
        interests = model.interests(batch)
        other = interests._replace(short=interests.short + 1, tokens=interests.tokens.flip(0))
        assert torch.equal(denoise(model, interests), denoise(model, other)) == same
        denoise(model, interests).backward()
        touched = any(p.grad is not None and bool(p.grad.any()) for p in model.short_encoder.parameters())
        assert touched != same


def test_the_denoising_loss_leaves_the_long_term_encoder_alone() -> None:
    model = build().train()
    denoise(model, model.interests(random_batch())).backward()
    assert model.long_encoder.to_state.grad is None


def test_total_loss_is_the_sum_of_equations_c4_to_c6() -> None:
    model = build(fusion="gate", reg_weight=0.5)
    batch = random_batch()
    terms = model.losses(batch)
    assert set(terms) == {"data", "l2"}
    logits = model.full_sort_predict(batch)[:, 1:]
    torch.testing.assert_close(terms["data"], torch.nn.functional.cross_entropy(logits, batch["item_id"] - 1))
    torch.testing.assert_close(terms["l2"], 0.5 * model.gate.weight.square().sum())
    assert set(build().losses(batch)) == {"data", "denoise", "l2"}
    assert set(build(without=["token"]).losses(batch)) == {"data", "denoise"}


# ---- A, B: features and encoders ------------------------------------------------------------------------------------


def test_features_come_from_the_training_period_alone() -> None:
    log = StubLog()
    model = build(log)
    assert (model.shortest, model.longest) == (60, 206_340)
    assert model.bucket[1] == 15, "the most frequent"
    assert model.bucket[[0, 8, 14, 29]].tolist() == [0, 0, 0, 0], "padding, held out, never seen"
    batch = random_batch()
    expected = model.full_sort_predict(batch)
    log.item, log.time = log.item.copy(), log.time.copy()
    log.item[~log.training] = 1
    log.time[~log.training] *= 1000
    assert torch.equal(build(log).full_sort_predict(batch), expected)


def test_intervals_of_a_batch() -> None:
    model = build()
    times = torch.tensor([[0, 60, 60 + 103_200, 10**9]])
    scaled = model.intervals(times, torch.tensor([4]))
    torch.testing.assert_close(scaled, torch.tensor([[0, 0, 0.5, 1]]))


def test_short_side_is_the_end_of_the_history() -> None:
    model = build(recent_items=2)
    batch = batch_of([[[1, 2, 3, 4]], [[5, 6, 3, 4]], [[7]]], [8, 8, 8], [[9], [9], [9]])
    interests = model.interests(batch)
    torch.testing.assert_close(interests.tokens[0], model.embedding(torch.tensor([3, 4])))
    torch.testing.assert_close(interests.short[0], interests.short[1])
    assert not torch.allclose(interests.long[0], interests.long[1])
    assert interests.lengths.tolist() == [2, 2, 1]


def test_gate_and_mean() -> None:
    batch = random_batch()
    for fusion in ("gate", "mean"):
        model = build(fusion=fusion)
        state = model.encode(batch)
        long, short = state.interests.long, state.interests.short
        g = torch.full_like(long, 0.5)
        if fusion == "gate":
            g = torch.sigmoid(model.gate(torch.cat([long, short], dim=1)))
        torch.testing.assert_close(state.user, g * long + (1 - g) * short)
        torch.testing.assert_close(state.alpha, g.mean(1, keepdim=True))


@pytest.mark.parametrize(
    "options",
    [
        {"without": ["token"]},
        {"without": ["snr"]},
        {"diffusion_steps": 5},
        {"beta_last": 0.2},
        {"beta_first": 0.01},
        {"guidance_max": 0.0},
        {"guidance_rate": 1.0},
        {"guidance_shift": 0.0},
        {"recent_items": 3},
        {"fusion": "gate"},
        {"fusion": "mean"},
        {"fusion": "long"},
        {"fusion": "short"},
        {"category_embedding_size": 0},
    ],
    ids=str,
)
def test_every_option_changes_the_scores(options: dict[str, Any]) -> None:
    batch = random_batch(n=12)
    assert not torch.allclose(build(**options).full_sort_predict(batch), build().full_sort_predict(batch), atol=1e-6)


@pytest.mark.parametrize(
    "options",
    [
        {"training": "one_step"},
        {"eta": 0.9},
        {"loss": "sampled"},
        {"denoise_weight": 0.3},
        {"condition_dropout": 0.9},
        {"reg_weight": 0.1},
    ],
    ids=str,
)
def test_every_loss_option_changes_the_loss(options: dict[str, Any]) -> None:
    losses = []
    for chosen in (options, {}):
        model = build(**chosen).train()
        torch.manual_seed(9)
        losses.append(model.calculate_loss(random_batch(n=12)))
    assert not torch.allclose(*losses)


def test_runs_on_items_alone() -> None:
    log = StubLog(with_categories=False)
    model = build(log)
    assert model.embedding.category is None
    assert model.embedding.item.weight.shape == (N_ITEMS, 8)
    assert torch.isfinite(model.calculate_loss(random_batch()))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"fusion": "sum"}, "fusion: found 'sum'; accepted: one of diffusion, gate, mean, long, short."),
        ({"training": "chains"}, "Did you mean 'chain'?"),
        ({"without": ["noise"]}, "without: found"),
        ({"fusion": "gate", "without": ["token"]}, "fusion: found gate"),
        ({"fusion": "mean", "inference_samples": 8}, "inference_samples: 8"),
        (
            {"inference_samples": 1},
            "inference_samples: found 1; accepted: a whole number of at least 2, or ~ for none.",
        ),
        ({"diffusion_steps": 0}, "diffusion_steps: found 0"),
        ({"beta_last": 1.0}, "beta_last: found 1.0"),
        ({"loss": "bpr"}, "loss: found 'bpr'; accepted: one of full, sampled."),
        ({"loss_type": "BPR"}, "loss_type: found 'BPR'; accepted: one of CE."),
        ({"condition_dropout": 1.5}, "condition_dropout: found 1.5"),
    ],
)
def test_refuses_bad_options(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        build(**options)
    assert message in str(caught.value)


@pytest.mark.parametrize(("steps", "first", "last"), [(200, 1e-4, 0.999), (100, 0.9, 0.999), (1000, 1e-4, 0.05)])
def test_a_schedule_that_leaves_nothing_of_the_interest_is_refused(steps: int, first: float, last: float) -> None:
    options = {"diffusion_steps": steps, "beta_first": first, "beta_last": last}
    with pytest.raises(
        ConfigError, match=r"diffusion_steps, beta_first, beta_last: found .* accepted: 0\.0001 or more"
    ):
        build(**options)
