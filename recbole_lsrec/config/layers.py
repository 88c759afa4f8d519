"""Settings as layers, one from each place, and how they are laid over each other."""

import os
import shlex
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from recbole_lsrec.config.paths import RECBOLE, properties_dir, yamls_named
from recbole_lsrec.config.setting import settings_of
from recbole_lsrec.config.values import parse_command_line, plain_types, read_yaml
from recbole_lsrec.errors import ConfigError
from recbole_lsrec.registry import model_names

# A layer above changes only the parts it names of these; of every other key it replaces the value.
MERGED_BY_PART = ("eval_args", "train_neg_sample_args")
DICTIONARY, LINE = "config_dict", "command line"


class Layer(NamedTuple):
    """Settings from one place; ``source`` names it in messages."""

    source: str
    values: dict[str, Any]


def paths_of(files: str | Path | Iterable[str | Path] | None) -> list[str | Path]:
    """The paths that ``config_file_list`` gives, one or several.

    Raises:
        ConfigError: something is no path.
    """
    if files is None or (isinstance(files, str) and not files):
        return []
    one = isinstance(files, (str, bytes, Path, Mapping)) or not isinstance(files, Iterable)
    paths: list[Any] = [files] if one else [*files]  # type: ignore[misc]
    if wrong := [path for path in paths if not isinstance(path, (str, Path))]:
        raise ConfigError(f"config_file_list: found {wrong[0]!r}; accepted: paths of YAML files.")
    return paths


def named_files(text: str) -> list[str]:
    """The paths that ``--config_files`` names: one, or several separated by spaces, quoted as in a shell where they hold one.

    Raises:
        ConfigError: a quote is not closed.
    """
    if os.path.isfile(text):
        return [text]
    try:
        return shlex.split(text)
    except ValueError:
        raise ConfigError(
            f"config_files: found {text!r}, with a quote that is not closed; accepted: --config_files 'a.yaml b.yaml'."
        ) from None


def given_layers(
    files: str | Path | Iterable[str | Path] | None,
    dictionary: Mapping[str, Any],
    line: Sequence[str],
    source: str = DICTIONARY,
) -> list[Layer]:
    """What the user gave, lowest first; the last two are always the dictionary and the command line.

    ``source`` names the dictionary in messages.

    Raises:
        ConfigError: a file or an argument that cannot be read.
    """
    command: dict[str, Any] = dict(parse_command_line(line))
    paths = paths_of(files)
    if not isinstance(dictionary, Mapping):
        shown = " ".join(repr(dictionary).split())
        raise ConfigError(f"{source}: found {shown:.80}; accepted: a dict, each key the name of a setting.")
    if wrong := [key for key in dictionary if not isinstance(key, str)]:
        raise ConfigError(f"{source}: found the key {wrong[0]!r}; accepted: a dict, each key the name of a setting.")
    named = command.pop("config_files", "")
    if named is True:
        raise ConfigError("config_files: found no value (command line); accepted: --config_files 'a.yaml b.yaml'.")
    return [
        *(Layer(str(path), read_yaml(path)) for path in [*paths, *named_files(named)]),
        Layer(source, plain_types(dict(dictionary))),
        Layer(LINE, command),
    ]


def chosen(key: str, argument: Any, given: list[Layer]) -> Any:
    """The model or data set: the argument, or else the highest layer's.

    Raises:
        ConfigError: it is given nowhere, or the argument and the command line disagree.
    """
    on_line = given[-1].values.get(key)
    if argument is not None:
        name = getattr(argument, "__name__", argument)
        if on_line not in (None, name):
            raise ConfigError(f"{key}: found {name!r} as argument and {on_line!r} on the command line; give one.")
        return argument
    found = [layer.values[key] for layer in given if key in layer.values]
    if not found:
        raise ConfigError(
            f"{key}: not given; name it as an argument, in a config file, in config_dict, or as --{key}=NAME."
        )
    return found[-1]


def recbole_layers() -> list[Layer]:
    """RecBole's own defaults that belong to no model, lowest first."""
    return yaml_layers([RECBOLE / "properties/overall.yaml", RECBOLE / "properties/dataset/sample.yaml"])


def yaml_layers(paths: Iterable[Path]) -> list[Layer]:
    """The files that exist, named as ``RecBole's overall.yaml`` or ``properties/dataset/ml-100k.yaml``."""
    layers = []
    for path in paths:
        if path.is_file():
            layers.append(Layer(_name(path), read_yaml(path)))
    return layers


def _name(path: Path) -> str:
    if path.is_relative_to(properties_dir()):
        return f"properties/{path.relative_to(properties_dir()).as_posix()}"
    return f"RecBole's {path.name}" if path.is_relative_to(RECBOLE) else str(path)


def model_layers(model: type) -> list[Layer]:
    """The defaults of a model, lowest first: of each base before the class, what it declares and its yaml files."""
    layers = []
    for base in reversed(model.__mro__):
        declared = vars(base)
        if options := declared.get("options_class"):
            defaults = {key: one.default for key, one in settings_of(options).items()}
            layers.append(Layer(options.__name__, plain_types(defaults)))
        layers += yaml_layers(yamls_named(base.__name__))
        if plain := declared.get("default_config"):
            layers.append(Layer(f"{base.__name__}.default_config", plain_types(dict(plain))))
    return layers


def for_model(layer: Layer, model: str) -> Layer:
    """Unfolds ``of_model: {Model: {key: value}}`` of a data set's yaml; what stands there for other models is left out.

    Papers tune single models on a data set, and models may use one key for different things.

    Raises:
        ConfigError: it has another form, or a model's name is in other letters.
    """
    values = {key: value for key, value in layer.values.items() if key != "of_model"}
    of_model = layer.values.get("of_model", {})
    if not (isinstance(of_model, Mapping) and all(isinstance(own, Mapping) for own in of_model.values())):
        raise ConfigError(
            f"of_model: found {of_model!r} ({layer.source}); accepted: settings by model, such as {{SASRec: {{n_heads: 1}}}}."
        )
    by_lower = {name.lower(): name for names in model_names().values() for name in names}
    for name in of_model:  # others may be classes of one's own
        if by_lower.get(str(name).lower(), name) != name:
            raise ConfigError(
                f"of_model: found {name!r} ({layer.source}), which is no model; did you mean {by_lower[name.lower()]!r}?"
            )
    return Layer(layer.source, {**values, **of_model.get(model, {})})


def merge(layers: Iterable[Layer]) -> tuple[dict[str, Any], dict[str, str]]:
    """Lays layers over each other, lowest first; returns values and where each comes from."""
    values: dict[str, Any] = {}
    sources: dict[str, str] = {}
    for layer in layers:
        for key, value in layer.values.items():
            below = values.get(key)
            if key in MERGED_BY_PART and isinstance(value, dict) and isinstance(below, dict):
                value = {**below, **value}
            values[key], sources[key] = value, layer.source
    return values, sources
