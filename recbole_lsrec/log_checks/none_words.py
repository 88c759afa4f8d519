"""Names that may be somebody's word for "there is none"."""

from collections.abc import Iterable

_WORDS = {
    "na", "n/a", "#n/a", "n.a.", "<na>", "nan", "nil", "nul", "null", "(null)", "\\n", "none", "<none>", "-", "--",
    "?", ".",
}  # fmt: skip
_WORDS |= {"unknown", "undefined", "unspecified", "missing", "empty", "(not set)", "not available"}


def none_words(names: Iterable[str]) -> list[str]:
    """The names that read like one, in any case and between spaces.

    They are names all the same: only an empty field is missing. But a category `null` makes one category of all items
    without any.
    """
    return [name for name in names if name.strip().casefold() in _WORDS]
