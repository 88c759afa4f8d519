"""Names that a reader takes for another name, or for none."""

from collections import Counter
from collections.abc import Collection, Iterable
from unicodedata import category, normalize

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


def unseen_twins(names: Collection[str]) -> list[str]:
    """The names, all different, without whose spaces around and unseen characters there are two of them, or nothing is left.

    They are names all the same: `a` and `a ` are two items, as are two spellings of `é`, though a reader sees one.
    """
    bare = {name: seen for name in names if (seen := _as_seen(name)) != name}
    often = Counter(bare.values())
    plain = {name for name in names if name in often} if bare else set()
    return [name for name, seen in bare.items() if often[seen] > 1 or seen in plain or not seen]


def _as_seen(name: str) -> str:
    """In one form of Unicode, without characters that only format text (as the zero width space) and spaces around."""
    if not name.isascii():
        if not name.isprintable():  # as no name with such a character is; quick to ask of a million
            name = "".join(letter for letter in name if category(letter) != "Cf")
        name = normalize("NFC", name)
    return name.strip()
