"""Frozen candidates: what they depend on, the cache, and lists given in a file."""

import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from recbole_lsrec.data.candidates.freeze import candidate_hash, freeze_candidates
from recbole_lsrec.data.candidates.given import read_candidates
from recbole_lsrec.data.dataloader import EvalLoader
from recbole_lsrec.data.sampler import TimeThresholdSampler
from recbole_lsrec.errors import ConfigError, DataError
from recbole_lsrec.protocol import Protocol

ROWS = [(f"u{u}", f"i{(u * 7 + 3 * t) % 23}", 1000 * t + u) for u in range(12) for t in range(9)]

HASHES = """
import sys
import torch
from recbole_lsrec.config import Config
from recbole_lsrec.quick_start import load_data
settings = eval(sys.argv[1])
torch.manual_seed(settings.pop("torch_seed"))
data = load_data(Config(settings.pop("model"), "tiny", config_dict=settings))
print(*data.valid.hashes.values(), *data.test.hashes.values())
"""


@pytest.fixture
def view_of_test(load):
    def make(**settings):
        log = load(ROWS, **settings)
        return log.build()[2]

    return make


def sampler_of(log):
    return TimeThresholdSampler(log.user, log.item, log.time, log.session, log.training_events(), log.item_num)


def loader_of(view):
    return EvalLoader(view.config, view, "test", sampler_of(view))


def test_the_same_in_every_process(view_of_test, tmp_path):
    view = view_of_test(eval_args={"mode": ["uni5", "pop5"]})
    here = loader_of(view).hashes
    settings = {"data_path": str(tmp_path), "load_col": {"inter": ["user_id", "item_id", "timestamp"]}}
    settings |= {"timestamp_unit": "s"}
    settings |= {"MAX_ITEM_LIST_LENGTH": 3, "eval_args": {"mode": ["uni5", "pop5"]}, "metrics": ["NDCG"]}
    found = set()
    for number, (model, worker, batch) in enumerate([("SASRec", 0, 7), ("SLSRec", 2, 4096), ("DIN", 1, 1)]):
        own = {"model": model, "worker": worker, "eval_batch_size": batch, "seed": number, "torch_seed": number}
        own["run_dir"] = str(tmp_path / f"runs{number}")  # each with an empty cache
        own |= {"without": ["cate"]} if model == "SLSRec" else {}  # the log has no categories
        process = subprocess.run(
            [sys.executable, "-c", HASHES, repr({**settings, **own})],
            env={**os.environ, "PYTHONHASHSEED": str(number), "OMP_NUM_THREADS": str(number + 1)},
            capture_output=True,
            text=True,
            check=True,
        )
        found.add(process.stdout.strip())
    assert len(found) == 1
    assert found.pop().split()[2:] == list(here.values())


def test_histories_and_sessions_can_be_left_out(view_of_test):
    view = view_of_test(eval_args={"mode": "uni5", "exclude": "history"})
    assert view.config["eval_args"]["exclude"] == ["positive", "history"]
    without = loader_of(view)
    for row, chosen in zip(view.rows, without.candidates["uni5"], strict=True):
        past = set(view.item[view.start[view.user[row]] : row].tolist())
        assert not past & set(chosen.tolist())
    assert without.hashes != loader_of(view_of_test(eval_args={"mode": "uni5"})).hashes


def test_popularity_of_training_or_of_all_events():
    # Item 3 is met after training only: it is a negative for what counts all events, and for nothing else.
    user, item, time = np.array([1, 1, 1, 2, 2, 2]), np.array([1, 2, 3, 1, 2, 4]), np.array([0, 1, 2, 0, 1, 9])
    counted = np.array([True, True, False, True, True, False])
    sampler = TimeThresholdSampler(user, item, time, user, counted, 5)
    options = {"alpha": 1.0, "fewer": True}
    assert sorted(sampler.draw([5], 3, 1, **options)[0]) == [0, 1, 2]
    assert sorted(sampler.draw([5], 3, 1, popularity="all", **options)[0]) == [1, 2, 3]


