"""Lists of what was most frequent in training."""

import numpy as np
import pandas as pd

from recbole_lsrec.recommend import Recommender
from recbole_lsrec.recommend.popular import popular_table
from recbole_lsrec.recommend.read_histories import ID, NUMBER
from tests.recommend.test_recommender import _shop_run


def test_users_who_get_popularity_are_not_given_what_they_have_seen(tmp_path):
    recommender = Recommender.load(_shop_run(tmp_path, "BPR", {})[0])
    popularity, tokens = recommender.catalogue.popularity, recommender.catalogue.tokens["item_id"]
    best = tokens[np.argsort(-popularity, kind="stable")].tolist()
    rows = [("new", item) for item in (*best[:3], best[1])] + [("other", best[4]), ("third", "never")]
    frame = pd.DataFrame(rows, columns=["user", "item"]).assign(timestamp=1.0)
    every = recommender.recommend(frame, k=4, exclude_seen=False)
    assert every["item"].tolist() == best[:4] * 3
    lists = recommender.recommend(frame, k=4, exclude_seen=True)
    assert lists.groupby("user")["item"].agg(list).to_dict() == {
        "new": best[3:7],
        "other": [*best[:4]],
        "third": best[:4],
    }
    assert lists["rank"].tolist() == [1, 2, 3, 4] * 3
    assert lists["score"].tolist() == [popularity[tokens.tolist().index(item)] for item in lists["item"]]
    few = recommender.recommend(frame, k=4, exclude_seen=True, candidates=[best[4], best[0]])
    assert few[["user", "item"]].values.tolist() == [
        ["new", best[4]],
        ["other", best[0]],
        ["third", best[0]],
        ["third", best[4]],
    ]


def test_of_equally_frequent_items_the_first_of_the_catalogue_come_first():
    frequent, token = np.array([0] + [3, 7] * 100), np.array([f"i{number}" for number in range(201)])
    seen = pd.DataFrame({NUMBER: [], ID: []}, dtype=int)
    found = popular_table(frequent, token, np.array(["a"]), np.array([0]), np.arange(201) > 0, seen, 102)
    assert found["item"].tolist() == [*(f"i{number}" for number in range(2, 201, 2)), "i1", "i3"]
