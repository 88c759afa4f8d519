"""Where the plugin's yaml files and a data set's folder are, in a clone and in an installed wheel."""

import glob
from importlib.util import find_spec
from pathlib import Path

from recbole_lsrec.errors import ConfigError, did_you_mean

_PACKAGE = Path(__file__).resolve().parents[1]
_recbole = find_spec("recbole")  # found without importing it
assert _recbole is not None
assert _recbole.origin is not None
RECBOLE = Path(_recbole.origin).resolve().parent
DATA_PATH = "atomic_data/"
"""Where data sets are looked for by default."""
_LONGEST_NAME = 200  # bytes; files and folders have the name with more letters


def properties_dir() -> Path:
    """Returns the folder of the plugin's yaml files: inside the package when installed, beside it in a clone.

    Raises:
        ConfigError: neither exists, so the installation is incomplete.
    """
    for folder in (_PACKAGE / "properties", _PACKAGE.parent / "properties"):
        if (folder / "overall.yaml").is_file():
            return folder
    raise ConfigError(f"properties/overall.yaml: not found beside or inside {_PACKAGE}; install recbole-lsrec again.")


def plain_name(dataset: str) -> str:
    """The name of a data set, which is that of a folder: not a path to one.

    Raises:
        ConfigError: it is none.
    """
    if not is_plain(dataset):
        raise ConfigError(
            f"dataset: found {dataset[:80]!r}; accepted: the name of a folder in data_path, without its path, of at most "
            f"{_LONGEST_NAME} bytes. `data_path` says where it lies."
        )
    return dataset


def is_plain(name: str) -> bool:
    """Whether a data set can have this name."""
    return name not in ("", ".", "..") and not {*name} & {"/", "\\", "\0", "\n"} and len(name.encode()) <= _LONGEST_NAME


def dataset_yaml(dataset: str) -> Path:
    """Returns where the plugin's yaml of a data set is, or would be."""
    return properties_dir() / "dataset" / f"{dataset}.yaml"


def dataset_folder(dataset: str, data_path: str, given: bool) -> Path:
    """Returns the folder of a data set's atomic files.

    Looks at ``data_path/<dataset>`` first; then, unless the user gave ``data_path``, at the clone's own
    ``atomic_data/``; then, for ml-100k, inside the RecBole package. A data set that has a yaml but no files yet is
    expected in the first place: the data layer makes it there or says what is missing.

    Args:
        dataset: its name.
        data_path: folder of data sets, relative to the working directory or absolute.
        given: whether the user set ``data_path``.

    Raises:
        ConfigError: the data set is found nowhere; says what was found.
    """
    first = Path(data_path) / dataset
    place = log_folder(dataset, data_path, given)
    if place:
        return place
    if first.is_dir() or dataset_yaml(dataset).is_file():
        return first
    folders = [Path(data_path)] if given else [Path(data_path), _PACKAGE.parent / "atomic_data"]
    here = sorted({"cosmetics", "ml-100k", *(name for folder in folders for name in _with_files(folder))})
    known = sorted(set(_with_yaml()) - set(here))
    raise ConfigError(
        f"dataset: found {dataset!r}, which has no folder {str(first)!r}.{did_you_mean(dataset, [*here, *known])} "
        f"Data sets found: {', '.join(here)}; to be downloaded and prepared: {', '.join(known)} (`recbole-lsrec prepare "
        f"--help`). Put {dataset}.inter into that folder, or set data_path to the folder that holds it"
        f"{'' if first.is_absolute() else f'; of a finished run, start from where it was started, not from {Path.cwd()}'}."
    )


def yaml_beside(dataset: str, data_path: str, given: bool) -> Path | None:
    """The yaml that lies beside a data set's atomic files, as ``recbole-lsrec prepare`` writes it; None without one."""
    place = log_folder(dataset, data_path, given)
    path = place / f"{dataset}.yaml" if place else None
    return path if path and path.is_file() and RECBOLE not in path.parents else None


def log_folder(dataset: str, data_path: str, given: bool) -> Path | None:
    """The first of the places of :func:`dataset_folder` that holds the data set's log; None where none does."""
    places = [Path(data_path) / dataset]
    if not given:
        places.append(_PACKAGE.parent / "atomic_data" / dataset)
    if dataset == "ml-100k":
        places.append(RECBOLE / "dataset_example" / "ml-100k")
    for place in places:
        if (place / f"{dataset}.inter").is_file() or any(place.glob(f"{glob.escape(dataset)}.*.inter")):
            return place
    return None


def _with_yaml() -> list[str]:
    return [path.stem for path in (properties_dir() / "dataset").glob("*.yaml")]


def _with_files(folder: Path) -> list[str]:
    return [path.stem for path in folder.glob("*/*.inter") if path.stem == path.parent.name]


def yamls_named(model: str) -> list[Path]:
    """The yaml files with a model's defaults: RecBole's, then ours."""
    folders = (RECBOLE / "properties", properties_dir())
    return [path for folder in folders if (path := folder / "model" / f"{model}.yaml").is_file()]
