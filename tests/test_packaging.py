"""The wheel holds the yaml, and works from any folder; so does the clone."""

import os
import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from recbole_lsrec import __version__

ROOT = Path(__file__).resolve().parents[1]
SETS = {
    "constraints.txt": "3.11",
    "constraints-modern.txt": "3.12",
    "constraints-oldest.txt": "3.10",
}  # and their Python
DIST_INFO = f"recbole_lsrec-{__version__}.dist-info"
PROGRAM = """
import recbole_lsrec
from recbole_lsrec.config import Config
from recbole_lsrec.config.paths import properties_dir
print(recbole_lsrec.__file__)
print(properties_dir())
config = Config("SASRec", "ml-100k")
print(config["CATEGORY_FIELD"], config["topk"], config["hidden_size"])
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built("wheel", tmp_path_factory)


def built(kind: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel or an sdist, from a copy, so that no build folder is left in the clone."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp(kind)
    names = ["setup.py", "pyproject.toml", "MANIFEST.in", "LICENSE", "README.md", *SETS]
    for name in [*names, "recbole_lsrec", "properties", "atomic_data"]:
        if (ROOT / name).exists():
            (source / name).symlink_to(ROOT / name)
    # pip is not in every environment
    build = f"import setuptools.build_meta, sys; setuptools.build_meta.build_{kind}(sys.argv[1])"
    subprocess.run([sys.executable, "-c", build, str(out)], cwd=source, check=True, capture_output=True)
    (file,) = out.iterdir()
    return file


def run_elsewhere(python_path: Path, folder: Path) -> list[str]:
    environment = {**os.environ, "PYTHONPATH": str(python_path)}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=folder, env=environment, check=True, capture_output=True, text=True
    )
    return done.stdout.splitlines()


def requirements(wheel: Path) -> list[Requirement]:
    metadata = zipfile.ZipFile(wheel).read(f"{DIST_INFO}/METADATA").decode()
    return [Requirement(need) for need in re.findall(r"^Requires-Dist: (.+)", metadata, re.MULTILINE)]


def test_the_wheel_holds_every_module_and_every_yaml_but_no_data(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    yamls = {f"recbole_lsrec/{path.relative_to(ROOT).as_posix()}" for path in (ROOT / "properties").rglob("*.yaml")}
    modules = {path.relative_to(ROOT).as_posix() for path in (ROOT / "recbole_lsrec").rglob("*.py")}
    templates = {path.relative_to(ROOT).as_posix() for path in (ROOT / "recbole_lsrec").rglob("templates/*")}
    assert yamls | modules | templates <= names
    assert {name.split("/")[0] for name in names} == {"recbole_lsrec", DIST_INFO}


def test_the_sdist_holds_what_the_wheel_is_built_from(tmp_path_factory: pytest.TempPathFactory) -> None:
    with tarfile.open(built("sdist", tmp_path_factory)) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    kinds = ("properties/**/*.yaml", "recbole_lsrec/**/*.py", "recbole_lsrec/**/templates/*", "constraints*.txt")
    wanted = {path.relative_to(ROOT).as_posix() for kind in kinds for path in ROOT.glob(kind)}
    assert {"recbole_lsrec/audit/templates/audit.html.j2", "properties/overall.yaml", "constraints.txt"} <= wanted
    assert wanted <= names


def test_the_wheel_names_its_requirements_and_command(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    metadata = archive.read(f"{DIST_INFO}/METADATA").decode()
    assert "Requires-Python: >=3.10\n" in metadata
    assert "Provides-Extra: tune\n" in metadata
    needs = [str(need) for need in requirements(wheel)]
    assert [need for need in needs if need.startswith("recbole")] == ['recbole==1.2.1; python_version < "3.12"']
    assert {'numpy<2,>=1.23.5; python_version < "3.12"', 'pandas>=3; python_version >= "3.12"'} <= set(needs)
    command = archive.read(f"{DIST_INFO}/entry_points.txt").decode()
    assert "recbole-lsrec = recbole_lsrec.cli:main" in command


def test_an_installed_wheel_finds_its_yaml_from_any_folder(wheel: Path, tmp_path: Path) -> None:
    target, elsewhere = tmp_path / "site", tmp_path / "elsewhere"
    elsewhere.mkdir()
    zipfile.ZipFile(wheel).extractall(target)
    module, properties, values = run_elsewhere(target, elsewhere)
    assert Path(module) == target / "recbole_lsrec/__init__.py"
    assert Path(properties) == target / "recbole_lsrec/properties"
    assert values == "class [2, 5, 10] 64"


def test_a_clone_finds_its_yaml_from_any_folder(tmp_path: Path) -> None:
    _, properties, values = run_elsewhere(ROOT, tmp_path)
    assert Path(properties) == ROOT / "properties"
    assert values == "class [2, 5, 10] 64"


@pytest.mark.parametrize("name", SETS)
def test_each_set_pins_every_direct_requirement(wheel: Path, name: str) -> None:
    """RecBole apart, which is installed by itself beside the newer set."""
    lines = (ROOT / name).read_text().splitlines()
    pinned = {line.split("==")[0].lower() for line in lines if "==" in line and not line.startswith("#")}
    environment = {"python_version": SETS[name], "extra": "test"}
    direct = {need.name for need in requirements(wheel) if need.marker is None or need.marker.evaluate(environment)}
    assert len(direct) > 20
    assert direct <= pinned
