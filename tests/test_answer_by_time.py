"""What the pages say of logs split at a point in time is what their boards hold."""

import re

import pytest

from tests.test_answer import DOCS, make_answer


@pytest.mark.parametrize(
    ("protocol", "corrected", "ahead"),
    [("pop99", False, "SLSRec"), ("uni99", False, "FOSSIL"), ("full", False, "FOSSIL"),
     ("pop99", True, "SLSRec"), ("uni99", True, None), ("full", True, None)],
)  # fmt: skip
def test_who_is_ahead_on_complete_journey_by_time_is_on_record(
    protocol: str, corrected: bool, ahead: str | None
) -> None:
    board = "answer-completejourney-by-time"
    pairs = make_answer._pairs(board, "completejourney by time", protocol, corrected=corrected)
    assert make_answer._ahead(pairs, "SLSRec", "FOSSIL") == ahead
    if ahead is not None:  # then of all others too
        others = {*pairs.a, *pairs.b} - {ahead}
        assert [make_answer._ahead(pairs, ahead, other) for other in others] == [ahead] * 4


@pytest.mark.parametrize(
    ("protocol", "corrected", "ahead"),
    [("pop99", False, {"SASRec": None, "FOSSIL": "SLSRec", "Markov": "SLSRec"}),
     ("uni99", False, {"SASRec": "SASRec", "FOSSIL": "FOSSIL", "Markov": "Markov"}),
     ("full", False, {"SASRec": "SASRec", "FOSSIL": "FOSSIL", "Markov": "Markov"}),
     *((protocol, True, {"SASRec": "SASRec"}) for protocol in ("pop99", "uni99")),
     ("full", True, {"SASRec": None})],
)  # fmt: skip
def test_who_is_ahead_of_slsrec_on_ml_100k_by_time(
    protocol: str, corrected: bool, ahead: dict[str, str | None]
) -> None:
    pairs = make_answer._pairs("answer-ml-100k-by-time", "ml-100k by time", protocol, corrected=corrected)
    assert {other: make_answer._ahead(pairs, "SLSRec", other) for other in ahead} == ahead


@pytest.mark.parametrize(
    ("protocol", "corrected", "ahead"),
    [
        ("pop99", False, {"CLSR"}),
        ("uni99", False, {"SASRec", "FOSSIL"}),
        ("full", False, {None}),
        ("pop99", True, {None}),
        ("uni99", True, {None}),
        ("full", True, {None}),
    ],
)
def test_who_is_ahead_of_clsr_on_ml_100k_by_time(protocol: str, corrected: bool, ahead: set[str | None]) -> None:
    pairs = make_answer._pairs("answer-ml-100k-by-time", "ml-100k by time", protocol, corrected=corrected)
    assert {make_answer._ahead(pairs, "CLSR", other) for other in ("SASRec", "FOSSIL")} == ahead


@pytest.mark.parametrize(
    ("protocol", "corrected", "ahead"),
    [
        ("pop99", False, {"SASRec": None, "FOSSIL": "SLSRec", "Markov": "SLSRec"}),
        ("uni99", False, {"SASRec": "SASRec", "FOSSIL": "FOSSIL", "Markov": "Markov"}),
        ("full", False, {"SASRec": "SASRec", "FOSSIL": "FOSSIL", "Markov": "Markov"}),
        ("pop99", True, {"SASRec": "SASRec", "FOSSIL": "FOSSIL", "Markov": "SLSRec"}),
        ("uni99", True, {"SASRec": "SASRec", "FOSSIL": "FOSSIL", "Markov": "SLSRec"}),
        ("full", True, {"SASRec": "SASRec", "FOSSIL": None, "Markov": "Markov"}),
    ],
)
def test_who_is_ahead_of_slsrec_on_ml_1m_by_time(protocol: str, corrected: bool, ahead: dict[str, str | None]) -> None:
    pairs = make_answer._pairs("answer-ml-1m-by-time", "ml-1m by time", protocol, corrected=corrected)
    assert {other: make_answer._ahead(pairs, "SLSRec", other) for other in ahead} == ahead
    second = {"pop99": "FOSSIL", "uni99": "FOSSIL", "full": "Markov"}[protocol]  # what SASRec can be told apart from
    told = make_answer._ahead(pairs, "SASRec", second)
    assert told == ("SASRec" if (protocol, corrected) == ("pop99", False) else None)


