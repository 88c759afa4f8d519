import json

import numpy as np
import pandas as pd
import pytest

from recbole_lsrec.analysis.comparable import load_models
from recbole_lsrec.analysis.saved_runs import Lines, load_run_folder
from recbole_lsrec.analysis.user_metrics import Metric
from recbole_lsrec.errors import ConfigError, DataError
from recbole_lsrec.evaluation.metrics import gauc, pooled_auc, summarise
from recbole_lsrec.run_files import write_instances, write_result
from tests.analysis.saved_run_files import sign, table, write_run
from tests.command_line import exit_code

USERS = ["b", "a", "b"]


@pytest.fixture
def two_protocols() -> pd.DataFrame:
    """A validation and a test phase, their lines of two protocols mixed."""
    parts = [
        table(USERS, [4, 4, 4], phase=phase, protocol=protocol, row=np.array(rows))
        for phase, protocol, rows in [
            ("valid", "pop3", [3, 1, 4]),
            ("valid", "full", [3, 1, 4]),
            ("test", "pop3", [5, 2, 6]),
            ("test", "full", [5, 2, 6]),
        ]
    ]
    return pd.concat(parts, ignore_index=True)


def test_scores_stay_with_their_instances(tmp_path, two_protocols):
    scores = np.arange(24.0).reshape(6, 4)
    run = load_run_folder(write_run(tmp_path / "run", two_protocols, {"pop3": scores}))
    lines = run.lines("test", "pop3")
    assert lines.instances["user_id"].tolist() == ["a", "b", "b"]
    assert lines.instances["row"].tolist() == [2, 5, 6]
    assert lines.scores[:, 0].tolist() == [16.0, 12.0, 20.0]  # lines 4, 3, 5 of protocol pop3
    assert run.lines("test", "full").scores is None
    assert run.protocol("test") == "pop3"


def test_a_checkpoint_stands_for_its_run(tmp_path, capsys):
    first, second = (write_run(tmp_path / name, table(USERS, [1, 2, 3]), model=name) for name in ("Up", "Down"))
    for folder in (first, second):
        (folder / "checkpoint.pt").write_bytes(b"")
    assert load_run_folder(first / "checkpoint.pt").folder == first
    assert exit_code(["compare", str(first / "checkpoint.pt"), str(second / "checkpoint.pt")]) == 0
    assert "Down" in capsys.readouterr().out
    with pytest.raises(DataError, match=r"Up: is given twice"):
        load_models([first, first / "checkpoint.pt"], "test", None)


def test_a_phase_or_protocol_that_is_not_there(tmp_path):
    run = load_run_folder(write_run(tmp_path / "run", table(USERS, [1, 2, 3])))
    with pytest.raises(DataError, match=r"no instances of phase 'valid'; it has: test"):
        run.protocol("valid")
    with pytest.raises(DataError, match=r"not evaluated under protocol 'pop99'; it has: pop3"):
        run.lines("test", "pop99")


def test_folders_that_are_no_finished_runs(tmp_path):
    with pytest.raises(DataError, match="no such folder"):
        load_run_folder(tmp_path / "nowhere")
    with pytest.raises(DataError, match=r"holds no result\.json; .* has not reached its end"):
        load_run_folder(tmp_path)
    run = write_run(tmp_path / "run", table(USERS, [1, 2, 3]))
    (run / "result.json").write_text('{"model": ')
    with pytest.raises(DataError, match=r"result\.json: is not JSON"):
        load_run_folder(run)
    (run / "result.json").write_text(json.dumps({"model": "GRU4Rec", "seed": 1}))
    with pytest.raises(DataError, match="lacks dataset, simulated, fingerprints, config, files"):
        load_run_folder(run)
    foreign = write_run(tmp_path / "foreign", table(USERS, [1, 2, 3]))
    pd.DataFrame({"rank": [1.0]}).to_parquet(foreign / "instances.parquet")
    sign(foreign)
    with pytest.raises(DataError, match="lacks row, phase, protocol"):
        load_run_folder(foreign)


