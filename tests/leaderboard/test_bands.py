from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from recbole_lsrec.errors import ConfigError
from recbole_lsrec.leaderboard.bands import Band, below_band, read_bands

ROOT = Path(__file__).parents[2]
BAND = Band(
    dataset="shop",
    split={"LS": "valid_and_test"},
    protocol="full",
    filter_seen=True,
    metric="ndcg@10",
    models={"SASRec": [0.1, 0.2]},
    source="a paper",
)


def result(value, key="full/ndcg@10", model="SASRec", filter_seen=True, mode=("pop99", "full"), split=None):
    arguments = {"split": split or {"LS": "valid_and_test"}, "mode": {"valid": ["pop99"], "test": list(mode)}}
    config = {"eval_args": arguments, "filter_seen": filter_seen}
    return {"model": model, "dataset": "shop", "config": config, "test_result": {key: value}}


def test_a_run_below_its_band_is_named_with_the_source():
    found = below_band(result(0.05), [BAND])
    assert found == "ndcg@10 (full) is 0.0500, expected 0.1 to 0.2 (a paper)"
    assert below_band(result(0.05, "ndcg@10", mode=["full"]), [BAND]) == found  # the first protocol has no prefix


@pytest.mark.parametrize(
    "other",
    [
        result(0.1),
        result(0.3),
        result(0.05, model="GRU4Rec"),
        result(0.05, filter_seen=False),
        result(0.05, split={"GTS": {"test": 0.9}}),
        result(0.05, key="full/ndcg@5"),
        result(0.05, key="ndcg@10"),  # of pop99
    ],
)
def test_a_run_in_its_band_or_of_another_kind_is_not(other):
    assert below_band(other, [BAND]) is None


def test_a_band_of_all_items_is_of_no_run_that_leaves_out_seen_ones():
    assert below_band(result(0.05), [replace(BAND, filter_seen=False)]) is None
    assert below_band(result(0.05), [replace(BAND, filter_seen=None)])  # where it does not matter


def test_a_band_of_a_filtered_log_is_of_runs_with_the_filter():
    band = replace(BAND, settings={"user_inter_num_interval": "[5,inf)"})
    run = result(0.05)
    assert below_band(run, [band]) is None
    run["config"]["user_inter_num_interval"] = "[5,inf)"
    assert "expected 0.1 to 0.2" in below_band(run, [band])


def test_a_band_names_the_entries_of_a_setting_that_matter():
    band = replace(BAND, settings={"train_neg_sample_args": {"distribution": "in_batch", "logq": False}})
    run = result(0.05)
    run["config"]["train_neg_sample_args"] = {"distribution": "in_batch", "sample_num": 4, "logq": False}
    assert "expected 0.1 to 0.2" in below_band(run, [band])
    for others in (
        {"distribution": "uniform", "logq": False},
        {"distribution": "in_batch", "logq": True},
        None,
        "in_batch",
    ):
        run["config"]["train_neg_sample_args"] = others
        assert below_band(run, [band]) is None


def test_the_bands_that_ship():
    bands = read_bands()
    (sasrec,) = (
        band.models["SASRec"]
        for band in bands
        if (band.dataset, band.split) == ("ml-1m", {"LS": "valid_and_test"}) and band.source == "Time to Split"
    )
    assert sasrec == [0.1397, 0.1858]
    beauty = {band.metric: band.models for band in bands if band.dataset == "amazon-beauty"}
    assert beauty == {
        "ndcg@10": {"SASRec": [0.049, 0.062], "GRU4Rec": [0.028, 0.040]},
        "hit@10": {"SASRec": [0.084, 0.100]},
    }
    assert all(0 < low < high < 1 for band in bands for low, high in band.models.values())


def test_bands_of_our_boards_are_what_their_tables_give():
    bands = [band for band in read_bands() if band.source.startswith("docs/results/answer-")]
    assert len(bands) == 6
    for band in bands:
        table = pd.read_csv((ROOT / band.source).with_suffix(".csv")).query("status == 'done'")
        table = table[(table.protocol == band.protocol) & (table.metric == band.metric)].set_index("system")
        slack = 0.005 if band.protocol == "full" else 0.01
        for model, known in band.models.items():
            row = table.loc["GRU4Rec strong" if model == "GRU4Rec" else model]
            assert row.seeds == 3
            assert known == pytest.approx([row["mean"] - 2 * row.sd - slack, row["mean"] + 2 * row.sd], abs=6e-5)


def test_settings_that_are_no_dict_are_refused(tmp_path):
    entry = "dataset: shop, split: {}, protocol: full, filter_seen: null, metric: mrr, models: {}, source: a paper"
    (tmp_path / "bands.yaml").write_text(f"bands: [{{{entry}, settings: 5}}]\n")
    with pytest.raises(ConfigError, match="entry 1: settings is 5; accepted: a dict of config keys"):
        read_bands(tmp_path / "bands.yaml")


def test_an_entry_that_lacks_something_is_refused(tmp_path):
    (tmp_path / "bands.yaml").write_text("bands: [{dataset: shop, split: {}, protocol: full, metric: ndcg@10}]\n")
    with pytest.raises(ConfigError, match="entry 1: lacks filter_seen, models, source"):
        read_bands(tmp_path / "bands.yaml")