@pytest.mark.parametrize(
    ("corrected", "heading", "group", "said", "certain"),
    [
        (False, "gap since the user's last event", "7 to 30 days", ".154, .058", True),
        (False, "gap since the user's last event", "over 30 days", ".165, .087", True),
        (False, "gap since the user's last event", "up to 1 min", ".384, .337", True),
        (False, "gap since the user's last event", "1 to 30 min", "", False),
        (False, "events of the current session", "1", ".218, .147", True),
        (False, "training events of the target", "10-49", ".302, .095", True),
        (True, "gap since the user's last event", "7 to 30 days", "", False),
        (True, "gap since the user's last event", "over 30 days", "", False),
        (True, "gap since the user's last event", "up to 1 min", ".435, .342", True),
        (True, "events of the current session", "1", "", False),
        (True, "training events of the target", "10-49", "", False),
    ],
)
def test_for_whom_on_ml_1m_by_time_is_on_record(
    corrected: bool, heading: str, group: str, said: str, certain: bool
) -> None:
    record = (DOCS / "results" / "answer-ml-1m-by-time-for-whom.md").read_text()
    means, _ = make_answer._groups(record.split("## At their own lambda")[corrected])[heading, group]
    assert means.endswith("*") == certain
    assert re.findall(r"\.\d+", said) in ([], sorted(re.findall(r"\.\d+", means), reverse=True))
    page = (DOCS / "answer_by_log.md").read_text().split("## ml-1m by time")[1].split("\n## ")[0]
    assert said in " ".join(page.split())


@pytest.mark.parametrize("protocol", ["pop99", "uni99"])
@pytest.mark.parametrize("corrected", [False, True])
def test_slsrec_is_ahead_of_all_that_are_tested_on_taobao_by_time(protocol: str, corrected: bool) -> None:
    board = "answer-taobao-favourites-by-time"
    pairs = make_answer._pairs(board, "taobao-favourites by time", protocol, corrected=corrected)
    ahead = {other: make_answer._ahead(pairs, "SLSRec", other) for other in ("CLSR", "Markov", "Pop", "ItemKNN")}
    assert set(ahead.values()) == {"SLSRec"}


@pytest.mark.parametrize(
    ("heading", "group", "said", "certain"),
    [
        ("training events of the target", "none", "28 % has no training event (.323, FOSSIL .045)", True),
        ("training events of the target", "1-4", "", False),
        ("training events of the target", "5-9", "", False),
        ("training events of the target", "10-49", "(.288, .211)", True),
        ("training events of the target", "50 and more", "(.409, .352)", True),
        ("target met before", "not in history", "(.215, .074)", True),
        ("target met before", "in history", "(.476, .462)", False),
        ("gap since the user's last event", "up to 1 min", "(.323, .148)", True),
    ],
)
def test_for_whom_on_complete_journey_by_time_is_on_record(heading: str, group: str, said: str, certain: bool) -> None:
    record = (DOCS / "results" / "answer-completejourney-by-time-for-whom.md").read_text()
    means, users = make_answer._groups(record)[heading, group]
    assert means.endswith("*") == certain
    assert re.findall(r"\.\d+", said) in ([], sorted(re.findall(r"\.\d+", means), reverse=True))
    assert "28 %" not in said or f"{int(users) / 1711:.0%}" == "28%"
    page = (DOCS / "answer_by_log.md").read_text().split("## Complete Journey by time")[1].split("\n## ")[0]
    assert said in " ".join(page.split())


@pytest.mark.parametrize("protocol", ["pop99", "uni99", "full"])
def test_at_their_own_lambda_fossil_leads_on_retailrocket_by_time(protocol: str) -> None:
    board = "answer-retailrocket-by-time-to-the-end"
    plain, own = (
        make_answer._pairs(board, "retailrocket by time", protocol, corrected=corrected) for corrected in (False, True)
    )
    ours = {"SLSRec", "SLSRec strong", "SLi-Rec strong"}
    others = {"gSASRec", "SASRec strong"}
    ahead = ours | others if protocol == "pop99" else ours
    assert {other for other in ours | others if make_answer._ahead(own, "FOSSIL", other) == "FOSSIL"} == ahead
    if protocol == "pop99":
        assert {make_answer._ahead(plain, "FOSSIL", other) for other in ours | others} == {None}


FIRST = ("CLSR", "SLSRec lineage")


@pytest.mark.parametrize("corrected", [False, True])
@pytest.mark.parametrize("protocol", ["pop99", "uni99"])
def test_clsr_and_lineage_are_ahead_of_every_other_on_cosmetics_by_time(protocol: str, corrected: bool) -> None:
    pairs = make_answer._pairs("answer-cosmetics-by-time", "cosmetics by time", protocol, corrected=corrected)
    others = {*pairs.a, *pairs.b}.difference(FIRST)
    assert len(others) == 9
    assert make_answer._ahead(pairs, *FIRST) is None
    assert {make_answer._ahead(pairs, first, other) for first in FIRST for other in others} == {*FIRST}
    if not corrected:
        assert {make_answer._ahead(pairs, own, "FOSSIL") for own in ("SLSRec", "SLSRec strong")} == {
            "SLSRec",
            "SLSRec strong",
        }


def test_plainer_models_lead_among_all_items_on_cosmetics_by_time() -> None:
    pairs, own = (
        make_answer._pairs("answer-cosmetics-by-time", "cosmetics by time", "full", corrected=corrected)
        for corrected in (False, True)
    )
    for other in ("FOSSIL", "SASRec", "gSASRec"):
        assert {make_answer._ahead(pairs, other, ours) for ours in ("SLSRec", "SLSRec strong", "CLSR")} == {other}
    assert make_answer._ahead(own, "SASRec", "SLSRec strong") == "SASRec"
    assert make_answer._ahead(own, "FOSSIL", "SLSRec strong") is None
