"""What is simulated: exact totals, the shape of real logs, and a planted truth that counting finds."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.simulated_checks import counting_rankers, marginals, sort_log
from recbole_lsrec.errors import ConfigError, DataError
from recbole_lsrec.simulated.generate import Parameters
from recbole_lsrec.simulated.story import build_catalogue, session_sizes, simulate
from tests.simulated.small import BUNDLED, SMALL


def kept_categories(drift: float) -> float:
    """Share of the taste-driven events of a user's second half that are in a category of those of the first."""
    p = replace(SMALL, users=60, interactions=3600, categories=20, drift=drift)
    category = build_catalogue(p).category
    shares = []
    for log in simulate(p):
        taste, half = category[log.item[log.long_driven == 1]], (log.long_driven == 1).sum() // 2
        shares.append(np.isin(taste[half:], taste[:half]).mean() if half else 1.0)
    return float(np.mean(shares))


def test_tastes_change_with_drift_alone():
    still, drifting = kept_categories(0.0), kept_categories(1.0)
    assert still > 0.85 > 0.8 > drifting


def test_without_drift_the_parameters_are_those_of_older_logs():
    assert "drift" not in Parameters().to_dict()
    assert Parameters(drift=0.5).to_dict()["drift"] == 0.5
    with pytest.raises(ConfigError, match=r"drift=1.5; accepted: a share from 0 to 1"):
        Parameters(drift=1.5)


def test_totals_of_table_1(cosmetics):
    assert cosmetics["user_id"].nunique() == 2515
    assert cosmetics["item_id"].nunique() == 5288
    assert len(cosmetics) == 109580
    assert cosmetics["category_id"].nunique() == 309
    assert cosmetics["user_id"].value_counts().min() >= 5
    assert cosmetics["item_id"].value_counts().min() >= 5


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 12), st.integers(1, 20), st.integers(1, 20), st.integers(0, 60), st.integers(0, 99))
def test_totals_are_exact_for_any_size(users, items, categories, spare, seed):
    categories = min(categories, items)
    p = Parameters(
        users=users, items=items, categories=categories, interactions=5 * max(users, items) + spare, seed=seed
    )
    logs = list(simulate(p))
    item = np.concatenate([log.item for log in logs])
    assert [log.user for log in logs] == list(range(users))
    assert len(item) == p.interactions
    assert min(len(log.item) for log in logs) >= 5
    assert np.bincount(item, minlength=items).min() >= 5
    for log in logs:
        assert (np.diff(log.timestamp) >= 0).all()
        assert p.period_start <= log.timestamp[0]
        assert log.timestamp[-1] < p.period_start + 86400 * p.period_days
        assert set(np.diff(log.session)) <= {0, 1}
        assert log.session[0] == 1


def test_totals_force_next_to_nothing():
    statistics = json.loads((BUNDLED / "cosmetics.meta.json").read_text())["statistics"]
    assert statistics["events_forced_by_the_totals"] < 20


@given(st.integers(1, 400), st.integers(0, 99))
def test_session_sizes_are_positive_and_add_up(n, seed):
    sizes = session_sizes(np.random.default_rng(seed), Parameters(), n)
    assert sizes.sum() == n
    assert sizes.min() >= 1


def test_intent_driven_events_stay_with_the_intent(cosmetics, planted):
    short = planted["long_driven"].to_numpy() == 0
    stays = (cosmetics["category_id"] == planted["intent"])[short]
    assert (~stays).sum() < 20  # only events forced by the totals


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"interactions": 299}, "interactions=299 is too few.*give at least 300"),
        ({"users": 181}, "interactions=900 is too few.*give at least 905"),
        ({"categories": 61}, "categories=61 exceeds items=60"),
        ({"users": 0}, "users=0; accepted: a whole number from 1 up"),
        ({"items": 60.5}, r"items=60\.5; accepted: a whole number"),
        ({"seed": -1}, "seed=-1; accepted: 0 or more"),
        ({"long_mean": 1.0}, r"long_mean=1\.0; accepted: a share strictly between"),
        ({"short_repeat": 1.5}, r"short_repeat=1\.5; accepted: a share"),
        ({"session_mean": 0.5}, r"session_mean=0\.5; accepted: a mean of counts"),
        ({"day_rhythm": (1.0,)}, "day_rhythm=.*accepted: 7 numbers"),
        ({"purchase_long": 0.6}, "together exceed 1"),
    ],
)
def test_impossible_parameters(changes, message):
    with pytest.raises(ConfigError, match=message):
        replace(SMALL, **changes)


