"""One JSON object a line."""


def test_half_a_surrogate_pair_is_no_text(prepared):
    text = '{"user": "\\ud83d\\ude00", "item": "x", "time": 1577836800, "\\ud800": 1}\n'
    text += '{"user": "\\ud800", "item": "x", "time": 1577836801}\n'
    events, _, meta = prepared("csv", {"log.jsonl": text}, max_refused=0.5)
    assert events == ["\U0001f600|x|1577836800"]
    (refused,) = meta["account"]["refused"]
    assert (refused["reason"], refused["rows"]) == ("half a surrogate pair, which is no text", 1)
    assert refused["examples"][0].endswith("log.jsonl, line 2")
