"""BERT4Rec on whole sequences: only training targets are masked, nothing held out is read, each epoch is masked anew."""

from collections import Counter

import numpy as np
import pytest

from recbole_lsrec.config import Config
from recbole_lsrec.errors import ConfigError
from recbole_lsrec.run_data import load_data
from tests.data.test_position_loader import LINES, SPLITS, batches
from tests.shop_log import shop_events

ALL = {"train_positions": "all", "MAX_ITEM_LIST_LENGTH": 10}


@pytest.fixture
def shop_with_types(shop):
    """The shop's log with its event types."""
    shop_events().to_csv(f"{shop['data_path']}/shop/shop.inter", sep="\t", index=False)
    return {**shop, **ALL, "load_col": {"inter": [*shop["load_col"]["inter"], "event_type"]}}


def loaded(shop, **settings):
    return load_data(Config("BERT4Rec", "shop", config_dict={**shop, **ALL, **settings}))


def sequences(batch):
    """(events shown, of which a masked one is 0; {place: item under the mask}) of each line."""
    for shown, under in zip(batch["item_id_list"].tolist(), batch["next_item_id_list"].tolist(), strict=True):
        yield shown, {place: item for place, item in enumerate(under) if item}


def uncovered(data, batch):
    """The events of each line, as they are without the masks."""
    for shown, under in sequences(batch):
        events = [under.get(place, item) for place, item in enumerate(shown)]
        assert all((shown[place] == data.dataset.item_num) == (place in under) for place in range(len(shown)))
        while events and not events[-1]:
            events.pop()
        yield events


def test_a_user_is_cut_into_sequences_of_the_length_of_which_one_begins_with_the_last_of_the_one_before(load):
    """u trains on a..g in sequences of 4 events or less, v on b c; each target but a sequence's first can be masked."""
    settings = {**ALL, "MAX_ITEM_LIST_LENGTH": 4, "mask_ratio": 1.0, "ft_ratio": 0.0, "eval_args": {"mode": "full"}}
    log = load(LINES, model="BERT4Rec", **settings)
    data = load_data(log.config)
    tokens = data.dataset.field2id_token["item_id"]
    found = set()
    for epoch in range(20):
        lines = {}
        for batch in batches(data, epoch):
            for events, (shown, under) in zip(uncovered(data, batch), sequences(batch), strict=True):
                lines["".join(tokens[events])] = sorted(under)
                assert sorted(under) == list(range(1, len(events)))
                assert tokens[shown[0]] == tokens[events[0]]
        found.add(tuple(sorted(lines)))
    assert found == {("abcd", "bc", "defg"), ("ab", "bc", "bcde", "efg"), ("abc", "bc", "cdef", "fg")}


@pytest.mark.parametrize("split", SPLITS.values(), ids=SPLITS)
def test_an_epoch_masks_the_training_instances_each_once_and_shows_no_row_after_them(split, shop_with_types):
    """With every target masked; what is not masked is a training event that is no target of this sequence."""
    settings = {**shop_with_types, "mask_ratio": 1.0, "ft_ratio": 0.0, "eval_args": {**split, "mode": "uni9"}}
    data = load_data(Config("BERT4Rec", "shop", config_dict=settings))
    log = data.dataset
    rows = [range(first, first + length + 1) for first, length in data.train.chunks(epoch=1)]
    assert all(len(set(log.user[list(some)])) == 1 and len(some) <= 10 for some in rows)
    assert all(log.training_events()[list(some)].all() for some in rows)
    for epoch in (0, 1):
        found = batches(data, epoch)
        masked = [item for batch in found for _, under in sequences(batch) for item in under.values()]
        assert sorted(masked) == sorted(log.item[log.split.train].tolist())
    events = Counter(tuple(events) for batch in found for events in uncovered(data, batch))
    assert events == Counter(tuple(log.item[list(some)].tolist()) for some in rows)


