"""LSIDN: the contract, how it reads windows (the authors' lines among it), and what training batches carry."""

import json
from ast import literal_eval
from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from recbole.data.interaction import Interaction

from recbole_lsrec.model.sequential_recommender.lsidn import LSIDN
from recbole_lsrec.testing import ModelContract, StubDataset, batch_of, random_batch, randomise, stub_config
from recbole_lsrec.testing.stub import N_ITEMS
from tests.model.goldens import FOLDER

SIZES = {
    "attention_hidden_sizes": [8, 4],
    "alpha_hidden_sizes": [8, 4],
    "head_hidden_sizes": [20, 10],
    "max_session_len": 6,
    "MAX_ITEM_LIST_LENGTH": 24,
}


def build(**options: Any) -> LSIDN:
    """A model in evaluation mode, its weights with no term near zero."""
    torch.manual_seed(0)
    model = LSIDN(stub_config(LSIDN, **{**SIZES, **options}), StubDataset())
    randomise(model)
    return model.eval()


class TestRecent(ModelContract):
    model_class = LSIDN
    overfit_steps = 100
    options: ClassVar[dict[str, Any]] = {**SIZES, "sequence": "recent30", "session_rule": "recent"}


class TestOfficial(TestRecent):
    """Histories of the contract have at most 12 events: official's recurrences see none of them."""

    options: ClassVar[dict[str, Any]] = {**SIZES, "category_embedding_size": 0}

    def test_every_parameter_gets_a_gradient(self, batch: Interaction) -> None:
        model = self.build(reg_weight=0.0)
        randomise(model)
        model.calculate_loss(batch).backward()
        without = {name for name, p in model.named_parameters() if p.grad is None or not bool(p.grad.any())}
        assert {name.split(".")[0] for name in without} == {"rnn", "fusion_gru", "sequence_attention"}
        super().test_every_parameter_gets_a_gradient(batch)

    @pytest.mark.slow  # minutes for what the class above shows
    def test_overfits_32_sequences(self) -> None:
        super().test_overfits_32_sequences()


# ---- reading windows -------------------------------------------------------------------------------------------------


def events_and_lines(name: str) -> Iterator[tuple[dict[str, Any], list[tuple[int, ...]], dict[int, int]]]:
    """Each line that the authors' preprocessing wrote, all earlier events of its user, and the ids of items there."""
    vocabulary = json.loads((FOLDER / f"{name}_vocabs.json").read_text())["item"]
    ids = {int(token): number for token, number in vocabulary.items() if token.isdigit()}
    rows = (FOLDER / f"{name}_events.tsv").read_text().splitlines()[1:]
    log = [tuple(map(int, row.split("\t"))) for row in rows]  # number, user, item, category, type, time, phase, session
    of_session = [f"session_{n}{part}" for n in range(5) for part in ("", "_categories")]
    names = ["items", "categories", "times", *of_session, "lengths", "current", "current_categories"]
    names += ["successors", "successor_categories"]
    for line in (FOLDER / f"{name}_lines.tsv").read_text().splitlines():
        cells = line.split("\t")
        number, user = next(row[:2] for row in log if row[0] == int(cells[1]))
        values = dict(zip(names, map(literal_eval, cells[7:]), strict=True))
        yield (
            values,
            [row for row in log if row[1] == user and row[0] < number],
            ids,
        )


@pytest.mark.parametrize(
    ("name", "width", "n_lines"), [("lsidn_sessions_msl6", 6, 212), ("lsidn_sessions_msl10", 10, 112)]
)
def test_histories_and_sessions_are_those_of_the_authors_preprocessing(name: str, width: int, n_lines: int) -> None:
    class Wide(StubDataset):
        def num(self, field: str) -> int:
            return 2000

    options = {"MAX_ITEM_LIST_LENGTH": MOST[name], "max_session_len": width, "category_embedding_size": 0}
    model = LSIDN(stub_config(LSIDN, **{**SIZES, **options}), Wide())
    lines = list(events_and_lines(name))
    assert len(lines) == n_lines
    for line, history, ids in lines:
        columns = {"item_id_list": 2, "timestamp_list": 5, "session_id_list": 7}
        window = {column: torch.tensor([[row[place] for row in history]]) for column, place in columns.items()}
        scalars = {"user_id": 1, "timestamp": history[-1][5], "item_length": len(history)}
        read = model.read(Interaction(window | {key: torch.tensor([value]) for key, value in scalars.items()}))

        def theirs(items: torch.Tensor, ids: dict[int, int] = ids) -> list[int]:
            return [ids.get(int(item), 0) for item in items]

        assert theirs(read.items[0, : read.lengths]) == line["items"]
        sizes = [size for size in read.long.real[0].sum(1).tolist() if size]
        assert sizes == [size for size in line["lengths"] if size]
        for number, size in enumerate(sizes):
            found, expected = theirs(read.long.items[0, number, :size]), line[f"session_{number}"]
            if size < width:
                assert found == expected
            else:  # of a longer one both keep a sample, each its own
                assert len(expected) == width
                assert set(found) <= set(line["items"])
        items, real = read.current
        assert theirs(items[0, real[0]]) == line["current"]


MOST = {"lsidn_sessions_msl6": 30, "lsidn_sessions_msl10": 50}


def test_of_a_repeated_item_the_last_event_counts_but_not_in_the_current_session() -> None:
    batch = batch_of([[[5, 6, 5], [7, 5, 7, 7]]], targets=[1], negatives=[[2, 3]])
    read = build().read(batch)
    assert read.items[0, :4].tolist() == [6, 5, 7, 0]
    assert read.long.items[0, 0].tolist() == [5, 7, 0, 0, 0, 0]  # 6 is alone in its session now
    assert int(read.long.lengths) == 1
    assert read.current[0][0].tolist() == [7, 5, 7, 7, 0, 0]


