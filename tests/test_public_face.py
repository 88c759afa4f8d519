"""What ``import recbole_lsrec`` offers, and what it costs."""

import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import recbole_lsrec
from recbole_lsrec.registry import PLUGIN_MODELS


def test_every_name_is_there():
    assert set(PLUGIN_MODELS) <= set(dir(recbole_lsrec))
    for name in dir(recbole_lsrec):
        assert getattr(recbole_lsrec, name) is not None
    assert recbole_lsrec.SLSRec.__name__ == "SLSRec"
    assert inspect.signature(recbole_lsrec.run).parameters["model"]


def test_every_name_but_the_models_is_on_the_page_of_reference():
    page = (Path(__file__).parents[1] / "docs" / "reference" / "python.md").read_text(encoding="utf-8")
    for name in recbole_lsrec._PUBLIC:
        found = getattr(recbole_lsrec, name)
        assert f"::: {found.__module__}.{found.__qualname__}\n" in page
        assert f"`{name}`" in page


def test_a_wrong_name_is_told():
    with pytest.raises(AttributeError, match=r"no attribute 'SLSrec'\. Did you mean 'SLSRec'"):
        recbole_lsrec.SLSrec  # noqa: B018


def test_importing_it_and_the_command_brings_neither_torch_nor_recbole():
    program = (
        "import sys, recbole_lsrec, recbole_lsrec.cli; dir(recbole_lsrec); "
        "heavy = {'torch', 'recbole', 'ray', 'pandas'} & set(sys.modules); assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_models_are_imported_as_recboles_are():
    from recbole_lsrec.model.sequential_recommender import CLSR, SLSRec

    assert (CLSR, SLSRec) == (recbole_lsrec.CLSR, recbole_lsrec.SLSRec)
    assert {"BERT4Rec", "SASRec", "SURGE"} < {*dir(recbole_lsrec.model.sequential_recommender)}
    with pytest.raises(ImportError, match="cannot import name 'SLSRek'"):
        from recbole_lsrec.model.sequential_recommender import SLSRek  # noqa: F401
