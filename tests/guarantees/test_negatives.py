"""What a target competes against, in training and in evaluation: exactly what the promises allow.

Lists longer than the pool, with short ones allowed, are the pool itself, so that one item too many or too few shows.
"""

from collections import Counter

import numpy as np
import pytest

from recbole_lsrec.errors import DataError

EXCLUDE = [["positive"], ["positive", "history"], ["positive", "target_session"], ["positive", "user"]]


def excluded(oracle, number, exclude, trained, training=False):
    """Items that the exclusions take from the pool of a target; in training no held-out event is known, of its session too."""
    row = oracle.rows[number]
    out = {row.item}
    if "history" in exclude:
        out |= {event.item for event in oracle.before(number)}
    if "target_session" in exclude:
        out |= {event.item for event in oracle.session(number) if not training or event.number in trained}
    if "user" in exclude:
        out |= {event.item for event in oracle.users[row.user] if event.number in trained}
    return out


def lists(loader, name):
    """Number of the target -> its candidates."""
    tokens = loader.dataset.field2id_token["item_id"]
    chosen = loader.candidates[name]
    return {
        number: [tokens[item] for item in items if item]
        for number, items in zip(loader.dataset.rows.tolist(), chosen.tolist(), strict=True)
    }


@pytest.mark.parametrize("exclude", EXCLUDE, ids=lambda names: names[-1])
@pytest.mark.parametrize("mode", ["uni500", "pop500"])
def test_candidates_were_first_seen_before_the_second_of_the_target(load, oracle, mode, exclude):
    """All of them and no other: not the target, nothing excluded; a popularity draw knows items of training alone."""
    data = load(eval_args={"mode": mode, "exclude": exclude})
    train, valid, test = oracle.leave_one_out()
    trained = oracle.trained_on(train, [*valid, *test])
    counted = {oracle.rows[number].item for number in trained}
    in_its_second = 0
    for loader in (data.valid, data.test):
        for number, found in lists(loader, mode).items():
            row = oracle.rows[number]
            pool = oracle.appeared(row.time) & (counted if mode[:3] == "pop" else set(oracle.first_seen))
            assert sorted(found) == sorted(pool - excluded(oracle, number, exclude, trained))
            in_its_second += row.time in set(oracle.first_seen.values()) - {oracle.first_seen[row.item]}
    assert in_its_second > 5  # so that the log can show the difference


def test_of_a_pool_of_all_no_item_is_missing(load, oracle):
    data = load(eval_args={"mode": "uni500", "pool": "all", "exclude": ["positive"]})
    for loader in (data.valid, data.test):
        for number, found in lists(loader, "uni500").items():
            assert sorted(found) == sorted(set(oracle.first_seen) - {oracle.rows[number].item})


@pytest.mark.parametrize("mode", ["uni500", "pop500"])
def test_candidates_of_a_period_were_seen_before_it_begins(load, oracle, mode):
    boundaries = {"valid": 150, "test": 250}
    data = load(eval_args={"mode": mode, "split": {"GTS": {**boundaries, "targets": "successive"}}})
    counted = {row.item for row in oracle.rows if row.time < boundaries["valid"]}
    for loader in (data.valid, data.test):
        pool = oracle.appeared(boundaries[loader.phase]) & (counted if mode[:3] == "pop" else set(oracle.first_seen))
        for number, found in lists(loader, mode).items():
            assert sorted(found) == sorted(pool - {oracle.rows[number].item})


def test_candidates_exclude_the_history_that_the_model_reads(load, oracle):
    """With all targets after a boundary the history stops there, and so does what it excludes."""
    boundaries = {"valid": 150, "test": 250}
    split = {"GTS": {**boundaries, "targets": "all"}}
    data = load(eval_args={"split": split, "exclude": ["positive", "history"]})
    for loader in (data.valid, data.test):
        boundary = boundaries[loader.phase]
        for number, found in lists(loader, "uni500").items():
            past = {event.item for event in oracle.before(number, boundary)}
            assert sorted(found) == sorted(oracle.appeared(boundary) - past - {oracle.rows[number].item})


