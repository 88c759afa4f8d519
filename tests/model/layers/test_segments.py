from collections import Counter

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from recbole_lsrec.model.layers.segments import (
    majority_category,
    place_in_segment,
    segment_max,
    segment_softmax,
    segment_sum,
    split_sessions,
)

SEGMENT = torch.tensor([0, 0, 2, 2, 2])


def test_sum_max_and_place() -> None:
    values = torch.tensor([[1.0, 2], [3, -4], [5, 6], [7, 8], [9, 10]])
    assert segment_sum(values, SEGMENT, 4).tolist() == [[4, -2], [0, 0], [21, 24], [0, 0]]
    assert segment_max(values, SEGMENT, 4, -1.0).tolist() == [[3, 2], [-1, -1], [9, 10], [-1, -1]]
    assert place_in_segment(SEGMENT, 4).tolist() == [0, 1, 0, 1, 2]
    assert segment_sum(torch.zeros(0, 3, 2), torch.zeros(0, dtype=torch.long), 2).shape == (2, 3, 2)


def test_softmax_equals_softmax_of_each_segment() -> None:
    logits = torch.tensor([[1.0], [2], [1000], [999], [-1000]])
    weights = segment_softmax(logits, SEGMENT, 4, torch.ones(5))
    torch.testing.assert_close(weights[:2], logits[:2].softmax(0))
    torch.testing.assert_close(weights[2:], logits[2:].softmax(0))


def test_softmax_counts_equal_events() -> None:
    logits, counts = torch.tensor([[1.0], [1], [0], [0], [0]]), torch.tensor([3.0, 1, 1, 2, 5])
    assert segment_softmax(logits, SEGMENT, 4, counts).flatten().tolist() == [0.75, 0.25, 0.125, 0.25, 0.625]


def test_softmax_gradient_equals_torch() -> None:
    torch.manual_seed(0)
    logits = torch.randn(5, 2, requires_grad=True)
    weight = torch.randn(5, 2)
    (found,) = torch.autograd.grad((segment_softmax(logits, SEGMENT, 4, torch.ones(5)) * weight).sum(), logits)
    plain = torch.cat([logits[:2].softmax(0), logits[2:].softmax(0)])
    (expected,) = torch.autograd.grad((plain * weight).sum(), logits)
    torch.testing.assert_close(found, expected)


def test_split_sessions() -> None:
    items = torch.tensor([[11, 12, 13, 14, 15], [21, 0, 0, 0, 0], [31, 32, 33, 0, 0]])
    labels = torch.tensor([[1, 1, 2, 3, 3], [1, 0, 0, 0, 0], [4, 6, 6, 0, 0]])
    sessions = split_sessions(items, labels, torch.tensor([5, 1, 3]))
    assert sessions.items.tolist() == [11, 12, 13, 31] + [14, 15, 21, 32, 33]
    assert sessions.row.tolist() == [0, 0, 0, 2] + [0, 0, 1, 2, 2]
    assert sessions.counts.tolist() == [1.0] * 9
    assert sessions.n_long.tolist() == [2, 0, 1]
    assert sessions.max_long == 2
    assert sessions.long_session.tolist() == [0, 0, 1, 4]  # instance * max_long + place
    assert [part.tolist() for part in sessions.parts(sessions.items)] == [[11, 12, 13, 31], [14, 15, 21, 32, 33]]


def test_a_session_holds_each_of_its_items_once() -> None:
    items = torch.tensor([[7, 8, 7, 7, 9, 8, 8, 9], [5, 5, 5, 9, 9, 9, 9, 9], [4, 3, 4, 9, 9, 9, 9, 9]])
    labels = torch.tensor([[1, 1, 1, 2, 2, 3, 3, 3], [1, 1, 1, 1, 1, 1, 1, 1], [2, 3, 3, 0, 0, 0, 0, 0]])
    sessions = split_sessions(items, labels, torch.tensor([8, 3, 3]))
    found = list(zip(*(part.tolist() for part in (sessions.row, sessions.items, sessions.counts)), strict=True))
    long, current = found[: len(sessions.long_session)], found[len(sessions.long_session) :]
    assert long == [(0, 8, 1), (0, 7, 2), (0, 7, 1), (0, 9, 1), (2, 4, 1)]  # at the place of the last
    assert sessions.long_session.tolist() == [0, 0, 1, 1, 4]
    assert current == [(0, 8, 2), (0, 9, 1), (1, 5, 3), (2, 3, 1), (2, 4, 1)]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.tuples(st.integers(1, 4), st.booleans()), min_size=1, max_size=7), min_size=1, max_size=4))
def test_occurrences_are_counted(histories: list[list[tuple[int, bool]]]) -> None:
    width = 7
    items, labels = (torch.full((len(histories), width), 9) for _ in range(2))
    expected: Counter[tuple[int, int, int]] = Counter()
    for b, history in enumerate(histories):
        label = 0
        for step, (item, new) in enumerate(history):
            label += new or not step
            items[b, step], labels[b, step] = item, label
            expected[b, label, item] += 1
    sessions = split_sessions(items, labels, torch.tensor([len(history) for history in histories]))
    row = sessions.row.tolist()
    number = [n % sessions.max_long + 1 for n in sessions.long_session.tolist()]
    number += [int(sessions.n_long[b]) + 1 for b in row[len(number) :]]
    found = zip(row, number, sessions.items.tolist(), strict=True)
    assert dict(zip(found, sessions.counts.tolist(), strict=True)) == expected


def test_majority_category() -> None:
    category = torch.tensor([1, 2, 2, 3, 4, 5, 5, 4, 1, 1, 2, 2, 3, 7])
    row = torch.tensor([0] * 4 + [1] * 4 + [2] * 5 + [3])
    once = torch.ones(14)
    last = majority_category(category, once, row, 4, "last")
    recent = majority_category(category, once, row, 4, "recent")
    as_sets = [[set(category[(row == b) & mask].tolist()) for b in range(4)] for mask in (last, recent)]
    assert as_sets == [[{2}, {4}, {3}, {7}], [{2}, {4}, {2}, {7}]]
    assert last.tolist() == [False, True, True, False, True, False, False, True] + [False] * 4 + [True, True]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.integers(0, 3), min_size=1, max_size=8), min_size=1, max_size=4))
def test_majority_category_of_any_session(sessions: list[list[int]]) -> None:
    category = torch.tensor([c for session in sessions for c in session])
    row = torch.tensor([b for b, session in enumerate(sessions) for _ in session])
    for tie in ("last", "recent"):
        expected = []
        for session in sessions:
            most = max(map(session.count, session))
            leading = [c for c in session if session.count(c) == most]
            star = session[-1] if tie == "last" and len(set(leading)) > 1 else leading[-1]
            expected += [c == star for c in session]
        once = torch.ones(len(category))
        assert majority_category(category, once, row, len(sessions), tie).tolist() == expected


def test_majority_category_counts_repeats() -> None:
    category, row = torch.tensor([1, 2, 3, 3]), torch.tensor([0, 0, 0, 0])
    counts = torch.tensor([3.0, 1.0, 1.0, 1.0])
    assert majority_category(category, counts, row, 1, "last").tolist() == [True, False, False, False]
    counts[0] = 2  # tied with 3
    assert majority_category(category, counts, row, 1, "recent").tolist() == [False, False, True, True]
