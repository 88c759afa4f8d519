import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from recbole_lsrec.analysis.counterfactual.apply import shuffled, truncated, with_alpha
from recbole_lsrec.analysis.counterfactual.intervention import Intervention
from recbole_lsrec.errors import ConfigError
from recbole_lsrec.model.sequential_recommender.clsr import CLSR
from recbole_lsrec.model.sequential_recommender.slirec import SLiRec
from recbole_lsrec.model.sequential_recommender.slsrec import SLSRec
from recbole_lsrec.testing.stub import StubDataset, random_batch, randomise, stub_config

HEADER = "user_id:token\titem_id:token\ttimestamp:float\trating:float"
# One user, six events: sessions {a b}, {c d e}, then f two hours later.
LOG = [("u", item, time, rating) for item, time, rating in [
    ("a", 0, 1), ("b", 60, 2), ("c", 7200, 3), ("d", 7260, 4), ("e", 7320, 5), ("f", 20000, 1),
]]  # fmt: skip


def windows(load, rows, width):
    """The log's view with all instances, and their windows."""
    log = load(rows, header=HEADER, MAX_ITEM_LIST_LENGTH=width)
    log.build()
    everything = log.view(np.flatnonzero(np.diff(log.user, prepend=-1) == 0))
    return everything, everything.windows(everything.rows)


def tokens(log, items):
    return ["".join(log.field2id_token["item_id"][row[row > 0]]) for row in np.asarray(items)]


def test_truncate_leaves_the_last_events_as_if_the_user_had_begun_with_them(load):
    log, batch = windows(load, LOG, width=4)
    assert tokens(log, batch["item_id_list"]) == ["a", "ab", "abc", "abcd", "bcde"]
    batch = truncated(log, batch, 2)
    assert tokens(log, batch["item_id_list"]) == ["a", "ab", "bc", "cd", "de"]
    assert batch["item_length"].tolist() == [1, 2, 2, 2, 2]
    assert batch["timestamp_list"].tolist() == [
        [0, 0, 0, 0], [0, 60, 0, 0], [60, 7200, 0, 0], [7200, 7260, 0, 0], [7260, 7320, 0, 0]
    ]  # fmt: skip
    assert batch["session_id_list"].tolist() == [[1, 0, 0, 0], [1, 1, 0, 0], [1, 2, 0, 0], [1, 1, 0, 0], [1, 1, 0, 0]]
    assert batch["rating_list"].tolist()[-1] == [4, 5, 0, 0]
    assert batch["first_timestamp"].tolist() == [0, 0, 60, 7200, 7260]
    assert batch["timestamp"].tolist() == [60, 7200, 7260, 7320, 20000]  # the target is not touched


@pytest.mark.parametrize("k", [4, 5, 100])
def test_truncate_to_the_window_or_more_changes_nothing(load, k):
    log, batch = windows(load, LOG, width=4)
    _, expected = windows(load, LOG, width=4)
    batch = truncated(log, batch, k)
    assert list(batch.interaction) == list(expected.interaction)
    assert all(torch.equal(batch[field], expected[field]) for field in expected.interaction)


def random_log(generator, n_users=4, longest=9):
    rows = []
    for user in range(n_users):
        n = int(generator.integers(1, longest + 1))
        times = np.sort(generator.choice(20_000, n, replace=False))
        rows += [(f"u{user}", f"i{generator.integers(0, 12)}", t, generator.integers(1, 6)) for t in times]
    return rows


def test_truncate_equals_a_log_without_the_earlier_events(load):
    rows = random_log(np.random.default_rng(5), n_users=3)
    for k in (1, 2, 3):
        log, batch = windows(load, rows, width=10)
        cut = truncated(log, batch, k)
        for number, row in enumerate(log.rows):
            user = log.field2id_token["user_id"][log.user[row]]
            own = [event for event in rows if event[0] == user]
            at = row - log.start[log.user[row]]
            short = own[max(0, at - k) : at + 1]
            other, expected = windows(load, [("somebody", "else", 0, 1), *short], width=10)  # a log has two items
            assert tokens(log, cut["item_id_list"][number : number + 1]) == tokens(other, expected["item_id_list"][-1:])
            for field in ("timestamp_list", "session_id_list", "rating_list", "item_length", "first_timestamp"):
                assert torch.equal(cut[field][number], expected[field][-1]), field


def test_shuffle_moves_items_over_fixed_times(load):
    log, batch = windows(load, LOG, width=5)
    _, before = windows(load, LOG, width=5)
    after = shuffled(log, log.rows, batch, seed=1)
    for field in set(before.interaction) - {"item_id_list", "rating_list"}:
        assert torch.equal(after[field], before[field]), field
    rating = dict(zip("abcdef", [1, 2, 3, 4, 5, 1], strict=True))
    for was, now, ratings in zip(
        tokens(log, before["item_id_list"]), tokens(log, after["item_id_list"]), after["rating_list"], strict=True
    ):
        assert sorted(was) == sorted(now)
        assert [rating[item] for item in now] == ratings[: len(now)].tolist()  # what is known of an event goes with it
    assert tokens(log, after["item_id_list"]) != tokens(log, before["item_id_list"])


