"""The periods of the data sets whose logs are not shipped."""

from datetime import datetime, timedelta, timezone

import numpy as np
import pytest

from recbole_lsrec.config import Config
from recbole_lsrec.config.global_time_settings import GlobalTime

CHINA = timezone(timedelta(hours=8))


def seconds(*moment: int) -> int:
    return int(datetime(*moment, tzinfo=CHINA).timestamp())


@pytest.mark.parametrize(
    ("dataset", "log", "valid", "test"),
    [
        ("taobao", [(2017, 11, 25), (2017, 12, 3, 23, 59, 59)], (2017, 12, 2), (2017, 12, 3)),
        ("kuaishou", [(2020, 10, 22), (2020, 10, 28, 23, 59, 59)], (2020, 10, 28), (2020, 10, 28, 12)),
    ],
)
def test_clsrs_data_sets_are_split_at_the_papers_times(dataset, log, valid, test):
    settings = GlobalTime.parse(Config("CLSR", dataset)["eval_args"]["split"]["GTS"])
    assert settings.boundaries(np.array([seconds(*at) for at in log])) == (seconds(*valid), seconds(*test))
    assert settings.targets == "successive"
