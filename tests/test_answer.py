"""The tables of the pages on results, and of those that lean on them, hold what the boards in docs/results do."""

import importlib.util
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest

DOCS = Path(__file__).resolve().parents[1] / "docs"
spec = importlib.util.spec_from_file_location("make_answer", DOCS / "make_answer.py")
assert spec is not None
assert spec.loader is not None
make_answer = importlib.util.module_from_spec(spec)
spec.loader.exec_module(make_answer)
PROTOCOLS = {"popular": "pop99", "uniform": "uni99", "all": "full"}
PAGES = {"answer_by_log.md": 15, "tuning.md": 15, "lift_and_probability.md": 11}  # each has more cells than this


def tables(page: str) -> Iterator[tuple[str, list[list[str]]]]:
    """Each table that stands below a link to a board's, with the name of that board."""
    for block in re.split(r"\n(?=#)", (DOCS / page).read_text()):
        board = None
        for part in re.split(r"\n\n", block):
            links = re.findall(r"\(results/([\w-]+)\.md\)", part)
            if part.startswith("|"):
                rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in part.splitlines()]
                if board is not None:
                    yield board, [rows[0], *rows[2:]]
            elif not part.startswith(("* ", "    ")):  # a list talks about other boards too
                board = links[0] if len(links) == 1 else None


def shown(page: str) -> list[tuple[str, str, str, str, str]]:
    """Board, log, protocol, system and text of every cell. Rows are systems; or logs, each model beside its strong form."""
    found = []
    for board, (head, *rows) in tables(page):
        if head[0] == "log" or head[0].startswith("among "):  # of docs/make_answer.py
            continue
        if "strong" in head:
            systems = [f"{before} strong" if name == "strong" else name for before, name in pairwise(head)]
            for row in rows:
                found += [(board, row[0], "pop99", *cell) for cell in zip(systems, row[1:], strict=True)]
            continue
        log, columns = "", []
        for column in head[1:]:
            first, _, protocol = column.rpartition(": ")
            log = first or log or head[0]
            columns.append((log, PROTOCOLS[protocol]))
        for row in rows:
            found += [
                (board, *where, row[0].replace("`", ""), cell) for where, cell in zip(columns, row[1:], strict=True)
            ]
    return found


def held(board: str, log: str, protocol: str, system: str) -> pd.Series:
    """The line of a board's csv."""
    table = pd.read_csv(DOCS / "results" / f"{board}.csv")
    name = re.sub(r" \(.*|[ -]", "", log).lower()
    logs = table.dataset.str.replace(r" by time|-", "", regex=True)
    lines = table[(logs == name) & (table.protocol == protocol) & (table.system == system)]
    return lines[(lines.metric == "ndcg@10") | (lines.status == "not tested")].iloc[0]


@pytest.mark.parametrize("page", PAGES)
def test_every_number_is_the_boards(page: str) -> None:
    cells = shown(page)
    assert len(cells) > PAGES[page]
    for *where, text in cells:
        line = held(*where)
        if line.status == "not tested":
            expected = "not ranked"  # the plan leaves out this protocol for it
        else:
            expected = f"{line['mean']:.3f}".removeprefix("0")
            expected += f" ± {line.sd:.3f}".replace(" 0.", " .") if "±" in text else ""
            expected += " (rising)" if line.status == "rising" else ""
        assert text.replace("*", "") == expected, where


@pytest.mark.parametrize("page", PAGES)
def test_bold_is_what_the_board_marks_as_best(page: str) -> None:
    for *where, text in shown(page):
        assert text.startswith("**") == (held(*where).mark == "best"), where


