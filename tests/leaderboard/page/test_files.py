"""The five files, read as a reader would."""

import json
import re
from html.parser import HTMLParser

import pytest

from recbole_lsrec.leaderboard.page import write_report
from recbole_lsrec.leaderboard.page.words import log
from recbole_lsrec.page.escape import markdown, tex
from tests.leaderboard.page.board_files import USERS, empty_cell, ranks, three_levels, write_board, write_cell

VOID = {"meta", "br", "link", "img", "input", "hr"}
ROW = [1.0] * 20 + [2.0] * 20
SD = r"{\scriptsize$\pm$0.0000}"


class Checked(HTMLParser):
    """Elements must nest; keeps ids, addresses, and the text outside style and script."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.names: list[str] = []
        self.attributes: list[tuple[str, dict]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list) -> None:
        attributes = dict(attrs)
        self.attributes.append((tag, attributes))
        self.ids += [attributes["id"]] if "id" in attributes else []
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("style", "script"):
            self.text += data


def test_what_differed_on_machines_of_earlier_sittings(tmp_path):
    last = {"threads": "1", "code": "b", "processor": "fast", "cells_at_once": 2}
    earlier = [{**last, "code": "a"}, {**last, "cells_at_once": 1}, {**last, "processor": "slow_1", "nodes": 2}]
    cells = [write_cell(tmp_path, "A", {"pop3": ROW})]
    write_report(write_board(tmp_path, cells, environment=last, earlier=earlier))
    text = (tmp_path / "leaderboard.md").read_text()
    assert re.findall("^- (?:Machine|Some).*", text, re.MULTILINE) == [
        "- Machine: threads 1, processor fast, cells at once 2",
        "- Some cells ran earlier, where these differ: cells at once 1",
        "- Some cells ran earlier, where these differ: processor slow\\_1, nodes 2",
    ]
    assert "processor slow_1, nodes 2</dd>" in (tmp_path / "leaderboard.html").read_text()


@pytest.fixture(scope="module")
def board(tmp_path_factory):
    """Three systems with results, one of them below its band, and one of each kind without."""
    out = tmp_path_factory.mktemp("board")
    cells = three_levels(out)
    cells[4]["below_band"] = cells[5]["below_band"] = "0.30 to 0.40 expected"
    cells[1] = empty_cell("Fair", "error", "OutOfMemory: 12 % left", 2)
    cells += [empty_cell("Crash<b>&co", "error", "ValueError: <script>alert(1)</script> a_b", seed) for seed in (1, 2)]
    cells += [empty_cell("LSIDN", "not built", "no code yet", None), empty_cell("Later", "pending", None)]
    write_report(write_board(out, cells, title="Tiny <board>", budget={"train_seconds": 120}, bit_reproducible=False))
    return out


@pytest.fixture(scope="module")
def page(board):
    parsed = Checked()
    parsed.feed((board / "leaderboard.html").read_text())
    return parsed


def test_the_page_is_well_formed_and_ids_are_unique(page):
    assert page.open == []
    assert len(set(page.ids)) == len(page.ids)
    known = set(page.ids)
    for _, attributes in page.attributes:
        assert set(attributes.get("aria-labelledby", "").split()) <= known


def test_the_page_needs_no_network(board, page):
    text = (board / "leaderboard.html").read_text()
    assert not re.search(r"https?:|//[a-z]+\.|@import", text)
    for tag, attributes in page.attributes:
        assert tag not in ("link", "img", "iframe")
        assert "src" not in attributes
        assert attributes.get("href", "#").startswith("#")
    assert all(url.startswith("#") for url in re.findall(r"url\(([^)]*)\)", text))


def test_the_page_can_be_used_without_a_mouse_or_eyes(page):
    tables = [tag for tag, _ in page.attributes if tag == "table"]
    assert tables
    assert len([tag for tag, _ in page.attributes if tag == "caption"]) == len(tables)
    assert all(attributes.get("scope") in ("col", "row") for tag, attributes in page.attributes if tag == "th")
    assert all(attributes.get("aria-label") for tag, attributes in page.attributes if attributes.get("role") == "img")
    assert [tag for tag, _ in page.attributes if tag in ("h1", "h2", "h3")][:3] == ["h1", "h2", "h3"]


def test_protocols_and_metrics_can_be_picked(page):
    protocols = [of["data-protocol"] for tag, of in page.attributes if tag == "article"]
    metrics = [of["data-metric"] for tag, of in page.attributes if tag == "th" and "data-metric" in of]
    assert protocols == ["pop3", "full"]
    assert metrics[: len(metrics) // 2] == metrics[len(metrics) // 2 :] == ["ndcg@2", "hit@2", "mrr"]


def test_what_the_page_says(page):
    for text in (
        "Tiny <board>",
        "120 seconds of training a cell",
        "not bit-reproducible",
        "Crash<b>&co",
        ": ValueError: <script>alert(1)</script> a_b",
        "not built: no code yet",
        "seed 2: error: OutOfMemory: 12 % left",
        "1 of 2 seeds",
        "▼ below band",
        "Poor: below its expected band, seed 1, 2: 0.30 to 0.40 expected",
        "Do the protocols agree?",
        "recbole-lsrec leaderboard tiny.yaml",
    ):
        assert text in page.text
    assert "pending: None" not in page.text


def test_a_system_below_its_band_is_flagged_in_every_text_file(board):
    assert "| Poor ▼ |" in (board / "leaderboard.md").read_text()
    latex = (board / "leaderboard.tex").read_text()
    assert r"system & pop3 ndcg@2 & full ndcg@2 \\" in latex
    (poor,) = [line for line in latex.splitlines() if r"Poor $\blacktriangledown$ &" in line]
    assert poor.count(r"{\scriptsize$\pm$") == 2  # a value under each protocol
    assert "below its expected band, seed 1, 2: 0.30 to 0.40 expected" in (board / "leaderboard.csv").read_text()


def literal(tmp_path):
    """A at 1/2 and B at 3 of every user: everything can be written down."""
    cells = [write_cell(tmp_path, "A_1", {"pop3": ROW}, seed) for seed in (1, 2)]
    cells += [write_cell(tmp_path, "B|2", {"pop3": [3.0] * len(USERS)}, seed) for seed in (1, 2)]
    cells += [empty_cell("LSIDN", "not built", "100 % open")]
    write_report(write_board(tmp_path, cells))
    return tmp_path


def test_literal_contents(tmp_path):
    literal(tmp_path)
    # ndcg@2 of ranks 1 and 2 is 1 and 1 / log2(3) = .6309; their mean .8155; mrr .75 and 1/3.
    assert (tmp_path / "leaderboard.csv").read_text().splitlines() == [
        "dataset,protocol,system,status,metric,mean,sd,seeds,mark,note",
        "tiny,pop3,A_1,done,ndcg@2,0.815465,0.000000,2,best,",
        "tiny,pop3,A_1,done,hit@2,1.000000,0.000000,2,best,",
        "tiny,pop3,A_1,done,mrr,0.750000,0.000000,2,best,",
        "tiny,pop3,B|2,done,ndcg@2,0.000000,0.000000,2,,",
        "tiny,pop3,B|2,done,hit@2,0.000000,0.000000,2,,",
        "tiny,pop3,B|2,done,mrr,0.333333,0.000000,2,,",
        "tiny,pop3,LSIDN,not built,,,,0,,not built: 100 % open",
    ]
    head, pair = (tmp_path / "leaderboard-pairs.csv").read_text().splitlines()
    assert head == "dataset,protocol,metric,a,b,difference,low,high,p,p_holm,corrected"
    assert pair == "tiny,pop3,ndcg@2,A_1,B|2,0.815465,0.760104,0.870825,3.33632e-27,3.33632e-27,"
    lines = (tmp_path / "leaderboard.md").read_text().splitlines()
    at = lines.index("| system | seeds | ndcg@2 | hit@2 | mrr |")
    assert lines[at + 1 : at + 5] == [
        "|---|---|--:|--:|--:|",
        r"| A\_1 | 2 | **0.8155** ± 0.0000 | **1.0000** ± 0.0000 | **0.7500** ± 0.0000 |",
        r"| B\|2 | 2 | 0.0000 ± 0.0000 | 0.0000 ± 0.0000 | 0.3333 ± 0.0000 |",
        "| LSIDN | \u2013 | not built: 100 % open | | |",
    ]
    latex = (tmp_path / "leaderboard.tex").read_text()
    body = latex[latex.index(r"\begin{tabular}") : latex.index(r"\end{tabular}")].splitlines()
    assert body == [
        r"\begin{tabular}{lr}",
        r"\toprule",
        r"system & pop3 ndcg@2 \\",
        r"\midrule",
        r"{}A\_1 & \textbf{0.8155} {SD} \\".replace("{SD}", SD),
        r"{}B|2 & 0.0000 {SD} \\".replace("{SD}", SD),
        r"{}LSIDN & \multicolumn{1}{l}{not built: 100 \% open} \\",
        r"\bottomrule",
    ]


def test_latex_has_the_values_of_a_system_that_the_first_protocol_was_not_asked_of(tmp_path):
    cells = [write_cell(tmp_path, "A", {"pop3": ROW, "full": ROW}), write_cell(tmp_path, "B", {"full": ROW})]
    write_report(write_board(tmp_path, cells))
    lines = (tmp_path / "leaderboard.tex").read_text().splitlines()
    assert [line for line in lines if line.startswith("{}")] == [r"{}A & 0.8155 & 0.8155 \\", r"{}B & -- & 0.8155 \\"]


def test_the_same_folder_gives_the_same_files(tmp_path):
    out = literal(tmp_path)
    first = {path.name: path.read_bytes() for path in out.glob("*.*")}
    write_report(out)
    assert {path.name: path.read_bytes() for path in out.glob("*.*")} == first


def test_simulated_data_is_said_everywhere(tmp_path):
    result = {"simulated": "THIS LOG IS SIMULATED.\nMore."}
    cells = [write_cell(tmp_path, name, {"pop3": ROW}, result=result) for name in "AB"]
    write_report(write_board(tmp_path, cells))
    for name, text in [
        ("html", "THIS LOG IS SIMULATED."),
        ("md", "**THIS LOG IS SIMULATED.**"),
        ("tex", "Simulated data."),
    ]:
        assert text in (tmp_path / f"leaderboard.{name}").read_text()


def test_escapes():
    assert tex(r"a_b & 5 % of $x$ {#} ~^ \ <") == (
        r"a\_b \& 5 \% of \$x\$ \{\#\} \textasciitilde{}\textasciicircum{} \textbackslash{} \textless{}"
    )
    assert markdown("a_b | *c*\n<d>") == r"a\_b \| \*c\* \<d\>"


@pytest.mark.parametrize(
    ("cut", "words"),
    [
        ({"session_threshold": 1800}, "a gap of over 1,800 s begins a new one"),  # of a run before the others were told
        (
            {"session_threshold": 60, "session_gap": "lt", "own_sessions": False},
            "a gap of 60 s or more begins a new one",
        ),
        ({"session_threshold": None, "session_gap": None, "own_sessions": True}, "the log's own"),
        (
            {"session_threshold": None, "session_gap": None, "own_sessions": False},
            "one a user, as its times are places",
        ),
    ],
)
def test_the_page_says_what_makes_a_session(cut, words):
    split = {"events": 5, "users": 2, "items": 3, "sessions": 4, "filters": [], **cut}
    assert log(split, True) == f"5 events of 2 users and 3 items in 4 sessions ({words})."


def test_the_page_says_what_the_split_holds_and_what_filters_left_out(tmp_path):
    cell = write_cell(tmp_path, "A", {"pop3": ranks(2, 1)})
    phase = {"instances": 40, "users": 30, "items": 20, "first_target": "2015-05-03T05:03:12+00:00", "in_history": 0.25}
    split = {
        "split": {"LS": "valid_and_test"}, "boundaries": {"test": {"utc": "2015-06-01"}}, "session_threshold": 1800,
        "events": 4321, "users": 34, "items": 56, "sessions": 789, "phases": {"test": phase},
        "filters": [{"filter": "k-core", "rows": 1200, "users": 7, "items": 8},
                    {"filter": "field ranges", "rows": 0, "users": 0, "items": 0}],
        "warnings": ["Targets overlap training."],
    }  # fmt: skip
    (tmp_path / cell["run_folder"] / "split.json").write_text(json.dumps(split))
    write_report(write_board(tmp_path, [cell]))
    page = (tmp_path / "leaderboard.html").read_text()
    held = (
        "4,321 events of 34 users and 56 items in 789 sessions (a gap of over 1,800 s begins a new one)."
        " Left out: k-core: 1,200 rows, 7 users, 8 items."
    )
    assert held in page
    assert held in (tmp_path / "leaderboard.md").read_text()
    assert "test from 2015-06-01" in page
    assert '<th scope="row">items</th><td class="num">20</td>' in page
    assert "<li>Targets overlap training.</li>" in page
    assert "field ranges" not in page