def test_events_that_do_not_fit_into_the_period():
    with pytest.raises(DataError, match="do not fit into period_days=1"):
        list(simulate(replace(SMALL, users=1, interactions=5000, period_days=1)))


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("mean length", 43.57, 43.58),
        ("median length", 9, 38),
        ("longest", 800, 5000),
        ("events per session", 2.4, 6.2),
        ("users with one session", 0.0, 0.1),
        ("gaps within sessions, median s", 15, 130),
        ("of these above 20 minutes", 0.002, 0.07),
        ("breaks, median h", 2.9, 130),
        ("top 10 % of items", 0.27, 0.61),
        ("Gini of items", 0.31, 0.7),
        ("that repeat one of the session", 0.17, 0.32),
        ("same item as previous", 0.13, 0.21),
        ("top category", 0.05, 0.13),
        ("same category as previous, in session", 0.36, 0.65),
        ("same category as previous, over a break", 0.08, 0.34),
    ],
)
def test_marginals_lie_within_what_real_logs_show(cosmetics, name, low, high):
    assert low <= marginals(sort_log(cosmetics))[name] <= high


def test_threshold_finds_most_planted_sessions_but_not_exactly(cosmetics, planted):
    gap = np.diff(cosmetics["timestamp"])
    follows = np.diff(pd.factorize(cosmetics["user_id"])[0]) == 0
    cut, planted_cut = (gap > 1800)[follows], (np.diff(planted["session"]) != 0)[follows]
    assert 0.98 < (cut == planted_cut).mean() < 1


def test_night_is_quiet_and_items_appear_over_time(cosmetics):
    hour = cosmetics["timestamp"] // 3600 % 24
    assert (hour == 3).mean() < 0.3 * (hour == 19).mean()
    first = cosmetics.groupby("item_id")["timestamp"].min() - Parameters().period_start
    assert (first > 60 * 86400).mean() > 0.1


def test_purchases_are_rather_taste_driven(cosmetics, planted):
    purchase = (cosmetics["event_type"] == "purchase").to_numpy()
    long = planted["long_driven"].to_numpy() == 1
    assert purchase[long].mean() > 1.5 * purchase[~long].mean()


def test_share_of_taste_driven_events(planted):
    by_user = planted.groupby("user_id").agg(share=("long_share", "first"), found=("long_driven", "mean"))
    assert 0.33 < planted["long_driven"].mean() < 0.37
    assert by_user.corr().iloc[0, 1] > 0.75


def test_each_cause_is_best_predicted_from_its_own_part_of_the_history(cosmetics, planted):
    hit = counting_rankers(cosmetics, planted["long_driven"].to_numpy())
    session, earlier = hit.loc["current session"], hit.loc["earlier sessions"]
    assert session["short-driven"] > 1.5 * earlier["short-driven"]
    assert earlier["long-driven"] > 1.5 * session["long-driven"]
    assert min(session["all"], earlier["all"]) > 3 * hit.loc["popularity", "all"]


def test_marginals_of_a_log_small_enough_to_count():
    log = pd.DataFrame(
        [
            ("b", "x", 5000, "k"),
            ("a", "x", 0, "k"),
            ("a", "y", 4000, "m"),
            ("a", "x", 100, "k"),
            ("a", "z", 1900, "k"),
        ],
        columns=["user_id", "item_id", "timestamp", "category_id"],
    )
    found = marginals(sort_log(log))
    assert found["mean length"] == 2.5
    assert found["events per session"] == pytest.approx(5 / 3)  # a: x x z | y, b: x
    assert found["users with one session"] == 0.5
    assert found["gaps within sessions, median s"] == 950
    assert found["breaks, median h"] == pytest.approx(2100 / 3600)
    assert found["events that repeat an item"] == pytest.approx(1 / 5)
    assert found["same category as previous, in session"] == 1
    assert found["same category as previous, over a break"] == 0
    assert found["same category by chance"] == pytest.approx(0.8**2 + 0.2**2)
    assert list(log["timestamp"]) == [5000, 0, 4000, 100, 1900]


def test_evenly_popular_items_have_gini_0():
    log = pd.DataFrame({"user_id": 1, "item_id": range(4), "timestamp": range(4), "category_id": None})
    assert marginals(log)["Gini of items"] == pytest.approx(0)
    assert "categories" not in marginals(log)