def test_ranks_at_the_runs_own_lambda(whole):
    told = {"metric": "hit@2", "lambda": {"pop3": -0.5}, "in_results": False, "phase": "test", "without": {}}
    told["with"] = {"hit@2": round(5 / 6, 4), "mrr": round((1 + 0.5 + 1 / 3 + 1 + 0.5 + 1) / 6, 4)}
    rewrite(whole, "corrected_rank", [1, 2, 3, 1, 2, 1], signed=True, popularity_correction=told)
    lines = load_run_folder(whole).lines("test", "pop3", corrected=True)
    assert lines.instances["rank"].tolist() == [1, 2, 3, 1, 2, 1]
    assert (lines.scores, lines.popularity) == (None, -0.5)
    assert lines.part(np.array([True] + [False] * 5)).popularity == -0.5
    with pytest.raises(ConfigError, match="auc needs scores, and of corrected ones only the ranks are kept"):
        Metric.parse("auc").check_scores(lines, "test/pop3")
    rewrite(whole, "corrected_rank", [1, 2, 3, 1, 2, 4], signed=True)
    with pytest.raises(
        DataError, match=r"hit@2 0\.8333 under pop3, the corrected ranks in instances\.parquet give 0\.6667"
    ):
        load_run_folder(whole)
    rewrite(whole, "corrected_rank", [1, 2, 3, 1, 2, 5], signed=True)
    with pytest.raises(DataError, match=r"line 6\): rank 3, corrected_rank 5, of 4 candidates"):
        load_run_folder(whole)


@pytest.mark.parametrize("own", ["", {"a": None}, {"model": "m:M"}, {"model": "m:M", "sha256": 1}])
def test_a_damaged_origin_of_ones_own_model_is_named(whole, own):
    rewrite(whole, own_model=own)
    with pytest.raises(DataError, match=r"result\.json: own_model: "):
        load_run_folder(whole)


def test_a_damaged_correction_is_named(whole):
    told = {"lambda": {"pop3": 0.5}, "phase": "test", "with": [0.5]}
    rewrite(whole, "corrected_rank", 1.0, signed=True, popularity_correction=told)
    with pytest.raises(
        DataError, match=r"result\.json: popularity_correction: with: found \[0\.5\]; accepted: an object"
    ):
        load_run_folder(whole)
    rewrite(whole, popularity_correction={"lambda": {"pop3": 0.5}})  # without a phase, so nothing to agree with
    assert load_run_folder(whole).lines("test", "pop3", corrected=True).popularity == 0.5


def test_a_run_without_corrected_ranks_says_why(whole):
    with pytest.raises(
        DataError, match=r"test/pop3 has no lambda of popularity: the run has no popularity_correction; run"
    ):
        load_run_folder(whole).lines("test", "pop3", corrected=True)
    told = {"metric": "hit@2", "lambda": {"pop3": 1}, "in_results": False, "phase": "test", "with": {}, "without": {}}
    rewrite(whole, popularity_correction=told)
    with pytest.raises(DataError, match="has no corrected_rank for test/pop3; run it again"):
        load_run_folder(whole).lines("test", "pop3", corrected=True)


def test_files_that_do_not_belong_together(tmp_path):
    short = write_run(tmp_path / "short", table(USERS, [1, 2, 3]), {"pop3": np.zeros((2, 4))})
    with pytest.raises(DataError, match=r"scores-pop3\.npy: holds 2 lines, instances\.parquet has 3"):
        load_run_folder(short)
    twice = pd.concat([table(USERS, [1, 2, 3])] * 2)
    with pytest.raises(DataError, match="3 instances of test, pop3 are there twice"):
        load_run_folder(write_run(tmp_path / "twice", twice)).lines("test", "pop3")


def test_every_metric_equals_the_evaluators():
    generator = np.random.default_rng(0)
    scores = generator.integers(0, 9, (40, 6)).astype(float)
    scores[3, 4:] = np.nan
    user = generator.integers(0, 7, 40).astype(str)
    rank = 1 + (scores[:, 1:] > scores[:, :1]).sum(1) + (scores[:, 1:] == scores[:, :1]).sum(1) / 2
    n_negatives = (~np.isnan(scores[:, 1:])).sum(1)
    lines = Lines(table(user, rank, n_candidates=n_negatives + 1), scores)
    names = ["Hit", "NDCG", "MRR", "Precision", "Recall", "MAP", "GAUC", "AUC"]
    for name, value in summarise(rank, n_negatives, names, [1, 3], scores).items():
        assert Metric.parse(name).of(lines) == pytest.approx(value, rel=1e-12), name
    for by in ("user", "rows"):
        expected = gauc(by, rank, n_negatives, scores, user)
        assert Metric.parse(f"GAUC_{by}").of(lines) == pytest.approx(expected, rel=1e-12)
    assert Metric.parse("auc").of(lines) == pooled_auc(scores)


