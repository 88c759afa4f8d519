"""The pages of `compare` and `strata` say what the terminal says, and load nothing."""

import re
from html.parser import HTMLParser

import pytest

from tests.analysis.saved_run_files import table, write_run
from tests.command_line import exit_code


class Cells(HTMLParser):
    """The text of every cell of a table, and every address that the page would load."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.cells: list[str] = []
        self.loads: list[str] = []
        self.inside = False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        if tag in ("td", "th"):
            self.inside, self.cells = True, [*self.cells, ""]
        self.loads += [value for key, value in attrs if key in ("src", "href") and not value.startswith("#")]

    def handle_endtag(self, tag):
        if tag in ("td", "th"):
            self.inside = False

    def handle_data(self, data):
        if self.inside:
            self.cells[-1] += data


def command(*arguments):
    assert exit_code([str(argument) for argument in arguments]) == 0


@pytest.fixture
def two_runs(tmp_path):
    users = ["a", "a", "b", "c"]
    first = write_run(tmp_path / "one-a1b2c3", table(users, [1, 2, 1, 4]))
    return first, write_run(tmp_path / "two-x<b>", table(users, [2, 2, 1, 2]), model="SASRec")


def test_a_comparison(two_runs, tmp_path, capsys):
    path = tmp_path / "page.html"
    command("compare", *two_runs, "--metric", "mrr", "--html", path)
    page = Cells(path.read_text(encoding="utf-8"))
    assert page.loads == []
    assert page.cells[page.cells.index("M1-M2") + 1 :][:2] == ["+0.0000", "\N{MINUS SIGN}0.2500 +0.2500"]
    assert "two-x<b>" in page.cells  # escaped on the page
    told = re.sub(r"\s+", "", path.read_text(encoding="utf-8"))
    assert "aboutthesetworunsalone" in told
    assert "aboutthesetworunsalone" in re.sub(r"\s+", "", capsys.readouterr().out)


def test_strata(two_runs, tmp_path):
    path = tmp_path / "page.html"
    command("strata", two_runs[0], "--metric", "mrr", "--by", "history_length", "--html", path)
    text = path.read_text(encoding="utf-8")
    page = Cells(text)
    assert page.loads == []
    assert page.cells[:5] == ["group", "instances", "users", "share", "mrr"]
    assert text.count("<figure>") == 1
    assert "<h2>History length (earlier events of the user)</h2>" in text
