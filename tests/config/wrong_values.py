"""For every declared setting, values that its declaration rules out."""

from collections.abc import Iterator
from typing import Any

from recbole_lsrec.config.accepted import alternatives, words_of
from recbole_lsrec.config.setting import Setting

NO_WORD = "no_such_word"


def wrong_values(setting: Setting) -> Iterator[Any]:
    """A value of a wrong type, a wrong word, and numbers out of range; of a list of these, lists of such."""
    for value in _of_type(setting.kinds), *_out_of_range(setting.kind):
        if value is not None:
            yield value
    if words_of(setting.kind):
        yield [NO_WORD] if any(kind.startswith("list") for kind in setting.kinds) else NO_WORD


def _of_type(kinds: tuple[str, ...]) -> Any:
    if not kinds:
        return None
    return {"of": "wrong type"} if "dict" not in kinds else 3.5


def _out_of_range(kind: Any) -> Iterator[Any]:
    for one, bounds in alternatives(kind):
        entries = getattr(one, "__args__", ())
        if getattr(one, "__origin__", None) is list and entries:
            yield from ([value] for value in _out_of_range(entries[0]))
        for bound in bounds:
            if hasattr(bound, "ge"):
                yield bound.ge - 1
            if hasattr(bound, "gt"):
                yield bound.gt
            if hasattr(bound, "le"):
                yield bound.le + 1
