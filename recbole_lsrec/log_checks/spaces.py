"""Names that differ from another, or from none, by nothing but spaces around them."""

from collections import Counter
from collections.abc import Iterable


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