@pytest.mark.parametrize(
    ("page", "form", "n"), [("tuning.md", "SLSRec strong", 6), ("models/slsrec.md", "SLSRec lineage", 5)]
)
def test_slsrec_beside_another_form_of_it_on_long_boards(page: str, form: str, n: int) -> None:
    """Means, their test, and bold where it is significant."""
    text = (DOCS / page).read_text()
    row = r"^\| \[.*\(\S*results/(answer-[\w-]+)\.md\).* \| (\.\d+|\*\*\S+) \| (\S+) \| ([<.\d]+) \|$"
    rows = re.findall(row, text, re.MULTILINE)
    assert len(rows) == n
    for board, plain, strong, p in rows:
        pairs = pd.read_csv(DOCS / "results" / f"{board}-pairs.csv")
        pairs = pairs[(pairs.protocol == "pop99") & (pairs.metric == "ndcg@10") & (pairs.get("corrected") != "yes")]
        (held_p,) = pairs[pairs.a.isin(["SLSRec", form]) & pairs.b.isin(["SLSRec", form])].p_holm
        assert held_p < 1e-4 if p == "<.0001" else held_p == pytest.approx(float(p), abs=10 ** (1 - len(p)) / 2)
        means = [make_answer._of(board, "ndcg@10").query(f"protocol == 'pop99' and system == '{name}'")["mean"].item()
                 for name in ("SLSRec", form)]  # fmt: skip
        for text, mean in zip((plain, strong), means, strict=True):
            assert text.strip("*") == make_answer._short(mean)
            assert text.startswith("**") == (held_p <= 0.05 and mean == max(means))


def test_slsrec_beside_its_strong_preset_on_ml_1m_is_on_record() -> None:
    record = (DOCS / "results" / "strong-ml-1m.md").read_text().split("\n## ")[1]
    assert record.startswith("Among 99 popular")
    plain, strong = (make_answer._short(float(mean)) for mean in re.findall(r" 2020 +(\S+) ", record))
    low, high = (
        make_answer._short(float(end)) for end in re.findall(r"^M1-M2  \S+  \+(\S+) \+(\S+) ", record, re.M)[0]
    )
    page = " ".join((DOCS / "tuning.md").read_text().split())
    assert f"the plain form has {plain} and `strong` {strong} " in page
    assert f"interval of the difference from {low} to {high})" in page


def test_what_the_page_says_of_pairs_on_ml_1m_is_on_record() -> None:
    pairs = pd.read_csv(DOCS / "results" / "answer-ml-1m-pairs.csv")
    pairs = pairs[pairs.metric == "ndcg@10"]
    systems = {*pairs.a, *pairs.b}
    assert len(systems) == 6

    def ahead(one: str, other: str, protocol: str, corrected: str) -> str:
        """By how much, which is significant."""
        own = pairs[(pairs.protocol == protocol) & (pairs.corrected.fillna("") == corrected)]
        (pair,) = own[own.a.isin([one, other]) & own.b.isin([one, other])].itertuples()
        difference = pair.difference if pair.a == one else -pair.difference
        assert (difference > 0, pair.p_holm <= 0.05) == (True, True), (one, other, protocol, corrected)
        return make_answer._short(difference)

    page = " ".join((DOCS / "answer_by_log.md").read_text().split())
    for corrected, said in (
        ("", "under all three protocols**: of SLSRec by"),
        ("yes", "ahead of every other too, of SLSRec by"),
    ):
        of = {(other, protocol): ahead("SASRec", other, protocol, corrected)
              for other in systems - {"SASRec"} for protocol in ("pop99", "uni99", "full")}  # fmt: skip
        popular, uniform, full = (of["SLSRec", protocol] for protocol in ("pop99", "uni99", "full"))
        assert f"{said} {popular}, {uniform} and {full}." in page
    for one, other, protocol, corrected in (
        ("SLSRec", "FOSSIL", "pop99", ""),
        ("FOSSIL", "SLSRec", "pop99", "yes"),
        ("Markov", "SLSRec", "uni99", ""),
        ("Markov", "SLSRec", "full", ""),
        ("SLSRec", "Markov", "uni99", "yes"),
        ("Markov", "SLSRec", "full", "yes"),
    ):
        ahead(one, other, protocol, corrected)
    table = (DOCS / "results" / "answer-ml-1m.md").read_text().split("### Lift or probability?")[1]
    row = r"^\| (\w+) \| ([\w-]+) \| [^|]+ \| [\d.]+ \| [*_]*([\d.]+)"
    own = {
        (protocol, system): make_answer._short(float(mean))
        for protocol, system, mean in re.findall(row, table, re.MULTILINE)
    }
    for protocol, other in (("pop99", "FOSSIL"), ("uni99", "Markov"), ("full", "Markov")):
        assert f"({own[protocol, 'SLSRec']}, {own[protocol, other]})" in page