def test_shuffle_of_one_event_is_the_identity(load):
    log, batch = windows(load, LOG[:2], width=3)
    assert tokens(log, shuffled(log, log.rows, batch, seed=3)["item_id_list"]) == ["a"]


def test_shuffle_is_a_function_of_seed_and_row(load):
    rows = random_log(np.random.default_rng(2), n_users=6)
    log, batch = windows(load, rows, width=6)
    expected = shuffled(log, log.rows, batch, seed=7)["item_id_list"]
    other = np.array(log.rows)[::-1].copy()
    backwards = shuffled(log, other, log.windows(other), seed=7)["item_id_list"]
    assert torch.equal(backwards.flip(0), expected)
    again = shuffled(log, log.rows, log.windows(log.rows), seed=8)["item_id_list"]
    assert not torch.equal(again, expected)


def test_shuffle_draws_every_order_alike_from_the_whole_history(load):
    """A window of 1 behind a history of 4 shows each event in a quarter of the draws."""
    log, _ = windows(load, LOG[:5], width=1)
    last = log.rows[-1:]
    seen = [tokens(log, shuffled(log, last, log.windows(last), seed)["item_id_list"])[0] for seed in range(2000)]
    counts = np.unique(seen, return_counts=True)
    assert counts[0].tolist() == ["a", "b", "c", "d"]
    assert (np.abs(counts[1] - 500) < 80).all()  # four standard deviations


@settings(max_examples=25, deadline=None)
@given(k=st.integers(1, 12), twice=st.integers(1, 12))
def test_truncating_twice_is_truncating_to_the_shorter(tmp_path_factory, k, twice):
    log, batch = _windows_of_12(tmp_path_factory)
    once = truncated(log, log.windows(log.rows), min(k, twice))
    both = truncated(log, truncated(log, batch, k), twice)
    assert all(torch.equal(once[field], both[field]) for field in once.interaction)


_KEPT = {}


def _windows_of_12(tmp_path_factory):
    """One log for all examples."""
    if "log" not in _KEPT:
        from recbole_lsrec.config import Config
        from recbole_lsrec.data.dataset import SessionDataset

        folder = tmp_path_factory.mktemp("log")
        (folder / "tiny").mkdir()
        lines = ["\t".join(map(str, row)) for row in random_log(np.random.default_rng(9), n_users=5, longest=12)]
        (folder / "tiny" / "tiny.inter").write_text("\n".join([HEADER, *lines]) + "\n")
        given = {
            "data_path": str(folder),
            "load_col": {"inter": ["user_id", "item_id", "timestamp", "rating"]},
            "timestamp_unit": "s",  # stated, because these times are no dates
            "MAX_ITEM_LIST_LENGTH": 10,
        }
        log = SessionDataset(Config("GRU4Rec", "tiny", config_dict=given))
        log.build()
        _KEPT["log"] = log.view(np.flatnonzero(np.diff(log.user, prepend=-1) == 0))
    log = _KEPT["log"]
    return log, log.windows(log.rows)


NAN = float("nan")


@pytest.mark.parametrize(
    "kind_and_value",
    [("alpha", v) for v in (-0.1, 1.01, NAN, None)] + [("truncate", v) for v in (0, -3, 2.5, None)],
)
def test_settings_that_make_no_sense_are_refused(kind_and_value):
    with pytest.raises(ConfigError, match="accepted"):
        Intervention(*kind_and_value)


@pytest.mark.parametrize("value", [0.0, 1.0])
@pytest.mark.parametrize("model_class", [SLSRec, CLSR, SLiRec])
def test_a_fixed_alpha_is_what_a_saturated_fusion_network_gives(model_class, value):
    """0 and 1 are one-sided: the same scores as if the network had learnt to say so, and alpha is reported as fixed."""
    torch.manual_seed(0)
    model = model_class(stub_config(model_class.__name__), StubDataset())
    randomise(model)
    model.eval()
    batch = random_batch()
    items = batch["neg_item_id"]
    learnt = model.score(model.encode(batch), items)
    with with_alpha(model, value):
        fixed, alpha = model.score(model.encode(batch), items, return_alpha=True)
    assert model.fixed_alpha is None
    torch.testing.assert_close(model.score(model.encode(batch), items), learnt, rtol=0, atol=0)
    assert (alpha == value).all()
    assert not torch.allclose(fixed, learnt)
    last = model.fusion.linears[-1]
    with torch.no_grad():
        last.bias.fill_(1e4 if value == 1 else -1e4)
    torch.testing.assert_close(model.score(model.encode(batch), items), fixed)


def test_alpha_is_restored_when_scoring_fails():
    model = SLiRec(stub_config("SLiRec"), StubDataset())
    with pytest.raises(RuntimeError), with_alpha(model, 0.5):
        raise RuntimeError
    assert model.fixed_alpha is None