def test_values_of_each_user():
    lines = Lines(table(["b", "a", "b", "c"], [1, 2, 3, 1], n_candidates=[4, 4, 4, 1]), None)
    mrr = Metric.parse("mrr").by_user(lines)
    assert mrr.users.tolist() == ["a", "b", "c"]
    assert mrr.values() == pytest.approx([1 / 2, (1 + 1 / 3) / 2, 1])
    assert mrr.mean() == pytest.approx((1 + 1 / 2 + 1 / 3 + 1) / 4)
    # Deviations of the users' sums from mean times weight, at mean 17/24: -5/24, -2/24, 7/24.
    assert mrr.standard_error() == pytest.approx(np.sqrt(3 / 2 * (25 + 4 + 49) / 24**2) / 4)
    gauc_values = Metric.parse("gauc").by_user(lines).values()  # user c's target has no competitor
    assert gauc_values == pytest.approx([2 / 3, (1 + 1 / 3) / 2, np.nan], nan_ok=True)


@pytest.mark.parametrize("name", ["gauc_user", "gauc_rows"])
def test_a_user_without_negatives_has_no_part_in_pooled_gauc(name):
    scores = np.array([[0.9, np.nan], [0.2, 0.1]])
    found = Metric.parse(name).by_user(Lines(table(["a", "b"], [1, 1], n_candidates=[1, 2]), scores))
    assert found.mean() == 1
    assert found.values() == pytest.approx([np.nan, 1], nan_ok=True)


def test_one_instance_a_user_gives_the_usual_standard_error():
    lines = Lines(table(list("abcd"), [1, 2, 4, 4]), None)
    values = 1 / np.array([1, 2, 4, 4])
    assert Metric.parse("mrr").by_user(lines).standard_error() == pytest.approx(values.std(ddof=1) / 2)
    one = Lines(table(["a"], [1]), None)
    assert np.isnan(Metric.parse("mrr").by_user(one).standard_error())


@pytest.mark.parametrize("name", ["ndgc@10", "ndcg", "ndcg@0", "auc@10", "full/ndcg@10", ""])
def test_unknown_metrics(name):
    with pytest.raises(ConfigError, match=r"metric: found .*accepted: hit@k, ndcg@k"):
        Metric.parse(name)


def test_a_metric_of_scores_where_there_are_none():
    with pytest.raises(
        ConfigError, match=r"auc needs the scores of a sampled protocol; the run folder holds ranks alone of test/full"
    ):
        Metric.parse("AUC").check_scores(Lines(table(USERS, [1, 2, 3]), None), "test/full")


@pytest.fixture
def whole(tmp_path):
    """A run of six users: its folder, with ranks that its scores give and metrics that its ranks give."""
    scores = np.array([[3, 1, 2, 0], [2, 3, 1, 0], [0, 1, 2, 3], [3, 3, 1, 0], [9, 1, 1, 1], [1, 2, 2, 0.0]])
    lines = table(list("abcdef"), [1, 2, 4, 1.5, 1, 3], ties=[0, 0, 0, 1, 0, 0])
    folder = tmp_path / "whole"
    folder.mkdir()
    result = {"model": "M", "dataset": "tiny", "seed": 1, "simulated": False, "fingerprints": {}}
    result["config"] = {"ties": "average", "metric_decimal_place": 4}
    result["files"] = write_instances(folder, [lines], [{"pop3": scores}])
    result["test_result"] = {"hit@2": round(4 / 6, 4), "mrr": round((1 + 0.5 + 0.25 + 1 / 1.5 + 1 + 1 / 3) / 6, 4)}
    write_result(folder, result)
    return folder


def rewrite(folder, column=None, values=None, signed=False, **result):
    """Changes a saved run as somebody would who does not know of its hashes; or who does, with ``signed``."""
    stored = json.loads((folder / "result.json").read_text())
    if column:
        table = pd.read_parquet(folder / "instances.parquet")
        table[column] = values
        table.to_parquet(folder / "instances.parquet", index=False)
    (folder / "result.json").write_text(json.dumps({**stored, **result}))
    if signed:
        sign(folder)


def test_a_run_as_it_was_written_is_read(whole, caplog):
    lines = load_run_folder(whole).lines("test", "pop3")
    assert lines.instances["rank"].tolist() == [1, 2, 4, 1.5, 1, 3]
    assert not caplog.text