def test_what_alpha_knows_is_on_record() -> None:
    record = (DOCS / "results" / "planted-cosmetics.md").read_text()
    kept = [[cell for n, cell in enumerate(line.split(" | ")) if n not in (5, 6)] for line in record.splitlines()]
    page = (DOCS / "counterfactual.md").read_text()
    rows = re.findall(r"^\| SL.*\|$|^\| CLSR .*\|$", page[page.index("Does SLSRec's alpha know") :], re.MULTILINE)
    assert len(rows) == 6
    assert all(row.split(" | ") in kept for row in rows)
    others = re.findall(r"^\| (?:layers, i|cosines|the same)[^|]+\| (0\.\d+ / 0\.\d+ / 0\.\d+)", record, re.MULTILINE)
    assert len(others) == 4
    assert all(f"({aucs.replace('0.', '.')})" in page for aucs in others)
    (valid,) = re.findall(r"(\.\d+ / \.\d+ / \.\d+) for `proxies`", record)
    assert f"it has {valid}." in page


@pytest.mark.parametrize("page", ["answer.md", "answer_by_log.md"])
def test_the_tables_of_all_boards_are_what_the_script_writes(page: str) -> None:
    assert make_answer.with_tables(page) == (DOCS / page).read_text(encoding="utf-8")
    assert make_answer.glance().count("|\n") > 20


def test_a_table_of_all_systems_marks_the_best_the_level_and_the_rising() -> None:
    cells = {
        line.split(" | ")[0].strip("| "): line.strip("|\n ").split(" | ")[1:]
        for line in make_answer.whole("pop99").splitlines()
    }
    assert cells["FOSSIL"][1] == "**.615**"  # RetailRocket
    assert cells["CLSR"][1] == ".477 ↑"
    assert cells["SLi-Rec strong"][:2] == ["_.296_", ".465"]
    assert cells["SLSRec"][3] == "**.273**"  # Complete Journey, of which 12 systems have not been run
    assert cells["CLSR"][4] == "_.317_"  # ml-100k, likewise
    in_full = make_answer.whole("full")
    # DIN and SLSRec lineage on four boards each.
    assert (in_full.count("not ranked"), in_full.count("not run")) == (8, 24)


def test_each_with_its_own_lambda_is_the_best_of_each_kind_by_the_mean_with_it() -> None:
    lines = make_answer.corrected().splitlines()
    boards = len(make_answer.WHOLE) + 6  # ml-1m, five by time
    assert len(lines) == 2 + 3 * boards - 2  # Taobao's items are not ranked in full
    assert "| ml-100k | all | SLi-Rec .031 → .067 | GRU4Rec strong .069 → .070 |" in lines
    assert "| completejourney | 99 uniform | SLSRec strong .277 → .398 | FOSSIL .386 → .401 |" in lines
    assert "| retailrocket | 99 popular | SLSRec strong .555 → .555 | **FOSSIL .615 → .625** |" in lines
    assert "| taobao-favourites | 99 uniform | SLSRec .249 → .302 | FOSSIL .191 → .215 ↑ |" in lines
    assert lines[2 + 8] == "| cosmetics (simulated) | all | SLSRec strong .219 → .240 | **SASRec strong .266 → .267** |"