# --- cache ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def frozen(view_of_test, tmp_path, monkeypatch):
    """``frozen(...)``: candidates through a cache in ``tmp_path / "cache"``, and how often they were drawn."""
    view = view_of_test()
    sampler = sampler_of(view)
    drawn = []
    draw = TimeThresholdSampler.draw
    monkeypatch.setattr(TimeThresholdSampler, "draw", lambda *a, **k: drawn.append(1) or draw(*a, **k))

    def freeze(name="pop5", identity=("data", "split", 1), **options):
        protocol = Protocol.parse(name)
        options = {"cache": tmp_path / "cache", **options}
        return freeze_candidates(sampler, view.rows, protocol, identity, **options), len(drawn)

    return freeze


def test_a_second_run_reads_what_the_first_drew(frozen, tmp_path):
    first, drawn = frozen()
    second, drawn_again = frozen()
    assert drawn == drawn_again == 1
    assert second.dtype == np.int32
    assert (first == second).all()
    (file,) = (tmp_path / "cache").iterdir()
    assert file.name.startswith("pop5-")
    assert file.suffix == ".npy"


def test_whatever_changes_the_draw_changes_the_key(frozen, tmp_path):
    variants = [{}, {"name": "uni5"}, {"name": "pop4"}, {"identity": ("data", "split", 2)}, {"popularity": "all"}]
    variants += [{"exclude": ["positive", "history"]}, {"limit": 10**6}]
    for number, variant in enumerate(variants, start=1):
        assert frozen(**variant)[1] == number
    assert len(list((tmp_path / "cache").iterdir())) == len(variants)


def test_lists_of_another_training_are_not_taken(view_of_test, tmp_path):
    """Popularity and what users have trained on decide the draw, whatever identity is given."""
    view, found = view_of_test(), []
    for counted in (view.training_events(), np.ones(len(view.user), dtype=bool)):
        sampler = TimeThresholdSampler(view.user, view.item, view.time, view.session, counted, view.item_num)
        found.append(freeze_candidates(sampler, view.rows, Protocol.parse("pop5"), ("a",), cache=tmp_path / "cache"))
    assert len(list((tmp_path / "cache").glob("pop5-*.npy"))) == 2
    assert (found[0] != found[1]).any()


@pytest.mark.parametrize("damage", ["bytes", "cut", "empty", "text"])
def test_a_damaged_file_is_noticed_and_drawn_again(frozen, tmp_path, caplog, damage):
    whole, _ = frozen()
    (file,) = (tmp_path / "cache").iterdir()
    content = file.read_bytes()
    flipped = content[:-2] + bytes([content[-2] ^ 1]) + content[-1:]
    file.write_bytes({"bytes": flipped, "cut": content[:-9], "empty": b"", "text": b"no array"}[damage])
    again, drawn = frozen()
    assert drawn == 2
    assert (again == whole).all()
    assert "stored candidates are damaged; they are drawn again" in caplog.text
    assert file.read_bytes() == content
    assert frozen()[1] == 2


def test_a_cache_that_cannot_be_written_is_a_warning(frozen, tmp_path, caplog):
    (tmp_path / "cache").write_text("a file where the folder should be")
    assert frozen()[0].shape == (12, 5)
    assert "cannot be written to" in caplog.text


def test_a_run_caches_in_its_folder_of_runs_or_where_it_is_told(view_of_test, tmp_path):
    loader_of(view_of_test(eval_args={"mode": "uni5"}))
    assert len(list((tmp_path / "runs" / ".candidates").glob("uni5-*.npy"))) == 1
    loader_of(view_of_test(eval_args={"mode": "uni5"}, candidate_cache=str(tmp_path / "elsewhere")))
    assert len(list((tmp_path / "elsewhere").glob("uni5-*.npy"))) == 1


