"""Names that a reader may take for others: counted, and kept."""

from pathlib import Path

import pytest

from recbole_lsrec.log_checks.names import unseen_twins
from recbole_lsrec.prepare.report import report

HEAD = "user_id,item_id,timestamp\n"


def test_counts_and_shares_by_hand(prepared):
    rows = [
        *("a,x,1577836800,c1,view", "a,x,1577836801,c1,view", "a,y,1577836801,c2,cart", "a,x,1577836801,c1,view"),
        *("b,x,1577836802,c3,view", "b,z,1577836803,c1,view", "c,z,1577836804,c1,view", "c,w,1577836805,c1,view"),
    ]
    log = {"shop.csv": "\n".join(["user_id,item_id,timestamp,category,event_type", *rows, ""])}
    found = prepared("csv", log)[2]["statistics"]
    assert found | {"spaces_around": {}, "floats": {}} == {
        "users": 3,
        "items": 4,
        "interactions": 8,
        "categories": 2,  # c3 is x's in one event of four
        "mean_length": 2.6667,
        "density": 0.66666667,  # 8 / (3 * 4)
        "repeats": 0.25,  # a meets x twice more
        "exact_duplicates": 1,
        "equal_times": 0.375,  # three events of a
        "event_types": {"view": 7, "cart": 1},
        "spaces_around": {},
        "floats": {},
    }


def test_names_with_spaces_around_them_are_counted_and_kept(prepared):
    rows = "a,z,1577836800\na,z ,1577836801\na,y\u00a0,1577836802\na, x ,1577836803\n"
    events, _, meta = prepared("csv", {"shop.csv": HEAD + rows + "b,y,1577836804\n"})
    assert [event.split("|")[1] for event in events] == ["z", "z ", "y\u00a0", " x ", "y"]
    assert meta["statistics"]["spaces_around"]["user"] == {"names": 0, "twins": 0, "example": ""}
    assert meta["statistics"]["spaces_around"]["item"] == {"names": 3, "twins": 2, "example": "y\u00a0"}
    said = report(meta, Path(), "x")
    assert (
        "names of items with spaces around them: 3; names that only spaces or characters that cannot be seen tell from another, "
        "or from none: 2; such as 'y\\xa0'. They are kept" in said
    )
    assert "names of users" not in said
    blank = prepared("csv", {"shop.csv": HEAD + "a,z,1577836800\na,  ,1577836801\n"}, name="blank")[2]
    assert blank["statistics"]["spaces_around"]["item"] == {"names": 1, "twins": 1, "example": "  "}


def test_a_space_that_follows_every_comma_belongs_to_the_separator_if_it_is_given(prepared):
    rows = {"shop.csv": "user_id, item_id, timestamp, category\na, z, 1577836800, c\nb, y, 1577836801, d\n"}
    assert prepared("csv", rows)[0] == ["a| z|1577836800", "b| y|1577836801"]
    said = report(prepared("csv", rows, name="told")[2], Path(), "x")
    for role, name in (("items", " y"), ("categories", " c")):
        assert (
            f"names of {role} with spaces around them: 2; names that only spaces or characters that cannot be seen tell from "
            f"another, or from none: 0; such as {name!r}." in said
        )
    assert prepared("csv", rows, name="given", separator=", ")[0] == ["a|z|1577836800", "b|y|1577836801"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("caf\u00e9", "cafe\u0301"),
        ("a", "a\u200b"),
        ("a", "\ufeffa"),
        ("ab", "a\u00adb"),
        ("a", "\u200b a\u3000"),
        ("a", "a\u0085"),
    ],
)
def test_names_that_only_what_nobody_sees_tells_apart_are_told_by_prepare_as_by_the_loader(prepared, one, other):
    events, _, meta = prepared(
        "csv", {"shop.csv": HEAD + f"u,{one},1577836800\nu,{other},1577836801\nu,b,1577836802\n"}
    )
    assert [event.split("|")[1] for event in events] == [one, other, "b"]
    told = meta["statistics"]["spaces_around"]["item"]
    assert (told["twins"], told["example"]) == (1, other)
    assert f"from none: 1; such as {other!a}. They are kept" in report(meta, Path(), "x")
    assert unseen_twins([one, other, "b"]) == [other]


def test_names_that_a_spreadsheet_or_pandas_wrote_as_numbers_are_told(prepared):
    rows = "a,7.0,1577836800\na,2.05E+18,1577836801\na,7,1577836802\na,1e10,1577836803\na,7.5,1577836804\na,v7.0,1577836805\n"
    events, _, meta = prepared("csv", {"shop.csv": HEAD + rows})
    assert [event.split("|")[1] for event in events] == ["7.0", "2.05E+18", "7", "1e10", "7.5", "v7.0"]
    assert meta["statistics"]["floats"]["item"] == {"names": 2, "example": "2.05E+18"}
    assert "names of items that a program may have written as numbers: 2, such as '2.05E+18'" in report(
        meta, Path(), "x"
    )