@pytest.mark.parametrize("exclude", EXCLUDE, ids=lambda names: names[-1])
@pytest.mark.parametrize("distribution", ["uniform", "popularity"])
def test_negatives_of_training_were_first_seen_before_the_target(load, oracle, distribution, exclude):
    """Over many epochs: every item that is allowed and none that is not, with the first items to appear where few are."""
    n = 2
    arguments = {"distribution": distribution, "sample_num": n, "exclude": exclude}
    data = load("SLSRec", CATEGORY_FIELD=None, without=["cate"], train_neg_sample_args=arguments)
    tokens = data.dataset.field2id_token["item_id"]
    train, valid, test = oracle.leave_one_out()
    trained = oracle.trained_on(train, [*valid, *test])
    counted = {oracle.rows[number].item for number in trained}
    order = sorted(oracle.first_seen, key=lambda item: (oracle.first_seen[item], first_row(oracle, item)))
    drawn = {number: set() for number in train}
    epochs = 40 if distribution == "uniform" else 8
    for epoch in range(epochs):
        data.train.set_epoch(epoch)
        chosen = np.concatenate([batch["neg_item_id"].numpy() for batch in data.train])
        for number, items in zip(train, chosen, strict=True):
            assert len(set(items.tolist())) == n
            drawn[number] |= {tokens[item] for item in items}
    widened = complete = 0
    held_out, met = 0, 0  # items of the target's session that only held-out events have there, and how many were drawn
    for number, found in drawn.items():
        row = oracle.rows[number]
        pool = [item for item in order if oracle.first_seen[item] < row.time]
        out = excluded(oracle, number, exclude, trained, training=True)
        least = n + 1 + at_most(oracle, number, exclude, trained)
        drawable = [item for item in order if distribution == "uniform" or item in counted]
        wide = order[: order.index(drawable[least - 1]) + 1] if least <= len(drawable) else order
        if len(pool) < len(wide):
            widened += 1
            pool = wide
        allowed = set(pool) - out
        assert found <= allowed
        of_session = {event.item for event in oracle.session(number) if event.number not in trained}
        held_out += len(of_session & allowed)
        met += len(of_session & found)
        if distribution == "uniform" and len(allowed) <= 8:
            complete += 1
            assert found == allowed
        if distribution == "popularity":
            assert found & counted
    assert data.train.widened() == widened > 0
    assert distribution == "popularity" or (complete > 3 and met > 0.8 * held_out > 0)


def first_row(oracle, item):
    return next(row.number for row in oracle.rows if row.item == item and row.time == oracle.first_seen[item])


def at_most(oracle, number, exclude, trained):
    """How many events the exclusions can take items from."""
    taken = len(oracle.before(number)) if "history" in exclude else 0
    in_session = [event for event in oracle.session(number) if event.number in trained]
    taken += len(in_session) if "target_session" in exclude else 0
    of_user = oracle.users[oracle.rows[number].user]
    return taken + (sum(event.number in trained for event in of_user) if "user" in exclude else 0)


@pytest.mark.parametrize("model", ["GRU4Rec", "DIN"])
def test_stock_batches_of_training_keep_the_promise_too(load, oracle, model):
    """RecBole's layouts, pairs and labels, repeat the rows; each negative belongs to its row."""
    data = load(model, train_neg_sample_args={"distribution": "uniform", "sample_num": 3})
    tokens = data.dataset.field2id_token["item_id"]
    train, _, _ = oracle.leave_one_out()
    order = sorted(oracle.first_seen, key=lambda item: (oracle.first_seen[item], first_row(oracle, item)))
    seen = 0
    for epoch in range(5):
        data.train.set_epoch(epoch)
        for batch, at in zip(data.train, range(0, len(train), 7), strict=True):
            numbers = train[at : at + 7]
            if model == "DIN":
                assert batch["label"].tolist() == [1.0] * len(numbers) + [0.0] * 3 * len(numbers)
            negatives = batch["neg_item_id"] if model == "GRU4Rec" else batch["item_id"][len(numbers) :]
            assert len(negatives) == 3 * len(numbers)
            for place, item in enumerate(negatives.tolist()):
                row = oracle.rows[numbers[place % len(numbers)]]
                pool = [name for name in order if oracle.first_seen[name] < row.time]
                assert tokens[item] in set(pool if len(pool) >= 4 else order[:4]) - {row.item}
                seen += 1
    assert seen == 5 * 3 * len(train)


def test_negatives_of_pairs_have_no_training_event_of_the_user_and_appear_before_training_ends(load, oracle):
    data = load("BPR", train_neg_sample_args={"distribution": "uniform", "sample_num": 2})
    train, valid, test = oracle.leave_one_out()
    trained = oracle.trained_on(train, [*valid, *test])
    end = max(oracle.rows[number].time for number in trained)
    users, items = data.dataset.field2id_token["user_id"], data.dataset.field2id_token["item_id"]
    met: dict[str, set[str]] = {}
    for number in trained:
        met.setdefault(oracle.rows[number].user, set()).add(oracle.rows[number].item)
    drawn: dict[str, set[str]] = {}
    for epoch in range(30):
        data.train.set_epoch(epoch)
        for batch in data.train:
            for user, item in zip(batch["user_id"].tolist(), batch["neg_item_id"].tolist(), strict=True):
                drawn.setdefault(users[user], set()).add(items[item])
    for user, found in drawn.items():
        allowed = oracle.appeared(end + 1) - met[user]
        assert found <= allowed
        assert len(found) > 0.9 * len(allowed)
    assert set(oracle.first_seen) - oracle.appeared(end + 1)  # so that the log can show the difference