def test_a_dry_run_reads_what_is_cached_and_keeps_nothing(view_of_test, tmp_path, monkeypatch):
    known = loader_of(view_of_test(eval_args={"mode": "uni5"}))
    loader_of(view_of_test(eval_args={"mode": "uni4"}, dry_run=True))
    assert not list((tmp_path / "runs" / ".candidates").glob("uni4-*.npy"))
    monkeypatch.setattr(TimeThresholdSampler, "draw", lambda *_, **__: pytest.fail("drawn again"))
    assert loader_of(view_of_test(eval_args={"mode": "uni5"}, dry_run=True)).hashes == known.hashes


# --- given lists ------------------------------------------------------------------------------------------------------

LOG = [("a", "x", 0), ("a", "y", 10), ("a", "z", 20), ("a", "x", 30), ("b", "y", 5), ("b", "w", 15), ("b", "z", 25)]
LISTS = [("a", "x", "y w"), ("b", "z", "x y"), ("a", "z", "x w")]  # test of a and b; the third is a's validation target


@pytest.fixture
def given(load, tmp_path):
    """``given(lists, suffix=..., columns=...)``: path of a file of lists and the test view of the log above."""

    def make(lists, suffix=".tsv", columns=("user_id", "item_id", "negatives"), log=LOG):
        frame, path = pd.DataFrame(lists, columns=list(columns)), tmp_path / f"lists{suffix}"
        if suffix == ".parquet":
            frame["negatives"] = frame["negatives"].str.split()
            frame.to_parquet(path)
        else:
            frame.to_csv(path, sep="," if suffix == ".csv" else "\t", index=False)
        return path, load(log, candidates=str(path), eval_args={"mode": {"test": ["file"]}}).build()[2]

    return make


def tokens(view, ids):
    return [" ".join(view.field2id_token["item_id"][row]) for row in ids]


@pytest.mark.parametrize("suffix", [".tsv", ".csv", ".parquet", ".txt"])
def test_lists_by_original_token(given, suffix):
    path, view = given(LISTS, suffix)
    found = read_candidates(path, view)
    assert found.dtype == np.int32
    assert tokens(view, found) == ["y w", "x y"]


def test_a_line_for_the_test_alone_is_not_taken_for_the_validations(given):
    log = [("a", "x", 1), ("a", "y", 2), ("a", "w", 3), ("a", "w", 4)]  # w is the target of both
    path, view = given([("a", "w", "x y")], log=log)
    assert tokens(view, read_candidates(path, view)) == ["x y"]
    path, view = given([("a", "w", "x y"), ("a", "w", "y x")], log=log)
    assert tokens(view, read_candidates(path, view)) == ["y x"]


def test_columns_may_have_recboles_types_and_lines_any_order(given):
    path, view = given(LISTS[::-1], columns=("user_id:token", "item_id:token", "negatives:token_seq"))
    assert tokens(view, read_candidates(path, view)) == ["y w", "x y"]


def test_the_loader_evaluates_on_them_and_records_their_hash(given):
    path, view = given(LISTS)
    loader = loader_of(view)
    assert [protocol.name for protocol in loader.protocols] == ["file"]
    assert loader.hashes == {"file": candidate_hash(view.rows, read_candidates(path, view))}


def test_a_target_that_comes_twice_is_told_apart_by_time_or_by_order(given):
    log = [("a", "x", 0), ("a", "y", 10), ("a", "z", 20), ("a", "z", 30), ("b", "y", 1), ("b", "x", 2), ("b", "w", 3)]
    rows = [("a", "z", "30.5", "w y"), ("a", "z", "20", "x y"), ("b", "w", "3", "x z")]
    path, view = given(rows, columns=("user_id", "item_id", "timestamp", "negatives"), log=log)
    assert tokens(view, read_candidates(path, view)) == ["w y", "x z"]
    path, view = given([(u, i, n) for u, i, _, n in rows], log=log)
    assert tokens(view, read_candidates(path, view)) == ["x y", "x z"]


