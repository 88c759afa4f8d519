"""Names that a reader takes for another name, or for none."""

from collections import Counter
from collections.abc import Iterable

_WORDS = {
    "na", "n/a", "#n/a", "n.a.", "<na>", "nan", "nil", "nul", "null", "(null)", "\\n", "none", "<none>", "-", "--",
    "?", ".",
}  # fmt: skip
_WORDS |= {"unknown", "undefined", "unspecified", "missing", "empty", "(not set)", "not available"}


def none_words(names: Iterable[str]) -> list[str]:
    """The names that read like somebody's word for "there is none", in any case and between spaces.

    They are names all the same: only an empty field is missing. But a category `null` makes one category of all items
    without any.
    """
    return [name for name in names if name.strip().casefold() in _WORDS]


def spaced_twins(names: Iterable[str]) -> list[str]:
    """The names, all different, that have spaces around them without which there are two of them, or nothing is left.

    They are names all the same: `a` and `a ` are two items, though a reader sees one.
    """
    bare = {name: name.strip() for name in names}
    spaced = [name for name, text in bare.items() if name != text]
    if not spaced:
        return []
    often = Counter(bare.values())
    return [name for name in spaced if often[bare[name]] > 1 or not bare[name]]