def test_what_the_page_says_of_pairs_on_cosmetics_is_on_record() -> None:
    pairs = pd.read_csv(DOCS / "results" / "answer-cosmetics-pairs.csv")
    pairs = pairs[pairs.metric == "ndcg@10"]
    systems = dict.fromkeys([*pairs.a, *pairs.b])
    plainer = [name for name in systems if not name.startswith(make_answer.LONG_SHORT)]
    assert len(plainer) == 11
    first = {"CLSR strong", "CLSR", "SLSRec lineage"}

    def less(one: str, other: str, protocol: str, corrected: str = "") -> tuple[float, float]:
        """Difference of the first from the second, and p."""
        own = pairs[(pairs.protocol == protocol) & (pairs.corrected.fillna("") == corrected)]
        (pair,) = own[own.a.isin([one, other]) & own.b.isin([one, other])].itertuples()
        return (pair.difference if pair.a == one else -pair.difference), pair.p_holm

    for protocol in ("pop99", "uni99"):
        for corrected in ("", "yes"):
            for one in first:
                found = [less(one, other, protocol, corrected) for other in plainer]
                assert all(difference > 0 and p <= 0.05 for difference, p in found)
            for one in ("SLi-Rec strong", "SLSRec strong"):
                assert (less(one, "FOSSIL", protocol, corrected)[1] <= 0.05) == ((protocol, corrected) == ("pop99", ""))
    page = " ".join((DOCS / "answer_by_log.md").read_text().split())
    popular, uniform = (less("SLSRec", "FOSSIL", protocol) for protocol in ("pop99", "uni99"))
    assert f"(.613; p {popular[1]:.2f})".replace(" 0", " ") in page
    assert uniform[0] < 0
    assert f"(.608, .628; p {uniform[1]:.3f})".replace(" 0", " ") in page
    gains = [less("SLSRec lineage", "SLSRec", protocol) for protocol in ("pop99", "uni99")]
    assert all(p < 1e-4 for _, p in gains)
    popular, uniform = (make_answer._short(difference) for difference, _ in gains)
    assert f"by {popular} among popular items and {uniform} among uniform ones (p < .0001)" in page
    ahead = [less(one, "SLSRec strong", "full") for one in ("SASRec strong", "SASRec", "FOSSIL")]
    ahead.append(less("SASRec", "DiffLSRec strong", "pop99"))
    assert all(difference > 0 and p <= 0.05 for difference, p in ahead)
    full = ("SASRec strong", "SASRec", "FOSSIL", "SLSRec strong")
    assert f"({', '.join(mean('answer-cosmetics', 'full', system) for system in full)})" in page


def mean(board: str, protocol: str, system: str) -> str:
    """NDCG@10 as the pages write it."""
    (line,) = make_answer._of(board, "ndcg@10").query(f"protocol == '{protocol}' and system == '{system}'").itertuples()
    return make_answer._short(line.mean)


def test_the_long_short_term_models_are_those_of_the_table_of_models() -> None:
    page = " ".join((DOCS / "answer.md").read_text().split())
    said = re.findall(r"the best long/short-term model \(([^)]*)\)", page)[0].split(", ")
    assert said == ["SLSRec", "CLSR", "SLi-Rec", "DiffLSRec", "LSIDN", "SURGE", "MARank"]
    assert set(make_answer.LONG_SHORT) == {*said, "SLiRec", "A2SVD"}  # its names elsewhere


def test_how_many_systems_each_row_is_the_best_of_is_said() -> None:
    numbers = []
    for board in make_answer.BOARDS:
        table = make_answer._of(board, "ndcg@10").query("status == 'done'")
        for _, systems in table.groupby(["dataset", "protocol"]):
            ours = int(systems.system.str.startswith(make_answer.LONG_SHORT).sum())
            numbers.append((len(systems) - ours, ours))
    others, ours = zip(*numbers, strict=True)
    page = " ".join((DOCS / "answer.md").read_text().split())
    said = f"({min(others)} to {max(others)} a row, long/short-term models {min(ours)} to {max(ours)})"
    assert said in page