def test_times_of_given_lists_are_in_the_unit_of_the_log(load, tmp_path):
    log = [("a", "x", 0), ("a", "y", 10_000), ("a", "z", 20_500), ("a", "z", 30_999)]
    path = tmp_path / "lists.tsv"
    path.write_text("user_id\titem_id\ttimestamp\tnegatives\na\tz\t30999\ty\na\tz\t20500\tx\n")
    settings = {"candidates": str(path), "eval_args": {"mode": {"test": ["file"]}}}
    view = load(log, timestamp_unit="ms", **settings).build()[2]
    assert tokens(view, read_candidates(path, view)) == ["y"]


def test_nanoseconds_of_given_lists_are_exact(load, tmp_path):
    at = 1_580_515_200 * 10**9 + 999_999_999  # which float64 rounds to the next second
    log = [("a", "x", at - 3 * 10**9), ("a", "y", at - 2 * 10**9), ("a", "z", at), ("a", "z", at + 10**9)]
    path = tmp_path / "lists.tsv"
    path.write_text(f"user_id\titem_id\ttimestamp\tnegatives\na\tz\t{at + 10**9}\tx\n")
    settings = {"candidates": str(path), "eval_args": {"mode": {"test": ["file"]}}}
    view = load(log, timestamp_unit="ns", **settings).build()[2]
    assert tokens(view, read_candidates(path, view)) == ["x"]
    path.write_text("user_id\titem_id\ttimestamp\tnegatives\na\tz\tinf\tx\n")
    with pytest.raises(DataError, match=r"line 2: timestamp 'inf' is no number from 0 to 2\^63"):
        read_candidates(path, view)


@pytest.mark.parametrize(
    ("lists", "message"),
    [
        (
            [("a", "x", "y w"), ("c", "z", "x y")],
            r"lists\.tsv, line 3: user_id 'c' is not in the data set 'tiny' \(1 such",
        ),
        ([("a", "x", "y w"), ("b", "q", "x y")], r"line 3: item_id 'q' is not in the data set"),
        ([("a", "x", "y w"), ("b", "z", "x q")], r"line 3: negatives 'q' is not in the data set"),
        (
            [("a", "x", "y w"), ("b", "z", "x y"), ("b", "x", "y w")],
            r"line 4: matches no validation or test instance \(1 such lines in all\); user_id, item_id must be those of a "
            r"held-out event of this split\.$",
        ),
        (
            [("a", "x", "y w"), ("b", "z", "x y"), ("b", "z", "y w")],
            r"line 4: is one line more than there are held-out events",
        ),
        ([("a", "x", "y w")], r"1 of 2 instances have no list, the first that of user 'b', item 'z', timestamp 25"),
        ([("a", "x", "y w"), ("b", "z", "x")], r"line 3: 1 negatives, where others have 2 \(1 of 2 such lists\)"),
        (
            [("a", "x", "y y"), ("b", "z", "x y")],
            r"line 2: 2 negatives, of which 1 are the target or come twice, where others have 2",
        ),
        (
            [("a", "x", "y,w"), ("b", "z", "x,y")],
            r"line 2: negatives 'y,w' .* negatives are tokens separated by spaces\.$",
        ),
        (
            [("a", "x", "y w"), ("b", "z", "z y")],
            r"line 3: 2 negatives, of which 1 are the target or come twice, where others have 2",
        ),
    ],
)
def test_a_list_that_does_not_fit_is_an_error_that_says_where(given, lists, message):
    path, view = given(lists)
    with pytest.raises(DataError, match=message):
        read_candidates(path, view)


def test_uneven_lists_may_be_allowed(given, caplog):
    path, view = given([("a", "x", "y w x"), ("b", "z", "x x y"), ("a", "z", "y")])
    assert tokens(view, read_candidates(path, view, share=1)) == ["y w", "x y"]
    assert (
        "0 of 2 lists are shorter than 2, and 2 negatives that were the target or came twice are left out"
        in caplog.text
    )
    path, view = given([("a", "x", "y w"), ("b", "z", "x")])
    assert read_candidates(path, view, share=0.5)[1, 1] == 0
    assert "1 of 2 lists are shorter than 2" in caplog.text


