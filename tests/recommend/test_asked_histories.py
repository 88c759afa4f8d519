"""What a model reads of histories."""

import pandas as pd

from recbole_lsrec.recommend import Recommender
from tests.recommend.test_recommender import run_of_slsrec  # noqa: F401


def test_a_user_that_the_run_does_not_know_is_no_other(run_of_slsrec):  # noqa: F811
    """A model with vectors of users reads number 0, which is nobody's, for whoever it was not trained on."""
    folder, events = run_of_slsrec
    recommender = Recommender.load(folder)
    known, item = (str(events[name].iloc[0]) for name in ("user_id:token", "item_id:token"))
    asked = pd.DataFrame({"user": ["new", known, "newer"], "item": [item] * 3, "timestamp": [1.0, 2.0, 3.0]})
    ((users, batch),) = recommender.windows(asked)
    assert users.tolist() == ["new", known, "newer"]
    assert batch["user_id"].tolist() == [0, recommender.catalogue.tokens["user_id"].tolist().index(known), 0]
