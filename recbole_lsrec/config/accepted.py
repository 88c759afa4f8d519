"""What a type accepts, in words for people and as the short names of the comments in yaml files."""

from collections.abc import Iterator
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

_NAMES = {"int": "a whole number", "float": "a number", "str": "text", "bool": "True or False", "dict": "a dict"}
_MANY = {"int": "whole numbers", "float": "numbers", "str": "texts"}


def in_words(kind: Any) -> str:
    """What is accepted: ``a whole number greater than 0, or ~ for none``."""
    phrases = [_phrase(one, about) for one, about in alternatives(kind) if one is not NoneType]
    optional = any(one is NoneType for one, _ in alternatives(kind))
    return " or ".join(dict.fromkeys(phrases)) + (", or ~ for none" if optional else "")


def kinds_of(kind: Any) -> tuple[str, ...]:
    """Names of the kinds of value: ``("int", "None")``, ``("list of int",)``; none for Any."""
    return tuple(dict.fromkeys(_name(one) for one, _ in alternatives(kind) if one is not Any))


def words_of(kind: Any) -> tuple[str, ...]:
    """The words accepted, of a type that lists them, or of lists of which it lists the entries."""
    words: list[str] = []
    for one, _ in alternatives(kind):
        if get_origin(one) is Literal:
            words += [word for word in get_args(one) if isinstance(word, str)]
        elif get_origin(one) is list:
            words += words_of(get_args(one)[0])
    return tuple(words)


def alternatives(kind: Any, outer: tuple[Any, ...] = ()) -> Iterator[tuple[Any, tuple[Any, ...]]]:
    """Each member of a union with the bounds on it."""
    origin = get_origin(kind)
    if origin is Annotated:
        inner, *about = get_args(kind)
        yield from alternatives(inner, (*outer, *_flat(about)))
    elif origin in (Union, UnionType):
        for one in get_args(kind):
            yield from alternatives(one, outer)
    else:
        yield kind, outer


def _flat(about: list[Any]) -> Iterator[Any]:
    for one in about:
        yield from getattr(one, "metadata", None) or [one]  # pydantic's Field(...) holds the bounds in a list


def _name(one: Any) -> str:
    if get_origin(one) is Literal:
        return type(get_args(one)[0]).__name__
    if one is NoneType:
        return "None"
    if get_origin(one) is list:
        (inner,) = kinds_of(get_args(one)[0]) or ("",)
        return f"list of {inner}" if inner in _MANY else "list"
    return (get_origin(one) or one).__name__


def _phrase(one: Any, about: tuple[Any, ...]) -> str:
    if get_origin(one) is Literal:
        return "one of " + ", ".join(str(word) for word in get_args(one))
    if get_origin(one) is list:
        return _list(get_args(one)[0], about)
    name = _name(one)
    return _NAMES.get(name, "a list" if name == "list" else name) + _size(about, whole=name == "int")


def _list(entry: Any, about: tuple[Any, ...]) -> str:
    if words_of(entry):
        return f"a list of {', '.join(words_of(entry))}"
    ((inner, bounds),) = alternatives(entry)
    many = _MANY.get(_name(inner), "") if inner is not Any else ""
    least = max((getattr(one, "min_length", 0) for one in about), default=0)
    exact = any(getattr(one, "max_length", None) == least for one in about)
    return (
        "a list"
        + (f" of {f'{least} ' if exact else ''}{many}{_size(bounds, whole=inner is int)}" if many else "")
        + (", at least one" if least and not exact else "")
    )


def _size(about: tuple[Any, ...], whole: bool) -> str:
    bound = {name: getattr(one, name) for one in about for name in ("ge", "gt", "le", "lt") if hasattr(one, name)}
    if "ge" in bound and "lt" in bound:
        return f" of at least {bound['ge']:g} and below {bound['lt']:g}"
    if "ge" in bound and "le" in bound:
        return f" from {bound['ge']} to {bound['le']}"
    if "gt" in bound and "le" in bound:
        return f" greater than {bound['gt']:g} and at most {bound['le']:g}"
    if "gt" in bound:
        return f" greater than {bound['gt']:g}"
    if "ge" in bound:
        return " greater than 0" if whole and bound["ge"] == 1 else f" of at least {bound['ge']:g}"
    return ""
