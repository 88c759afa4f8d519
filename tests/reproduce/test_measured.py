"""What docs/reproducing.md says of the entries that were run on the simulated log is what their boards hold."""

from pathlib import Path

import pandas as pd
import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"


def means(entry: str) -> pd.Series:
    """Of an entry's run on cosmetics, by system and metric."""
    path = DOCS / "results" / f"reproduce-{entry}-cosmetics.csv"
    return pd.read_csv(path).set_index(["system", "metric"])["mean"]


def pairs_of(entry: str) -> pd.DataFrame:
    """Each pair of its systems in GAUC, the board's only tested metric, by their names in the file's order."""
    pairs = pd.read_csv(DOCS / "results" / f"reproduce-{entry}-cosmetics-pairs.csv")
    assert set(pairs.metric) == {"gauc_rows"}
    return pairs.set_index(["a", "b"])


def section(title: str) -> str:
    return (
        (DOCS / "reproducing.md").read_text().split(f"## SLSRec's {title} on the simulated log\n")[1].split("\n## ")[0]
    )


def tables(text: str) -> list[pd.DataFrame]:
    """Its tables, the first column and the first line as names."""
    blocks = [block.splitlines() for block in text.split("\n\n") if block.startswith("|")]
    cells = [[[cell.strip() for cell in line.strip("|").split("|")] for line in block] for block in blocks]
    return [pd.DataFrame([row[1:] for row in rows[2:]], [row[0] for row in rows[2:]], rows[0][1:]) for rows in cells]


def short(value: float, digits: int = 3) -> str:
    return f"{value:.{digits}f}".removeprefix("0")


@pytest.mark.parametrize(("number", "systems"), [(2, 10), (3, 8)])
def test_tables_2_and_3(number: int, systems: int) -> None:
    (table,), measured = tables(section(f"table {number}")), means(f"slsrec-t{number}")
    assert table.shape == (systems, 5)
    for system in table.index:
        row = [short(measured[system.split(" (")[0], metric.lower()]) for metric in table.columns]
        assert row == list(table.loc[system]), system


def test_who_is_ahead_in_table_2() -> None:
    text, pairs = section("table 2"), pairs_of("slsrec-t2")
    ahead = [pairs.loc[("SLSREC", name)] for name in ("CLSR", "SLIREC")]
    assert max(pair.p_holm for pair in ahead) < 0.05
    assert f"by {short(-ahead[0].difference)} and {short(-ahead[1].difference)}" in text
    behind, lsidn = pairs.loc[("SLSREC", "SASREC")], pairs.loc[("SLSREC", "LSIDN")]
    assert (
        f"SASREC, {short(behind.difference)}\n  behind, cannot be told apart from it (p {short(behind.p_holm, 2)})"
        in text
    )
    assert lsidn.p_holm == 1
    assert "CASER" not in pairs.index.get_level_values("a").union(pairs.index.get_level_values("b"))


def test_what_table_3_says_of_the_parts() -> None:
    pairs = pairs_of("slsrec-t3")
    long = pairs.loc[("SLSREC", "w/o long")]
    assert f"by {short(long.difference)} (p {short(long.p_holm, 4)})" in section("table 3")
    assert (pairs.loc[("SLSREC", "w/o CL")].p_holm, pairs.loc[("SLSREC", "w/o cate")].p_holm) == (1, 1)


def test_figures_4_and_5() -> None:
    shown = tables(section("figures 4 and 5"))
    for table, entry, name, n in zip(shown, ("slsrec-f4", "slsrec-f5"), ("lambda", "omega"), (8, 7), strict=True):
        measured = means(entry)
        assert table.shape == (2, n)
        for value in table.columns:
            column = [short(measured[f"{name} {value}", metric]) for metric in ("gauc", "mrr")]
            assert column == list(table[value]), (name, value)


def test_no_two_weights_and_no_two_short_gaps_can_be_told_apart() -> None:
    text, weights, gaps = section("figures 4 and 5"), pairs_of("slsrec-f4"), pairs_of("slsrec-f5")
    weights = weights[[all(name.startswith("lambda") for name in pair) for pair in weights.index]]
    assert len(weights) == 28
    assert weights.p_holm.min() > 0.05
    heavy = weights.loc[("lambda 0.1", "lambda 1")]
    assert f"{short(heavy.difference)} below the paper's 0.1 (p {short(heavy.p_holm, 2)})" in text
    near = gaps[[all(name.endswith("minutes") for name in pair) for pair in gaps.index]]
    assert len(near) == 10
    assert near.p_holm.min() > 0.05
    day = gaps.loc[("omega 30 minutes", "omega 1 day")]
    assert f"by {short(day.difference)} (p {short(day.p_holm)})" in text
