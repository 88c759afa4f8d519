"""What holds for every long/short-term model; a model's test inherits it and names its class and options."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
import torch
from recbole.data.interaction import Interaction
from torch import Tensor

from recbole_lsrec.model.base import LongShortRecommender
from recbole_lsrec.testing.stub import N_ITEMS, StubDataset, random_batch, randomise, repad, select, stub_config


class ModelContract:
    """Inherit, set ``model_class`` and, where a variant is meant, ``options``.

    Class attributes:
        model_class: the model under test.
        options: settings laid over the model's defaults.
        overfit_steps: optimiser steps within which 32 sequences must be learnt by heart.
        overfit_learning_rate: of Adam in these tests.
    """

    model_class: ClassVar[type[LongShortRecommender]]
    options: ClassVar[dict[str, Any]] = {}
    overfit_steps: ClassVar[int] = 150
    overfit_learning_rate: ClassVar[float] = 0.02

    def build(self, seed: int = 0, **overrides: Any) -> LongShortRecommender:
        """A freshly initialised model."""
        torch.manual_seed(seed)
        config = stub_config(self.model_class, **{**self.options, **overrides})
        model: Any = self.model_class  # whose __init__ takes (config, dataset), unlike the base's
        return model(config, self.dataset())

    def dataset(self) -> Any:
        """What the model is built on; override it for a model that asks more of a data set."""
        return StubDataset()

    @pytest.fixture
    def batch(self) -> Interaction:
        return random_batch()

    @pytest.fixture
    def model(self) -> LongShortRecommender:
        """A model in evaluation mode with spread-out weights."""
        model = self.build()
        randomise(model)
        return model.eval()

    @staticmethod
    def candidates(batch: Interaction) -> Tensor:
        return torch.cat([batch["item_id"].unsqueeze(1), batch["neg_item_id"]], dim=1)

    @staticmethod
    def close(left: Tensor, right: Tensor) -> None:
        torch.testing.assert_close(left, right, rtol=1e-5, atol=1e-5)

    def test_shapes(self, model: LongShortRecommender, batch: Interaction) -> None:
        items = self.candidates(batch)
        logits, alpha = model.score(model.encode(batch), items, return_alpha=True)
        assert logits.shape == items.shape == (6, 4)
        assert alpha is None or (alpha.shape == items.shape and bool(((alpha >= 0) & (alpha <= 1)).all()))
        assert model.predict(batch).shape == (6,)
        assert model.full_sort_predict(batch).shape == (6, N_ITEMS)
        loss = model.calculate_loss(batch)
        assert loss.shape == ()
        self.close(loss, torch.stack(list(model.losses(batch).values())).sum())

    def test_padding_never_matters(self, model: LongShortRecommender, batch: Interaction) -> None:
        expected = model.full_sort_predict(batch)
        self.close(model.full_sort_predict(repad(batch, width=12, fill=7)), expected)
        self.close(model.full_sort_predict(repad(batch, width=20)), expected)
        self.close(model.full_sort_predict(repad(batch, width=20, fill=3)), expected)

    def test_instances_do_not_see_each_other(self, model: LongShortRecommender, batch: Interaction) -> None:
        expected = model.full_sort_predict(batch)
        order = torch.tensor([3, 0, 5, 1, 4, 2])
        self.close(model.full_sort_predict(select(batch, order)), expected[order])
        for row in range(6):
            self.close(model.full_sort_predict(select(batch, torch.tensor([row]))), expected[row : row + 1])

    def test_predict_score_and_full_sort_agree(self, model: LongShortRecommender, batch: Interaction) -> None:
        full = model.full_sort_predict(batch)
        items = self.candidates(batch)
        self.close(model.predict(batch), full.gather(1, batch["item_id"].unsqueeze(1)).squeeze(1))
        self.close(model.score(model.encode(batch), items), full.gather(1, items))

    def test_chunks_of_any_size_agree(self, model: LongShortRecommender, batch: Interaction) -> None:
        expected = model.full_sort_predict(batch)
        model.eval_bytes = 1  # one item at a time
        self.close(model.full_sort_predict(batch), expected)

    def test_candidates_equal_one_row_per_candidate(self, model: LongShortRecommender, batch: Interaction) -> None:
        items = self.candidates(batch)
        rows = torch.arange(len(items)).repeat_interleave(items.shape[1])
        expanded = select(batch, rows)
        expanded.interaction["item_id"] = items.flatten()
        self.close(model.predict(expanded).view_as(items), model.score(model.encode(batch), items))

    def test_candidates_do_not_see_each_other(self, model: LongShortRecommender, batch: Interaction) -> None:
        items = self.candidates(batch)
        state = model.encode(batch)
        logits, alpha = model.score(state, items, return_alpha=True)
        swapped, swapped_alpha = model.score(state, items.flip(1), return_alpha=True)
        self.close(swapped.flip(1), logits)
        if alpha is not None and swapped_alpha is not None:
            self.close(swapped_alpha.flip(1), alpha)

    def test_a_fixed_alpha_takes_the_place_of_the_models(self, model: LongShortRecommender, batch: Interaction) -> None:
        items = self.candidates(batch)
        logits, alpha = model.score(model.encode(batch), items, return_alpha=True)
        if alpha is None:
            return
        model.fixed_alpha = 0.25
        fixed, reported = model.score(model.encode(batch), items, return_alpha=True)
        assert reported is not None
        assert torch.equal(reported, torch.full_like(alpha, 0.25))
        assert not torch.allclose(fixed, logits)

    def test_every_parameter_gets_a_gradient(self, batch: Interaction) -> None:
        model = self.build()
        randomise(model)
        model.calculate_loss(batch).backward()
        without = {name for name, p in model.named_parameters() if p.grad is None or not bool(p.grad.any())}
        assert without == set(model.no_gradient)

    def test_scoring_changes_nothing(self, model: LongShortRecommender, batch: Interaction) -> None:
        before = {name: value.clone() for name, value in model.state_dict().items()}
        given = {name: batch[name].clone() for name in batch}
        model.full_sort_predict(batch)
        model.predict(batch)
        assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
        assert all(torch.equal(batch[name], value) for name, value in given.items())

    def test_save_and_load(self, model: LongShortRecommender, batch: Interaction, tmp_path: Path) -> None:
        torch.save(model.state_dict(), tmp_path / "model.pt")
        other = self.build(seed=1).eval()
        other.load_state_dict(torch.load(tmp_path / "model.pt", weights_only=True))
        assert torch.equal(other.full_sort_predict(batch), model.full_sort_predict(batch))

    def test_same_seed_same_result(self) -> None:
        scores = []
        for _ in range(2):
            model = self.build(seed=3)
            self.train(model, [random_batch(seed=seed) for seed in range(3)])
            scores.append(model.eval().full_sort_predict(random_batch()))
        assert torch.equal(*scores)

    def test_overfits_32_sequences(self) -> None:
        model, batch = self.build(), random_batch(n=32)
        distinct = (batch["neg_item_id"] != batch["item_id"].unsqueeze(1)).all(1)
        first, last, hits = None, 0.0, 0.0
        for step, last in enumerate(self.steps(model, [batch] * self.overfit_steps), 1):
            first = first or last
            if step % 10 == 0 and last < 0.5 * first:
                with torch.no_grad():
                    logits = model.score(model.encode(batch), self.candidates(batch))
                hits = (logits.argmax(1) == 0)[distinct].float().mean().item()
                if hits > 0.9:
                    return
        pytest.fail(f"not learnt: loss {first} to {last}, {hits:.0%} of the targets first")

    def test_item_never_seen_in_training(self) -> None:
        model = self.build()
        self.train(model, [random_batch(last_item=N_ITEMS - 5)] * 3)
        unseen = random_batch(n=4, seed=5)
        unseen.interaction["item_id"] = torch.full((4,), N_ITEMS - 1)
        unseen["item_id_list"][:, 0] = N_ITEMS - 2
        assert torch.isfinite(model.eval().predict(unseen)).all()
        assert torch.isfinite(model.full_sort_predict(unseen)).all()

    def test_histories_of_one_event(self) -> None:
        model = self.build()
        batch = select(random_batch(), torch.tensor([0, 0]))
        assert batch["item_length"].tolist() == [1, 1]
        losses = self.train(model, [batch] * 2)
        assert all(torch.isfinite(torch.tensor(losses)))
        assert torch.isfinite(model.eval().full_sort_predict(batch)).all()

    def train(self, model: LongShortRecommender, batches: list[Interaction]) -> list[float]:
        """Takes an optimiser step on each batch; returns the losses before it."""
        return list(self.steps(model, batches))

    def steps(self, model: LongShortRecommender, batches: list[Interaction]) -> Iterator[float]:
        """The same, one step at a time."""
        model.train()
        optimiser = torch.optim.Adam(model.parameters(), lr=self.overfit_learning_rate)
        for batch in batches:
            optimiser.zero_grad()
            loss = model.calculate_loss(batch)
            loss.backward()
            optimiser.step()
            yield loss.item()
