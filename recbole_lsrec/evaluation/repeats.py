"""Metrics that repeat another, as every instance has one target: tables leave them out, files keep them."""

from collections.abc import Iterable

SAME_AS_HIT = {"recall": "hit@k", "precision": "hit@k / k"}


def without_repeats(names: Iterable[str]) -> list[str]:
    """The metrics of one protocol without ``recall@k`` and ``precision@k`` where ``hit@k`` is there."""
    names = list(names)
    repeated = {
        f"{base}@{name.removeprefix('hit@')}" for name in names if name.startswith("hit@") for base in SAME_AS_HIT
    }
    return [name for name in names if name not in repeated]


def left_out(names: Iterable[str]) -> str:
    """Says what :func:`without_repeats` leaves out and what it equals; empty where that is nothing."""
    names = list(names)
    bases = {name.partition("@")[0] for name in {*names}.difference(without_repeats(names))}
    equal = ", ".join(f"{base}@k is {same}" for base, same in SAME_AS_HIT.items() if base in bases)
    return f"Not shown, as an instance has one target: {equal}." if equal else ""
