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
from contextlib import suppress
from importlib import import_module
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import find_spec, module_from_spec, resolve_name, spec_from_file_location
from logging import getLogger
from pathlib import Path
from pkgutil import get_importer
from types import ModuleType
from typing import TypedDict
from weakref import WeakKeyDictionary

from recbole_lsrec.errors import CheckpointError, ConfigError, did_you_mean

ACCEPTED = "package.module:Class or path/to/file.py:Class"
_PREFIX = "recbole_lsrec_own_model_"  # of the modules made from files
_SOURCE = "__recbole_lsrec_source__"  # a module's source as it was loaded


class Origin(TypedDict):
    """Where a class came from.

    Attributes:
        model: what ``--model`` takes to give it again, with an absolute path; for a class of a script or notebook
            ``__main__:Class``.
        sha256: of the file and of the user's other modules that it imports, in functions too, or of the methods where the
            class was typed into a notebook; None where no source is at hand.
    """

    model: str
    sha256: str | None


_ORIGINS: WeakKeyDictionary[type, Origin] = WeakKeyDictionary()
"""Of the classes here. Files may be edited while a class trains, which its code is not."""


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
    origin(found)  # while its files are what was loaded
    return found


def origin(model: type) -> Origin:
    """Where a class came from, and what its source was when it was loaded here, or first asked for if it was not :func:`load`."""
    if model not in _ORIGINS:
        _ORIGINS[model] = _origin(model)
    return _ORIGINS[model]


def _origin(model: type) -> Origin:
    module = sys.modules.get(model.__module__)
    file = getattr(module, "__file__", None) if getattr(module, model.__name__, None) is model else None
    try:
        source = getattr(module, _SOURCE, None) or (Path(file).read_bytes() if file else _typed(model).encode())
    except (OSError, TypeError):  # typed into a shell, or its file is gone
        source = b""
    place = file if file and model.__module__.startswith(_PREFIX) else model.__module__
    sha256 = hashlib.sha256(source).hexdigest() if source else None
    if sha256 and file and module and _is_of_the_user(file) and (others := _imported_by(module, source)):
        digest = hashlib.sha256(sha256.encode())
        for name, other in sorted(others.items()):
            digest.update(name.encode() + b"\0" + other)
        sha256 = digest.hexdigest()
    return {"model": f"{place}:{model.__qualname__}", "sha256": sha256}


def _imported_by(module: ModuleType, source: bytes) -> dict[str, bytes]:
    """Sources of the user's other modules that a module imports anywhere, and theirs; what is installed has a version instead."""
    found: dict[str, bytes] = {}
    seen = {module.__name__}
    waiting = [*_with_packages(module.__name__), *_imports(source, module.__package__)]
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        spec = _spec(name)
        if spec is not None and spec.origin not in (None, module.__file__):
            found[name] = _source(spec)
            waiting += _imports(found[name], spec.parent)
    return found


def _imports(source: bytes, package: str | None) -> Iterator[str]:
    """Absolute names after ``import``, and those that may be modules after ``from``, each with the packages it is in."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):  # a helper that nothing has imported yet, half-typed
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from _with_packages(alias.name)
        elif isinstance(node, ast.ImportFrom):
            with suppress(ImportError):  # relative where there is no package, or too few
                place = resolve_name("." * node.level + (node.module or ""), package)
                for alias in node.names:
                    yield from _with_packages(f"{place}.{alias.name}")


def _with_packages(name: str) -> Iterator[str]:
    """A module's name after those of its packages, whose code runs first."""
    parts = name.split(".")
    return (".".join(parts[:n]) for n in range(1, len(parts) + 1))


def _spec(name: str) -> ModuleSpec | None:
    """How one of the user's modules was imported, or would be; nothing is. Of a folder without code the origin is None."""
    parent = name.rpartition(".")[0]
    above = _spec(parent) if parent else None
    if parent and above is None:
        return None
    if name in sys.modules:
        found = getattr(sys.modules[name], "__spec__", None)
    elif above is None:  # the current folder is on the path of Ray's workers
        found = find_spec(name) or PathFinder.find_spec(name, [os.getcwd()])
    else:
        finders = map(get_importer, above.submodule_search_locations or ())
        found = next((spec for finder in finders if finder and (spec := finder.find_spec(name))), None)
    return found if found and (found.origin is None or _is_of_the_user(found.origin)) else None


def _source(spec: ModuleSpec) -> bytes:
    """The source of a module, read once for each time that it is imported: an edit does not change the code that is here."""
    if not hasattr(spec, _SOURCE):
        setattr(spec, _SOURCE, Path(str(spec.origin)).read_bytes())
    return getattr(spec, _SOURCE)


def _is_of_the_user(place: str) -> bool:
    file, paths = Path(place), sysconfig.get_paths()
    installed = paths["stdlib"], paths["platstdlib"], Path(__file__).parent
    packages = {"site-packages", "dist-packages"} & {*file.parts}
    return (
        file.suffix == ".py"
        and file.is_file()
        and not packages
        and not any(file.is_relative_to(folder) for folder in installed)
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
    name, source = _module_name(path), path.read_bytes()
    loaded = sys.modules.get(name)
    if loaded is not None and getattr(loaded, _SOURCE) == source:
        return loaded
    spec = spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[name] = module_from_spec(spec)
    setattr(module, _SOURCE, source)
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # a script may end itself
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
    except (Exception, SystemExit) as error:
        raise _raised(reference, error) from error
    finally:
        sys.path.remove(here)


def _raised(reference: str, error: BaseException) -> ConfigError:
    place = reference.rpartition(":")[0]
    if isinstance(error, ModuleNotFoundError) and f"{place}.".startswith(f"{error.name}."):
        return ConfigError(
            f"model: found {reference!r}, but there is no module {error.name!r}, installed or in this folder; accepted: "
            f"{ACCEPTED}."
        )
    at, said = traceback.extract_tb(error.__traceback__)[-1], str(error)
    file, line = at.filename, at.lineno
    if isinstance(error, SyntaxError):  # which no line of a file has raised
        file, line, said = error.filename or file, error.lineno, error.msg
    return ConfigError(f"model: {reference!r} cannot be imported: {type(error).__name__}: {said} ({file}, line {line})")


def _module_name(path: Path) -> str:
    return _PREFIX + path.stem + "_" + hashlib.sha256(str(path).encode()).hexdigest()[:8]


def _loaded(reference: str) -> type | None:
    """The class, if this process has its module."""
    place, _, name = reference.rpartition(":")
    module = sys.modules.get(_module_name(Path(place)) if place.endswith(".py") else place)
    found = getattr(module, name, None)
    return found if isinstance(found, type) else None
