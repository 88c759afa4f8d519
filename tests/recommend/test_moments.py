"""When users are asked about."""

import numpy as np

from recbole_lsrec.recommend.moments import asked_at


def test_who_has_no_time_is_asked_at_the_last_event_that_the_filters_keep():
    users, last, usual = np.array(["a", "b"]), np.array([5.0, 7.0]), np.array([4.0, 6.0])
    assert asked_at(users, last, usual, {"a": None, "b": 9}, "order").tolist() == [4, 9]
