"""A model class of the user's own: loaded from where the user says, recorded in a run, found again for the run.

Nothing is imported because a file names it: a run folder may come from anywhere, so the class it was trained with is
taken from what this process has loaded already, or from what the user names again.
"""

import ast
import hashlib
import inspect
import os
import sys
import sysconfig
import traceback
from collections.abc import Iterator
from importlib import import_module
from importlib.util import module_from_spec, resolve_name, spec_from_file_location
from logging import getLogger
from pathlib import Path
from types import ModuleType
from typing import TypedDict

from recbole_lsrec.errors import CheckpointError, ConfigError, did_you_mean

ACCEPTED = "package.module:Class or path/to/file.py:Class"
_PREFIX = "recbole_lsrec_own_model_"  # of the modules made from files
_SHA256 = "__recbole_lsrec_sha256__"  # their source as it was loaded


class Origin(TypedDict):
    """Where a class came from.

    Attributes:
        model: what ``--model`` takes to give it again, with an absolute path; for a class of a script or notebook
            ``__main__:Class``.
        sha256: of the file and of the user's other modules that it imports, or of the methods where the class was typed into
            a notebook; None where no source is at hand.
    """

    model: str
    sha256: str | None


def is_reference(name: str) -> bool:
    """Whether a model is named by its place, not by its name alone."""
    return ":" in name


def class_name(name: str) -> str:
    """The model's own name out of a name or a reference."""
    return name.rpartition(":")[2]


def absolute(name: str) -> str:
    """The same reference for a process that stands in another folder; a name stays as it is."""
    place, _, own = name.rpartition(":")
    return f"{Path(place).absolute()}:{own}" if place.endswith(".py") else name


def load(reference: str) -> type:
    """Imports a class from a module (the current folder is looked in too) or a file.

    Args:
        reference: ``package.module:Class`` or ``path/to/file.py:Class``.

    Raises:
        ConfigError: no such file, module or class; or what the module raised while it was imported.
    """
    place, _, name = reference.rpartition(":")
    if not place or not name.isidentifier():
        raise ConfigError(f"model: found {reference!r}; accepted: a name, {ACCEPTED}.")
    module = _module_of_file(Path(place), reference) if place.endswith(".py") else _module(place, reference)
    found = getattr(module, name, None)
    if not isinstance(found, type):
        classes = [key for key, value in vars(module).items() if isinstance(value, type)]
        raise ConfigError(
            f"model: found {reference!r}, but there is no class {name!r} in {place}.{did_you_mean(name, classes)}"
        )
    return found


def origin(model: type) -> Origin:
    """Where a class came from, and what its source was."""
    module = sys.modules.get(model.__module__)
    file = getattr(module, "__file__", None) if getattr(module, model.__name__, None) is model else None
    try:
        source = Path(file).read_bytes() if file else _typed(model).encode()
    except (OSError, TypeError):  # typed into a shell, or its file is gone
        source = None
    place = file if file and model.__module__.startswith(_PREFIX) else model.__module__
    sha256 = getattr(module, _SHA256, None) or (source and hashlib.sha256(source).hexdigest())
    if sha256 and file and module and _is_of_the_user(Path(file)) and (others := _imported_by(module)):
        digest = hashlib.sha256(sha256.encode())
        for name, path in sorted(others.items()):
            digest.update(name.encode() + b"\0" + path.read_bytes())
        sha256 = digest.hexdigest()
    return {"model": f"{place}:{model.__qualname__}", "sha256": sha256 or None}


def _imported_by(module: ModuleType) -> dict[str, Path]:
    """The user's other modules that a module imports, and theirs; what is installed has a version instead."""
    found: dict[str, Path] = {}
    waiting = [module]
    while waiting:
        for name in _imports(waiting.pop()):
            other = sys.modules.get(name)
            file = getattr(other, "__file__", None)
            if other is not None and other is not module and file and name not in found and _is_of_the_user(Path(file)):
                found[name] = Path(file)
                waiting.append(other)
    return found