def test_intervals_count_from_the_first_event_that_is_left_and_to_now() -> None:
    """Of 5, 6, 7, 5, a minute apart and asked an hour later, the first 5 is dropped."""
    batch = batch_of([[[5, 6, 7, 5]]], targets=[1], negatives=[[2, 3]])
    time = build(time_feature_unit=60.0).read(batch).time
    assert time.from_first[0, :4].exp().tolist() == pytest.approx([1, 2, 62, 1])
    assert time.to_now[0, :4].exp().tolist() == pytest.approx([62, 61, 60, 1])


def test_which_long_sessions_are_kept() -> None:
    sessions = [[2 * n + 1, 2 * n + 2] for n in range(7)]
    batch = batch_of([[*sessions[:3], [20], *sessions[3:]]], targets=[21], negatives=[[22]])
    official, recent = (build(session_rule=rule).read(batch).long for rule in ("official", "recent"))
    assert official.items[0, :, 0].tolist() == [1, 3, 5, 7, 9]
    assert recent.items[0, :, 0].tolist() == [5, 7, 9, 11, 13]
    assert official.lengths.tolist() == recent.lengths.tolist() == [5]


def test_a_long_session_keeps_the_events_with_the_smallest_draws_in_order() -> None:
    batch = batch_of([[[1, 2, 3, 4, 5, 6, 7, 8], [9]]], targets=[10], negatives=[[11]])
    batch.update(Interaction({"draw_list": torch.tensor([[0.9, 0.1, 0.8, 0.2, 0.3, 0.4, 0.5, 0.6, 0.0]])}))
    assert build().read(batch).long.items[0, 0].tolist() == [2, 4, 5, 6, 7, 8]


def test_the_official_sequence_starts_at_column_20() -> None:
    items = list(range(1, 24))
    model = build()
    before, changed = (batch_of([[row]], [25], [[26]]) for row in (items, [*items[19::-1], *items[20:]]))
    v = model.embedding(torch.tensor([[5, 9]]))
    sequence = [model.sequence_attention(model.encode(batch).sequence, v)[0] for batch in (before, changed)]
    assert model.sequence(model.read(before))[0].tolist() == [[21, 22, 23, 0]]
    torch.testing.assert_close(*sequence)
    assert build(sequence="recent30").sequence(model.read(before))[0].tolist() == [[*items, 0]]
    many = build(sequence="recent30", MAX_ITEM_LIST_LENGTH=40)
    distinct = batch_of([[[n % 29 + 1 for n in range(29)], [29]]], [1], [[2]])
    assert many.sequence(many.read(distinct))[0].shape == (1, 30)
    short = batch_of([[items[:20]]], [25], [[26]])
    assert not model.sequence_attention(model.encode(short).sequence, v)[0].any()


def test_sessions_too_short_for_the_contrast_are_said(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("WARNING"):
        build(max_session_len=6)
        build(max_session_len=5, contrastive_weight=0)
        assert not caplog.text
        build(max_session_len=5)
    assert "length_threshold is 5, and max_session_len 5: no view is long enough" in caplog.text


def test_a_window_without_column_20_is_said(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("WARNING"):
        model = build(MAX_ITEM_LIST_LENGTH=20)
    assert "MAX_ITEM_LIST_LENGTH is 20: Time4LSTM and its GRU read nothing" in caplog.text
    assert torch.isfinite(model.full_sort_predict(random_batch())).all()
    model.train().calculate_loss(random_batch()).backward()


def test_without_a_long_session_the_plain_half_is_the_norms_mean_shift() -> None:
    model = build()
    state = model.encode(batch_of([[[3]]], [25], [[26]]))
    u_long, _ = model.long_interest(state, model.embedding(torch.tensor([[5, 9]])))
    assert not u_long[..., :8].any()
    torch.testing.assert_close(u_long[0, :, 8:], model.norm.bias.mean(0).expand(2, -1))


def test_the_category_of_a_candidate_does_not_reach_the_current_sessions_attention() -> None:
    model, batch = build(), random_batch()
    items = torch.tensor([[5, 9]])
    state = model.encode(batch)
    before = model.match(state, items).interests[1][..., 8:]
    model.embedding.category.weight.data[model.embedding.category_of(items)] += 1
    torch.testing.assert_close(model.match(state, items).interests[1][..., 8:], before)


def test_the_contrast_is_symmetric_in_the_views_and_0_without_an_eligible_instance() -> None:
    model, batch = build(length_threshold=1), random_batch()
    draw = torch.Generator().manual_seed(0)
    views = {f"view_{n}_list": torch.randint(1, N_ITEMS, (6, 6), generator=draw) for n in (1, 2)}
    lengths = {"view_1_length": torch.tensor([2, 3, 6, 1, 4, 5]), "view_2_length": torch.tensor([4, 2, 6, 5, 1, 3])}
    swapped = {name.translate(str.maketrans("12", "21")): value for name, value in (views | lengths).items()}
    found = []
    for fields in (views | lengths, swapped):
        both = Interaction({**batch.interaction, **fields})
        found.append(model.contrast(model.encode(both)))
        assert model.losses(both)["contrastive"] > 0
    torch.testing.assert_close(*found)
    assert float(found[0].detach()) > 0
    model.options = model.options.model_copy(update={"length_threshold": 6})
    assert model.contrast(model.encode(both)) == 0


def test_draws_and_arrays_of_numpy_are_not_needed_to_score() -> None:
    """Batches without what the loader adds, such as those of a server, are read too."""
    assert np.isfinite(build().full_sort_predict(random_batch()).detach().numpy()).all()
