"""The papers' cuts, step by step, on logs small enough to count."""

import pytest

from recbole_lsrec.errors import DataError
from recbole_lsrec.prepare.recipes import RECIPES, Recipe

HEAD = "user,item,time,category,event\n"


def steps(meta):
    return {step["step"]: step["removed_rows"] for step in meta["account"]["steps"]}


def test_clsr_keeps_first_views_of_items_of_one_category(prepared):
    rows = "a,1,1577836800,x,pv\na,1,1577836801,x,pv\na,2,1577836802,x,buy\n"
    rows += "a,3,1577836803,x,pv\nb,3,1577836804,y,pv\nb,1,1577836805,x,pv\n"
    # 10 events an item and user are more than this log has: the cut ends with nothing left, and says after which step.
    with pytest.raises(
        DataError,
        match=r"nothing is left of 6 rows \(removed by event types: pv: 1 row; items of several categories: 2",
    ):
        prepared("csv", {"log.csv": HEAD + rows}, recipe="clsr", sample_users=1.0)


def test_of_repeats_the_first_by_time_then_by_row_is_kept(prepared, monkeypatch):
    monkeypatch.setitem(RECIPES, "none", Recipe("none", no_repeats=True))
    rows = "a,1,1577836802,,late\na,1,1577836800,,first\na,1,1577836800,,second\nb,1,1577836801,,other\n"
    events = prepared("csv", {"log.csv": HEAD + rows})[0]
    assert events == ["a|1|1577836800|first", "b|1|1577836801|other"]


def test_one_pass_leaves_items_below_the_bound(prepared):
    # ten users see items 0 to 9 each, and "rare" sees item 9 alone: it goes, and item 9 is not looked at again.
    rows = "".join(f"u{u},i{i},{1577836800 + 100 * u + i},c,view\n" for u in range(9) for i in range(10))
    rows += "".join(f"v,i{i},{1577846800 + i},c,view\n" for i in range(9)) + "w,i9,1577856800,c,view\n"
    _, _, meta = prepared("csv", {"log.csv": HEAD + rows}, recipe="lsidn", sample_users=1.0)
    assert steps(meta)["items with 10 events"] == 0
    assert steps(meta)["users with 10 events"] == 10  # v has nine, w has one
    assert meta["statistics"]["interactions"] == 90
    # Iterated, every item now has nine. No recipe is at work, so the option that is to be named is --k-core.
    with pytest.raises(
        DataError, match=r"nothing is left of .*; ask for less with --recipe, --k-core or --sample-users\.$"
    ):
        prepared("csv", {"log.csv": HEAD + rows}, k_core=10, name="iterated")


def test_the_draw_of_users_is_exact_and_depends_on_the_seed_alone(prepared):
    rows = "".join(f"u{n},i,{1577836800 + n},c,view\n" for n in range(40))
    drawn = [
        prepared("csv", {"log.csv": HEAD + text}, sample_users=0.25, seed=seed, name=f"s{place}")[0]
        for place, (text, seed) in enumerate([(rows, 1), ("".join(sorted(rows.splitlines(True))[::-1]), 1), (rows, 2)])
    ]
    assert len(drawn[0]) == 10
    assert drawn[0] == drawn[1] != drawn[2]


def test_the_account_names_the_share_of_users_that_was_asked_for(prepared):
    rows = "".join(f"u{n},i,{1577836800 + n},c,view\n" for n in range(300))
    meta = prepared("csv", {"log.csv": HEAD + rows}, sample_users=0.005)[2]
    assert steps(meta)["0.5% of the users"] == 298  # 1.5 are 2


def test_views_that_nothing_names_are_asked_for(prepared):
    with pytest.raises(DataError, match="keeps views, but the event types are 'eat'"):
        prepared("csv", {"log.csv": HEAD + "a,1,1577836800,x,eat\n"}, recipe="clsr")


def test_the_meta_file_says_what_is_known_and_what_is_ours(prepared):
    rows = "".join(f"u{u},i{i},{1577836800 + i},c,view\n" for u in range(10) for i in range(10))
    _, _, meta = prepared("csv", {"log.csv": HEAD + rows}, recipe="slsrec", sample_users=1.0)
    assert meta["recipe"]["name"] == "slsrec"
    assert "appendix" in meta["recipe"]["ours"]