def test_a_file_in_another_encoding(given):
    path, view = given(LISTS)
    text, expected = path.read_text(), tokens(view, read_candidates(path, view))
    path.write_text(text, encoding="utf-8-sig")
    assert tokens(view, read_candidates(path, view)) == expected
    path.write_text(text, encoding="utf-16")
    with pytest.raises(DataError, match=rf"^{path}, line 1: is UTF-16; save it as UTF-8\.$"):
        read_candidates(path, view)


def test_a_file_that_is_none(given, tmp_path):
    path, view = given(LISTS)
    with pytest.raises(
        DataError, match=r"^candidates: found '.*none\.tsv', which is no file or an empty one; accepted"
    ):
        read_candidates(tmp_path / "none.tsv", view)
    path.write_text("user\titem_id\tnegatives\n")
    with pytest.raises(DataError, match=r"has no column user_id \(found: user, item_id, negatives\)"):
        read_candidates(path, view)
    path.write_text("user_id\titem_id\ttimestamp\tnegatives\na\tx\tsoon\ty w\n")
    with pytest.raises(DataError, match=rf"^{path}, line 2: timestamp 'soon' is no number"):
        read_candidates(path, view)
    path.with_suffix(".parquet").write_bytes(b"PAR1 no more PAR0")
    with pytest.raises(DataError, match=r"lists\.parquet: cannot be read \(.*Parquet magic bytes not found in footer"):
        read_candidates(path.with_suffix(".parquet"), view)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("user_id\titem_id\tnegatives\na\tx\ty w\n\nb\tz\n", "line 4: found 2 values, the header has 3 columns; mend"),
        (
            "user_id\titem_id\tnegatives\na\tx\ty w\t5\nb\tz\tx y\t5\n",
            "line 2: found 4 values, the header has 3 columns",
        ),
        ("user_id\titem_id\tnegatives\titem_id\na\tx\ty w\tz\n", "line 1: the column 'item_id' is there twice"),
        (
            'user_id\titem_id\tnegatives\na\tx\t"y w\n',
            r'lists\.tsv, line 2: a " that does not fit \(unexpected end of data\); take it out',
        ),
        ("\n\n", r"lists\.tsv: has no column user_id, item_id, negatives"),
    ],
)
def test_lines_that_do_not_fit_the_header(given, text, message):
    path, view = given(LISTS)
    path.write_text(text)
    with pytest.raises(DataError, match=message):
        read_candidates(path, view)


def test_empty_lines_are_none_and_lists_may_be_long(given):
    path, view = given(LISTS)
    expected = tokens(view, read_candidates(path, view))
    path.write_text(path.read_text().replace("\n", "\n\n") + "\n")
    assert tokens(view, read_candidates(path, view)) == expected
    path, view = given([(user, item, f"{negatives} {' ' * 200_000}") for user, item, negatives in LISTS])
    assert tokens(view, read_candidates(path, view)) == expected


def test_negatives_that_are_no_list(given):
    path, view = given(LISTS)
    table = pd.DataFrame([(user, item, 5) for user, item, _ in LISTS], columns=["user_id", "item_id", "negatives"])
    table.to_parquet(path.with_suffix(".parquet"))
    with pytest.raises(
        DataError, match=r"lists\.parquet, line 1: negatives 5; accepted: a list, or a text with tokens"
    ):
        read_candidates(path.with_suffix(".parquet"), view)


def test_the_file_and_its_protocol_go_together(load, tmp_path):
    with pytest.raises(ConfigError, match=r"^eval_args: mode: .* file only with the key candidates"):
        load(LOG, eval_args={"mode": ["file"]})
    config = load(LOG, candidates="lists.tsv", eval_args={"mode": "full"}).config
    assert config["eval_protocols"] == {"valid": ["full"], "test": ["file", "full"]}
