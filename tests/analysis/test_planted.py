"""A run's alpha against the planted truth, with every number worked out by hand or by another library."""

import json

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import mannwhitneyu, rankdata, spearmanr

from recbole_lsrec.analysis.planted import auc, planted, rank_correlation
from recbole_lsrec.cli import cli
from recbole_lsrec.errors import DataError
from tests.analysis.saved_run_files import sign, table, write_run


@pytest.fixture
def run(tmp_path):
    """Eight users with two events each; the second is the target. Alpha knows what caused six of the eight."""
    users = [f"u{number}" for number in range(8)]
    alpha = np.array([0.9, 0.8, 0.7, 0.2, 0.6, 0.3, 0.2, 0.1], dtype=np.float32)
    instances = table(users, [1.0] * 8, alpha=alpha, history_length=np.arange(8), row=np.arange(8) * 2 + 1)
    folder = write_run(tmp_path / "run", instances, model="SLSRec", config={"data_path": str(tmp_path)})
    truth = pd.DataFrame(
        {
            "row": np.arange(16),
            "user_id": np.repeat(users, 2),
            "item_id": [item for number in range(8) for item in ("old", f"i{number}")],
            "timestamp": [time for number in range(8) for time in (number * 100 - 50, number * 100)],
            "long_driven": np.repeat([1, 1, 1, 1, 0, 0, 0, 0], 2),
            "long_share": np.repeat([0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1], 2),
            "session": [session for number in range(8) for session in (1, 1 + number % 2)],
        }
    )
    (tmp_path / "tiny").mkdir()
    truth.to_parquet(tmp_path / "tiny/tiny.planted.parquet")
    return folder


def test_auc_counts_pairs_and_ties_half(run):
    report = planted(run)
    # 16 pairs: .9 .8 .7 beat all four; .2 loses to .6 and .3, ties with .2, beats .1.
    assert report.parts[0].auc == pytest.approx((12 + 1.5) / 16)
    assert (report.parts[0].alpha_long, report.parts[0].alpha_short) == pytest.approx((0.65, 0.3))
    assert report.parts[0].long_driven == 0.5
    assert report.parts[0].low <= report.parts[0].auc <= report.parts[0].high


def test_targets_that_open_a_session_are_told_apart(run):
    parts = planted(run).parts
    assert [(part.name, part.targets) for part in parts] == [
        ("all", 8),
        ("opens a session", 4),
        ("inside a session", 4),
    ]
    assert parts[1].auc == pytest.approx(3 / 4)  # .8 beats .3 and .1, .2 beats .1 alone
    assert parts[2].auc == pytest.approx(1.0)


def test_rank_correlations(run):
    report = planted(run)
    alpha, share = [0.9, 0.8, 0.7, 0.2, 0.6, 0.3, 0.2, 0.1], [0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1]
    assert report.share == pytest.approx(spearmanr(alpha, share).statistic)
    assert report.truth == pytest.approx(spearmanr([1] * 4 + [0] * 4, share).statistic)
    assert np.isnan(report.share_given)  # history length orders the users as the share does: nothing is left


def test_history_length_and_the_opening_of_a_session_are_both_taken_out(run):
    path = run / "instances.parquet"
    length = [3, 1, 4, 1, 5, 9, 2, 6]
    pd.read_parquet(path).assign(history_length=length).to_parquet(path, index=False)
    sign(run)
    alpha, share = [0.9, 0.8, 0.7, 0.2, 0.6, 0.3, 0.2, 0.1], [0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1]
    others = np.column_stack([np.ones(8), rankdata(length), [0, 1] * 4])
    left = [rankdata(one) - others @ np.linalg.pinv(others) @ rankdata(one) for one in (alpha, share)]
    assert planted(run).share_given == pytest.approx(np.corrcoef(*left)[0, 1])