def share(loader, name, item, oracle):
    """Of the lists whose target is another item, how many hold it."""
    return np.mean([item in items for number, items in lists(loader, name).items() if oracle.rows[number].item != item])


def test_popularity_counts_training_events_unless_asked_for_all(load, oracle):
    """``hit`` is a third of training; ``fad`` was seen early, trained on twice or so, and is half of what is held out."""
    data = load(eval_args={"mode": ["pop3", "uni3"]})
    assert share(data.test, "pop3", "hit", oracle) > 0.6 > 0.3 > share(data.test, "uni3", "hit", oracle)
    of_training = share(data.test, "pop3", "fad", oracle)
    of_all = share(load(eval_args={"mode": ["pop3"], "popularity": "all"}).test, "pop3", "fad", oracle)
    assert of_training < 0.15 < 0.3 < of_all


def test_popularity_of_a_training_draw_counts_training_events(load):
    arguments = {"distribution": "popularity", "sample_num": 1, "alpha": 1.0}
    counts: Counter[str] = Counter()
    data = load(train_neg_sample_args=arguments)
    tokens = data.dataset.field2id_token["item_id"]
    for epoch in range(10):
        data.train.set_epoch(epoch)
        for batch in data.train:
            counts.update(tokens[item] for item in batch["neg_item_id"].tolist())
    assert counts["hit"] > 5 * counts["fad"]


def test_each_epoch_draws_anew_and_repeats_itself(load):
    data = load()

    def epoch(number):
        data.train.set_epoch(number)
        return [batch["neg_item_id"].tolist() for batch in data.train]

    assert epoch(0) != epoch(1)
    assert epoch(0) == epoch(0)


def test_candidates_are_the_same_for_every_model_seed_and_batch_and_frozen_for_the_run(load):
    """And differ between phases, protocols and candidate seeds."""
    modes = {"mode": ["uni5", "pop5", "uni6"]}
    data = load(eval_args=modes)
    hashes = {**data.valid.hashes, **{f"test {name}": hash_ for name, hash_ in data.test.hashes.items()}}
    assert len(set(hashes.values())) == 6
    for model, more in (
        ("SASRec", {"seed": 5, "train_neg_sample_args": None}),
        ("BPR", {"eval_batch_size": 3, "worker": 0}),
        ("DIN", {"MAX_ITEM_LIST_LENGTH": 9, "session_threshold": 5}),
    ):
        other = load(model, eval_args=modes, **more)
        assert (other.valid.hashes, other.test.hashes) == (data.valid.hashes, data.test.hashes)
    assert load(eval_args=modes, candidate_seed=3).test.hashes != data.test.hashes
    in_session = [
        load(eval_args={**modes, "exclude": ["positive", "target_session"]}, CATEGORY_FIELD=field).test.hashes
        for field in ("event_type", None)
    ]
    assert in_session[0] == in_session[1] != data.test.hashes  # categories are nothing to a candidate
    before = {name: chosen.copy() for name, chosen in data.test.candidates.items()}
    list(data.train), list(data.test), list(data.test)
    assert all((before[name] == chosen).all() for name, chosen in data.test.candidates.items())


def test_a_list_that_is_short_is_refused_where_that_is_not_allowed(load):
    with pytest.raises(DataError, match=r"uni20: \d+ of 26 targets have fewer than 20 possible negatives"):
        load(eval_args={"mode": "uni20", "fewer": "error"})


def test_training_says_which_instance_lacks_negatives_though_others_have_enough(load):
    """20 of some 28 items: those who trained on more than the rest have too few, others have all they need."""
    arguments = {"distribution": "uniform", "sample_num": 20, "exclude": ["user"]}
    more = {"CATEGORY_FIELD": None, "without": ["cate"], "train_batch_size": 1000}
    data = load("SLSRec", train_neg_sample_args=arguments, **more)
    with pytest.raises(DataError, match=r"negatives: the target user .* has 1\d possible negatives, 20 are asked for"):
        list(data.train)
