"""One JSON object a line."""

import pytest

from recbole_lsrec.errors import DataError


def test_half_a_surrogate_pair_is_no_text(prepared):
    text = '{"user": "\\ud83d\\ude00", "item": "x", "time": 1577836800, "\\ud800": 1}\n'
    text += '{"user": "\\ud800", "item": "x", "time": 1577836801}\n'
    events, _, meta = prepared("csv", {"log.jsonl": text}, max_refused=0.5)
    assert events == ["\U0001f600|x|1577836800"]
    (refused,) = meta["account"]["refused"]
    assert (refused["reason"], refused["rows"]) == ("half a surrogate pair, which is no text", 1)
    assert refused["examples"][0].endswith("log.jsonl, line 2")


def test_a_key_that_is_there_twice(prepared):
    text = '{"user": "a", "item": "x", "time": 1577836801}\n'
    text += '{"user": "a", "item": "x", "item": "y", "time": 1577836800}\n'
    events, _, meta = prepared("csv", {"log.jsonl": text}, max_refused=0.5)
    assert events == ["a|x|1577836801"]
    (example,) = meta["account"]["refused"][0]["examples"]
    assert example.endswith("log.jsonl, line 2: the key 'item' is there twice")


EVENTS = "".join(f'{{"user": "a", "item": "x", "time": {1577836800 + n}}}\n' for n in range(100))
LATE = '{"user": "a", "item": "x", "time": 1577836900, "session": "s", "other": 1}\n'


def test_a_key_that_comes_late_is_told_and_can_be_named(prepared):
    events, _, meta = prepared("csv", {"log.jsonl": EVENTS + LATE})
    assert events[-1] == "a|x|1577836900"
    (note,) = meta["account"]["notes"]
    assert note.endswith(
        "log.jsonl: keys that none of the first objects has: other, session; they are used only where named"
    )
    named = prepared("csv", {"log.jsonl": EVENTS + LATE}, columns={"session": "session"}, name="named")
    assert named[0][-1] == "a|x|1577836900|s"


def test_what_is_no_object_is_refused_wherever_it_stands(prepared):
    text = "\n\n" + EVENTS[:200].rpartition("\n")[0] + "\n" + "[" * 100_000 + "\n7\n"
    events, _, meta = prepared("csv", {"log.jsonl": text}, max_refused=0.5)
    assert len(events) == 4
    assert [(entry["reason"], entry["rows"]) for entry in meta["account"]["refused"]] == [("no JSON object", 2)]
    accepted = "accepted: one object a line, as jq -c '.\\[\\]' writes it of an array and jq -c . of objects over several lines"
    for name, text, found in (
        ("array", "\n[1]\n", r"line 2: is no JSON object \(but a list\)"),
        ("pretty", "[\n {\n", r"line 1: is no JSON object \(Expecting value: .*\)"),
        ("object", '{\n "user": 1\n}\n', r"line 1: is no JSON object \(Expecting property name .*\)"),
    ):
        with pytest.raises(DataError, match=rf"log\.jsonl, {found}; {accepted}\.$"):
            prepared("csv", {"log.jsonl": text}, name=name)


@pytest.mark.parametrize(("encoding", "given"), [("utf-16", None), ("utf-16", "utf-16"), ("utf-16-le", "utf-16-le")])
def test_json_in_utf_16_is_refused(prepared, encoding, given):
    with pytest.raises(
        DataError, match=r"log\.jsonl: is UTF-16 or of its kind; JSON lines are read in others: save it as UTF-8"
    ):
        prepared("csv", {"log.jsonl": EVENTS.encode(encoding)}, encoding=given)


def test_json_in_another_encoding(prepared):
    raw = EVENTS.replace('"a"', '"\u00e9"').encode("latin-1")
    with pytest.raises(DataError, match=r"log\.jsonl, line 1: is no utf-8 \(.*\); give --encoding, such as latin-1"):
        prepared("csv", {"log.jsonl": raw})
    assert prepared("csv", {"log.jsonl": raw}, encoding="latin-1")[0][0] == "\u00e9|x|1577836800"


@pytest.mark.parametrize(
    ("number", "name"),
    [
        ("7", "7"),
        ("7.0", "7"),
        ("1e3", "1000"),
        ("-2.50", "-2.5"),
        ("1.5e-10", "1.5e-10"),
        ("0e99999", "0"),
        ("true", "true"),
    ],
)
def test_one_number_is_one_id_however_it_is_written(prepared, number, name):
    text = f'{{"user": "a", "item": {number}, "time": 1577836800}}\n{{"user": "a", "item": "{name}", "time": 1.5778368005e9}}\n'
    events, _, _ = prepared("csv", {"log.jsonl": text})
    assert events == [f"a|{name}|1577836800000", f"a|{name}|1577836800500"]


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        ("1e16", "a number too large to be exact (2**53 and more, with a fraction or an exponent)"),
        ("Infinity", "a number too large to be exact (2**53 and more, with a fraction or an exponent)"),
        ('["x"]', "an id is a list or an object"),
        ('{"id": 1}', "an id is a list or an object"),
        ("NaN", "no item"),
    ],
)
def test_what_is_no_id_is_refused_and_counted(prepared, item, reason):
    text = f'{{"user": "a", "item": {item}, "time": 1577836800}}\n{{"user": "a", "item": 9007199254740993, "time": 1577836801}}\n'
    events, _, meta = prepared("csv", {"log.jsonl": text}, max_refused=0.5)
    assert events == ["a|9007199254740993|1577836801"]
    assert [(entry["reason"], entry["rows"]) for entry in meta["account"]["refused"]] == [(reason, 1)]