def test_the_interval_is_over_users(tmp_path):
    """Ten targets of each of two users, one with high alphas: a draw holds one user or both, so the AUC is .5 or 1."""
    users = np.repeat(["u0", "u1"], 10)
    alpha = np.repeat([0.9, 0.1], 10) * np.linspace(1, 1.01, 20)
    events = {"user_id": users, "item_id": [f"i{n}" for n in range(20)], "timestamp": np.arange(20) * 100}
    is_long = np.array([1] * 9 + [0] + [1] + [0] * 9)
    instances = table(
        users, [1.0] * 20, alpha=alpha, **{k: v for k, v in events.items() if k != "user_id"}, row=np.arange(20)
    )
    folder = write_run(tmp_path / "run", instances, model="SLSRec", config={"data_path": str(tmp_path)})
    truth = pd.DataFrame({**events, "row": np.arange(20), "long_driven": is_long, "long_share": 0.5, "session": 1})
    truth.to_parquet(tmp_path / "truth.parquet")
    whole = planted(folder, truth=tmp_path / "truth.parquet").parts[0]
    alone = [float(np.mean([a > b for a in alpha[u][is_long[u] == 1] for b in alpha[u][is_long[u] == 0]]))
             for u in (slice(0, 10), slice(10, 20))]  # fmt: skip
    assert (whole.low, whole.high) == pytest.approx((min(*alone, whole.auc), max(*alone, whole.auc)))


def test_the_command_prints_and_writes(run, tmp_path):
    found = CliRunner().invoke(cli, ["planted", str(run), "--json", str(tmp_path / "out.json")], catch_exceptions=False)
    assert found.exit_code == 0
    assert "SLSRec on tiny, seed 1, test: alpha against the planted truth" in found.output
    values = json.loads((tmp_path / "out.json").read_text())
    assert values["parts"][0]["auc"] == pytest.approx(13.5 / 16)
    assert values["correlations"]["share_given"] is None


def test_the_truth_of_another_log_is_refused(run, tmp_path):
    truth = pd.read_parquet(tmp_path / "tiny/tiny.planted.parquet")
    truth.assign(timestamp=truth["timestamp"] + 1).to_parquet(tmp_path / "other.parquet")
    with pytest.raises(DataError, match="8 of 8 targets of the run are not in it, row by row"):
        planted(run, truth=tmp_path / "other.parquet")
    truth.drop(columns="session").to_parquet(tmp_path / "less.parquet")
    with pytest.raises(DataError, match=r"less\.parquet: lacks session; it was written by something else"):
        planted(run, truth=tmp_path / "less.parquet")
    (tmp_path / "none.parquet").write_text("a: 1\n")
    with pytest.raises(DataError, match=r"none\.parquet: cannot be read as parquet"):
        planted(run, truth=tmp_path / "none.parquet")


def test_a_model_without_alpha_and_a_log_without_truth_are_refused(run, tmp_path):
    plain = write_run(tmp_path / "plain", table(["a", "b"], [1.0, 2.0]))
    with pytest.raises(DataError, match="GRU4Rec has no alpha"):
        planted(plain)
    (tmp_path / "tiny/tiny.planted.parquet").unlink()
    with pytest.raises(DataError, match="only a simulated log has a planted truth"):
        planted(run)


PAIRS = st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=2, max_size=30)


@given(PAIRS)
def test_auc_is_the_statistic_of_mann_and_whitney(pairs):
    values, positive = np.array([value for value, _ in pairs], dtype=float), np.array([kind for _, kind in pairs])
    found = auc(values, positive)
    if positive.all() or not positive.any():
        assert np.isnan(found)
    else:
        expected = mannwhitneyu(values[positive], values[~positive]).statistic / (positive.sum() * (~positive).sum())
        assert found == pytest.approx(expected)


def test_what_is_given_is_taken_out():
    rng = np.random.default_rng(1)
    cause = rng.normal(size=4000)
    a, b = cause + rng.normal(size=4000), cause + rng.normal(size=4000)
    ranks = np.argsort(np.argsort(cause)).astype(float)
    assert rank_correlation(a, b) == pytest.approx(spearmanr(a, b).statistic)
    assert rank_correlation(a, b) > 0.4
    assert abs(rank_correlation(a, b, [ranks])) < 0.1
