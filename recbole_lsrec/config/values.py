"""Text to values: YAML files, the command line, and strings in a dictionary. Literals only, nothing is evaluated."""

import ast
import re
from collections.abc import Iterable, Sequence
from copy import deepcopy
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from recbole_lsrec.errors import ConfigError


class YamlLoader(yaml.SafeLoader):
    """PyYAML's safe loader, with numbers as RecBole reads them (``1e-3`` is a float) and dates left as text.

    A key that appears twice in a mapping is an error, and so is a value that holds itself.
    """

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        return super().construct_object(node, deep=True)  # which refuses what is not finished when it is met again

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                continue
            if key.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key.value!r} is there twice", key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep)


# YAML 1.1 also reads 12:30 as 750 (base 60) and 010 as 8; both are left as text.
_REPLACED_TAGS = {f"tag:yaml.org,2002:{name}" for name in ("timestamp", "int", "float")}
YamlLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag not in _REPLACED_TAGS]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
YamlLoader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"[-+]?(?:0|[1-9][0-9_]*)$"), list("-+0123456789"))
YamlLoader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(
        r"""[-+]?(?:[0-9][0-9_]*\.[0-9_]*(?:[eE][-+]?[0-9]+)?
        |[0-9][0-9_]*[eE][-+]?[0-9]+
        |\.[0-9][0-9_]*(?:[eE][-+]?[0-9]+)?
        |\.(?:inf|Inf|INF))$
        |\.(?:nan|NaN|NAN)$""",
        re.VERBOSE,
    ),
    list("-+0123456789."),
)
# RecBole's documentation writes None in its yaml.
YamlLoader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"None$"), ["N"])


def read_yaml(path: str | Path) -> dict[str, Any]:
    """Reads a file of settings.

    Raises:
        ConfigError: the file is missing, is no valid YAML (names the line), or is not a mapping of names to values.
    """
    if Path(path).exists() and not Path(path).is_file():
        raise ConfigError(f"{path}: is no file; give the path of a YAML file.")  # a pipe could make us wait for ever
    try:
        text = Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(
            f"{path}: cannot be read ({error.strerror}); give the path of a YAML file, absolute or from {Path.cwd()}."
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: is not UTF-8 text ({error}); save it as UTF-8.") from error
    try:
        values = deepcopy(_parsed(text))
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # ValueError: of a date that there is not
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        problem = " ".join(str(getattr(error, "problem", None) or error).split())
        raise ConfigError(
            f"{path}{line}: {problem}; accepted: plain YAML, 'key: value' a line (quote intervals such as \"[5,inf)\")."
        ) from error
    if values is None:
        return {}
    if not isinstance(values, dict) or not all(isinstance(key, str) for key in values):
        raise ConfigError(f"{path}: found {_brief(values)}; accepted: 'key: value' a line, each key a name.")
    return values


@lru_cache(maxsize=128)
def _parsed(text: str) -> Any:
    """Every cell of a leaderboard and every trial of a search reads the same few files."""
    return yaml.load(text, Loader=YamlLoader)


def parse_text(text: str) -> Any:
    """Returns the value that a text stands for: a Python or YAML literal, otherwise the text itself.

    ``1e-3`` is a float, ``~``, ``null`` and ``None`` are None, ``(64, 32)`` is a list, ``{mode: full}`` a dict;
    ``2020-10-12``, ``1/0`` and ``print`` stay text.
    """
    if text.strip().lower() in ("~", "null", "none"):
        return None
    try:
        value = ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        try:
            value = yaml.load(text, Loader=YamlLoader)
        except (yaml.YAMLError, ValueError, RecursionError):
            return text
        if value is None or isinstance(value, str):
            return text
        if isinstance(value, (list, dict)) and text.lstrip()[0] not in "[{":
            return text  # "a: b" is a mapping to YAML, but nobody means one here
    value = plain_types(value)
    return value if isinstance(value, (bool, int, float, str, list, dict)) else text


def plain_types(value: Any) -> Any:
    """Returns the value in plain types: tuples and arrays become lists, numpy numbers and paths plain."""
    if isinstance(value, (list, tuple)):
        return [plain_types(entry) for entry in value]
    if isinstance(value, dict):
        return {key: plain_types(entry) for key, entry in value.items()}
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, np.generic):
        return value.item()
    return value.tolist() if isinstance(value, np.ndarray) else value


def arguments_of(arguments: Iterable[str]) -> list[str]:
    """The arguments of a command line that is given in Python.

    Raises:
        ConfigError: they are no list of text.
    """
    given = [*arguments] if isinstance(arguments, Iterable) and not isinstance(arguments, str) else [None]
    if not all(isinstance(argument, str) for argument in given):
        raise ConfigError(f"command_line: found {arguments!r}; accepted: a list of arguments, such as ['--epochs=3'].")
    return [str(argument) for argument in given]


def parse_command_line(arguments: Sequence[str]) -> dict[str, str | bool]:
    """Splits ``--key=value``, ``--key value`` and bare ``--flag`` (True) into names and texts.

    Hyphens in a key are read as underscores. Values stay text: what they stand for depends on the key.

    Raises:
        ConfigError: something that is none of these, a dotted key, or one key with two values.
    """
    found: dict[str, str | bool] = {}
    waiting = arguments_of(arguments)
    while waiting:
        argument = waiting.pop(0)
        name, equals, text = argument.removeprefix("--").partition("=")
        key = name.replace("-", "_")
        if argument.startswith("--") and "." in key and key.replace(".", "").isidentifier():
            outer, inner = key.split(".", 1)
            raise ConfigError(
                f"command line: found {argument!r}; a nested setting is one value: --{outer}='{{{inner}: ...}}'."
            )
        if not argument.startswith("--") or not key.isidentifier():
            raise ConfigError(f"command line: found {argument!r}; accepted: --key=value, --key value, or --flag.")
        value: str | bool = text
        if not equals:
            value = waiting.pop(0) if waiting and not waiting[0].startswith("--") else True
        if key in found and found[key] != value:
            raise ConfigError(f"{key}: found {found[key]!r} and {value!r} on the command line; give it once.")
        found[key] = value
    return found


def _brief(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