def test_who_leads_on_how_many_logs_and_splits_is_counted() -> None:
    words = [
        "none",
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "eleven",
        "twelve",
        "thirteen",
    ]
    rows = list(make_answer.rows())
    popular, full = ([row for row in rows if row.among == among] for among in ("99 popular", "all"))
    ours, others = (
        words[sum(getattr(row, side).startswith("**") for row in popular)] for side in ("long_short", "other")
    )
    of_all = words[sum(row.other.startswith("**") for row in full)]
    assert not [row for row in full if row.long_short.startswith("**")]
    open_ones = words[len(popular) - words.index(ours) - words.index(others)]
    page, readme = (" ".join(path.read_text().split()) for path in (DOCS / "answer.md", DOCS.parent / "README.md"))
    assert f"long/short-term models lead on {ours} of {words[len(popular)]}** logs and splits" in page
    assert f"others lead on {of_all} of {words[len(full)]}**, long/short-term models on none" in page
    assert f"on {ours} of {words[len(popular)]} logs and splits." in readme
    assert f"both leave-one-out; {open_ones} are open." in readme
    assert f"leads on {of_all} of {words[len(full)]}." in readme


@pytest.mark.parametrize("board", ["answer-completejourney", "answer-taobao-favourites"])
def test_what_categories_are_worth_is_of_one_test(board: str) -> None:
    without = f"{board}-without-categories"
    drawn = [re.findall(r"candidates (\w{12})", (DOCS / "results" / f"{of}.md").read_text()) for of in (board, without)]
    assert drawn[0] == drawn[1] != []
    figures = f"({mean(board, 'pop99', 'SLSRec')} to {mean(without, 'pop99', 'SLSRec')}; FOSSIL {mean(board, 'pop99', 'FOSSIL')})"
    for page in (DOCS / "answer.md", DOCS.parent / "README.md"):
        assert figures in " ".join(page.read_text().split())


def test_sasrec_that_reads_categories_is_as_the_boards_have_it() -> None:
    page = " ".join((DOCS / "answer_by_log.md").read_text().split())
    for board in ("answer-completejourney-sasrecf", "answer-ml-100k-sasrecf"):
        popular, uniform, full = (mean(board, protocol, "SASRecF") for protocol in ("pop99", "uni99", "full"))
        assert f"[table](results/{board}.md)) has {popular}, {uniform} and {full}" in page


def test_how_much_easier_popular_items_are_than_all_is_said() -> None:
    times = []
    for board in make_answer.BOARDS:
        table = make_answer._of(board, "ndcg@10").query("system not in ('Pop', 'ItemKNN', 'Markov')")
        of = table.pivot_table(index="system", columns="protocol", values="mean")
        times += list((of["pop99"] / of["full"]).dropna()) if "full" in of else []
    times = pd.Series(times)
    page = " ".join((DOCS / "faq.md").read_text().split())
    said = f"is {times.min():.1f} to {times.max():.1f} times as high as among all items, {times.median():.1f} times in the median"
    assert said in page


def test_what_difflsrec_s_page_says_of_a_minute_on_retailrocket_is_on_record() -> None:
    page = " ".join((DOCS / "models" / "difflsrec.md").read_text().split())
    figures = (mean("papers-retailrocket", "pop99", system) for system in ("DiffLSRec", "SLSRec"))
    assert "(NDCG@10 among popular items {}, SLSRec {})".format(*figures) in page


def test_who_is_level_with_the_first_is_read_from_the_pairs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    systems = pd.DataFrame({"system": ["FOSSIL", "SLSRec", "SASRec", "Pop"], "mean": [0.6, 0.5, 0.4, 0.1]})
    pairs = make_answer._pairs("answer-retailrocket", "retailrocket", "pop99", corrected=False)
    assert make_answer._ahead(pairs, "SLSRec", "FOSSIL") == "FOSSIL"
    assert make_answer._level("answer-retailrocket", "retailrocket", "pop99", systems) == {"FOSSIL"}
    monkeypatch.setattr(make_answer, "_pairs", lambda *_, **__: pairs.assign(p_holm=float("nan")))  # as of one seed
    assert make_answer._level("answer-retailrocket", "retailrocket", "pop99", systems) == set(systems.system)
