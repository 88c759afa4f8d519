from dataclasses import replace

from recbole_lsrec.analysis.compare import Pair
from recbole_lsrec.leaderboard.page.standing import Standing, standing

VALUES = {"a": 0.5, "b": 0.4, "c": 0.3}


def pair(a: str, b: str, p: float, values: dict[str, float] = VALUES) -> Pair:
    return Pair(
        a, b, values[a] - values[b], low=0, high=0, t_users=0, p_users=p, d=0, win=0, tie=0, loss=0, seed_se=None, t=0,
        p=p, p_holm=p, about="models",
    )  # fmt: skip


def of(ab: float, ac: float, bc: float, higher: bool = True) -> Standing:
    return standing(VALUES, [pair("a", "b", ab), pair("c", "a", ac), pair("b", "c", bc)], higher, 0.05)


def test_every_difference_is_significant():
    assert of(0.01, 0.001, 0.05) == Standing(["a", "b", "c"], "a", "b", ["a"], [], 3)


def test_none_is():
    assert of(0.2, 0.06, 1.0) == Standing(["a", "b", "c"], None, None, ["a", "b", "c"], [], 0)


def test_the_first_two_are_level_so_neither_is_best_nor_second():
    assert of(0.3, 0.01, 0.01) == Standing(["a", "b", "c"], None, None, ["a", "b"], [], 2)


def test_a_best_but_no_second():
    assert of(0.01, 0.01, 0.4) == Standing(["a", "b", "c"], "a", None, ["a"], [], 2)


def test_better_than_the_second_but_not_than_the_third_is_not_best():
    assert of(0.01, 0.2, 0.4) == Standing(["a", "b", "c"], None, None, ["a", "c"], [], 1)


def test_who_is_better_over_users_than_the_first_is_not_level_with_it():
    found = standing(
        VALUES, [pair("a", "b", 0.01, {"a": 0.1, "b": 0.2}), pair("a", "c", 0.2), pair("b", "c", 0.2)], True, 0.05
    )
    assert found == Standing(["a", "b", "c"], None, None, ["a", "c"], ["b"], 1)


def test_lower_is_better_turns_it_round():
    assert of(0.01, 0.01, 0.01, higher=False) == Standing(["c", "b", "a"], "c", "b", ["c"], [], 3)


def test_of_two_systems_only_the_best_is_marked():
    values = {"a": 0.5, "b": 0.4}
    assert standing(values, [pair("a", "b", 0.01)], True, 0.05) == Standing(["a", "b"], "a", None, ["a"], [], 1)


def test_one_system_is_not_best():
    assert standing({"a": 0.5}, [], True, 0.05) == Standing(["a"], None, None, ["a"], [], 0)


def test_single_seeds_make_no_order():
    pairs = [replace(pair(a, b, 0.001), p=None, p_holm=None, about="runs") for a, b in ("ab", "ac", "bc")]
    assert standing(VALUES, pairs, True, 0.05) == Standing(["a", "b", "c"], None, None, ["a", "b", "c"], [], 0)
