"""The log that a search reads before its trials."""

from pathlib import Path
from typing import Any

import pytest

from recbole_lsrec.errors import DataError
from recbole_lsrec.tuning import journal
from recbole_lsrec.tuning.search import search
from recbole_lsrec.tuning.settings import SearchSettings

SPACE = {"session_threshold": {"choice": [60]}}


def search_of(planted: dict[str, Any], **changed: Any) -> SearchSettings:
    given = {**planted["config_dict"], "epochs": 1, **changed}
    return SearchSettings(**{**planted, "config_dict": given}, space=SPACE, trials=1, test=False)


def log_file(planted: dict[str, Any]) -> Path:
    return Path(planted["config_dict"]["data_path"]) / "shop" / "shop.inter"


@pytest.mark.parametrize(("unit", "told"), [("order", 1), ("s", 0)])
def test_a_threshold_that_cuts_nothing_is_said(
    two_cores: None, planted: dict[str, Any], caplog: Any, unit: str, told: int
) -> None:
    search(search_of(planted, timestamp_unit=unit))
    assert caplog.text.count("session_threshold: drawn from space, but it has no effect") == told


def test_a_threshold_beside_a_logs_own_sessions_is_said(two_cores: None, planted: dict[str, Any], caplog: Any) -> None:
    header, *lines = log_file(planted).read_text().splitlines()
    labelled = [f"{header}\tsession_id:token", *(f"{line}\ts{n // 3}" for n, line in enumerate(lines))]
    log_file(planted).write_text("\n".join(labelled) + "\n")
    columns = planted["config_dict"]["load_col"]
    search(search_of(planted, load_col={**columns, "inter": [*columns["inter"], "session_id"]}))
    assert caplog.text.count("session_threshold: drawn from space, but it has no effect") == 1


def test_data_that_cannot_be_read_end_a_search_before_its_first_trial(two_cores: None, planted: dict[str, Any]) -> None:
    with log_file(planted).open("a") as log:
        log.write("1\t2\tyesterday\t3\n")
    with pytest.raises(DataError, match=r"shop\.inter, line \d+: .*yesterday"):
        search(search_of(planted))
    assert not journal.begun(planted["out"])