def test_a_held_out_event_between_training_targets_of_pre_split_files_is_hidden(tmp_path):
    """u's c is in the validation file, after b and before d: BERT4Rec must not see it when it guesses b."""
    folder = tmp_path / "parts"
    folder.mkdir()
    of_file = {"train": "abd", "valid": "c", "test": "e"}
    for name, items in of_file.items():
        lines = "".join(f"u\t{item}\t{ord(item)}\n" for item in items)
        (folder / f"parts.{name}.inter").write_text("user_id:token\titem_id:token\ttimestamp:float\n" + lines)
    settings = {"data_path": str(tmp_path), "benchmark_filename": [*of_file], "mask_ratio": 1.0, "ft_ratio": 0.0}
    own = {
        "load_col": {"inter": ["user_id", "item_id", "timestamp"]},
        "timestamp_unit": "s",
        "eval_args": {"mode": "full"},
    }
    data = load_data(Config("BERT4Rec", "parts", config_dict={**settings, **own, **ALL}))
    (batch,) = batches(data)
    tokens = data.dataset.field2id_token["item_id"]
    ((shown, under),) = sequences(batch)
    mask = data.dataset.item_num
    assert shown == [int(np.flatnonzero(tokens == "a")[0]), mask, 0, mask]
    assert {place: tokens[item] for place, item in under.items()} == {1: "b", 3: "d"}


def test_the_share_of_masks_and_at_least_one_a_sequence(shop):
    data = loaded(shop, mask_ratio=0.3, ft_ratio=0.0, train_batch_size=10**6)
    masked = [np.array([len(under) for _, under in sequences(batch)]) for e in range(30) for batch in batches(data, e)]
    assert min(map(min, masked)) == 1
    n, targets = sum(map(sum, masked)), 30 * len(data.dataset.split.train)
    empty = sum(0.7**length for epoch in range(30) for _, length in data.train.chunks(epoch))
    assert n == pytest.approx(0.3 * targets + empty, rel=0.02)


def test_a_share_of_sequences_asks_for_one_event_with_nothing_after_it(shop):
    """As evaluation does; which event it is is drawn, so that every target is asked for so."""
    data = loaded(shop, mask_ratio=0.3, ft_ratio=1.0)
    last = Counter()
    for epoch in range(40):
        for batch in batches(data, epoch):
            for events, (_, under) in zip(uncovered(data, batch), sequences(batch), strict=True):
                assert list(under) == [len(events) - 1]
                last[len(events)] += 1
    assert set(last) == set(range(2, 11))
    half = loaded(shop, mask_ratio=1.0, ft_ratio=0.5)
    kinds = [len(under) == 1 for e in range(40) for batch in batches(half, e) for _, under in sequences(batch)]
    one = np.mean([length == 1 for e in range(40) for _, length in half.train.chunks(e)])
    assert np.mean(kinds) == pytest.approx(0.5 + 0.5 * one, abs=0.02)


def as_lists(data, epoch):
    return [[batch["item_id_list"].tolist(), batch["next_item_id_list"].tolist()] for batch in batches(data, epoch)]


def test_masks_are_a_function_of_seed_epoch_and_row(shop):
    """Whatever was drawn before, by however many workers: a resumed run meets the masks that it would have met."""
    data = loaded(shop)
    third = as_lists(data, 3)
    assert as_lists(data, 4) != third
    assert as_lists(data, 3) == third
    assert as_lists(loaded(shop), 3) == third
    assert as_lists(loaded(shop, worker=2), 3) == third
    assert as_lists(loaded(shop, seed=1), 3) != third
    chunks = data.train.chunks(0)[:5]
    masks = []
    for epoch in (0, 1):
        data.train.set_epoch(epoch)
        masks.append(data.train.make(chunks)["next_item_id_list"].tolist())
    assert masks[0] != masks[1]
    whole, parts = data.train.make(chunks), [data.train.make(part, chunks) for part in np.split(chunks, [2])]
    for field in ("item_id_list", "next_item_id_list"):
        lines = [line for part in parts for line in part[field].tolist()]
        assert [[x for x in line if x] for line in lines] == [[x for x in line if x] for line in whole[field].tolist()]


def test_sequences_of_one_event_have_none_to_mask(shop):
    with pytest.raises(
        ConfigError, match=r"^MAX_ITEM_LIST_LENGTH: found 1 with train_positions 'all'; accepted: 2 or more"
    ):
        loaded(shop, MAX_ITEM_LIST_LENGTH=1, mask_ratio=1.0)
