"""The page, the text and the command, on logs that ship; the verdict on made-up measurements."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from click.testing import CliRunner

from recbole_lsrec.audit.command import audit
from recbole_lsrec.audit.verdict import findings, verdict
from recbole_lsrec.cli import cli


@pytest.fixture(scope="module")
def cosmetics(tmp_path_factory):
    folder = tmp_path_factory.mktemp("audit")
    return audit("cosmetics", (), folder / "page.html", folder / "values.json"), folder


def test_numbers_are_those_of_the_simulators_documentation(cosmetics):
    """docs/simulated_cosmetics.md has them from a script of its own."""
    found, _ = cosmetics
    assert found.now.per_user == pytest.approx(10.49, abs=0.005)
    assert found.now.events == pytest.approx(4.15, abs=0.005)
    assert found.now.one_session_users == pytest.approx(0.062, abs=0.0005)
    assert found.repeats["ever"] == pytest.approx(0.465, abs=0.0005)
    assert found.repeats["in_session"] == pytest.approx(0.270, abs=0.0005)
    assert found.same_category["in_session"] == pytest.approx(0.637, abs=0.0005)
    assert found.same_category["after_break"] == pytest.approx(0.240, abs=0.0005)
    assert found.same_category["by_chance"] == pytest.approx(0.013, abs=0.0005)
    assert found.popularity["gini"] == pytest.approx(0.399, abs=0.0005)


def test_the_page_is_one_file_says_simulated_and_shows_every_panel(cosmetics):
    found, folder = cosmetics
    text = (folder / "page.html").read_text()
    HTMLParser().feed(text)
    assert not re.findall(r'(?:src|href)="https?:', text)
    assert "THIS LOG IS SIMULATED" in text
    assert verdict(findings(found)) in text
    assert text.count("<figure>") == 7
    ids = re.findall(r' id="([^"]+)"', text)
    assert len(ids) == len(set(ids))


def test_the_values_are_written(cosmetics):
    found, folder = cosmetics
    values = json.loads((folder / "values.json").read_text())
    assert values["order"]["markov"] == found.order.markov
    assert len(values["gap_edges"]) == len(values["gaps"]) + 1


def test_what_speaks_against_comes_first_and_decides(cosmetics):
    found, _ = cosmetics
    assert verdict(findings(found)).startswith("Fit for")
    tied = replace(found, equal_times={**found.equal_times, "targets": 0.4})
    assert findings(tied)[0].kind == "bad"
    assert verdict(findings(tied)).startswith("Fit with care")
    no_sessions = replace(tied, now=replace(found.now, with_both=0.1))
    assert verdict(findings(no_sessions)).startswith("Not a log")


def test_nothing_is_said_of_an_order_that_cannot_show(cosmetics):
    found, _ = cosmetics
    told = findings(
        replace(found, size={**found.size, "items": 10}, order=replace(found.order, markov=1, markov_shuffled=1))
    )
    about = [finding for finding in told if "order of events" in finding.text]
    assert about == [
        ("care", "Whether the order of events matters is not known: of 10 items all are among the first 10.")
    ]
    told = findings(replace(found, order=replace(found.order, targets=0, markov=0, markov_shuffled=0)))
    assert told[0] == ("bad", "No user has three events, so there is no test target.")
    assert not [finding for finding in told if "order of events" in finding.text or "earlier session" in finding.text]


def test_users_far_from_the_median_are_named(cosmetics):
    found, _ = cosmetics
    (told,) = [finding for finding in findings(found) if "times the median" in finding.text]
    assert told == (
        "care",
        "1 user has more than 100 times the median's events, 2% of all (the busiest: 'u2349', 2,099): robots, or accounts of "
        "many people? An upper end of 2000 in user_inter_num_interval leaves them out.",
    )
    few = replace(found, activity=replace(found.activity, beyond_events=0.01))
    assert len(findings(few)) == len(findings(found)) - 1


def test_a_log_without_categories_is_audited(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bare").mkdir()
    lines = [f"{user}\t{event % 4}\t{1_700_000_000 + 900 * event * user}" for user in range(1, 5) for event in range(6)]
    head = "user_id:token\titem_id:token\ttimestamp:float"
    (tmp_path / "bare" / "bare.inter").write_text("\n".join([head, *lines, ""]))
    found = CliRunner().invoke(cli, ["audit", "bare", "--data_path=."], catch_exceptions=False)
    assert (found.exit_code, found.output.split("\n")[0][:42]) == (0, "bare: 24 events of 4 users and 4 items, 20")
    assert "categor" not in found.output


def test_times_that_no_calendar_has_are_told_in_words(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "far").mkdir()
    lines = [f"{user}\t{event % 4}\t{630_000_000_000 + event}" for user in range(4) for event in range(6)]
    head = "user_id:token\titem_id:token\ttimestamp:float"
    (tmp_path / "far" / "far.inter").write_text("\n".join([head, *lines, ""]))
    found = CliRunner().invoke(cli, ["audit", "far", "--data_path=.", "--timestamp_unit=s"], catch_exceptions=False)
    assert "24 events of 4 users and 4 items, the year 21,934 to the year 21,934" in found.output


def test_own_sessions_of_a_log_whose_columns_are_not_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own").mkdir()
    lines = [
        f"{user}\t{event % 4}\t{1_700_000_000 + 60 * event}\ts{user}{event // 3}"
        for user in range(4)
        for event in range(6)
    ]
    head = "user_id:token\titem_id:token\ttimestamp:float\tsession_id:token"
    (tmp_path / "own" / "own.inter").write_text("\n".join([head, *lines, ""]))
    given = ["audit", "own", "--data_path=.", "--load_col={inter: '*'}", "--CATEGORY_FIELD=~"]
    found = CliRunner().invoke(cli, given, catch_exceptions=False)
    assert "(the log's own sessions are used)" in found.output
    assert "the log has its own sessions, suggested" in (tmp_path / "audit-own.html").read_text()


def test_whole_days_of_another_zone_are_whole_days(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "days").mkdir()
    lines = [
        f"{user}\t{event % 4}\t{1_699_977_600 + 86_400 * event}" for user in range(40) for event in range(6)
    ]  # 16:00 UTC
    head = "user_id:token\titem_id:token\ttimestamp:float"
    (tmp_path / "days" / "days.inter").write_text("\n".join([head, *lines, ""]))
    found = CliRunner().invoke(cli, ["audit", "days", "--data_path=."], catch_exceptions=False)
    assert "Suggested session_threshold: 43200 s" in found.output


def test_the_command_takes_settings_and_writes_where_it_says(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = CliRunner().invoke(cli, ["audit", "ml-100k", "--session_threshold=3600"], catch_exceptions=False)
    assert found.exit_code == 0
    assert "100,000 events of 943 users and 1,682 items" in found.output
    assert "in force: 3600 s" in found.output
    assert (tmp_path / "audit-ml-100k.html").is_file()


@pytest.mark.parametrize("given", [["--dataset=shop"], ["-d", "shop"]])
def test_an_option_is_no_name_of_a_data_set(given: list[str]) -> None:
    said = CliRunner().invoke(cli, ["audit", *given])
    assert said.exit_code == 2
    assert f"found '{given[0]}' where the data set's name belongs" in said.output