def _imports(module: ModuleType) -> Iterator[str]:
    """Absolute names after ``import``, and those that may be modules after ``from``."""
    for node in ast.walk(ast.parse(Path(str(module.__file__)).read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and (module.__package__ or not node.level):
            place = resolve_name("." * node.level + (node.module or ""), module.__package__)
            yield from (place, *(f"{place}.{alias.name}" for alias in node.names))


def _is_of_the_user(file: Path) -> bool:
    paths = sysconfig.get_paths()
    installed = paths["stdlib"], paths["platstdlib"], Path(__file__).parent
    packages = {"site-packages", "dist-packages"} & {*file.parts}
    return (
        file.suffix == ".py"
        and file.is_file()
        and not packages
        and not any(file.is_relative_to(place) for place in installed)
    )


def _typed(model: type) -> str:
    """The source of a class without a file: a notebook's cells are known by their functions, the class by none of them."""
    methods = [value for value in vars(model).values() if inspect.isfunction(value)]
    return "".join(inspect.getsource(method) for method in methods) or inspect.getsource(model)


def find_again(recorded: Origin, given: str | type | None, run: str) -> type:
    """Returns the class a run was trained with; warns if its source is not what it was.

    Args:
        recorded: what :func:`origin` gave for the run.
        given: the class or its reference, as the user names it now; None: it must have been loaded in this process.
        run: for messages.

    Raises:
        CheckpointError: it is not loaded and not given.
        ConfigError: what is given cannot be loaded.
    """
    reference = recorded["model"]
    found = load(given) if isinstance(given, str) else given or _loaded(reference)
    if found is None:
        place = reference.rpartition(":")[0]
        gone = place.endswith(".py") and not Path(place).is_file()
        how = "give model=THE CLASS" if place == "__main__" else f"give it: --model={reference}, or model= in Python"
        raise CheckpointError(
            f"{run}: its model is a class of your own, {reference}"
            f"{', and that file is not there any more' if gone else ''}; code that a run folder names is not imported by "
            f"itself, so {how}."
        )
    warn_if_changed(recorded, found, run)
    return found


def named_again(recorded: str | type, given: str | None, what: str) -> None:
    """Refuses to take up what a folder says if that names code which the user has not named again.

    Raises:
        ConfigError: ``recorded`` is a reference and ``given`` is not the same.
    """
    if isinstance(recorded, str) and is_reference(recorded) and (given is None or absolute(given) != recorded):
        raise ConfigError(
            f"{what}: its model is a class of your own; code that a folder names is not imported by itself, so give "
            f"it: --model={recorded} (found: {given})."
        )


def warn_if_changed(recorded: Origin, model: type, run: str) -> None:
    """Says so if the source of a class is not what it was when a run was made with it."""
    if recorded["sha256"] not in (None, origin(model)["sha256"]):
        getLogger().warning(
            f"{run}: the source of {recorded['model']} has changed since; its weights may mean another model"
        )


def _module_of_file(path: Path, reference: str) -> ModuleType:
    path = path.absolute()
    if not path.is_file():
        raise ConfigError(f"model: found {reference!r}, but there is no file {path}; accepted: {ACCEPTED}.")
    name, sha256 = _module_name(path), hashlib.sha256(path.read_bytes()).hexdigest()
    loaded = sys.modules.get(name)
    if loaded is not None and getattr(loaded, _SHA256) == sha256:
        return loaded
    spec = spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[name] = module_from_spec(spec)
    setattr(module, _SHA256, sha256)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        raise _raised(reference, error) from error
    return module


def _module(name: str, reference: str) -> ModuleType:
    if name in sys.modules:
        return sys.modules[name]
    here = os.getcwd()
    sys.path.append(here)  # the command's own folder is on the path, the current one is not
    try:
        return import_module(name)
    except Exception as error:
        raise _raised(reference, error) from error
    finally:
        sys.path.remove(here)


def _raised(reference: str, error: Exception) -> ConfigError:
    place = reference.rpartition(":")[0]
    if isinstance(error, ModuleNotFoundError) and f"{place}.".startswith(f"{error.name}."):
        return ConfigError(
            f"model: found {reference!r}, but there is no module {error.name!r}, installed or in this folder; accepted: "
            f"{ACCEPTED}."
        )
    at = traceback.extract_tb(error.__traceback__)[-1]
    return ConfigError(
        f"model: {reference!r} cannot be imported: {type(error).__name__}: {error} ({at.filename}, line {at.lineno})"
    )


def _module_name(path: Path) -> str:
    return _PREFIX + path.stem + "_" + hashlib.sha256(str(path).encode()).hexdigest()[:8]


def _loaded(reference: str) -> type | None:
    """The class, if this process has its module."""
    place, _, name = reference.rpartition(":")
    module = sys.modules.get(_module_name(Path(place)) if place.endswith(".py") else place)
    found = getattr(module, name, None)
    return found if isinstance(found, type) else None