@pytest.mark.parametrize("file", ["instances.parquet", "scores-pop3.npy"])
def test_a_changed_byte_is_noticed(whole, file):
    content = bytearray((whole / file).read_bytes())
    content[-9] ^= 1
    (whole / file).write_bytes(content)
    with pytest.raises(DataError, match=rf"{file}: is not as the run wrote it \(its hash in result\.json differs\)"):
        load_run_folder(whole)


@pytest.mark.parametrize(
    ("column", "values", "message"),
    [
        (
            "rank",
            [1, 2, np.nan, 1.5, 1, 3],
            r"1 of 6 lines hold what no ranking gives, the first \(line 3\): rank nan of 4",
        ),
        ("rank", [1, -2, 4, 1.5, 1, 3], r"line 2\): rank -2 of 4 candidates"),
        ("rank", [1, 2, 4, 1.5, 1, 5], r"line 6\): rank 5 of 4 candidates"),
        ("n_candidates", [4, 4, 4, 4, 4, 2], r"line 6\): rank 3 of 2 candidates"),
        ("ties", [0, 0, 0, -1, 0, 0], r"line 4\): rank 1.5 of 4 candidates, -1 tied"),
        ("rank", list("abcdef"), r"column 'rank' holds no numbers"),
        (
            "rank",
            [1.0] * 6,
            r"result\.json says hit@2 0\.6667 under pop3, the ranks in instances\.parquet give 1\.0000",
        ),
        ("rank", [1, 2, 4, 1.5, 3, 1], r"by scores-pop3\.npy 2 of 6 targets have another rank .* the first 1 and 3;"),
    ],
)
def test_ranks_that_contradict_are_refused_where_the_hashes_agree_too(whole, column, values, message):
    rewrite(whole, column, values, signed=True)
    with pytest.raises(DataError, match=message):
        load_run_folder(whole).lines("test", "pop3")


@pytest.mark.parametrize(
    "change", [lambda s: -s, lambda s: s[::-1], lambda s: s * np.nan], ids=["negated", "reversed", "nan"]
)
def test_scores_that_contradict_are_refused_where_the_hashes_agree_too(whole, change):
    np.save(whole / "scores-pop3.npy", change(np.load(whole / "scores-pop3.npy")))
    sign(whole)
    run = load_run_folder(whole)
    with pytest.raises(DataError, match=r"scores-pop3\.npy"):
        run.lines("test", "pop3")


def test_a_metric_that_was_polished_is_noticed(whole):
    rewrite(whole, test_result={"hit@2": 0.6668, "mrr": 0.9})
    with pytest.raises(
        DataError, match=r"result\.json says hit@2 0\.6668 under pop3, the ranks in instances\.parquet give 0\.6667"
    ):
        load_run_folder(whole)


def test_a_metric_of_scores_that_was_polished_is_noticed(whole):
    # 18 negatives: four 0, seven 1, four 2, three 3. Below the targets, ties half: 16.5, 13, 2, 16.5, 18, 7.5 of 108.
    rewrite(whole, test_result={"auc": round(73.5 / 108, 4)})
    load_run_folder(whole).lines("test", "pop3")
    rewrite(whole, test_result={"auc": 0.7})
    with pytest.raises(
        DataError, match=r"result\.json says auc 0\.7 under pop3, the scores in scores-pop3\.npy give 0\.6806"
    ):
        load_run_folder(whole).lines("test", "pop3")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[1]", "holds a list where an object belongs"),
        ("", "is not JSON"),
        ("\x00\x01", "is not JSON"),
        (
            '{"model": 3, "dataset": "d", "seed": 1, "simulated": false, "fingerprints": {}, "config": {}, "files": {}}',
            "model: found 3",
        ),
        (
            '{"model": "m", "dataset": "d", "seed": 1, "simulated": false, "fingerprints": {}, "config": [], "files": {}}',
            "config: found",
        ),
    ],
)
def test_a_damaged_result_is_one_line(whole, content, message):
    (whole / "result.json").write_text(content)
    with pytest.raises(DataError, match=rf"result\.json: .*{message}"):
        load_run_folder(whole)


@pytest.mark.parametrize("keep", [0, 3, 200])
def test_a_cut_file_is_one_line(whole, keep):
    for file, message in (
        ("scores-pop3.npy", "cannot be read as an array"),
        ("instances.parquet", "cannot be read as parquet"),
    ):
        (whole / file).write_bytes((whole / file).read_bytes()[: min(keep, 150 if file[0] == "s" else keep)])
        sign(whole)
        with pytest.raises(DataError, match=message):
            load_run_folder(whole)
