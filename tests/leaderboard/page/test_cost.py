"""What scoring costs."""

from types import SimpleNamespace

import pandas as pd

from recbole_lsrec.leaderboard.page.cost import _ms_per_user


def test_a_target_that_several_protocols_rank_is_one():
    instances = pd.DataFrame(
        {"phase": ["valid"] * 4 + ["test"] * 3, "protocol": ["pop3", "pop3", "full", "full", "pop3", "pop3", "full"]}
    )
    history = [{"valid_seconds": 0.1}, {}, {"valid_seconds": 0.3}]
    assert _ms_per_user(SimpleNamespace(instances=instances, result={"history": history})) == 1000 * 0.2 / 2
